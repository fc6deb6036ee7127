#include "rehearsal/topology_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/port/port.h"
#include "sim/world/downstream.h"

namespace tidegate::rehearsal {

using sim::NodePlan;

NodePlan& AddNode(std::string_view stem, Role role, sim::Topology* topology) {
  NodePlan& node = topology->nodes.emplace_back();
  const auto same = [&](const NodePlan& other) {
    return other.info.name.rfind(fmt::format("{}-", stem), 0) == 0;
  };
  const auto number = std::count_if(topology->nodes.begin(), topology->nodes.end(), same) + 1;
  node.info.name = fmt::format("{}-{}", stem, number);
  node.info.role = role;
  return node;
}

void FillProcess(const engine::Process& process, NodePlan* node) {
  node->info.host = process.host;
  node->info.port = process.port;
  node->info.unit = process.unit;
  node->info.data_dir = process.data_dir;
  node->binary_path = process.binary;
  node->config_path = process.config;
}

void FillRunning(std::string version, NodePlan* node) {
  node->version = std::move(version);
  node->running = true;
  node->enabled = !engine::port::UnderSupervise(node->info.unit);
  if (node->binary_path.empty()) node->binary_path = "/usr/bin/" + node->info.name;
}

std::string DownstreamKind(const sim::Scenario& scenario, const std::string& sink_type) {
  const bool database = sink_type == "mysql" || sink_type == "tidb";
  return database && scenario.downstream_kind == sim::kMariadb ? scenario.downstream_kind
                                                               : sink_type;
}

Status CheckDownstreamKind(const sim::Scenario& scenario, const sim::Topology& topology) {
  const bool real = scenario.downstream_kind == sim::kMariadb;
  if (!real || std::any_of(topology.nodes.begin(), topology.nodes.end(),
                           [](const NodePlan& node) { return node.version == sim::kMariadb; })) {
    return {};
  }
  return Error{ErrorCode::kBadInput,
               fmt::format("'downstream.kind' is '{}', and no Drainer's sink is a database",
                           scenario.downstream_kind),
               scenario.file};
}

void AddStores(const engine::Cluster& cluster, sim::Topology* topology) {
  NodePlan& pd = AddNode("pd", Role::kPd, topology);
  pd.info.host = cluster.pds.empty() ? "pd" : cluster.pds[0].host;
  pd.info.port = cluster.pds.empty() ? 2379 : cluster.pds[0].port;
  pd.info.unit = "pd.service";
  FillRunning(cluster.tidb_version, &pd);
  NodePlan& tikv = AddNode("tikv", Role::kTikv, topology);
  tikv.info.host = cluster.tikvs.empty() ? "tikv" : cluster.tikvs[0].host;
  tikv.info.port = cluster.tikvs.empty() ? 20160 : cluster.tikvs[0].port;
  tikv.info.unit = fmt::format("tikv-{}.service", tikv.info.port);
  FillRunning(cluster.tidb_version, &tikv);
}

void AddRest(sim::Topology* topology) {
  for (const Role role : {Role::kService, Role::kEngine}) {
    NodePlan& node = topology->nodes.emplace_back();
    node.info.role = role;
    node.info.name = RoleName(role);
  }
}

}  // namespace tidegate::rehearsal
