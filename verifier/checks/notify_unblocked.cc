// notify-unblocked: a cluster Pump calls Notify on each Drainer that the registry says is online
// when it starts, and leaves with exit code 2 when one does not answer (tidb-binlog pump/server.go
// Start, pump/node.go Notify). From 3.0.5 on only a Pump that was offline or not registered does.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"
#include "verifier/model/version_rules.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;
using trace::RegistryState;

class NotifyUnblocked final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "notify-unblocked"; }
  std::string_view Statement() const override {
    return "No Pump is restarted while a dead Drainer is registered online where that version "
           "would "
           "refuse to start.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override {
    return {EventKind::kActionStarted, EventKind::kRegistryMoved, EventKind::kNodeDown,
            EventKind::kNodeUp};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const Evidence now = {.index = index, .event = event};
    switch (event.kind) {
      case EventKind::kRegistryMoved: OnRegistry(now); break;
      case EventKind::kActionStarted:
        if (event.code == kActStartProcess && IsClusterPump(event.node)) JudgeStart(now);
        break;
      case EventKind::kNodeUp: {  // a playbook's start is no action of its own
        const Acts& acts = model().acts();
        const bool by_playbook = acts.any_action() && acts.MayBe(kActRunPlaybook) &&
                                 IsClusterPump(event.node) &&
                                 acts.upped_by(event.node) == Cause::kEngine;
        if (by_playbook) JudgeStart(now);
        break;
      }
      default:  // actions not shown: the refusal itself
        if (!model().acts().any_action() && IsClusterPump(event.node) &&
            static_cast<trace::DownCause>(event.code) == trace::DownCause::kExited) {
          JudgeStart(now);
        }
        break;
    }
  }

  void OnEnd() override {
    if (premise_count_ == 0) not_judged_ = "no cluster Pump was started";
  }

 private:
  struct Entry {
    NodeId node = kNoNode;
    trace::TextId key = 0;
    RegistryState state = RegistryState::kAbsent;
    Evidence moved;
  };

  bool IsClusterPump(NodeId node) const {
    return model().IsNode(node) && header().nodes[node].role == Role::kPump &&
           header().nodes[node].era == Era::kCluster;
  }

  // Entries of cluster Drainers, also of those that are no node of this run.
  void OnRegistry(const Evidence& now) {
    const std::string_view key = texts().Get(now.event.text);
    const bool known = model().IsNode(now.event.node);
    const bool of_drainer = known ? header().nodes[now.event.node].role == Role::kDrainer &&
                                        header().nodes[now.event.node].era == Era::kCluster
                                  : key.find("/v1/drainers/") != std::string_view::npos;
    if (!of_drainer) return;
    const auto state = static_cast<RegistryState>(now.event.code);
    for (Entry& entry : entries_) {
      if (entry.node != now.event.node || (!known && entry.key != now.event.text)) continue;
      entry.state = state;
      entry.moved = now;
      return;
    }
    entries_.push_back({now.event.node, now.event.text, state, now});
  }

  bool WouldNotify(NodeId pump) const {
    const NodeFacts& facts = model().node(pump);
    if (facts.registry == RegistryState::kAbsent || facts.registry == RegistryState::kOffline) {
      return true;
    }
    const std::string_view version = facts.installed_version != 0
                                         ? texts().Get(facts.installed_version)
                                         : texts().Get(facts.version);
    return NotifiesAtEveryStart(ReadRelease(version));
  }

  void JudgeStart(const Evidence& now) {
    const NodeId pump = now.event.node;
    ++premise_count_;
    if (!WouldNotify(pump)) return;
    for (const Entry& entry : entries_) {
      if (entry.state != RegistryState::kOnline) continue;
      if (model().IsNode(entry.node) && model().node(entry.node).up) continue;
      const std::string drainer =
          model().IsNode(entry.node) ? NameOf(entry.node) : std::string(texts().Get(entry.key));
      std::vector<NodeId> nodes = {pump};
      if (model().IsNode(entry.node)) nodes.push_back(entry.node);
      ReportOnce(
          findings(), *this, 0,
          {.kind = FindingKind::kLiveness,
           .cause = Cause::kEngine,
           .why = fmt::format("{} was started while {} was registered online and dead: it must "
                              "answer before the Pump may start",
                              NameOf(pump), drainer),
           .evidence = {entry.moved, now},
           .nodes = std::move(nodes)});
      return;
    }
  }

  std::vector<Entry> entries_;
};

}  // namespace

std::unique_ptr<Check> MakeNotifyUnblocked(const Context& context) {
  return std::make_unique<NotifyUnblocked>(context);
}

}  // namespace tidegate::verifier
