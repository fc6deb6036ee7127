// registry-moves: node states of the cluster era. A process registers with the state that it holds
// in memory, which may be paused or offline before it becomes online; pausing and closing are left
// only for paused and offline; keys are never deleted (tidb-binlog pkg/node/node.go, pump/server.go
// commitStatus, drainer/server.go commitStatus).
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;
using trace::RegistryState;

enum Wrong : std::uint64_t { kMove = 1, kUnread };

class RegistryMoves final : public Check {
 public:
  explicit RegistryMoves(const Context& context)
      : Check(context),
        entries_(context.header.nodes.size()),
        logged_(context.header.nodes.size()) {
    for (std::size_t i = 0; i < context.header.nodes.size(); ++i) {
      logged_[i].is_pump = context.header.nodes[i].role == Role::kPump &&
                           context.header.nodes[i].era == Era::kCluster;
    }
  }

  std::string_view Id() const override { return "registry-moves"; }
  std::string_view Statement() const override {
    return "Node states move as the product allows; `offline` only once each Drainer has consumed "
           "the "
           "Pump's last real binlog.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override {
    return {EventKind::kRegistryMoved, EventKind::kBinlogAcked, EventKind::kNodeUp,
            EventKind::kActionStarted, EventKind::kActionDone};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (event.kind == EventKind::kBinlogAcked) {
      if (event.node >= logged_.size() || !logged_[event.node].is_pump) return;
      if (static_cast<trace::BinlogType>(event.code) != trace::BinlogType::kCommit) return;
      logged_[event.node].last_ts = std::max(logged_[event.node].last_ts, event.b);
      return;
    }
    if (event.kind == EventKind::kActionStarted) {
      if (WritesRegistry(event)) writes_.push_back(event);
      return;
    }
    if (event.kind == EventKind::kActionDone) {
      std::erase_if(writes_, [&](const Event& write) { return write.a == event.a; });
      return;
    }
    if (!model().IsNode(event.node) || header().nodes[event.node].era != Era::kCluster) return;
    Entry& entry = entries_[event.node];
    if (event.kind == EventKind::kNodeUp) {
      entry.registering = true;
      return;
    }
    ++premise_count_;
    Judge(&entry, {.index = index, .event = event});
  }

  void OnEnd() override {
    if (premise_count_ == 0) not_judged_ = "no node of the cluster era moved in the registry";
  }

 private:
  struct Entry {
    RegistryState state = RegistryState::kAbsent;
    Evidence moved;
    bool registering = false;  // its process came up and has not written online yet
    bool by_engine = false;    // it says what the engine wrote over it
  };
  struct Logged {
    bool is_pump = false;
    Tso last_ts = 0;  // of the commit binlogs that it acknowledged
  };

  static bool Allowed(RegistryState from, RegistryState to, bool registering) {
    if (from == to) return true;
    switch (to) {
      case RegistryState::kOnline: return registering || from == RegistryState::kAbsent;
      case RegistryState::kPausing:
      case RegistryState::kClosing: return from == RegistryState::kOnline;
      case RegistryState::kPaused:
        return registering || from == RegistryState::kOnline || from == RegistryState::kPausing;
      case RegistryState::kOffline:
        return registering || from == RegistryState::kOnline || from == RegistryState::kClosing;
      default: return false;  // states of the Kafka era, and deletion
    }
  }

  // By a client of etcd's, by binlogctl (tidb-binlog: binlogctl/nodes.go UpdateNodeState), or by a
  // statement of TiDB's (docs.pingcap.com: CHANGE PUMP).
  bool WritesRegistry(const Event& action) const {
    const std::string_view text = texts().Get(action.text);
    if (action.code == kActRunHook) {
      return text.starts_with("run-hook etcd ") || text.starts_with("run-hook binlogctl update-");
    }
    if (action.code != kActRunSql) return false;
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return lower.find(": change pump ") != std::string::npos ||
           lower.find(": change drainer ") != std::string::npos;
  }

  // A write that concerns one node names it; others name where they are asked for.
  bool IsWrittenByEngine(NodeId node) const {
    return std::any_of(writes_.begin(), writes_.end(), [&](const Event& write) {
      if (write.node == node || !model().IsNode(write.node)) return true;
      const Role role = header().nodes[write.node].role;
      return role != Role::kPump && role != Role::kDrainer;
    });
  }

  void Judge(Entry* entry, const Evidence& now) {
    const auto to = static_cast<RegistryState>(now.event.code);
    const RegistryState from = entry->state;
    // What an operator wrote over a living process's entry is undone by its next heartbeat
    // (tidb-binlog pkg/node/registry.go UpdateNode: the whole value, from memory).
    const bool by_engine = IsWrittenByEngine(now.event.node);
    const bool overwritten =
        (entry->by_engine && !by_engine) ||
        (to == RegistryState::kOnline && model().acts().fault_since_up(now.event.node));
    const bool undone = overwritten && model().node(now.event.node).up;
    entry->by_engine = by_engine;
    if (!undone && !Allowed(from, to, entry->registering)) {
      std::vector<Evidence> evidence;
      if (entry->moved.event.kind != EventKind::kCount) evidence.push_back(entry->moved);
      evidence.push_back(now);
      Report(kMove, FindingKind::kOrder, std::move(evidence), {now.event.node}, {},
             fmt::format("{} moved from {} to {}, which the product does not do",
                         NameOf(now.event.node), Name(from), Name(to)));
    }
    const bool leaves = to == RegistryState::kOffline && from != to && !entry->registering;
    if (leaves && logged_[now.event.node].is_pump) JudgeOffline(now);
    entry->state = to;
    entry->moved = now;
    if (to == RegistryState::kOnline) entry->registering = false;
  }

  void JudgeOffline(const Evidence& now) {
    const Tso last = logged_[now.event.node].last_ts;
    if (last == 0) return;
    for (NodeId node = 0; model().IsNode(node); ++node) {
      const trace::NodeInfo& info = header().nodes[node];
      if (info.role != Role::kDrainer || info.era != Era::kCluster) continue;
      if (!model().node(node).ever_up || entries_[node].state == RegistryState::kOffline) continue;
      if (model().drainer(node).saved_ts >= last) continue;
      Report(
          kUnread, FindingKind::kLoss, {now}, {now.event.node, node}, {last},
          fmt::format("{} went offline while the checkpoint of {} was {}, below {}, its last real "
                      "binlog",
                      NameOf(now.event.node), NameOf(node), model().drainer(node).saved_ts, last));
    }
  }

  static std::string_view Name(RegistryState state) {
    return trace::kRegistryStateNames[static_cast<std::size_t>(state)];
  }

  void Report(std::uint64_t wrong, FindingKind kind, std::vector<Evidence> evidence,
              std::vector<NodeId> nodes, std::vector<Tso> transactions, std::string why) {
    Cause cause = model().acts().fault_since_up(nodes.front()) ? Cause::kScenario : Cause::kProduct;
    if (entries_[nodes.front()].by_engine) cause = Cause::kEngine;
    const Tso story = transactions.empty() ? 0 : transactions.front();
    ReportOnce(findings(), *this, wrong,
               {.kind = kind,
                .cause = cause,
                .why = std::move(why),
                .evidence = std::move(evidence),
                .nodes = std::move(nodes),
                .transactions = std::move(transactions),
                .story = story});
  }

  std::vector<Entry> entries_;  // by node
  std::vector<Logged> logged_;  // by node
  std::vector<Event> writes_;   // to the registry, by the engine, that are under way
};

}  // namespace

std::unique_ptr<Check> MakeRegistryMoves(const Context& context) {
  return std::make_unique<RegistryMoves>(context);
}

}  // namespace tidegate::verifier
