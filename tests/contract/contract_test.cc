// The contract between engines and hosts (engine/port/port.h): each case is carried out by both
// hosts, the real one on this machine and the in-process one in a simulated world. What only one of
// them can be asked is in real_only_test.cc.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "tests/contract/in_process_under_test.h"
#include "tests/contract/real_under_test.h"

namespace tidegate::test {
namespace {

namespace port = engine::port;
using port::Answer;
using port::AnswerCode;
using Hosts = std::tuple<RealUnderTest, InProcessUnderTest>;
using Lines = std::vector<std::string>;

std::string_view NameOf(AnswerCode code) {
  return port::kAnswerCodeNames[static_cast<std::size_t>(code)];
}

// The ends of `actions`, one after the other.
std::vector<Answer> OutcomesOf(HostUnderTest& host, const std::vector<port::Action>& actions) {
  Script script;
  for (const port::Action& action : actions) script.push_back({Do(action)});
  script.push_back({End()});
  host.Run(std::move(script));
  std::vector<Answer> outcomes = Outcomes(host.seen());
  BOOST_REQUIRE(outcomes.size() == actions.size());
  return outcomes;
}

// The answers to `queries`, asked all at once.
std::vector<Answer> AnswersTo(HostUnderTest& host, const std::vector<port::Query>& queries,
                              Duration timeout = 5 * kSecond) {
  Turn turn;
  for (const port::Query& query : queries) turn.push_back(Look(query, timeout));
  host.Run({turn, {End()}});
  std::vector<Answer> answers = Answers(host.seen());
  BOOST_REQUIRE(answers.size() == queries.size());
  return answers;
}

bool SameRecords(const std::vector<port::JournalRecord>& a,
                 const std::vector<port::JournalRecord>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.sequence == y.sequence && x.at == y.at && x.kind == y.kind && x.name == y.name &&
           x.value == y.value;
  });
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

#define EXPECT_CODE(given, wanted)                                                          \
  do {                                                                                      \
    const Answer given_ = (given);                                                          \
    BOOST_TEST(NameOf(given_.code) == NameOf(AnswerCode::wanted),                           \
               NameOf(given_.code)                                                          \
                   << " instead of " << NameOf(AnswerCode::wanted) << ": " << given_.body); \
  } while (false)

BOOST_AUTO_TEST_SUITE(contract)

// ------------------------------------------------------------------ order

BOOST_AUTO_TEST_CASE_TEMPLATE(a_record_is_readable_before_what_stands_behind_it, Host, Hosts) {
  Host host;
  host.Run({{Keep("a"), Keep("b"), Do(host.places().detach), Keep("c"), Say("three")},
            {Keep("d"), Do(host.places().attach)},
            {End()}});
  BOOST_TEST(host.Visible() == (Lines{"2 hook detach-service", "3 told three",
                                      "4 hook attach-service", "4 finished the script is over"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_operator_is_told_in_order, Host, Hosts) {
  Host host;
  host.Run({{Say("one"), Keep("a"), Say("two"), Say("three")},
            {AskOperator("go-on")},
            {AskOperator("doubt")},
            {Say("four"), End()}});
  BOOST_TEST(
      host.Visible() == (Lines{"0 told one", "1 told two", "1 told three", "1 asked go-on",
                               "1 asked doubt", "1 told four", "1 finished the script is over"}),
      boost::test_tools::per_element());
  Lines said;
  for (const port::Input& input : host.seen().inputs) {
    if (const auto* one = std::get_if<port::OperatorSaid>(&input.what)) {
      said.push_back(one->question + "=" + one->answer);
    }
  }
  BOOST_TEST(said == (Lines{"go-on=yes", "doubt=no"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(nothing_is_carried_out_behind_the_end, Host, Hosts) {
  Host host;
  host.Run({{Keep("a"), Do(host.places().detach)},
            {Keep("b"), End(), Keep("c"), Do(host.places().attach), Say("more"),
             Look(host.places().page)}});
  BOOST_TEST(host.Visible() == (Lines{"1 hook detach-service", "2 finished the script is over"}),
             boost::test_tools::per_element());
  BOOST_TEST(host.Journal().size() == 2U);
  BOOST_TEST(Answers(host.seen()).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(one_action_has_ended_before_its_end_is_told, Host, Hosts) {
  Host host;
  const Places& p = host.places();
  host.Run({{Do(port::StopProcess{p.unit.host, p.unit.unit})},
            {Look(p.unit)},
            {Do(port::WriteFile{p.host, p.folder + "/x.toml", "one"})},
            {Look(port::ReadRemoteFile{p.host, p.folder + "/x.toml"})},
            {End()}});
  const std::vector<Answer> answers = Answers(host.seen());
  BOOST_REQUIRE(answers.size() == 2U);
  BOOST_TEST(Has(answers[0].body, "ActiveState=inactive\n"), answers[0].body);
  BOOST_TEST(answers[1].body == "one");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_binary_is_copied_over_another, Host, Hosts) {
  Host host;
  const Places& p = host.places();
  const std::string host_of_it = p.binary.host;
  const std::string kept = p.binary.path + ".before";
  host.Run({{Do(port::CopyBinary{host_of_it, "pump", p.binary.path, kept})},
            {Look(port::BinaryVersion{host_of_it, kept})},
            {Do(port::CopyBinary{host_of_it, "pump", p.folder + "/bin/none", kept})},
            {Look(port::BinaryVersion{host_of_it, kept})},
            {End()}});
  const std::vector<Answer> outcomes = Outcomes(host.seen());
  const std::vector<Answer> answers = Answers(host.seen());
  BOOST_REQUIRE(outcomes.size() == 2U);
  BOOST_REQUIRE(answers.size() == 2U);
  EXPECT_CODE(outcomes[0], kOk);
  BOOST_TEST(Has(answers[0].body, "v2.0.7"), answers[0].body);
  EXPECT_CODE(outcomes[1], kFailed);
  BOOST_TEST(Has(answers[1].body, "v2.0.7"), answers[1].body);  // what was there is whole
}

// ------------------------------------------------------------------ time and ids

BOOST_AUTO_TEST_CASE_TEMPLATE(nobody_is_woken_early_and_time_never_falls, Host, Hosts) {
  Host host;
  host.Run({{Wake(60 * kMillisecond), Wake(20 * kMillisecond), Look(host.places().page)},
            {Wake(30 * kMillisecond), Do(host.places().detach)},
            {Wake(0)},
            {End()}});
  const Incarnation& seen = host.seen();
  BOOST_REQUIRE(seen.wakes.size() == 4U);
  Time last = 0;
  std::vector<Time> woken;
  for (const port::Input& input : seen.inputs) {
    BOOST_TEST(input.now >= last);
    last = input.now;
    if (&input != &seen.inputs.front() && std::holds_alternative<port::ClockReached>(input.what)) {
      woken.push_back(input.now);
    }
  }
  std::vector<Time> asked = seen.wakes;
  std::sort(asked.begin(), asked.end());
  BOOST_REQUIRE(woken.size() == asked.size());
  for (std::size_t i = 0; i < woken.size(); ++i) BOOST_TEST(woken[i] >= asked[i]);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(each_ask_is_answered_once_with_its_id_and_incarnation, Host, Hosts) {
  Host host;
  Turn turn;
  for (int i = 0; i < 40; ++i) turn.push_back(Look(host.places().missing_page));
  turn.push_back(Do(host.places().detach));
  host.Run({turn, {Look(host.places().page)}, {End()}});
  const Incarnation& seen = host.seen();
  std::vector<std::uint64_t> came;
  std::vector<std::uint64_t> done;
  for (const port::Input& input : seen.inputs) {
    if (const auto* one = std::get_if<port::ObservationCame>(&input.what)) {
      BOOST_TEST(one->incarnation == 1U);
      came.push_back(one->id);
    }
    if (const auto* one = std::get_if<port::ActionDone>(&input.what)) done.push_back(one->id);
  }
  std::sort(came.begin(), came.end());
  BOOST_TEST(came == seen.asked, boost::test_tools::per_element());
  BOOST_TEST(done == seen.performed, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(who_hangs_is_timed_out_not_before_the_time, Host, Hosts) {
  Host host;
  constexpr Duration kTimeout = 300 * kMillisecond;
  const std::vector<Answer> answers = AnswersTo(host, {host.places().hung}, kTimeout);
  EXPECT_CODE(answers[0], kTimedOut);
  const Duration took = host.seen().inputs.back().now - host.seen().asked_at[0];
  BOOST_TEST(took >= kTimeout);
  BOOST_TEST(took < kTimeout + 5 * kSecond);
}

// ------------------------------------------------------------------ actions

BOOST_AUTO_TEST_CASE_TEMPLATE(actions_on_units, Host, Hosts) {
  Host host;
  const Places& p = host.places();
  const std::vector<Answer> outcomes =
      OutcomesOf(host, {port::StopProcess{p.unit.host, p.unit.unit},
                        port::StopProcess{p.unit.host, p.unit.unit},
                        port::StartProcess{p.unit.host, p.unit.unit},
                        port::SetUnitEnabled{p.unit.host, p.unit.unit, false},
                        port::SetUnitEnabled{p.unit.host, p.unit.unit, true},
                        port::StartProcess{p.broken_unit.host, p.broken_unit.unit},
                        port::StopProcess{p.unknown_unit.host, p.unknown_unit.unit},
                        port::StartProcess{p.unknown_unit.host, p.unknown_unit.unit},
                        port::SetUnitEnabled{p.unknown_unit.host, p.unknown_unit.unit, true},
                        port::SetUnitEnabled{p.unknown_unit.host, p.unknown_unit.unit, false}});
  for (std::size_t i = 0; i < 5; ++i) EXPECT_CODE(outcomes[i], kOk);
  EXPECT_CODE(outcomes[5], kFailed);
  BOOST_TEST(!outcomes[5].body.empty());
  for (std::size_t i = 6; i < 10; ++i) EXPECT_CODE(outcomes[i], kNotFound);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_action_that_does_not_end_is_timed_out, Host, Hosts) {
  Host host;
  const port::ShowUnit& unit = host.places().hung_unit;
  EXPECT_CODE(OutcomesOf(host, {port::StopProcess{unit.host, unit.unit}})[0], kTimedOut);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(actions_on_statements_hooks_and_backups, Host, Hosts) {
  Host host;
  const Places& p = host.places();
  const std::vector<Answer> outcomes = OutcomesOf(
      host, {port::RunSql{p.sql, "replace into `tidb_binlog`.`checkpoint` values ('x')"},
             port::RunSql{p.sql, "replace into nothing"},
             port::RunSql{"nobody", "create table t (a int)"},
             port::RunSql{p.sql_down, "create table t (a int)"}, p.detach, p.failing,
             port::KeepBackup{"a/b.checkpoint", "row"}, port::KeepBackup{"a/b.checkpoint", "row"}});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kFailed);
  BOOST_TEST(Has(outcomes[1].body, "ERROR 1064"), outcomes[1].body);
  EXPECT_CODE(outcomes[2], kNotFound);
  EXPECT_CODE(outcomes[3], kConnectionRefused);
  EXPECT_CODE(outcomes[4], kOk);
  EXPECT_CODE(outcomes[5], kFailed);
  BOOST_TEST(outcomes[5].status != 0);
  EXPECT_CODE(outcomes[6], kOk);
  EXPECT_CODE(outcomes[7], kOk);
}

// ------------------------------------------------------------------ queries

BOOST_AUTO_TEST_CASE_TEMPLATE(pages, Host, Hosts) {
  Host host;
  const Places& p = host.places();
  const std::vector<Answer> answers =
      AnswersTo(host, {p.page, p.missing_page, p.closing, p.nobody,
                       port::ConnectTcp{p.page.host, p.page.port},
                       port::ConnectTcp{p.nobody.host, p.nobody.port}});
  EXPECT_CODE(answers[0], kOk);
  BOOST_TEST(answers[0].status == 200);
  BOOST_TEST(!answers[0].body.empty());
  BOOST_TEST(answers[0].body == p.page_body);
  EXPECT_CODE(answers[1], kHttpStatus);
  BOOST_TEST(answers[1].status == 404);
  BOOST_TEST(answers[1].body == p.missing_page_body);
  EXPECT_CODE(answers[2], kConnectionReset);
  EXPECT_CODE(answers[3], kConnectionRefused);
  EXPECT_CODE(answers[4], kOk);
  EXPECT_CODE(answers[5], kConnectionRefused);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(files_come_back_byte_for_byte, Host, Hosts) {
  Host host;
  const Places& p = host.places();
  std::string every(256, '\0');
  for (std::size_t i = 0; i < every.size(); ++i) every[i] = static_cast<char>(i);
  const std::vector<std::string> contents = {"", "no line end", "\r\n\n\n", every,
                                             std::string(300'000, 'x')};
  Script script;
  for (const std::string& content : contents) {
    script.push_back({Do(port::WriteFile{p.host, p.folder + "/a file.toml", content})});
    script.push_back({Look(port::ReadRemoteFile{p.host, p.folder + "/a file.toml"})});
  }
  script.push_back({Look(port::ReadRemoteFile{p.host, p.folder + "/none"})});
  script.push_back({End()});
  host.Run(std::move(script));
  const std::vector<Answer> answers = Answers(host.seen());
  BOOST_REQUIRE(answers.size() == contents.size() + 1);
  for (std::size_t i = 0; i < contents.size(); ++i) {
    EXPECT_CODE(answers[i], kOk);
    BOOST_TEST((answers[i].body == contents[i]), "content " << i << " came back changed");
  }
  EXPECT_CODE(answers.back(), kNotFound);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(units_and_binaries, Host, Hosts) {
  Host host;
  const Places& p = host.places();
  const std::vector<Answer> answers = AnswersTo(
      host,
      {p.unit, p.unknown_unit, p.binary, port::BinaryVersion{p.host, p.folder + "/bin/none"}});
  EXPECT_CODE(answers[0], kOk);
  BOOST_TEST(Has(answers[0].body, "LoadState=loaded\nActiveState=active\n"), answers[0].body);
  BOOST_TEST(Has(answers[0].body, "UnitFileState=enabled\n"), answers[0].body);
  EXPECT_CODE(answers[1], kOk);
  BOOST_TEST(Has(answers[1].body, "LoadState=not-found\n"), answers[1].body);
  EXPECT_CODE(answers[2], kOk);
  BOOST_TEST(Has(answers[2].body, "Release Version: v2.0.7\n"), answers[2].body);
  EXPECT_CODE(answers[3], kNotFound);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(statements_and_the_registry, Host, Hosts) {
  Host host;
  const Places& p = host.places();
  const std::string select = "select checkPoint from `tidb_binlog`.`checkpoint`";
  host.Run({{Do(port::RunSql{p.sql,
                             "replace into `tidb_binlog`.`checkpoint` values "
                             "('{\"commitTS\":7,\"ts-map\":{}}')"})},
            {Look(port::QuerySql{p.sql, select}), Look(port::QuerySql{p.sql, "replace into x"}),
             Look(port::QuerySql{"nobody", select}), Look(port::QuerySql{p.sql_down, select}),
             Look(port::ListRegistry{"/tidb-binlog"})},
            {End()}});
  const std::vector<Answer> answers = Answers(host.seen());
  BOOST_REQUIRE(answers.size() == 5U);
  EXPECT_CODE(answers[0], kOk);
  BOOST_TEST(answers[0].body == "checkPoint\n{\"commitTS\":7,\"ts-map\":{}}\n");
  EXPECT_CODE(answers[1], kFailed);
  BOOST_TEST(Has(answers[1].body, "ERROR 1064"), answers[1].body);
  EXPECT_CODE(answers[2], kNotFound);
  EXPECT_CODE(answers[3], kConnectionRefused);
  EXPECT_CODE(answers[4], kOk);
  BOOST_TEST(Has(answers[4].body, "\"kvs\":["), answers[4].body);
}

// ------------------------------------------------------------------ crashes

// Records with everything in them that a line of text could lose.
Turn StrangeRecords() {
  return {Keep("T0", "398907800202772481"), Keep("a \"name\"\t\\", "line one\nline two\r\n\x01"),
          Keep("\xC3\xA9", "{\"json\":[1,2]}")};
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_resumed_engine_sees_exactly_what_was_kept, Host, Hosts) {
  Host host;
  Turn first = StrangeRecords();
  first.push_back(Do(host.places().detach));
  first.push_back(Keep("never", "kept"));
  host.RunWithCrash({first, {Keep("never", "either")}}, Cut::kInAction,
                    {{Keep("after")}, {Do(host.places().attach)}, {End()}});
  const std::vector<port::JournalRecord>& records = host.seen().resumed_with;
  BOOST_REQUIRE(records.size() == 3U);
  const Turn wanted = StrangeRecords();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const port::JournalRecord& kept = std::get<port::Persist>(wanted[i]).record;
    BOOST_TEST(records[i].sequence == i + 1);
    BOOST_TEST((records[i].kind == kept.kind));
    BOOST_TEST(records[i].name == kept.name);
    BOOST_TEST(records[i].value == kept.value);
  }
  // It goes on in the same journal.
  std::vector<port::JournalRecord> whole = records;
  whole.insert(whole.end(), host.seen().kept.begin(), host.seen().kept.end());
  BOOST_TEST(SameRecords(host.Journal(), whole));
  BOOST_TEST(whole.back().sequence == 4U);
  BOOST_TEST(host.Visible() == (Lines{"3 hook detach-service", "4 hook attach-service",
                                      "4 finished the script is over"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_torn_tail_is_dropped_and_written_over, Host, Hosts) {
  Host host;
  host.RunWithCrash({{Keep("a"), Keep("b"), Keep("torn"), Do(host.places().detach)}},
                    Cut::kTornTail, {{Keep("c"), Do(host.places().attach)}, {End()}});
  const std::vector<port::JournalRecord>& records = host.seen().resumed_with;
  BOOST_REQUIRE(records.size() == 2U);
  BOOST_TEST(records[1].name == "b");
  const std::vector<port::JournalRecord> journal = host.Journal();
  BOOST_REQUIRE(journal.size() == 3U);
  BOOST_TEST(journal[2].name == "c");
  BOOST_TEST(journal[2].sequence == 3U);
}

// What an earlier incarnation left on its way may still come in: it never looks like one's own.
BOOST_AUTO_TEST_CASE_TEMPLATE(answers_of_an_earlier_incarnation_are_told_apart, Host, Hosts) {
  Host host;
  host.RunWithCrash({{Keep("a"), Look(host.places().page), Do(host.places().detach)}},
                    Cut::kInAction,
                    {{Look(host.places().missing_page), Wake(100 * kMillisecond)}, {End()}});
  int own = 0;
  for (const port::Input& input : host.seen().inputs) {
    if (const auto* done = std::get_if<port::ActionDone>(&input.what)) {
      BOOST_TEST((done->id >> 32) == 1U);
    }
    const auto* came = std::get_if<port::ObservationCame>(&input.what);
    if (came == nullptr) continue;
    BOOST_TEST((came->id >> 32) == came->incarnation);
    if (came->incarnation != 2) continue;
    ++own;
    BOOST_TEST(came->id == host.seen().asked[0]);
    EXPECT_CODE(came->answer, kHttpStatus);
  }
  BOOST_TEST(own == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
