// binlog-upgrade, as a process in the lab, is killed with SIGKILL where its journal has so many
// records, in the four ways of a crash, and goes on by `resume`: the end must be that of the same
// executor in this process, undisturbed.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "tests/lab/lab_run.h"
#include "tests/rehearsal/crashes.h"
#include "tests/rehearsal/generated_cases.h"
#include "verifier/relations/relations.h"

namespace tidegate::test {
namespace {

struct Matrix {
  std::string scenario;
  std::uint64_t records_min = 60;  ///< what there must be to die at
  bool whole = false;              ///< in every check; of the others some records, in turn
};

/// False: there is no such record any more.
bool SurvivesAt(const std::string& scenario, std::uint64_t record, const verifier::EndState& calm) {
  const trace::CrashPoint point = kCrashPoints[(record - 1) % std::size(kCrashPoints)];
  const rehearsal::RunResult crashed =
      Run({.scenario = scenario, .command = "binlog-upgrade", .faults = {CrashAt(record, point)}});
  if (crashed.verdict.why.starts_with("a fault never fired")) return false;
  const std::string where =
      fmt::format("{}: {} at record {}", scenario,
                  trace::kCrashPointNames[static_cast<std::size_t>(point)], record);
  BOOST_TEST(verifier::OutcomeName(crashed.verdict.outcome) == "pass",
             where << ": " << crashed.verdict.why << ": " << Roots(crashed.verdict) << "\n"
                   << crashed.engine_output);
  const auto differs = verifier::SurvivesItsOwnCrash(calm, verifier::EndStateOf(crashed.trace));
  BOOST_TEST(!differs.has_value(), where << ": " << differs.value_or(""));
  return true;
}

// Each way of a crash in its turn.
void ExpectSurvives(const Matrix& matrix) {
  if (!LabWorksHere()) return;
  const verifier::EndState calm =
      verifier::EndStateOf(Rehearse(LoadScenario(matrix.scenario)).result.trace);
  if (InFull() || (matrix.whole && !kSanitized)) {
    std::uint64_t record = 1;
    while (SurvivesAt(matrix.scenario, record, calm)) ++record;
    BOOST_TEST(record > matrix.records_min);
    return;
  }
  // Evenly over the journal; days that follow each other differ in record and way.
  const std::uint64_t count = kSanitized ? 1 : 5;
  const std::uint64_t step = matrix.records_min / count;
  BOOST_TEST_INFO_SCOPE("again: TIDEGATE_DAY=" << Day());
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t record = 1 + i * step + (Day() + i) % step;
    BOOST_TEST(SurvivesAt(matrix.scenario, record, calm), matrix.scenario << " has no " << record);
  }
}

std::vector<GeneratedCase> Cases() {
  std::vector<Matrix> matrices = {{"kafka-to-cluster/small.json"},
                                  {"local-to-cluster/small.json"},
                                  {"rolling-manual/small.json", 30, true},
                                  {"full-import/small.json"}};
  // Real playbooks, at half a minute for each crash.
  if (InFull() && !kSanitized) matrices.push_back({"rolling-ansible/small.json", 30});
  std::vector<GeneratedCase> cases;
  for (const Matrix& matrix : matrices) {
    cases.push_back({matrix.scenario, [matrix] { ExpectSurvives(matrix); }});
  }
  return cases;
}

// The procedure's files, and what every command of the engine's is given.
const std::string kUpgrade =
    "up() { binlog-upgrade \"$@\" --inventory fixtures/inventories/small.ini "
    "--target fixtures/inventories/small.target.ini --site fixtures/sites/small.json "
    "--journal $TIDEGATE_LAB/journal; }\n"
    "carry=\"--resources $TIDEGATE_RESOURCES --templates ssh --sudo --yes\"\n";
const std::string kRunBook = "kafka-to-cluster/run-book.json";

BOOST_AUTO_TEST_SUITE(engine_crash)

const GeneratedCases kEach{Cases()};

// The canary: begun anew without its journal it does not survive.
BOOST_AUTO_TEST_CASE(one_that_forgets_does_not_survive) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result =
      Run({.scenario = kRunBook,
           .command = kUpgrade + "up apply $carry",
           .command_again = kUpgrade + "rm $TIDEGATE_LAB/journal; up apply $carry",
           .overrides = {R"(faults=[{"engine_crash": "after-action", "at": "40s"}])"}});
  BOOST_TEST(verifier::OutcomeName(result.verdict.outcome) != "pass");
}

// A command of the user's is started again by what they say, and without a word it is not.
BOOST_AUTO_TEST_CASE(a_command_goes_on_by_another) {
  if (!LabWorksHere()) return;
  InLab what = {.scenario = "kafka-to-cluster/small.json",
                .command = "echo first; sleep 1000; echo never",
                .command_again = "date -u +%T; echo second; exit 6",
                .overrides = {R"(faults=[{"engine_crash": "after-action", "at": "10s"}])"}};
  const rehearsal::RunResult again = Run(what);
  BOOST_TEST(again.engine_output == "first\n00:00:30\nsecond\n");
  BOOST_TEST((again.verdict.outcome == verifier::Outcome::kRefused));
  what.clock = "real";
  what.overrides = {R"(faults=[{"engine_crash": "after-action", "at": "6s"}])"};
  what.command_again = "";
  const rehearsal::RunResult last = Run(what);
  BOOST_TEST(last.engine_output == "first\n");
  BOOST_TEST(verifier::OutcomeName(last.verdict.outcome) == "no-progress");
}

BOOST_AUTO_TEST_CASE(a_second_engine_is_refused) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result = Run(
      {.scenario = kRunBook,
       .command = kUpgrade + "up apply $carry > /dev/null & sleep 5\n"
                             "up resume $carry; echo $?\n"
                             "binlog-upgrade apply --inventory fixtures/inventories/small.ini "
                             "--target fixtures/inventories/small.target.ini --site "
                             "fixtures/sites/small.json --journal $TIDEGATE_LAB/another $carry; "
                             "echo $?; wait $!"});
  BOOST_TEST(result.engine_output.find("small.lock") != std::string::npos, result.engine_output);
  BOOST_TEST(result.engine_output.ends_with("\n6\n"), result.engine_output);
  BOOST_TEST(verifier::OutcomeName(result.verdict.outcome) == "pass", result.engine_output);
}

// status reads along without a lock; abort turns back before the one-way door, and says so.
BOOST_AUTO_TEST_CASE(status_and_abort) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result =
      Run({.scenario = kRunBook,
           .command = kUpgrade + "up apply $carry --until upgrade-tidb > /dev/null; echo held $?\n"
                                 "up status | grep -c step; echo status $?\n"
                                 "up abort $carry > /dev/null; code=$?; up status | tail -1; "
                                 "exit $code"});
  BOOST_TEST(result.engine_output.find("held 0\n") != std::string::npos, result.engine_output);
  BOOST_TEST(result.engine_output.find("status 0\n") != std::string::npos, result.engine_output);
  BOOST_TEST(verifier::OutcomeName(result.verdict.outcome) == "refused", result.engine_output);
  BOOST_TEST(Roots(result.verdict) == "");
  const auto unsafe = verifier::AbortIsSafe(verifier::StateBeforeEngine(result.trace),
                                            verifier::EndStateOf(result.trace));
  BOOST_TEST(!unsafe.has_value(), unsafe.value_or(""));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
