#include "watch/nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tidegate::watch {
namespace {

using engine::ClusterNode;
using engine::Drainer;
using engine::OldNode;
using engine::Process;
using engine::Pump;

// "ip:port"; a port of 0 when there is none.
engine::HostPort Split(const std::string& address) {
  engine::HostPort out;
  const std::size_t colon = address.rfind(':');
  out.host = address.substr(0, colon);
  if (colon == std::string::npos) return out;
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), out.port);
  return out;
}

Process Registered(const std::string& id, const std::string& address) {
  const engine::HostPort place = Split(address.empty() ? id : address);
  Process process;
  process.name = id;
  process.host = place.host;
  process.port = place.port;
  return process;
}

std::string AddressOf(const Process& process) {
  return fmt::format("{}:{}", process.host, process.port);
}

template <typename Part>
bool Knows(const std::vector<Part>& parts, const std::string& id, const std::string& address) {
  return std::any_of(parts.begin(), parts.end(), [&](const Part& part) {
    const std::string known = AddressOf(part.process);
    return known == address || known == id || part.process.name == id;
  });
}

Era EraOf(const std::string& era) { return era == "local" ? Era::kLocal : Era::kKafka; }

}  // namespace

Nodes::Nodes(engine::Cluster cluster, bool new_side_known) : cluster_(std::move(cluster)) {
  header_.scenario = cluster_.name;
  header_.procedure = cluster_.era == "local" ? "local-to-cluster" : "kafka-to-cluster";
  if (!new_side_known) {
    cluster_.new_pumps.clear();
    cluster_.new_drainers.clear();
  }
  Process pd;
  pd.name = "pd";
  if (!cluster_.pds.empty()) pd.host = cluster_.pds.front().host;
  if (!cluster_.pds.empty()) pd.port = cluster_.pds.front().port;
  pd_ = Add(Role::kPd, pd, false, false);
  for (const engine::Tidb& tidb : cluster_.tidbs) {
    tidbs_.push_back(Add(Role::kTidb, tidb.process, false, false));
  }
  for (const Pump& pump : cluster_.old_pumps) {
    old_pumps_.push_back(Add(Role::kPump, pump.process, true, false));
    header_.nodes.back().era = EraOf(cluster_.era);
  }
  for (const Drainer& drainer : cluster_.old_drainers) AddOldDrainer(drainer);
  for (const Pump& pump : cluster_.new_pumps) AddNewPump(pump);
  for (const Drainer& drainer : cluster_.new_drainers) AddNewDrainer(drainer);
  for (const engine::Bystander& kafka : cluster_.kafkas) {
    kafkas_.push_back(Add(Role::kKafka, kafka.process, false, false));
    header_.nodes.back().carries_foreign = kafka.carries_foreign;
  }
  for (const engine::Bystander& zookeeper : cluster_.zookeepers) {
    zookeepers_.push_back(Add(Role::kZookeeper, zookeeper.process, false, false));
    header_.nodes.back().carries_foreign = zookeeper.carries_foreign;
  }
}

NodeId Nodes::Add(Role role, const Process& process, bool old_side, bool new_side) {
  const auto id = static_cast<NodeId>(header_.nodes.size());
  trace::NodeInfo info;
  info.name = process.name;
  const auto taken = [&](const trace::NodeInfo& other) { return other.name == info.name; };
  while (std::any_of(header_.nodes.begin(), header_.nodes.end(), taken)) info.name += "'";
  info.role = role;
  info.host = process.host;
  info.port = process.port;
  info.unit = process.unit;
  info.data_dir = process.data_dir;
  info.old_side = old_side;
  info.new_side = new_side;
  header_.nodes.push_back(std::move(info));
  return id;
}

NodeId Nodes::AddSink(const engine::Sink& sink) {
  if (sink.name.empty()) return kNoNode;
  for (const auto& [name, id] : sinks_) {
    if (name == sink.name) return id;
  }
  Process process;
  process.name = "downstream " + sink.name;
  process.host = sink.host;
  process.port = sink.port;
  const NodeId id = Add(Role::kDownstream, process, false, false);
  header_.nodes[id].keyed_sink = sink.type == "mysql" || sink.type == "tidb";
  sinks_.emplace_back(sink.name, id);
  return id;
}

void Nodes::AddOldDrainer(const Drainer& drainer) {
  const NodeId sink = AddSink(drainer.sink);
  old_drainers_.push_back(Add(Role::kDrainer, drainer.process, true, false));
  header_.nodes.back().era = EraOf(cluster_.era);
  header_.nodes.back().sink = sink;
  header_.nodes.back().detect_interval = drainer.detect_interval;
}

void Nodes::AddNewPump(const Pump& pump) {
  new_pumps_.push_back(Add(Role::kPump, pump.process, false, true));
  header_.nodes.back().era = Era::kCluster;
}

void Nodes::AddNewDrainer(const Drainer& drainer) {
  const NodeId sink = AddSink(drainer.sink);
  new_drainers_.push_back(Add(Role::kDrainer, drainer.process, false, true));
  header_.nodes.back().era = Era::kCluster;
  header_.nodes.back().sink = sink;
}

void Nodes::SetCheckpointSink(engine::Sink sink) {
  checkpoint_sink_ = std::move(sink);
  const NodeId id = AddSink(checkpoint_sink_);
  for (std::size_t i = 0; i < cluster_.old_drainers.size(); ++i) {
    Drainer& drainer = cluster_.old_drainers[i];
    if (!drainer.sink.host.empty()) continue;
    drainer.sink = checkpoint_sink_;
    header_.nodes[old_drainers_[i]].sink = id;
  }
}

std::vector<std::string> Nodes::Adopt(const engine::Registry& registry) {
  std::vector<std::string> adopted;
  for (const OldNode& node : registry.cisterns) {
    if (Knows(cluster_.old_drainers, node.id, node.host)) continue;
    Drainer drainer;
    drainer.process = Registered(node.id, node.host);
    drainer.sink = checkpoint_sink_;
    AddOldDrainer(drainer);
    cluster_.old_drainers.push_back(std::move(drainer));
    adopted.push_back(node.id);
  }
  for (const ClusterNode& node : registry.cluster_pumps) {
    if (Knows(cluster_.new_pumps, node.id, node.host)) continue;
    Pump pump;
    pump.process = Registered(node.id, node.host);
    pump.node_id = node.id;
    AddNewPump(pump);
    cluster_.new_pumps.push_back(std::move(pump));
    adopted.push_back(node.id);
  }
  for (const ClusterNode& node : registry.cluster_drainers) {
    if (Knows(cluster_.new_drainers, node.id, node.host)) continue;
    Drainer drainer;
    drainer.process = Registered(node.id, node.host);
    // One sink is known: what else would the new Drainer apply to?
    if (sinks_.size() == 1 && !cluster_.old_drainers.empty()) {
      drainer.sink = cluster_.old_drainers.front().sink;
    }
    AddNewDrainer(drainer);
    cluster_.new_drainers.push_back(std::move(drainer));
    adopted.push_back(node.id);
  }
  return adopted;
}

}  // namespace tidegate::watch
