// sink-outlives-old-side: a broker or ZooKeeper that somebody else needs is not the engine's to
// stop. A Drainer of type kafka writes to the upstream brokers unless told otherwise (tidb-binlog
// drainer/config.go: kafka-addrs of the sink default to those of the source).
#include <fmt/format.h>

#include <string>
#include <utility>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class SinkOutlivesOldSide final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "sink-outlives-old-side"; }
  std::string_view Statement() const override {
    return "Kafka or ZooKeeper that carry the sink's topics, or anybody else's, are not retired.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override {
    return {EventKind::kActionStarted, EventKind::kNodeDown, EventKind::kUnitEnabled};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (!model().IsNode(event.node) || !header().nodes[event.node].carries_foreign) return;
    const Evidence now = {.index = index, .event = event};
    const Acts& acts = model().acts();
    if (event.kind == EventKind::kUnitEnabled) {
      if (event.code == 0 && acts.engine_began()) Report(FindingKind::kExposure, now, "disabled");
      return;
    }
    const bool stops = event.kind == EventKind::kActionStarted
                           ? event.code == kActStopProcess
                           : !acts.any_action() && acts.downed_by(event.node) == Cause::kEngine;
    if (stops) Report(FindingKind::kLiveness, now, "stopped");
  }

  void OnEnd() override {
    for (const trace::NodeInfo& info : header().nodes) {
      if (info.carries_foreign && model().acts().engine_began()) ++premise_count_;
    }
    if (premise_count_ == 0) not_judged_ = "no Kafka or ZooKeeper carries anything else";
  }

 private:
  void Report(FindingKind kind, const Evidence& now, std::string_view what) {
    ReportOnce(findings(), *this, now.event.node,
               {.kind = kind,
                .cause = Cause::kEngine,
                .why = fmt::format("{} was {} although it carries more than the old side's topics",
                                   NameOf(now.event.node), what),
                .evidence = {now},
                .nodes = {now.event.node}});
  }
};

}  // namespace

std::unique_ptr<Check> MakeSinkOutlivesOldSide(const Context& context) {
  return std::make_unique<SinkOutlivesOldSide>(context);
}

}  // namespace tidegate::verifier
