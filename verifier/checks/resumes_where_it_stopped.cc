// resumes-where-it-stopped: a start on anything but a stored checkpoint must leave nothing behind
// it, and what waited above the checkpoint must be handed over in turn. Starting lower is legal.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "verifier/check.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class ResumesWhereItStopped final : public Check {
 public:
  explicit ResumesWhereItStopped(const Context& context)
      : Check(context), starts_(context.header.nodes.size()) {}

  std::string_view Id() const override { return "resumes-where-it-stopped"; }
  std::string_view Statement() const override {
    return "After a start no real transaction above the checkpoint is skipped. Starting lower is "
           "legal.";
  }
  Section InSection() const override { return Section::kCheckpoint; }
  KindSet Subscribes() const override {
    return {EventKind::kCheckpointLoaded, EventKind::kTxnHanded};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const std::size_t at = model().SinkOfDrainer(event.node);
    if (at == Model::kNoSink) return;
    const SinkFacts& sink = model().sinks()[at];
    Start& start = starts_[event.node];
    if (event.kind == EventKind::kTxnHanded) {
      if (start.handed < start.backlog_max) Handed(sink, event, index, &start);
      return;
    }
    ++premise_count_;
    const Ledger& ledger = sink.ledger;
    start = {.loaded = {.index = index, .event = event},
             .handed = event.b,
             .backlog_max = ledger.size() == 0 ? 0 : ledger.At(ledger.size() - 1).commit_ts};
    // A stored checkpoint that covers too much is checkpoint-not-ahead's.
    if (static_cast<trace::CheckpointSource>(event.code) == trace::CheckpointSource::kStored)
      return;
    const bool first_of_old = model().info(event.node).old_side && !sink.saved;
    if (first_of_old || ledger.outstanding_count() == 0) return;
    for (std::size_t i = 0; i < ledger.size() && ledger.At(i).commit_ts <= event.b; ++i) {
      if (!ledger.At(i).done()) Remember(sink, ledger.At(i), start.loaded, start.loaded);
    }
  }

  void OnEnd() override {
    for (const Skipped& skipped : skipped_) {
      const SinkFacts& sink = model().sinks()[model().SinkIndex(skipped.sink)];
      const Commit* commit = sink.ledger.Peek(skipped.commit.commit_ts);
      const bool applied = commit == nullptr || commit->done();
      Report(skipped, applied ? FindingKind::kExposure : FindingKind::kLoss);
    }
  }

 private:
  struct Start {
    Evidence loaded;
    Tso handed = 0;       // up to here everything was looked at
    Tso backlog_max = 0;  // highest commit_ts that was there at the start
  };
  struct Skipped {
    NodeId sink = kNoNode;
    Commit commit;
    Evidence loaded;
    Evidence passed;
  };

  void Handed(const SinkFacts& sink, const Event& event, std::uint64_t index, Start* start) {
    const Tso from = start->handed;
    if (event.b <= from) return;
    start->handed = event.b;
    const Ledger& ledger = sink.ledger;
    // Backwards from the one handed over to the one before it.
    for (std::size_t i = ledger.IndexOf(event.b); i > 0; --i) {
      const Commit& commit = ledger.At(i - 1);
      if (commit.commit_ts <= from) break;
      if (commit.done() || commit.Has(kCommitHanded)) continue;
      if (!model().SameStream(commit, event.node) || commit.commit_ts > start->backlog_max)
        continue;
      Remember(sink, commit, start->loaded, {.index = index, .event = event});
    }
  }

  void Remember(const SinkFacts& sink, const Commit& commit, const Evidence& loaded,
                const Evidence& passed) {
    if (skipped_.size() >= kSubjectsMax) return;
    skipped_.push_back({.sink = sink.node, .commit = commit, .loaded = loaded, .passed = passed});
  }

  void Report(const Skipped& skipped, FindingKind kind) {
    const Event& loaded = skipped.loaded.event;
    const bool at_start = skipped.loaded.index == skipped.passed.index;
    const Cause cause =
        at_start && model().info(loaded.node).new_side ? Cause::kEngine : Cause::kProduct;
    const std::uint64_t sort =
        Sort(kind, cause, std::uint64_t{loaded.node} | (at_start ? 1ULL << 16 : 0));
    if (findings().Again(*this, sort, skipped.commit.commit_ts)) return;
    const std::string why =
        at_start
            ? fmt::format("{} started from commit_ts {} while {} had not got commit_ts {}",
                          NameOf(loaded.node), loaded.b, NameOf(skipped.sink),
                          skipped.commit.commit_ts)
            : fmt::format("{} resumed from commit_ts {} and went on to {} without commit_ts {}",
                          NameOf(loaded.node), loaded.b, skipped.passed.event.b,
                          skipped.commit.commit_ts);
    findings().Report(
        *this, sort,
        {.kind = kind,
         .cause = cause,
         .why = why,
         .evidence = {skipped.loaded, skipped.passed},
         .story = {.start_ts = skipped.commit.start_ts, .commit_ts = skipped.commit.commit_ts},
         .rows = {},
         .subjects = {
             .transactions = {skipped.commit.commit_ts}, .nodes = {loaded.node}, .stores = {}}});
  }

  std::vector<Start> starts_;     // by node
  std::vector<Skipped> skipped_;  // bounded by kSubjectsMax
};

}  // namespace

std::unique_ptr<Check> MakeResumesWhereItStopped(const Context& context) {
  return std::make_unique<ResumesWhereItStopped>(context);
}

}  // namespace tidegate::verifier
