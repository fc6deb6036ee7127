// From a scenario and its cluster to a RunPlan: every name becomes a NodeId, every range a number
// drawn by the seed. The same three inputs give the same plan.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "sim/run_plan.h"
#include "sim/scenario.h"
#include "sim/topology.h"

namespace tidegate::sim {

/// Errors: kBadInput at file:line:column: a fault, a long transaction or a captured position names
/// a node that is not in the topology (with the nearest name), or one of the wrong kind. REQUIRES:
/// !scenario.has_draws.
Result<RunPlan> Resolve(const Scenario& scenario, const Topology& topology, std::uint64_t seed);

}  // namespace tidegate::sim
