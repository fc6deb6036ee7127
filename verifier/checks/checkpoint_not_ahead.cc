// checkpoint-not-ahead: what a saved checkpoint covers is what a restart will skip. Covered and
// late is an exposure; covered and never applied a loss.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "verifier/check.h"
#include "verifier/model/blame.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class CheckpointNotAhead final : public Check {
 public:
  explicit CheckpointNotAhead(const Context& context)
      : Check(context), covered_(context.model.sinks().size()) {}

  std::string_view Id() const override { return "checkpoint-not-ahead"; }
  std::string_view Statement() const override {
    return "No real commit at or below a saved commit_ts is missing downstream (an exposure "
           "until a crash makes it a loss).";
  }
  Section InSection() const override { return Section::kCheckpoint; }
  KindSet Subscribes() const override {
    return {EventKind::kCheckpointSaved, EventKind::kRowTorn, EventKind::kDdlTorn};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const std::size_t at = model().SinkIndex(event.node);
    if (at == Model::kNoSink) return;
    ++premise_count_;
    const SinkFacts& sink = model().sinks()[at];
    Covered& covered = covered_[at];
    if (event.kind != EventKind::kCheckpointSaved) {
      JudgeTorn(sink, {.index = index, .event = event}, &covered);
      return;
    }
    const Ledger& ledger = sink.ledger;
    if (event.b <= covered.judged_to || ledger.outstanding_count() == 0) return;
    for (std::size_t i = ledger.LowerBound(covered.judged_to + 1);
         i < ledger.size() && ledger.At(i).commit_ts <= event.b; ++i) {
      const Commit& commit = ledger.At(i);
      if (commit.done()) continue;
      ++covered.count;
      if (covered.early.size() >= kSubjectsMax) continue;
      covered.early.push_back({.commit_ts = commit.commit_ts,
                               .start_ts = commit.start_ts,
                               .saved = {.index = index, .event = event}});
    }
    // What commits later may still be below this save: the next one looks again from here.
    covered.judged_to = std::min(event.b, ledger.At(ledger.size() - 1).commit_ts);
  }

  void OnEnd() override {
    for (std::size_t at = 0; at < covered_.size(); ++at) {
      const SinkFacts& sink = model().sinks()[at];
      for (const Early& early : covered_[at].early) {
        const Commit* commit = sink.ledger.Peek(early.commit_ts);
        if (commit == nullptr || commit->done()) {
          Report(sink, early, FindingKind::kExposure,
                 {.cause = Cause::kProduct, .because = "it was applied only later"});
        } else {
          Report(sink, early, FindingKind::kLoss, BlameForMissing(model(), sink, *commit));
        }
      }
    }
  }

 private:
  struct Early {
    Tso commit_ts = 0;
    Tso start_ts = 0;
    Evidence saved;
    Evidence torn = {};  // when a file lost it afterwards
  };
  struct Covered {
    Tso judged_to = 0;
    Tso torn_ts = 0;  // of the last transaction that a file lost
    std::uint64_t count = 0;
    std::vector<Early> early;  // the first kSubjectsMax
  };

  // A file lost its end: the saves that stand were ahead of what was on disk.
  void JudgeTorn(const SinkFacts& sink, const Evidence& torn, Covered* covered) {
    const Event& event = torn.event;
    const Commit* commit = sink.ledger.Peek(event.b);
    const SavedCheckpoint* saved = SaveAbove(sink, event.b);
    if (commit == nullptr || commit->done() || saved == nullptr) return;
    // The rows of a transaction come together.
    if (covered->torn_ts == event.b) return;
    covered->torn_ts = event.b;
    if (covered->early.size() >= kSubjectsMax) return;
    covered->early.push_back({.commit_ts = event.b,
                              .start_ts = commit->start_ts,
                              .saved = saved->evidence,
                              .torn = torn});
  }

  void Report(const SinkFacts& sink, const Early& early, FindingKind kind, const Blame& blame) {
    const std::uint64_t sort = Sort(kind, blame.cause, sink.node);
    if (findings().Again(*this, sort, early.commit_ts)) return;
    const Event& save = early.saved.event;
    std::vector<Evidence> evidence = {early.saved};
    std::string missed = fmt::format("while {} had not got", NameOf(sink.node));
    if (early.torn.event.kind != EventKind::kCount) {
      evidence.push_back(early.torn);
      missed = fmt::format("and {} lost what it covers:", NameOf(sink.node));
    }
    findings().Report(
        *this, sort,
        {.kind = kind,
         .cause = blame.cause,
         .why = fmt::format("{} saved the checkpoint {} {} commit_ts {}; {}", NameOf(save.peer),
                            save.b, missed, early.commit_ts, blame.because),
         .evidence = std::move(evidence),
         .story = {.start_ts = early.start_ts, .commit_ts = early.commit_ts},
         .rows = {},
         .subjects = {.transactions = {early.commit_ts}, .nodes = {}, .stores = {save.n}}});
  }

  std::vector<Covered> covered_;  // by sink
};

}  // namespace

std::unique_ptr<Check> MakeCheckpointNotAhead(const Context& context) {
  return std::make_unique<CheckpointNotAhead>(context);
}

}  // namespace tidegate::verifier
