// Compares what came out with what a scenario says must come out.
#pragma once

#include <string>
#include <vector>

#include "rehearsal/steps.h"
#include "sim/scenario.h"
#include "verifier/verdict.h"

namespace tidegate::rehearsal {

/// Each difference as a sentence; none when it is as expected. Roots among the findings must be
/// exactly those expected, exposures excepted unless they are named.
std::vector<std::string> Differences(const sim::Expectation& expected,
                                     const verifier::Verdict& verdict,
                                     const std::vector<StepLine>& steps);

}  // namespace tidegate::rehearsal
