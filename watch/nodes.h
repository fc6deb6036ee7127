// Who is watched: the parts of a cluster as the operator's files name them and as the registry adds
// them, with the number that each has in the trace.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/cluster.h"
#include "engine/registry.h"
#include "trace/header.h"

namespace tidegate::watch {

class Nodes {
 public:
  /// `new_side_known`: a target inventory names the new Pumps and Drainers; otherwise those of
  /// `cluster` are guesses and are dropped: the registry will name them.
  Nodes(engine::Cluster cluster, bool new_side_known);

  /// Adds what is registered and was not known: old Drainers ("cisterns"), Pumps and Drainers of
  /// the cluster version. Their names are told, in the registry's order.
  std::vector<std::string> Adopt(const engine::Registry& registry);

  /// Where old Drainers keep their checkpoint of which no file says so.
  void SetCheckpointSink(engine::Sink sink);

  const engine::Cluster& cluster() const { return cluster_; }
  const trace::Header& header() const { return header_; }

  NodeId pd() const { return pd_; }
  NodeId tidb(std::size_t i) const { return tidbs_[i]; }
  NodeId old_pump(std::size_t i) const { return old_pumps_[i]; }
  NodeId new_pump(std::size_t i) const { return new_pumps_[i]; }
  NodeId old_drainer(std::size_t i) const { return old_drainers_[i]; }
  NodeId new_drainer(std::size_t i) const { return new_drainers_[i]; }
  NodeId kafka(std::size_t i) const { return kafkas_[i]; }
  NodeId zookeeper(std::size_t i) const { return zookeepers_[i]; }
  /// The downstream that a Drainer applies to; kNoNode when no file says which.
  NodeId SinkOf(NodeId drainer) const { return header_.nodes[drainer].sink; }

 private:
  NodeId Add(Role role, const engine::Process& process, bool old_side, bool new_side);
  NodeId AddSink(const engine::Sink& sink);
  void AddOldDrainer(const engine::Drainer& drainer);
  void AddNewPump(const engine::Pump& pump);
  void AddNewDrainer(const engine::Drainer& drainer);

  engine::Cluster cluster_;
  trace::Header header_;
  NodeId pd_ = kNoNode;
  std::vector<NodeId> tidbs_;
  std::vector<NodeId> old_pumps_;
  std::vector<NodeId> old_drainers_;
  std::vector<NodeId> new_pumps_;
  std::vector<NodeId> new_drainers_;
  std::vector<NodeId> kafkas_;
  std::vector<NodeId> zookeepers_;
  std::vector<std::pair<std::string, NodeId>> sinks_;  ///< by name
  engine::Sink checkpoint_sink_;
};

}  // namespace tidegate::watch
