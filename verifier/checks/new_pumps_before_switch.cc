// new-pumps-before-switch: looked at once, when the engine stops the first TiDB. A TiDB of the new
// version that finds no Pump in the registry does not start (pump_client: "no pump found in pd").
#include <fmt/format.h>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class NewPumpsBeforeSwitch final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "new-pumps-before-switch"; }
  std::string_view Statement() const override {
    return "Every new Pump is registered online before the first TiDB is stopped.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override { return {EventKind::kActionStarted, EventKind::kNodeDown}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (judged_ || !model().IsNode(event.node)) return;
    if (header().nodes[event.node].role != Role::kTidb) return;
    const bool stops = event.kind == EventKind::kActionStarted
                           ? event.code == kActStopProcess
                           : model().acts().downed_by(event.node) == Cause::kEngine;
    if (!stops) return;
    judged_ = true;
    for (NodeId node = 0; model().IsNode(node); ++node) {
      const trace::NodeInfo& info = header().nodes[node];
      if (info.role != Role::kPump || !info.new_side) continue;
      ++premise_count_;
      if (model().node(node).registry == trace::RegistryState::kOnline) continue;
      Report(node, {.index = index, .event = event});
    }
  }

  void OnEnd() override {
    if (!judged_) not_judged_ = "the engine stopped no TiDB";
  }

 private:
  void Report(NodeId pump, const Evidence& stop) {
    const NodeFacts& facts = model().node(pump);
    const std::string_view state =
        trace::kRegistryStateNames[static_cast<std::size_t>(facts.registry)];
    std::vector<Evidence> evidence;
    if (facts.up) evidence.push_back(model().acts().up(pump));
    evidence.push_back(stop);
    ReportOnce(findings(), *this, 0,
               {.kind = FindingKind::kOrder,
                .cause = Cause::kEngine,
                .why = fmt::format("{} was stopped while {} was {} in the registry, not online",
                                   NameOf(stop.event.node), NameOf(pump), state),
                .evidence = std::move(evidence),
                .nodes = {pump, stop.event.node}});
  }

  bool judged_ = false;
};

}  // namespace

std::unique_ptr<Check> MakeNewPumpsBeforeSwitch(const Context& context) {
  return std::make_unique<NewPumpsBeforeSwitch>(context);
}

}  // namespace tidegate::verifier
