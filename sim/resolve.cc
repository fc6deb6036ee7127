#include "sim/resolve.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/draw.h"
#include "base/names.h"

namespace tidegate::sim {
namespace {

// 2018-10-20T00:00:00Z: TiDB 2.1 is about to be released, and people upgrade.
constexpr std::int64_t kEpochMs = 1'539'993'600'000;
// Cluster ids of that time: 6,5.. * 10^18 (PD: random 32 bits below seconds since 1970 << 32).
constexpr std::uint64_t kClusterIdBase = 6'500'000'000'000'000'000ULL;
constexpr std::uint64_t kClusterIdRange = 100'000'000'000'000'000ULL;

Error At(const NodeName& name, std::string message) {
  return Error{ErrorCode::kBadInput, std::move(message), name.where};
}

class Resolver {
 public:
  Resolver(const Scenario& scenario, const Topology& topology, std::uint64_t seed)
      : scenario_(scenario), topology_(topology), seed_(seed) {}

  Result<RunPlan> Run() {
    plan_.scenario = scenario_.name;
    plan_.scenario_digest = scenario_.Digest();
    plan_.seed = seed_;
    plan_.procedure = scenario_.procedure;
    plan_.nodes = topology_.nodes;
    FillNumbers();
    FillTables();
    for (const NodeName& broken : scenario_.hidden.broken) {
      TRY_ASSIGN(const NodeId id, Find(broken));
      plan_.nodes[id].fail_to_start = 1;
    }
    FillDelivered();
    TRY(FillLongTransactions());
    for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
      TRY(AddFault(scenario_.faults[i], static_cast<std::uint32_t>(i)));
    }
    TRY(FillCaptured());
    TRY(CheckExpected(scenario_.expect));
    for (const ScenarioVariant& variant : scenario_.variants) TRY(CheckExpected(variant.expect));
    return std::move(plan_);
  }

 private:
  void FillNumbers() {
    plan_.epoch_ms = kEpochMs;
    plan_.cluster_id = kClusterIdBase + Draws(seed_, Purpose::kTopology, 0).Below(kClusterIdRange);
    plan_.workload = scenario_.workload;
    plan_.engine_start = scenario_.engine.start;
    plan_.latency_min = scenario_.latency_min;
    plan_.latency_max = scenario_.latency_max;
    plan_.exec_latency = scenario_.exec_latency;
    plan_.boot_duration = scenario_.boot_duration;
    plan_.kafka_retention = scenario_.kafka_retention;
    plan_.full_import = scenario_.procedure == "full-import";
    plan_.dump_duration = scenario_.dump_duration;
    plan_.load_duration = scenario_.load_duration;
    plan_.drain_max = scenario_.drain_max;
    plan_.run_max = scenario_.run_max;
    plan_.events_max = scenario_.events_max;
    for (const auto& [question, answer] : scenario_.engine.operator_answers) {
      plan_.operator_answers.push_back(question + "=" + answer);
    }
  }

  // Parts are as the resources folder names them: pump, drainer, tidb-server.
  void FillDelivered() {
    for (const auto& [part, version] : scenario_.hidden.resources) {
      for (NodePlan& node : plan_.nodes) {
        const bool of_part = part.starts_with(RoleName(node.info.role));
        if (of_part && !node.info.target_version.empty()) node.delivered = version;
      }
    }
  }

  std::vector<NodeId> SinksOf(const TablePlan& table) const {
    std::vector<NodeId> out;
    for (const SinkRows& rows : topology_.sinks) {
      if (!rows.filter.Passes(table.schema, table.name)) continue;
      if (std::find(out.begin(), out.end(), rows.sink) == out.end()) out.push_back(rows.sink);
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  void FillTables() {
    plan_.tables = scenario_.tables;
    if (!topology_.marker_schema.empty()) {
      plan_.tables.push_back({.schema = topology_.marker_schema,
                              .name = "tidegate_marker",
                              .weight = 0,
                              .marker = true});
    }
    for (TablePlan& table : plan_.tables) table.sinks = SinksOf(table);
  }

  Result<NodeId> Find(const NodeName& name) const {
    const NodeId id = topology_.Find(name.name);
    if (id != kNoNode) return id;
    return At(name, fmt::format("no node is named '{}'{}; there are {}", name.name,
                                DidYouMean(name.name, topology_.Names()),
                                fmt::join(topology_.Names(), ", ")));
  }

  Result<NodeId> FindRole(const NodeName& name, int role, std::string_view what) const {
    TRY_ASSIGN(const NodeId id, Find(name));
    const Role found = topology_.nodes[id].info.role;
    if (role < 0 || found == static_cast<Role>(role)) return id;
    return At(name, fmt::format("'{}' needs a {}; '{}' is a {}", what,
                                RoleName(static_cast<Role>(role)), name.name, RoleName(found)));
  }

  Status FillLongTransactions() {
    for (const Scenario::LongTransactionText& text : scenario_.long_transactions) {
      WorkloadPlan::LongTransaction txn{.at = text.at, .hold = text.hold};
      TRY_ASSIGN(txn.tidb, FindRole(text.tidb, static_cast<int>(Role::kTidb), "tidb"));
      plan_.workload.long_transactions.push_back(txn);
    }
    return {};
  }

  Status AddFault(const FaultText& text, std::uint32_t index) {
    const FaultSpec& spec = SpecOfFault(text.kind);
    FaultPlan fault;
    fault.kind = text.kind;
    fault.amount = text.amount;
    fault.detail = text.detail;
    fault.heal_after = text.heal_after;
    if (text.kind == FaultKind::kEngineCrash) {
      fault.node = topology_.Find("engine");
    } else {
      TRY_ASSIGN(fault.node, FindRole(text.node, spec.role, spec.key));
      TRY(CheckIsProcess(text, fault.node));
      TRY(CheckFits(text, fault.node));
    }
    if (!text.peer.name.empty()) {
      const std::string_view what = spec.peer_key.empty() ? spec.key : spec.peer_key;
      TRY_ASSIGN(fault.peer, FindRole(text.peer, spec.peer_role, what));
    }
    if (text.kind == FaultKind::kDuplicateId) TRY(CheckTwins(text, fault));
    FaultTrigger& trigger = fault.trigger;
    trigger.on_event = text.on_event;
    trigger.at = Draws(seed_, Purpose::kFaultTime, index).Between(text.at_low, text.at_high);
    trigger.event = text.on.kind;
    if (!text.on.node.name.empty()) {
      TRY_ASSIGN(trigger.node, Find(text.on.node));
    }
    trigger.match_code = text.on.match_code;
    trigger.match_text = text.on.match_text;
    trigger.nth = text.nth;
    trigger.after = text.after;
    fault.description = DescribeFault(text, trigger.at);
    plan_.faults.push_back(std::move(fault));
    return {};
  }

  // The service and the engine are no processes of the cluster.
  Status CheckIsProcess(const FaultText& text, NodeId id) const {
    const Role role = topology_.nodes[id].info.role;
    const bool link = SpecOfFault(text.kind).is_pair;
    const bool clock = text.kind == FaultKind::kClockJump && role == Role::kEngine;
    if (link || clock || (role != Role::kService && role != Role::kEngine)) return {};
    return At(text.node,
              fmt::format("'{}' can't be done to '{}'{}", SpecOfFault(text.kind).key,
                          text.node.name, role == Role::kEngine ? "; see engine_crash" : ""));
  }

  // What only some kinds of node can suffer.
  Status CheckFits(const FaultText& text, NodeId id) const {
    const FaultSpec& spec = SpecOfFault(text.kind);
    const trace::NodeInfo& info = topology_.nodes[id].info;
    const bool registered = info.role == Role::kPump || info.role == Role::kDrainer;
    const bool in_cluster = registered && info.era == Era::kCluster;
    if (spec.cluster_only && !in_cluster) {
      return At(text.node, fmt::format("'{}' needs a Pump or Drainer of the cluster era; '{}' is "
                                       "none",
                                       spec.key, text.node.name));
    }
    if (spec.old_only && in_cluster) {
      return At(text.node, fmt::format("'{}' needs a Pump of the Local or Kafka era; '{}' is none",
                                       spec.key, text.node.name));
    }
    if (text.kind == FaultKind::kSendSigkill && info.unit.starts_with('/')) {
      return At(text.node, fmt::format("'{}' is about systemd; '{}' runs under supervise, which "
                                       "kills nothing",
                                       spec.key, text.node.name));
    }
    const bool answers = info.role == Role::kDownstream || (info.role == Role::kPump && in_cluster);
    if (text.kind == FaultKind::kLoseAcks && !answers) {
      return At(text.node, fmt::format("'{}' needs a downstream or a cluster Pump; '{}' is a {}",
                                       spec.key, text.node.name, RoleName(info.role)));
    }
    return {};
  }

  Status CheckTwins(const FaultText& text, const FaultPlan& fault) const {
    const trace::NodeInfo& one = topology_.nodes[fault.node].info;
    const trace::NodeInfo& other = topology_.nodes[fault.peer].info;
    if (fault.node != fault.peer && one.role == other.role && one.era == other.era) return {};
    return At(text.peer, fmt::format("'{}' needs two nodes of one kind; '{}' and '{}' are not",
                                     SpecOfFault(text.kind).key, text.node.name, text.peer.name));
  }

  // The clock starts at Upper; what lies between a saved position and the log's end is made up by
  // the world.
  Status FillCaptured() {
    const CapturedState& captured = scenario_.captured;
    if (!captured.given) {
      if (!scenario_.fresh) plan_.saved_commit_ts = ComposeTso(plan_.epoch_ms - 1, 0);
      return {};
    }
    plan_.epoch_ms = TsoPhysicalMs(captured.upper);
    plan_.saved_commit_ts = captured.saved_commit_ts;
    if (captured.cluster_id != 0) plan_.cluster_id = captured.cluster_id;
    for (const auto& [id, position] : captured.positions) {
      const NodeId pump = PumpWithId(id);
      if (pump == kNoNode) return NoSuchPump(id);
      if (topology_.nodes[pump].info.era == Era::kLocal) return OnlyKafka();
      plan_.backlog.push_back({pump, position, captured.log_ends.at(id)});
    }
    std::sort(plan_.backlog.begin(), plan_.backlog.end(),
              [](const BacklogPlan& a, const BacklogPlan& b) { return a.pump < b.pump; });
    return {};
  }

  NodeId PumpWithId(const std::string& etcd_id) const {
    for (std::size_t i = 0; i < topology_.nodes.size(); ++i) {
      const NodePlan& node = topology_.nodes[i];
      if (node.info.role == Role::kPump && node.info.old_side && node.etcd_id == etcd_id) {
        return static_cast<NodeId>(i);
      }
    }
    return kNoNode;
  }

  Error OnlyKafka() const {
    return Error{ErrorCode::kBadInput,
                 "captured: only what lay in Kafka can be made up again, not a Local Pump's files",
                 scenario_.file};
  }

  Status CheckExpected(const Expectation& expect) const {
    for (const ExpectedEvents& events : expect.events) {
      if (!events.text.node.name.empty()) TRY(Find(events.text.node));
    }
    return {};
  }

  Error NoSuchPump(const std::string& etcd_id) const {
    std::vector<std::string> known;
    for (const NodePlan& node : topology_.nodes) {
      if (node.info.role == Role::kPump && node.info.old_side) known.push_back(node.etcd_id);
    }
    return Error{ErrorCode::kBadInput,
                 fmt::format("captured: no old Pump has the node id '{}'{}; there are {}", etcd_id,
                             DidYouMean(etcd_id, known), fmt::join(known, ", ")),
                 scenario_.file};
  }

  const Scenario& scenario_;
  const Topology& topology_;
  const std::uint64_t seed_;
  RunPlan plan_;
};

}  // namespace

Result<RunPlan> Resolve(const Scenario& scenario, const Topology& topology, std::uint64_t seed) {
  CHECK_MSG(!scenario.has_draws, "a scenario with open draws was resolved");
  return Resolver(scenario, topology, seed).Run();
}

}  // namespace tidegate::sim
