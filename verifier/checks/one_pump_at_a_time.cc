// one-pump-at-a-time: looked at whenever the engine stops a Pump that is upgraded in place. One
// that it stopped before is back when its process is up, its key says online, and a binlog has gone
// through it that is newer than all there was before: a Pump listens before it registers, and dies
// again when it can't notify every Drainer (tidb-binlog: pump/server.go Start).
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

class OnePumpAtATime final : public Check {
 public:
  explicit OnePumpAtATime(const Context& context)
      : Check(context), pumps_(context.header.nodes.size()) {}

  std::string_view Id() const override { return "one-pump-at-a-time"; }
  std::string_view Statement() const override {
    return "The next Pump is stopped only after the one before is back: registered online, fresh "
           "heartbeat, max commit ts past its restart.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override {
    return {EventKind::kActionStarted, EventKind::kNodeDown, EventKind::kNodeUp,
            EventKind::kBinlogAcked, EventKind::kRegistryMoved};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (!model().UpgradedInPlace(event.node)) return;
    if (header().nodes[event.node].role != Role::kPump) return;
    PumpState& pump = pumps_[event.node];
    switch (event.kind) {
      case EventKind::kActionStarted:
        if (event.code == kActStopProcess) Stopped({.index = index, .event = event});
        break;
      case EventKind::kNodeDown:
        if (model().acts().downed_by(event.node) == Cause::kEngine && !pump.away) {
          Stopped({.index = index, .event = event});
        }
        if (static_cast<trace::DownCause>(event.code) == trace::DownCause::kFailedToStart) {
          NeverCameBack({.index = index, .event = event});
        }
        pump.flows = false;
        break;
      case EventKind::kNodeUp:
        pump.newest_before = newest_;
        pump.came_up = true;
        pump.flows = false;
        break;
      case EventKind::kBinlogAcked:
        if (event.b <= 0) break;
        newest_ = std::max(newest_, event.b);
        if (event.b > pump.newest_before && model().node(event.node).up) pump.flows = true;
        break;
      default: break;
    }
    if (pump.away && pump.came_up && pump.flows && IsOnline(event.node)) pump.away = false;
  }

  void OnEnd() override {
    if (premise_count_ == 0) not_judged_ = "the engine stopped no Pump";
  }

 private:
  struct PumpState {
    bool away = false;     // the engine stopped it, and it is not back
    bool came_up = false;  // since then
    Evidence stopped;
    Tso newest_before = 0;  // the newest binlog of any Pump when it came up
    bool flows = false;     // a newer one went through it since
  };

  bool IsOnline(NodeId node) const {
    const NodeFacts& facts = model().node(node);
    return facts.up && facts.registry == trace::RegistryState::kOnline;
  }

  std::string WhatIsMissing(NodeId node) const {
    const NodeFacts& facts = model().node(node);
    if (!facts.up) return "was down";
    if (facts.registry != trace::RegistryState::kOnline) {
      return fmt::format("was {} in the registry",
                         trace::kRegistryStateNames[static_cast<std::size_t>(facts.registry)]);
    }
    return "had taken no binlog since its restart";
  }

  void Stopped(const Evidence& now) {
    ++premise_count_;
    const NodeId next = now.event.node;
    for (NodeId node = 0; model().IsNode(node); ++node) {
      if (node == next || !pumps_[node].away) continue;
      std::vector<Evidence> evidence = {pumps_[node].stopped};
      if (model().node(node).up) evidence.push_back(model().acts().up(node));
      evidence.push_back(now);
      ReportOnce(
          findings(), *this, 0,
          {.kind = FindingKind::kOrder,
           .cause = Cause::kEngine,
           .why = fmt::format("{} was stopped while {}, which the engine had stopped before, "
                              "{}",
                              NameOf(next), NameOf(node), WhatIsMissing(node)),
           .evidence = std::move(evidence),
           .nodes = {node, next}});
    }
    PumpState& pump = pumps_[next];
    pump.away = true;
    pump.came_up = false;
    pump.flows = false;
    pump.stopped = now;
  }

  // It listened, and was registered, and was starting still: it died of that. Whoever went on had
  // not waited for its heartbeat, which comes after all that.
  void NeverCameBack(const Evidence& now) {
    const NodeId node = now.event.node;
    const Evidence& up = model().acts().up(node);
    if (pumps_[node].stopped.event.kind == EventKind::kCount) return;
    if (model().acts().upped_by(node) != Cause::kEngine) return;
    for (NodeId next = 0; model().IsNode(next); ++next) {
      const Evidence& stopped = pumps_[next].stopped;
      if (next == node || stopped.event.kind == EventKind::kCount) continue;
      if (stopped.index < up.index) continue;
      ReportOnce(
          findings(), *this, 1,
          {.kind = FindingKind::kOrder,
           .cause = Cause::kEngine,
           .why = fmt::format("{} was stopped while {}, which the engine had stopped before, "
                              "was starting still: it failed to",
                              NameOf(next), NameOf(node)),
           .evidence = {pumps_[node].stopped, up, stopped, now},
           .nodes = {node, next}});
    }
  }

  std::vector<PumpState> pumps_;  // by node
  Tso newest_ = 0;
};

}  // namespace

std::unique_ptr<Check> MakeOnePumpAtATime(const Context& context) {
  return std::make_unique<OnePumpAtATime>(context);
}

}  // namespace tidegate::verifier
