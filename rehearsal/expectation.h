// Compares what came out with what a scenario says must come out.
#pragma once

#include <string>
#include <vector>

#include "rehearsal/run.h"
#include "sim/scenario.h"

namespace tidegate::rehearsal {

/// Each difference as a sentence; none when it is as expected. Roots among the findings must be
/// exactly those expected, exposures excepted unless they are named.
/// REQUIRES: the run counted `expected.events`.
std::vector<std::string> Differences(const sim::Expectation& expected, const RunResult& result);

}  // namespace tidegate::rehearsal
