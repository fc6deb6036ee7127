// What the builders of topologies share: one node, and what is known of its process. Private to
// topology*.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/cluster.h"
#include "sim/scenario.h"
#include "sim/topology.h"

namespace tidegate::rehearsal {

/// Nodes of one stem are numbered from 1; old and new ones of one role have different stems.
sim::NodePlan& AddNode(std::string_view stem, Role role, sim::Topology* topology);
void FillProcess(const engine::Process& process, sim::NodePlan* node);
/// Runs from the start on, and comes back with its host.
void FillRunning(std::string version, sim::NodePlan* node);
/// What runs as the sink that is of this type.
std::string DownstreamKind(const sim::Scenario& scenario, const std::string& sink_type);
/// Is there a sink for what the scenario says of its databases? Errors: kBadInput.
Status CheckDownstreamKind(const sim::Scenario& scenario, const sim::Topology& topology);
/// PD and TiKV: one of each stands for all of them.
void AddStores(const engine::Cluster& cluster, sim::Topology* topology);
/// The clients and the engine's hands: the last two nodes.
void AddRest(sim::Topology* topology);

/// Pumps and Drainers of the cluster version, running: names pd-1, tikv-1, pump-N, tidb-N,
/// downstream-N, drainer-N.
sim::Topology BuildRollingTopology(const sim::Scenario& scenario, const engine::Cluster& cluster);

}  // namespace tidegate::rehearsal
