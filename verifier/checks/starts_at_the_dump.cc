// starts-at-the-dump: of a full import. The dump has everything up to its timestamp, the new Pumps
// everything above it; the new Drainer must begin exactly between the two.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

enum Wrong : std::uint64_t { kOldStreamAbove = 1, kNoDump, kAbove, kBelow };

class StartsAtTheDump final : public Check {
 public:
  explicit StartsAtTheDump(const Context& context)
      : Check(context), old_(context.model.sinks().size()) {}

  std::string_view Id() const override { return "starts-at-the-dump"; }
  std::string_view Statement() const override {
    return "After a full import the new Drainer starts at the timestamp of the dump that was "
           "loaded, "
           "and whatever committed above it went to the new Pumps.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override {
    return {EventKind::kTxnCommitted, EventKind::kRowCommitted, EventKind::kDdlCommitted,
            EventKind::kLoadMoved, EventKind::kCheckpointLoaded};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (model().has_drain_gate()) return;
    const Evidence now = {.index = index, .event = event};
    switch (event.kind) {
      case EventKind::kLoadMoved: OnLoad(now); break;
      case EventKind::kCheckpointLoaded: OnStart(now); break;
      default: OnCommit(now); break;
    }
  }

  void OnEnd() override {
    if (model().has_drain_gate()) {
      not_judged_ = "the procedure is no full import";
    } else if (premise_count_ == 0) {
      not_judged_ = "nothing was loaded";
    }
  }

 private:
  struct LastOld {
    Tso commit_ts = 0;
    NodeId pump = kNoNode;
    Evidence evidence;
  };

  void OnCommit(const Evidence& now) {
    const Commit* commit = model().committed_now();
    if (commit == nullptr || !model().current_is_real() || !model().IsOldPump(commit->pump)) return;
    for (std::size_t i = 0; i < old_.size(); ++i) {
      if (!model().CurrentWantedBy(i) || commit->commit_ts <= old_[i].commit_ts) continue;
      old_[i] = {.commit_ts = commit->commit_ts, .pump = commit->pump, .evidence = now};
      JudgeOldStream(i);
    }
  }

  void OnLoad(const Evidence& now) {
    const std::size_t sink = model().SinkIndex(now.event.node);
    if (sink == Model::kNoSink || !model().sinks()[sink].load.ended) return;
    ++premise_count_;
    JudgeOldStream(sink);
  }

  // What only an old Pump has, above the dump: no dump and no new Drainer brings it.
  void JudgeOldStream(std::size_t index) {
    const SinkFacts& sink = model().sinks()[index];
    const LastOld& last = old_[index];
    if (!sink.load.ended || last.commit_ts <= sink.load.as_of) return;
    ReportOnce(
        findings(), *this, kOldStreamAbove,
        {.kind = FindingKind::kLoss,
         .cause = Cause::kEngine,
         .why = fmt::format("commit_ts {} went to {} of the old side and is above {}, the "
                            "timestamp of the dump that was loaded into {}",
                            last.commit_ts, NameOf(last.pump), sink.load.as_of, NameOf(sink.node)),
         .evidence = {last.evidence, sink.load.evidence},
         .nodes = {last.pump, sink.node},
         .transactions = {last.commit_ts}});
  }

  void OnStart(const Evidence& now) {
    const NodeId drainer = now.event.node;
    const std::size_t index = model().SinkOfDrainer(drainer);
    if (index == Model::kNoSink || !model().info(drainer).new_side) return;
    const SinkFacts& sink = model().sinks()[index];
    if (!sink.load.ended) {
      ++premise_count_;
      Report(kNoDump, FindingKind::kLoss, drainer, now, {},
             fmt::format("{} started at {} before any dump was loaded there", NameOf(drainer),
                         NameOf(sink.node)));
      return;
    }
    if (sink.last_saved.saver != kNoNode) return;  // it goes on from what it saved itself
    ++premise_count_;
    const Tso from = now.event.b;
    if (from == sink.load.as_of) return;
    const bool above = from > sink.load.as_of;
    Report(above ? kAbove : kBelow, above ? FindingKind::kLoss : FindingKind::kOrder, drainer, now,
           {sink.load.evidence},
           fmt::format("{} started from commit_ts {}, {} {}, the timestamp of the dump that was "
                       "loaded into {}",
                       NameOf(drainer), from, above ? "above" : "below", sink.load.as_of,
                       NameOf(sink.node)));
  }

  void Report(std::uint64_t wrong, FindingKind kind, NodeId drainer, const Evidence& now,
              std::vector<Evidence> evidence, std::string why) {
    evidence.push_back(now);
    ReportOnce(findings(), *this, wrong,
               {.kind = kind,
                .cause = Cause::kEngine,
                .why = std::move(why),
                .evidence = std::move(evidence),
                .nodes = {drainer}});
  }

  std::vector<LastOld> old_;  // by sink
};

}  // namespace

std::unique_ptr<Check> MakeStartsAtTheDump(const Context& context) {
  return std::make_unique<StartsAtTheDump>(context);
}

}  // namespace tidegate::verifier
