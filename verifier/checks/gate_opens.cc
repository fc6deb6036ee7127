// gate-opens: once the barrier stands and faults are healed, either the engine goes on within the
// bound, or it says which clause keeps the gate shut.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "verifier/check.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class GateOpens final : public Check {
 public:
  explicit GateOpens(const Context& context) : Check(context) {}

  std::string_view Id() const override { return "gate-opens"; }
  std::string_view Statement() const override {
    return "With faults healed and writes stopped, the gate opens within its bound, or the "
           "engine names the clause that can't and refuses properly.";
  }
  Section InSection() const override { return Section::kGate; }
  KindSet Subscribes() const override {
    return {EventKind::kWriterPathClosed, EventKind::kGateJudged, EventKind::kEngineStarted};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (event.kind == EventKind::kGateJudged) {
      judged_ = {.index = index, .event = event};
      any_claim_ = true;
    } else if (event.kind == EventKind::kEngineStarted) {
      any_claim_ = true;
    }
  }

  void OnEnd() override {
    if (!model().has_drain_gate()) {
      not_judged_ = "a full import waits for no drain";
      return;
    }
    if (model().t0() == 0) return;
    for (const SinkFacts& sink : model().sinks()) {
      if (!sink.has_old_drainer || !sink.has_new_drainer) continue;
      ++premise_count_;
      if (!sink.gate.taken) Judge(sink);
    }
  }

 private:
  // Orphans wait 600 s and are then asked of TiKV at the next tick (tidb-binlog branch kafka:
  // drainer/pump.go maxTxnTimeout), so no gate opens sooner after a writer died in mid-commit.
  Duration Bound(const SinkFacts& sink) const {
    if (header().drain_max > 0) return header().drain_max;
    Duration tick = 0;
    for (NodeId id = 0; model().IsNode(id); ++id) {
      if (model().info(id).old_side && model().info(id).sink == sink.node) {
        tick = std::max(tick, model().info(id).detect_interval);
      }
    }
    return 10 * kMinute + 2 * tick + kMinute;
  }

  void Judge(const SinkFacts& sink) {
    const RunFacts& run = model().run();
    const bool said_why = (run.engine_end == static_cast<int>(trace::EngineEnd::kRefused) ||
                           run.engine_end == static_cast<int>(trace::EngineEnd::kAborted)) &&
                          !run.engine_why.empty();
    if (said_why) return;
    const Time from = std::max(model().t0_evidence().event.time, model().last_fault_time());
    const Duration waited = run.end_evidence.event.time - from;
    if (!run.ended || waited < Bound(sink)) {
      not_judged_ = "the run ended before the bound had passed";
      return;
    }
    if (!any_claim_) {
      not_judged_ = "the engine makes no claims, so whether it named a clause is not known";
      return;
    }
    std::uint64_t undrained = 0;
    for (NodeId node = 0; model().IsNode(node); ++node) {
      if (model().IsOldPump(node)) undrained += sink.ledger.OutstandingAt(node);
    }
    const Cause cause = undrained > 0 ? Cause::kProduct : Cause::kEngine;
    const std::uint64_t sort = Sort(FindingKind::kLiveness, cause, sink.node);
    Draft draft;
    draft.kind = FindingKind::kLiveness;
    draft.cause = cause;
    draft.why = fmt::format(
        "{} after T0 the engine had neither gone on nor refused, with {} "
        "transactions of the old side missing at {}",
        FormatDuration(waited), undrained, NameOf(sink.node));
    draft.evidence = {model().t0_evidence(), run.end_evidence};
    if (judged_.event.kind == EventKind::kGateJudged) draft.evidence.push_back(judged_);
    draft.subjects.nodes = {sink.node};
    findings().Report(*this, sort, std::move(draft));
  }

  Evidence judged_;
  bool any_claim_ = false;
};

}  // namespace

std::unique_ptr<Check> MakeGateOpens(const Context& context) {
  return std::make_unique<GateOpens>(context);
}

}  // namespace tidegate::verifier
