// gate-sound: at the moment when the engine went on, what an old Pump had acknowledged up to the
// barrier was downstream.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "verifier/check.h"
#include "verifier/model/blame.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class GateSound final : public Check {
 public:
  explicit GateSound(const Context& context) : Check(context) {}

  std::string_view Id() const override { return "gate-sound"; }
  std::string_view Statement() const override {
    return "When the engine went on, on the word of its gate, every real transaction that an old "
           "Pump had acknowledged with commit_ts ≤ T0 (or ever, where no T0 was taken) was "
           "downstream; late orphans count by TiKV's answer.";
  }
  Section InSection() const override { return Section::kGate; }
  KindSet Subscribes() const override {
    return {EventKind::kActionStarted, EventKind::kNodeUp, EventKind::kNodeDown};
  }

  void OnEvent(const Event&, std::uint64_t) override {
    const std::size_t at = model().decided_now();
    if (at == Model::kNoSink) return;
    ++premise_count_;
    const SinkFacts& sink = model().sinks()[at];
    const Tso t0 = sink.gate.t0 == 0 ? INT64_MAX : sink.gate.t0;
    std::uint64_t left = sink.ledger.outstanding_count();
    for (std::size_t i = 0; i < sink.ledger.size() && left > 0; ++i) {
      const Commit& commit = sink.ledger.At(i);
      if (commit.done()) continue;
      --left;
      if (commit.commit_ts > t0 || !model().IsOldPump(commit.pump)) continue;
      if (commit.Has(kCommitUnlogged)) continue;
      ++undrained_count_;
      if (undrained_.size() < kSubjectsMax) undrained_.push_back({.sink = at, .commit = commit});
    }
  }

  void OnEnd() override {
    for (const Undrained& undrained : undrained_) {
      const SinkFacts& sink = model().sinks()[undrained.sink];
      const Commit* commit = sink.ledger.Peek(undrained.commit.commit_ts);
      Report(sink, undrained.commit, commit == nullptr || commit->done());
    }
  }

 private:
  struct Undrained {
    std::size_t sink = 0;
    Commit commit;  // as it was at the decision
  };

  void Report(const SinkFacts& sink, const Commit& commit, bool applied_later) {
    const FindingKind kind = applied_later ? FindingKind::kOrder : FindingKind::kLoss;
    // What the product had dropped, purged or called done before could not have come, however long
    // the engine waited.
    const bool hopeless = IsDroppedForGood(commit) || commit.Has(kCommitPurged) ||
                          sink.covered_before_gate >= commit.commit_ts;
    const Cause cause = hopeless ? BlameForMissing(model(), sink, commit).cause : Cause::kEngine;
    const std::uint64_t sort = Sort(kind, cause, sink.node);
    if (findings().Again(*this, sort, commit.commit_ts)) return;
    const std::string barrier =
        sink.gate.t0 == 0 ? "no T0 stood" : fmt::format("T0 was {}", sink.gate.t0);
    findings().Report(
        *this, sort,
        {.kind = kind,
         .cause = cause,
         .why = fmt::format("the engine went on ({}) while {} had not got commit_ts {}, which {} "
                            "had acknowledged; {} were missing",
                            barrier, NameOf(sink.node), commit.commit_ts, NameOf(commit.pump),
                            undrained_count_),
         .evidence = {sink.gate.evidence},
         .story = {.start_ts = commit.start_ts, .commit_ts = commit.commit_ts},
         .rows = {},
         .subjects = {.transactions = {commit.commit_ts}, .nodes = {}, .stores = {}}});
  }

  std::vector<Undrained> undrained_;  // bounded by kSubjectsMax
  std::uint64_t undrained_count_ = 0;
};

}  // namespace

std::unique_ptr<Check> MakeGateSound(const Context& context) {
  return std::make_unique<GateSound>(context);
}

}  // namespace tidegate::verifier
