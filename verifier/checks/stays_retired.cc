// stays-retired: what the engine retired stays down. A unit left enabled starts with its host; a
// Kafka-era Pump's key is part of the record of what was consumed, and nothing the product does
// deletes it (tidb-binlog branch kafka pump/registry.go: MarkOffline keeps it).
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

enum Wrong : std::uint64_t { kCameBack = 1, kEnabled, kKeyGone };

class StaysRetired final : public Check {
 public:
  explicit StaysRetired(const Context& context)
      : Check(context), host_started_(context.header.nodes.size()) {}

  std::string_view Id() const override { return "stays-retired"; }
  std::string_view Statement() const override {
    return "What was retired does not come back after a host reboot; no data, topic or key was "
           "deleted.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override {
    return {EventKind::kNodeUp, EventKind::kNodeDown, EventKind::kRegistryMoved,
            EventKind::kActionStarted, EventKind::kFaultFired};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (event.kind == EventKind::kFaultFired) HostStarted(event);
    if (!model().IsNode(event.node) || !header().nodes[event.node].old_side) return;
    const Evidence now = {.index = index, .event = event};
    const Evidence* retired = model().acts().retired(event.node);
    if (event.kind == EventKind::kNodeUp) {
      // An engine that starts it again has taken its retirement back.
      if (retired != nullptr) JudgeReturn(*retired, now);
      return;
    }
    if (retired == nullptr || event.kind != EventKind::kRegistryMoved) return;
    const trace::NodeInfo& info = header().nodes[event.node];
    if (info.role != Role::kPump || info.era != Era::kKafka) return;
    if (static_cast<trace::RegistryState>(event.code) != trace::RegistryState::kAbsent) return;
    Report(
        kKeyGone, FindingKind::kExposure, Cause::kEngine, {*retired, now}, event.node,
        fmt::format("the registry key of {} was deleted after it was retired: nobody can tell any "
                    "more what it held",
                    NameOf(event.node)));
  }

  void OnEnd() override {
    const std::string not_done = NotDone(model());
    for (NodeId node = 0; not_done.empty() && model().IsNode(node); ++node) JudgeEnd(node);
    if (premise_count_ == 0) not_judged_ = not_done.empty() ? "nothing was retired" : not_done;
  }

 private:
  // A host that reboots starts what is enabled on it; any other fault is somebody's hand.
  void HostStarted(const Event& event) {
    if (!model().IsNode(event.node)) return;
    const bool reboot = texts().Get(event.text).starts_with("reboot ");
    for (NodeId node = 0; model().IsNode(node); ++node) {
      const bool there = header().nodes[node].host == header().nodes[event.node].host;
      if (there && (reboot || node == event.node)) host_started_[node] = reboot ? 1 : 0;
    }
  }

  void JudgeReturn(const Evidence& retired, const Evidence& now) {
    const NodeId node = now.event.node;
    const Acts& acts = model().acts();
    const bool unit = model().node(node).unit_enabled && !header().nodes[node].unit.empty();
    // Somebody who starts it by hand is the scenario's, unless it was the unit left enabled.
    const bool with_host = unit && host_started_[node] != 0;
    if (acts.upped_by(node) == Cause::kScenario && !with_host) return;
    Report(kCameBack, FindingKind::kOrder, unit ? Cause::kEngine : Cause::kProduct, {retired, now},
           node,
           fmt::format("{} came back after the engine had stopped it{}", NameOf(node),
                       unit ? ", its unit being still enabled" : ""));
  }

  void JudgeEnd(NodeId node) {
    const trace::NodeInfo& info = header().nodes[node];
    const Evidence* retired = model().acts().retired(node);
    if (!info.old_side || retired == nullptr) return;
    ++premise_count_;
    const NodeFacts& facts = model().node(node);
    if (info.unit.empty() || !facts.unit_enabled || facts.up) return;  // up: told when it came back
    Report(kEnabled, FindingKind::kExposure, Cause::kEngine, {*retired}, node,
           fmt::format("the unit {} of {} is still enabled: it comes back with its host", info.unit,
                       info.name));
  }

  void Report(std::uint64_t wrong, FindingKind kind, Cause cause, std::vector<Evidence> evidence,
              NodeId node, std::string why) {
    ReportOnce(findings(), *this, wrong,
               {.kind = kind,
                .cause = cause,
                .why = std::move(why),
                .evidence = std::move(evidence),
                .nodes = {node}});
  }

  std::vector<std::uint8_t> host_started_;  // by node: its host rebooted, and no hand came after
};

}  // namespace

std::unique_ptr<Check> MakeStaysRetired(const Context& context) {
  return std::make_unique<StaysRetired>(context);
}

}  // namespace tidegate::verifier
