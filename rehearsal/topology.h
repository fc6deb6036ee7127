// From a scenario to everything that a run needs: the operator's files (or texts generated from the
// counts of a `topology`) go through the engine's own readers to an engine::Cluster; that cluster,
// and what no file says, becomes the simulator's Topology; the seed does the rest.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "engine/cluster.h"
#include "sim/resolve.h"
#include "sim/run_plan.h"
#include "sim/scenario.h"
#include "sim/topology.h"
#include "trace/header.h"

namespace tidegate::rehearsal {

/// The cluster as the engine will see it. Errors: of the inventory, target or site file.
Result<engine::Cluster> BuildCluster(const sim::Scenario& scenario);

/// What the old Pumps and Drainers run: the scenario's word, or the last of the cluster's era.
std::string OldVersionOf(const sim::Scenario& scenario, const engine::Cluster& cluster);

/// The processes behind that cluster, and the hidden ones. Names: pd-1, tikv-1, zookeeper-N,
/// kafka-N, old-pump-N, tidb-N, downstream-N, old-drainer-N, pump-N, drainer-N, service, engine.
/// One PD and one TiKV stand for all of them.
sim::Topology BuildTopology(const sim::Scenario& scenario, const engine::Cluster& cluster);

struct Prepared {
  sim::Scenario scenario;  ///< drawn
  engine::Cluster cluster;
  sim::Topology topology;
  sim::RunPlan plan;
};

/// Draws, reads, resolves. For many seeds of a scenario without draws, `Again` is faster.
Result<Prepared> Prepare(const sim::Scenario& scenario, std::uint64_t seed);

/// The plan of another seed. REQUIRES: the scenario that `prepared` came from had no draws.
Result<sim::RunPlan> Again(const Prepared& prepared, std::uint64_t seed);

/// What the trace's header says of a run; engine, gate and write_outage_max are the caller's.
/// `with_plan`: the RunPlan's text is in it; only who keeps or digests the trace needs that.
trace::Header MakeHeader(const sim::RunPlan& plan, bool with_plan = true);

}  // namespace tidegate::rehearsal
