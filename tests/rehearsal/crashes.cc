#include "tests/rehearsal/crashes.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "tests/rehearsal/rehearse.h"
#include "verifier/relations/relations.h"

namespace tidegate::test {

sim::FaultPlan CrashAt(std::uint64_t output, trace::CrashPoint point) {
  sim::FaultPlan fault;
  fault.kind = sim::FaultKind::kEngineCrash;
  fault.amount = static_cast<std::int64_t>(output);
  fault.detail = static_cast<std::int64_t>(point);
  fault.description = fmt::format("engine_crash {} output {}",
                                  trace::kCrashPointNames[static_cast<std::size_t>(point)], output);
  return fault;
}

void ExpectSurvivesEachCrash(const sim::Scenario& scenario, const CrashMatrix& matrix) {
  const Rehearsed calm = Rehearse(scenario);
  BOOST_REQUIRE_MESSAGE(calm.outcome() == matrix.outcome,
                        scenario.name << ": " << calm.outcome() << ": " << calm.verdict().why);
  BOOST_REQUIRE(calm.result.crash_points > matrix.more_points_than);
  const verifier::EndState undisturbed = verifier::EndStateOf(calm.result.trace);
  std::size_t run_count = 0;
  for (std::uint64_t output = 1; output <= calm.result.crash_points; output += matrix.step) {
    for (const trace::CrashPoint point : kCrashPoints) {
      sim::RunPlan plan = calm.prepared.plan;
      plan.faults.push_back(CrashAt(output, point));
      const rehearsal::RunResult crashed = RunPlanned(calm.prepared, plan, scenario.engine);
      const std::string where = scenario.name + ": " + plan.faults.back().description;
      const verifier::EndState end = verifier::EndStateOf(crashed.trace);
      ++run_count;
      // Told to abort, it died before that was written down: it goes on to the end.
      const bool was_aborted = matrix.outcome != "pass";
      if (was_aborted && end.engine_end == static_cast<int>(trace::EngineEnd::kDone)) {
        BOOST_TEST(Roots(crashed.verdict) == "", where);
        continue;
      }
      BOOST_TEST(verifier::OutcomeName(crashed.verdict.outcome) == matrix.outcome,
                 where << ": " << crashed.verdict.why << ": " << Roots(crashed.verdict));
      const auto differs = verifier::SurvivesItsOwnCrash(undisturbed, end);
      BOOST_TEST(!differs.has_value(), where << ": " << differs.value_or(""));
    }
  }
  BOOST_TEST(run_count >= 4 * (calm.result.crash_points / matrix.step));
}

}  // namespace tidegate::test
