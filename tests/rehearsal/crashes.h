// The engine's process dies at its outputs: where, in which ways, and what must come of it.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/run_plan.h"
#include "sim/scenario.h"
#include "trace/event.h"

namespace tidegate::test {

inline constexpr trace::CrashPoint kCrashPoints[] = {
    trace::CrashPoint::kBeforePersist, trace::CrashPoint::kAfterPersist,
    trace::CrashPoint::kAfterAction, trace::CrashPoint::kTornTail};

sim::FaultPlan CrashAt(std::uint64_t output, trace::CrashPoint point);

struct CrashMatrix {
  std::uint64_t more_points_than = 60;  ///< what there must at least be to die at
  std::uint64_t step = 1;               ///< every how many outputs
  std::string_view outcome = "pass";    ///< with and without a crash
};

/// Crashes at each `step`th output in all four ways, and compares with the undisturbed run.
void ExpectSurvivesEachCrash(const sim::Scenario& scenario, const CrashMatrix& matrix);

}  // namespace tidegate::test
