// Small clusters for tests of the simulator: MakeClusterPlan({.pump_count = 3}); what is set is
// what matters. Node ids are found by name ("pump-1", "drainer-1", "sink", …).
#pragma once

#include <boost/test/unit_test.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "sim/world.h"
#include "trace/recorder.h"

namespace tidegate::sim {

/// A cluster of the cluster era at work, with nothing to upgrade.
struct ClusterOptions {
  int tidb_count = 1;
  int pump_count = 1;
  bool drainer = true;
  std::string version = "v3.0.10";  ///< of Pumps and Drainer
  std::string drainer_config = {};  ///< drainer.toml
  std::string pump_config = {};     ///< pump.toml
  std::int64_t transactions = 100;
  Duration interval = 10 * kMillisecond;
  Duration start = 5 * kSecond;
  std::int64_t ddl_count = 0;
  std::int64_t cancelled_ddl_count = 0;
  std::uint64_t seed = 1;
  Duration drain_max = 30 * kMinute;
};

inline NodeId FindNode(const RunPlan& plan, std::string_view name) {
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (plan.nodes[i].info.name == name) return static_cast<NodeId>(i);
  }
  CHECK(false);
  return kNoNode;
}

/// A running slot on a host of its own.
inline NodePlan& AddNode(RunPlan* plan, std::string name, Role role, std::int64_t port = 0) {
  NodePlan& node = plan->nodes.emplace_back();
  node.info.name = name;
  node.info.role = role;
  node.info.host = "10.0.0." + std::to_string(plan->nodes.size());
  node.info.port = port;
  node.info.unit = name + ".service";
  node.binary_path = "/deploy/bin/" + name;
  node.config_path = "/deploy/conf/" + name + ".toml";
  node.version = "v3.0.0";
  node.running = node.enabled = true;
  return node;
}

inline RunPlan MakeClusterPlan(const ClusterOptions& options) {
  RunPlan plan;
  plan.scenario = "test";
  plan.seed = options.seed;
  plan.epoch_ms = 1'546'300'800'000;
  plan.cluster_id = 6'500'000'000'000'000'001;
  AddNode(&plan, "pd", Role::kPd);
  AddNode(&plan, "tikv", Role::kTikv);
  for (int i = 1; i <= options.pump_count; ++i) {
    NodePlan& pump = AddNode(&plan, "pump-" + std::to_string(i), Role::kPump, 8250);
    pump.info.era = Era::kCluster;
    pump.info.data_dir = "/deploy/data.pump";
    pump.version = options.version;
    pump.config = options.pump_config;
    pump.etcd_id = pump.info.host + ":8250";
  }
  for (int i = 1; i <= options.tidb_count; ++i) {
    NodePlan& tidb = AddNode(&plan, "tidb-" + std::to_string(i), Role::kTidb, 4000);
    tidb.config = "[binlog]\nenable = true\n";
  }
  AddNode(&plan, "sink", Role::kDownstream, 3306);
  if (options.drainer) {
    NodePlan& drainer = AddNode(&plan, "drainer-1", Role::kDrainer, 8249);
    drainer.info.era = Era::kCluster;
    drainer.info.data_dir = "/deploy/data.drainer";
    drainer.info.sink = FindNode(plan, "sink");
    drainer.info.new_side = true;
    drainer.version = options.version;
    drainer.config = options.drainer_config;
    drainer.etcd_id = drainer.info.host + ":8249";
  }
  AddNode(&plan, "service", Role::kService).info.unit.clear();
  AddNode(&plan, "engine", Role::kEngine).info.unit.clear();
  for (const char* name : {"one", "two"}) {
    TablePlan& table = plan.tables.emplace_back();
    table.schema = "shop";
    table.name = name;
  }
  plan.workload.transactions = options.transactions;
  plan.workload.interval = options.interval;
  plan.workload.start = options.start;
  plan.workload.ddl_count = options.ddl_count;
  plan.workload.cancelled_ddl_count = options.cancelled_ddl_count;
  plan.drain_max = options.drain_max;
  return plan;
}

/// A fault of `node` at `at`, healed `heal_after` later.
inline FaultPlan FaultAt(FaultKind kind, Time at, NodeId node, Duration heal_after = 0,
                         NodeId peer = kNoNode) {
  FaultPlan fault;
  fault.kind = kind;
  fault.trigger.at = at;
  fault.node = node;
  fault.peer = peer;
  fault.heal_after = heal_after;
  return fault;
}

/// A run from its plan to its last event, with the trace kept.
class WorldRun {
 public:
  explicit WorldRun(RunPlan plan) : plan_(std::move(plan)), recorder_(&trace_, nullptr, true) {
    world_ = std::make_unique<World>(plan_, &recorder_, nullptr);
  }

  WorldRun& Run() {
    world_->Run();
    return *this;
  }

  World& world() { return *world_; }
  const RunPlan& plan() const { return plan_; }
  const trace::Trace& trace() const { return trace_; }
  NodeId Id(std::string_view name) const { return FindNode(plan_, name); }

  std::vector<trace::Event> Events(trace::EventKind kind) const {
    std::vector<trace::Event> out;
    for (const trace::Event& event : trace_.events) {
      if (event.kind == kind) out.push_back(event);
    }
    return out;
  }
  std::size_t Count(trace::EventKind kind) const { return Events(kind).size(); }
  std::string_view Text(const trace::Event& event) const { return trace_.texts.Get(event.text); }

 private:
  RunPlan plan_;
  trace::Trace trace_;
  trace::Recorder recorder_;
  std::unique_ptr<World> world_;
};

}  // namespace tidegate::sim
