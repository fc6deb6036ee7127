// gate-stays-shut-behind: a writer that still reaches the old side after the hand-over writes
// where nobody reads.
#include <fmt/format.h>

#include <utility>

#include "verifier/check.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class GateStaysShutBehind final : public Check {
 public:
  explicit GateStaysShutBehind(const Context& context) : Check(context) {}

  std::string_view Id() const override { return "gate-stays-shut-behind"; }
  std::string_view Statement() const override {
    return "After the gate opened, the old side accepts no further real binlog.";
  }
  Section InSection() const override { return Section::kGate; }
  KindSet Subscribes() const override {
    return {EventKind::kTxnCommitted,  EventKind::kRowCommitted, EventKind::kDdlCommitted,
            EventKind::kActionStarted, EventKind::kNodeUp,       EventKind::kNodeDown};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (model().decided_now() != Model::kNoSink) ++premise_count_;
    const Commit* commit = model().committed_now();
    if (commit == nullptr || !commit->Has(kCommitLateAck) || !model().current_is_real()) return;
    const std::uint64_t sort = Sort(FindingKind::kLoss, Cause::kEngine, commit->pump);
    if (findings().Again(*this, sort, commit->commit_ts)) return;
    Draft draft;
    draft.kind = FindingKind::kLoss;
    draft.cause = Cause::kEngine;
    draft.why = fmt::format("{} accepted commit_ts {} after the engine had gone on",
                            NameOf(commit->pump), commit->commit_ts);
    draft.evidence = {{.index = index, .event = event}};
    for (const SinkFacts& sink : model().sinks()) {
      if (sink.gate.taken) draft.evidence.push_back(sink.gate.evidence);
    }
    draft.story = {.start_ts = commit->start_ts, .commit_ts = commit->commit_ts};
    draft.subjects = {.transactions = {commit->commit_ts}, .nodes = {commit->pump}, .stores = {}};
    findings().Report(*this, sort, std::move(draft));
  }
};

}  // namespace

std::unique_ptr<Check> MakeGateStaysShutBehind(const Context& context) {
  return std::make_unique<GateStaysShutBehind>(context);
}

}  // namespace tidegate::verifier
