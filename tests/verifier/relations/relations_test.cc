#include "verifier/relations/relations.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/trace_text.h"
#include "tests/verifier/upgrade_text.h"

namespace tidegate::test {
namespace {

using verifier::EndState;
using verifier::EndStateOf;
using verifier::Repeats;
using verifier::StateBeforeEngine;

std::string Text(const std::optional<std::string>& difference) { return difference.value_or(""); }

EndState EndOf(const std::vector<Edit>& edits) { return EndStateOf(TraceOf(Upgrade(edits))); }

BOOST_AUTO_TEST_SUITE(SurvivesItsOwnCrashTest)

BOOST_AUTO_TEST_CASE(TheSameEnd) {
  const EndState crashed = EndOf({
      {"act stop zk", "event engine-crashed n=1 code=2\nevent engine-started n=2\nact stop zk"},
  });
  BOOST_TEST(Text(SurvivesItsOwnCrash(EndOf({}), crashed)) == "");
}

BOOST_AUTO_TEST_CASE(AnotherInitialCommitTsIsNoDifference) {
  EndState first = EndOf({});
  EndState second = first;
  first.nodes[1].config = "initial-commit-ts = 55\nworker-count = 16\n";
  second.nodes[1].config = "worker-count = 16\ninitial-commit-ts = 66\n";
  BOOST_TEST(Text(SurvivesItsOwnCrash(first, second)) == "");
}

BOOST_AUTO_TEST_CASE(AProcessIsMissing) {
  BOOST_TEST(Text(SurvivesItsOwnCrash(EndOf({}), EndOf({{"zk down", ""}}))) ==
             "zk is down undisturbed and runs after the crash");
}

BOOST_AUTO_TEST_CASE(AnotherVersion) {
  const EndState crashed = EndOf({
      {"tidb-2 up version=v2.1.0 incarnation=2", "tidb-2 up version=v2.0.11 incarnation=2"},
  });
  BOOST_TEST(Text(SurvivesItsOwnCrash(EndOf({}), crashed)) ==
             "tidb-2 runs v2.1.0 undisturbed and v2.0.11 after the crash");
}

BOOST_AUTO_TEST_CASE(AnotherConfiguration) {
  EndState first = EndOf({});
  EndState second = first;
  first.nodes[1].config = "[syncer]\nworker-count = 16\n";
  second.nodes[1].config = "[syncer]\nworker-count = 1\n";
  BOOST_TEST(Text(SurvivesItsOwnCrash(first, second)) ==
             "the configurations that tidb-1 runs with undisturbed and after the crash differ in "
             "syncer.worker-count");
}

BOOST_AUTO_TEST_CASE(AUnitLeftEnabled) {
  const EndState crashed = EndOf({{"event unit-enabled node=zk code=0", ""}});
  BOOST_TEST(Text(SurvivesItsOwnCrash(EndOf({}), crashed)) ==
             "the unit of zk is disabled undisturbed and enabled after the crash");
}

BOOST_AUTO_TEST_CASE(AnotherRegistryState) {
  const EndState crashed =
      EndOf({{"old-pump-2 registry kafka-offline key=/tidb-binlog/pumps/h2:8250/object", ""}});
  BOOST_TEST(Text(SurvivesItsOwnCrash(EndOf({}), crashed)) ==
             "old-pump-2 is kafka-offline in the registry undisturbed and alive after the crash");
}

BOOST_AUTO_TEST_CASE(ClientsAreNotBack) {
  const EndState crashed = EndOf({
      {"tidb-1 clients on\ntidb-2 clients on\nevent action-done a=902",
       "tidb-1 clients on\nevent action-done a=902"},
  });
  BOOST_TEST(Text(SurvivesItsOwnCrash(EndOf({}), crashed)) ==
             "clients reach tidb-2 undisturbed and don't after the crash");
}

BOOST_AUTO_TEST_CASE(TheCrashedRunDoesNotConverge) {
  const EndState crashed = EndOf({{"new-drainer apply 71 a:1=7", ""}});
  BOOST_TEST(Text(SurvivesItsOwnCrash(EndOf({}), crashed)) ==
             "the rows of test.a upstream and at mysql differ after the crash");
}

BOOST_AUTO_TEST_SUITE_END()

constexpr std::string_view kAborted = R"(
old-pump-1 up version=kafka
tidb-1 up version=v2.0.11
tidb-1 path open socket old-pump-1
tidb-1 clients on
tidb-1 commit 10/11 a:1=5 pump=old-pump-1
old-drainer up version=kafka
old-drainer apply 11 a:1=5
engine started ours
act start new-pump-1
new-pump-1 up version=v2.1.0
tidb-1 clients off
act stop tidb-1
tidb-1 path close socket old-pump-1 tso=9
tidb-1 down
act stop new-pump-1
new-pump-1 down
act start tidb-1
tidb-1 up version=v2.0.11 incarnation=2
tidb-1 path open socket old-pump-1
tidb-1 clients on
engine aborted the old side serves
end quiet
)";

std::string AbortOf(std::string_view line, std::string_view by) {
  std::string text(kAborted);
  if (!line.empty()) {
    const std::string from = fmt::format("\n{}\n", line);
    const std::size_t at = text.rfind(from);
    BOOST_REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), by.empty() ? std::string("\n") : fmt::format("\n{}\n", by));
  }
  const trace::Trace trace = TraceOf(text);
  return Text(AbortIsSafe(StateBeforeEngine(trace), EndStateOf(trace)));
}

BOOST_AUTO_TEST_SUITE(AbortIsSafeTest)

BOOST_AUTO_TEST_CASE(TheStateBeforeIsBack) { BOOST_TEST(AbortOf("", "") == ""); }

BOOST_AUTO_TEST_CASE(SomethingIsLost) {
  BOOST_TEST(AbortOf("tidb-1 clients on", "tidb-1 clients on\ntidb-1 commit 20/21 a:2=6") ==
             "the rows of test.a upstream and at mysql differ after the abort");
}

BOOST_AUTO_TEST_CASE(ItDoesNotSayWhoServes) {
  BOOST_TEST(AbortOf("engine aborted the old side serves", "engine aborted as told") ==
             "the old side serves, and the engine's last word was 'as told'");
  BOOST_TEST(AbortOf("engine aborted the old side serves", "engine aborted the new side serves") ==
             "the old side serves, and the engine's last word was 'the new side serves'");
}

BOOST_AUTO_TEST_CASE(ItDoesNotEnd) {
  BOOST_TEST(AbortOf("engine aborted the old side serves", "") ==
             "the engine did not finish after it was told to abort");
}

BOOST_AUTO_TEST_CASE(TheNewSideStillRuns) {
  BOOST_TEST(AbortOf("new-pump-1 down", "") == "new-pump-1 still runs after the abort");
}

BOOST_AUTO_TEST_CASE(AnotherVersionCameBack) {
  BOOST_TEST(AbortOf("tidb-1 up version=v2.0.11 incarnation=2",
                     "tidb-1 up version=v2.0.10 incarnation=2") ==
             "tidb-1 runs v2.0.11 before and v2.0.10 after the abort");
}

// Behind the one-way door the state before cannot come back, and need not.
BOOST_AUTO_TEST_CASE(BehindTheDoor) {
  BOOST_TEST(AbortOf("tidb-1 up version=v2.0.11 incarnation=2\ntidb-1 path open socket old-pump-1\n"
                     "tidb-1 clients on\nengine aborted the old side serves",
                     "tidb-1 up version=v2.1.0 incarnation=2\ntidb-1 path open cluster\n"
                     "tidb-1 clients on\nengine aborted the new side serves") == "");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(NoMutationInDryRunTest)

constexpr std::string_view kIdle = "tidb-1 up version=v2.0.11\ntidb-1 clients on\n";

std::string DryRun(const std::string& more) {
  const trace::Trace dry = TraceOf(std::string(kIdle) + "engine started ours\n" + more);
  return Text(NoMutationInDryRun(dry, EndStateOf(TraceOf(kIdle))));
}

BOOST_AUTO_TEST_CASE(ItOnlyLooks) { BOOST_TEST(DryRun("status old-drainer {}\n") == ""); }

BOOST_AUTO_TEST_CASE(ItActs) {
  BOOST_TEST(DryRun("act stop zk\n") == "at 4ms the engine did 'stop zk'");
}

BOOST_AUTO_TEST_CASE(SomethingChangedAllTheSame) {
  BOOST_TEST(DryRun("tidb-1 down\n") ==
             "tidb-1 runs without an engine and is down after it only looked");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(RepeatsTest)

BOOST_AUTO_TEST_CASE(TheSameBytes) {
  BOOST_TEST(Text(Repeats(TraceOf(UpgradeText()), TraceOf(UpgradeText()))) == "");
}

BOOST_AUTO_TEST_CASE(AnotherEvent) {
  const trace::Trace second = TraceOf(Upgrade({{"old-drainer save 11", "old-drainer save 10"}}));
  BOOST_TEST(
      Text(Repeats(TraceOf(UpgradeText()), second)) ==
      "event 21 is 'old-drainer saved the checkpoint commit_ts 11 in tidb_binlog.checkpoint "
      "of mysql' at 19ms in the first run and 'old-drainer saved the checkpoint commit_ts 10 "
      "in tidb_binlog.checkpoint of mysql' at 19ms in the second");
}

BOOST_AUTO_TEST_CASE(OneIsShorter) {
  const trace::Trace second = TraceOf(Upgrade({{"@2m end quiet tso=52428800000", ""}}));
  BOOST_TEST(Text(Repeats(TraceOf(UpgradeText()), second)) ==
             "event 126 is 'the run ended (why: quiet, PD at 52428800000)' at 2m in the first run "
             "and the end in the second");
}

BOOST_AUTO_TEST_CASE(AnotherHeader) {
  trace::Trace second = TraceOf(UpgradeText());
  second.header.seed = 7;
  BOOST_TEST(Text(Repeats(TraceOf(UpgradeText()), second)) == "the headers differ");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
