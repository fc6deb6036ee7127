// gate-before-new-drainer: what the engine had seen when it went on. The proof is recomputed from
// the /status answers that crossed the boundary and from the barrier as truth has it; whether the
// data was safe by luck is gate-sound's question. A new Drainer that reads while old rows are still
// to come applies new rows under them (domain: old rows overwrite newer ones).
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

// tidb-binlog branch kafka drainer/config.go: detect-interval defaults to 10 s.
constexpr Duration kDetectIntervalDefault = 10 * kSecond;
// What a request takes on its way, and the engine to take it in.
constexpr Duration kLatencyMax = kSecond;

enum Wrong : std::uint64_t { kNoBarrier = 1, kNeverLooked, kStale, kNotPast };

class GateBeforeNewDrainer final : public Check {
 public:
  explicit GateBeforeNewDrainer(const Context& context)
      : Check(context), answers_(context.header.nodes.size()) {}

  std::string_view Id() const override { return "gate-before-new-drainer"; }
  std::string_view Statement() const override {
    return "When the engine decides to start the new Drainer, the drain proof stood on every old "
           "Drainer of that sink in answers no older than one detect interval at the decision.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override {
    return {EventKind::kAnswered, EventKind::kActionStarted, EventKind::kNodeUp,
            EventKind::kNodeDown};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (event.kind == EventKind::kAnswered) {
      const NodeId node = model().status_now();
      if (node != kNoNode) answers_[node] = {.index = index, .event = event};
      return;
    }
    const std::size_t sink = model().decided_now();
    if (sink != Model::kNoSink) Judge(model().sinks()[sink], {.index = index, .event = event});
  }

  void OnEnd() override {
    if (!model().has_drain_gate()) {
      not_judged_ = "a full import waits for no drain";
    } else if (premise_count_ == 0) {
      not_judged_ = "no new Drainer was started";
    }
  }

 private:
  void Judge(const SinkFacts& sink, const Evidence& now) {
    for (NodeId node = 0; model().IsNode(node); ++node) {
      const trace::NodeInfo& info = header().nodes[node];
      if (info.role != Role::kDrainer || !info.old_side || info.sink != sink.node) continue;
      ++premise_count_;
      if (sink.gate.t0 == 0) {
        Report(kNoBarrier, node, now,
               fmt::format(
                   "the engine went on to the new Drainer of {} while a TiDB could still write "
                   "to the old side",
                   NameOf(sink.node)),
               {});
        continue;
      }
      JudgeAnswer(node, sink.gate.t0, now);
    }
  }

  void JudgeAnswer(NodeId drainer, Tso t0, const Evidence& now) {
    const Evidence& answer = answers_[drainer];
    if (answer.event.kind == EventKind::kCount) {
      Report(kNeverLooked, drainer, now,
             fmt::format("the engine went on without one readable /status answer of {}",
                         NameOf(drainer)),
             {});
      return;
    }
    const Duration interval = header().nodes[drainer].detect_interval > 0
                                  ? header().nodes[drainer].detect_interval
                                  : kDetectIntervalDefault;
    const Duration age = now.event.time - answer.event.time;
    if (age > interval + kLatencyMax) {
      Report(kStale, drainer, now,
             fmt::format("the engine went on with an answer of {} that was {} old, more than one "
                         "detect interval ({})",
                         NameOf(drainer), FormatDuration(age), FormatDuration(interval)),
             {answer});
      return;
    }
    const StatusBody& status = model().last_status(drainer);
    if (!status.has_window || status.lower > t0) return;
    Report(
        kNotPast, drainer, now,
        fmt::format("the engine went on although the last answer of {} says Lower {}, not above T0 "
                    "({})",
                    NameOf(drainer), status.lower, t0),
        {model().t0_evidence(), answer});
  }

  void Report(std::uint64_t wrong, NodeId drainer, const Evidence& now, std::string why,
              std::vector<Evidence> evidence) {
    evidence.push_back(now);
    ReportOnce(findings(), *this, wrong,
               {.kind = FindingKind::kOrder,
                .cause = Cause::kEngine,
                .why = std::move(why),
                .evidence = std::move(evidence),
                .nodes = {drainer}});
  }

  std::vector<Evidence> answers_;  // by node: the last readable /status answer
};

}  // namespace

std::unique_ptr<Check> MakeGateBeforeNewDrainer(const Context& context) {
  return std::make_unique<GateBeforeNewDrainer>(context);
}

}  // namespace tidegate::verifier
