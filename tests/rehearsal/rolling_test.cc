// Rolling upgrades whose engine dies at every output in every way, or whose operator aborts at
// every step and output. A crash ends as an undisturbed run; an abort puts back every binary and
// process, and loses nothing.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "tests/rehearsal/crashes.h"
#include "tests/rehearsal/rehearse.h"
#include "verifier/relations/relations.h"

namespace tidegate::test {
namespace {

constexpr const char* kProcedures[] = {"rolling-manual", "rolling-ansible"};

sim::Scenario Small(const std::string& procedure, std::vector<std::string> overrides = {}) {
  overrides.insert(overrides.begin(), {"workload.transactions=600", "workload.tail=30s"});
  return LoadScenario(procedure + "/small.json", overrides);
}

CrashMatrix Matrix(std::string_view outcome) {
  return {.more_points_than = 40, .step = kOutputStep, .outcome = outcome};
}

void ExpectSafe(const sim::Scenario& scenario, const std::string& when) {
  const Rehearsed run = Rehearse(scenario);
  BOOST_TEST(Roots(run.verdict()) == "", when << ": " << Roots(run.verdict()));
  const auto wrong = verifier::AbortIsSafe(verifier::StateBeforeEngine(run.result.trace),
                                           verifier::EndStateOf(run.result.trace));
  BOOST_TEST(!wrong.has_value(), when << ": " << wrong.value_or(""));
}

BOOST_AUTO_TEST_SUITE(rolling)

BOOST_AUTO_TEST_CASE(every_output_in_four_ways) {
  for (const char* procedure : kProcedures)
    ExpectSurvivesEachCrash(Small(procedure), Matrix("pass"));
}

// The way back from the last step: each Drainer and Pump is replaced and proven once more.
BOOST_AUTO_TEST_CASE(a_way_back_survives_its_own_crash) {
  for (const char* procedure : kProcedures) {
    ExpectSurvivesEachCrash(
        Small(procedure, {R"(engine.operator={"step:upgrade-drainer-1": "abort"})"}),
        Matrix("refused"));
  }
}

BOOST_AUTO_TEST_CASE(an_abort_at_any_output_puts_everything_back) {
  for (const char* procedure : kProcedures) {
    const Rehearsed calm = Rehearse(Small(procedure));
    // The last records say that everything is done: nothing is left to abort.
    for (std::uint64_t output = 1; output + 2 < calm.result.crash_points; output += kOutputStep) {
      const std::string when = fmt::format("output:{}", output);
      ExpectSafe(Small(procedure, {fmt::format(R"(engine.operator={{"{}": "abort"}})", when)}),
                 fmt::format("{} {}", procedure, when));
    }
  }
}

// With the only Pump the outage is accepted, and it has a budget.
BOOST_AUTO_TEST_CASE(a_budget_that_is_too_small_turns_back) {
  const Rehearsed run = Rehearse(LoadScenario(
      "rolling-manual/single-pump.json",
      {R"(engine.accept=["write-outage"])", "engine.write_outage_max=61s",
       R"(faults=[{"partition": ["pump-1", "pd-1"], "on": {"event": "node-down", "node": "pump-1"}, "nth": 1, "for": "40s"}])"}));
  BOOST_TEST(run.EngineWord().find("budget") != std::string::npos, run.EngineWord());
  const auto wrong = verifier::AbortIsSafe(verifier::StateBeforeEngine(run.result.trace),
                                           verifier::EndStateOf(run.result.trace));
  BOOST_TEST(!wrong.has_value(), wrong.value_or(""));
}

// What is refused before the first Pump has looked and changed nothing.
BOOST_AUTO_TEST_CASE(a_refusal_changes_nothing) {
  for (const char* procedure : kProcedures) {
    const sim::Scenario scenario = LoadScenario(std::string(procedure) + "/single-pump.json");
    const Rehearsed refused = Rehearse(scenario);
    const Rehearsed idle = Rehearse(scenario, {.variant = "does-nothing"});
    const auto changed =
        verifier::NoMutationInDryRun(refused.result.trace, verifier::EndStateOf(idle.result.trace));
    BOOST_TEST(!changed.has_value(), changed.value_or(""));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
