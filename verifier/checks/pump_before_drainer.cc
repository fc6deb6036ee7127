// pump-before-drainer: looked at whenever the engine stops a Drainer that is upgraded in place, or
// replaces its binary. A Pump that only a fault took down a moment ago is nobody's mistake: the
// engine can't have seen it.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

constexpr Duration kCannotBeSeen = 20 * kSecond;

class PumpBeforeDrainer final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "pump-before-drainer"; }
  std::string_view Statement() const override {
    return "No Drainer is stopped or replaced until every Pump runs the new version and is online.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override {
    return {EventKind::kActionStarted, EventKind::kNodeDown, EventKind::kBinaryInstalled};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (!model().UpgradedInPlace(event.node)) return;
    if (header().nodes[event.node].role != Role::kDrainer || !Touches(event)) return;
    ++premise_count_;
    for (NodeId node = 0; model().IsNode(node); ++node) {
      if (!model().UpgradedInPlace(node) || header().nodes[node].role != Role::kPump) continue;
      Judge(node, {.index = index, .event = event});
    }
  }

  void OnEnd() override {
    if (premise_count_ == 0) not_judged_ = "the engine touched no Drainer";
  }

 private:
  bool Touches(const Event& event) const {
    switch (event.kind) {
      case EventKind::kActionStarted: return event.code == kActStopProcess;
      case EventKind::kNodeDown: return model().acts().downed_by(event.node) == Cause::kEngine;
      default: return model().acts().engine_began();  // only the engine installs
    }
  }

  void Judge(NodeId pump, const Evidence& now) {
    const NodeFacts& facts = model().node(pump);
    const trace::NodeInfo& info = header().nodes[pump];
    const Acts& acts = model().acts();
    std::string wrong;
    if (!facts.up) {
      const bool unseen = facts.ever_up && acts.downed_by(pump) == Cause::kScenario &&
                          now.event.time - acts.down(pump).event.time < kCannotBeSeen;
      if (!unseen) wrong = "was down";
    } else if (texts().Get(facts.version) != info.target_version) {
      wrong = fmt::format("ran {}, not {}", texts().Get(facts.version), info.target_version);
    } else if (facts.registry != trace::RegistryState::kOnline) {
      wrong = fmt::format("was {} in the registry",
                          trace::kRegistryStateNames[static_cast<std::size_t>(facts.registry)]);
    }
    if (wrong.empty()) return;
    std::vector<Evidence> evidence;
    if (facts.ever_up) evidence.push_back(facts.up ? acts.up(pump) : acts.down(pump));
    evidence.push_back(now);
    ReportOnce(
        findings(), *this, 0,
        {.kind = FindingKind::kOrder,
         .cause = Cause::kEngine,
         .why = fmt::format("{} was {} while {} {}", NameOf(now.event.node),
                            now.event.kind == EventKind::kBinaryInstalled ? "replaced" : "stopped",
                            info.name, wrong),
         .evidence = std::move(evidence),
         .nodes = {pump, now.event.node}});
  }
};

}  // namespace

std::unique_ptr<Check> MakePumpBeforeDrainer(const Context& context) {
  return std::make_unique<PumpBeforeDrainer>(context);
}

}  // namespace tidegate::verifier
