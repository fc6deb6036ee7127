// The engine's process dies at every output that a crash can fall on, in each of the four ways, and
// is started again: on a small world the end must be that of a run without a crash.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "tests/rehearsal/crashes.h"
#include "tests/rehearsal/rehearse.h"
#include "verifier/relations/relations.h"

namespace tidegate::test {
namespace {

using trace::CrashPoint;

constexpr const char* kSmall = "kafka-to-cluster/small.json";
BOOST_AUTO_TEST_SUITE(crash_matrix)

BOOST_AUTO_TEST_CASE(every_output_in_four_ways) {
  ExpectSurvivesEachCrash(LoadScenario(kSmall, {"workload.transactions=40"}), {});
}

// Two of each: more than one TiDB, Pump and Drainer to be half done with.
BOOST_AUTO_TEST_CASE(every_output_of_a_wider_cluster) {
  ExpectSurvivesEachCrash(
      LoadScenario("kafka-to-cluster/two-old-drainers.json", {"workload.transactions=60"}), {});
}

BOOST_AUTO_TEST_CASE(a_way_back_survives_its_own_crash) {
  const sim::Scenario scenario = LoadScenario(
      kSmall, {"workload.transactions=40", R"(engine.operator={"one-way-door": "no"})"});
  const Rehearsed calm = Rehearse(scenario);
  const verifier::EndState undisturbed = verifier::EndStateOf(calm.result.trace);
  BOOST_TEST((undisturbed.serving == verifier::Serving::kOldSide));
  for (std::uint64_t output = 1; output <= calm.result.crash_points; ++output) {
    for (const CrashPoint point : kCrashPoints) {
      sim::RunPlan plan = calm.prepared.plan;
      plan.faults.push_back(CrashAt(output, point));
      const rehearsal::RunResult crashed = RunPlanned(calm.prepared, plan, scenario.engine);
      const std::string where = plan.faults.back().description;
      BOOST_TEST(Roots(crashed.verdict) == "", where);
      const auto differs =
          verifier::SurvivesItsOwnCrash(undisturbed, verifier::EndStateOf(crashed.trace));
      BOOST_TEST(!differs.has_value(), where << ": " << differs.value_or(""));
    }
  }
}

BOOST_AUTO_TEST_CASE(dying_twice) {
  const sim::Scenario scenario = LoadScenario(kSmall, {"workload.transactions=40"});
  const Rehearsed calm = Rehearse(scenario);
  const verifier::EndState undisturbed = verifier::EndStateOf(calm.result.trace);
  for (std::uint64_t output = 1; output + 2 <= calm.result.crash_points; output += 3) {
    sim::RunPlan plan = calm.prepared.plan;
    plan.faults.push_back(CrashAt(output, CrashPoint::kAfterAction));
    plan.faults.push_back(CrashAt(output + 2, CrashPoint::kTornTail));
    const rehearsal::RunResult crashed = RunPlanned(calm.prepared, plan, scenario.engine);
    BOOST_TEST(verifier::OutcomeName(crashed.verdict.outcome) == "pass",
               output << ": " << crashed.verdict.why);
    const auto differs =
        verifier::SurvivesItsOwnCrash(undisturbed, verifier::EndStateOf(crashed.trace));
    BOOST_TEST(!differs.has_value(), output << ": " << differs.value_or(""));
  }
}

// The canary of the matrix: an engine that forgets its journal's tail does not survive everywhere.
BOOST_AUTO_TEST_CASE(one_that_forgets_does_not_survive) {
  const sim::Scenario scenario = LoadScenario(kSmall, {"workload.transactions=40"});
  const Rehearsed calm = Rehearse(scenario);
  std::size_t caught = 0;
  for (std::uint64_t output = 1; output <= calm.result.crash_points; output += 5) {
    sim::RunPlan plan = calm.prepared.plan;
    plan.faults.push_back(CrashAt(output, CrashPoint::kAfterAction));
    const rehearsal::RunResult crashed =
        RunPlanned(calm.prepared, plan, scenario.engine, {.variant = "loses-its-journal-tail"});
    if (!Roots(crashed.verdict).empty()) ++caught;
  }
  BOOST_TEST(caught > 5U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
