// silent-skip: binlogs that a component let go of, of transactions that are missing at the end. A
// drop below the position that the Drainer resumed from skips nothing: that is what resuming means.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::DropReason;
using trace::Event;
using trace::EventKind;

class SilentSkip final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "silent-skip"; }
  std::string_view Statement() const override {
    return "A real transaction above the checkpoint is nowhere dropped without being applied "
           "(tolerant "
           "writes, skip flags, order guards, purged ranges): names the component that dropped it.";
  }
  Section InSection() const override { return Section::kService; }
  KindSet Subscribes() const override { return {EventKind::kBinlogDropped}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (static_cast<DropReason>(event.code) == DropReason::kBelowStart) return;
    ++premise_count_;
    drops_.push_back({.start_ts = event.a != 0 ? event.a : StartOf(event.b),
                      .commit_ts = event.b,
                      .time = event.time,
                      .index = index,
                      .node = event.node,
                      .reason = event.code});
  }

  void OnEnd() override {
    if (drops_.empty()) return;
    std::stable_sort(drops_.begin(), drops_.end(),
                     [](const Drop& a, const Drop& b) { return a.start_ts < b.start_ts; });
    for (const SinkFacts& sink : model().sinks()) {
      if (sink.ledger.outstanding_count() == 0) continue;
      for (std::size_t at = 0; at < sink.ledger.size(); ++at) {
        const Commit& commit = sink.ledger.At(at);
        if (!commit.done()) Judge(sink, commit);
      }
    }
  }

 private:
  struct Drop {
    Tso start_ts = 0;
    Tso commit_ts = 0;  // 0: of its prewrite
    Time time = 0;
    std::uint64_t index = 0;
    NodeId node = kNoNode;
    std::uint16_t reason = 0;
  };

  Tso StartOf(Tso commit_ts) const {
    for (const SinkFacts& sink : model().sinks()) {
      const Commit* commit = sink.ledger.Peek(commit_ts);
      if (commit != nullptr) return commit->start_ts;
    }
    return 0;
  }

  // A lost commit binlog is made up for by TiKV's answer, and a Drainer that waits for that answer
  // skips nothing: only once it went past is it a skip.
  static bool MayStillCome(const SinkFacts& sink, const Commit& commit, std::uint16_t reason) {
    return static_cast<DropReason>(reason) == DropReason::kWriterGone &&
           sink.applied_max < commit.commit_ts;
  }

  // The first drop of one of its binlogs that concerns this sink; null: none.
  const Drop* DropOf(const SinkFacts& sink, const Commit& commit) const {
    auto at = std::lower_bound(drops_.begin(), drops_.end(), commit.start_ts,
                               [](const Drop& drop, Tso start) { return drop.start_ts < start; });
    for (; at != drops_.end() && at->start_ts == commit.start_ts; ++at) {
      const std::size_t only = model().SinkOfDrainer(at->node);
      const bool elsewhere = only != Model::kNoSink && model().sinks()[only].node != sink.node;
      if (!elsewhere) return &*at;
    }
    return nullptr;
  }

  void Judge(const SinkFacts& sink, const Commit& commit) {
    const Drop* drop = DropOf(sink, commit);
    if (drop == nullptr || MayStillCome(sink, commit, drop->reason)) return;
    const bool known = model().IsNode(drop->node);
    const auto reason = static_cast<DropReason>(drop->reason);
    const bool hit = known && model().node(drop->node).hit_by_fault &&
                     (reason == DropReason::kWriterGone || reason == DropReason::kTornTail);
    Event event;
    event.time = drop->time;
    event.kind = EventKind::kBinlogDropped;
    event.node = drop->node;
    event.code = drop->reason;
    event.a = drop->start_ts;
    event.b = drop->commit_ts;
    std::vector<NodeId> nodes = {sink.node};
    if (known) nodes.push_back(drop->node);
    ReportOnce(
        findings(), *this, (static_cast<std::uint64_t>(drop->node) << 4 | drop->reason) & 0xFFFFF,
        {.kind = FindingKind::kLoss,
         .cause = hit ? Cause::kScenario : Cause::kProduct,
         .why = fmt::format("{} dropped a binlog ({}) of transaction {}, which never came to {}",
                            NameOf(drop->node), trace::kDropReasonNames[drop->reason],
                            commit.commit_ts, NameOf(sink.node)),
         .evidence = {{.index = drop->index, .event = event}},
         .nodes = std::move(nodes),
         .transactions = {commit.commit_ts},
         .story = commit.commit_ts});
  }

  std::vector<Drop> drops_;  // after the end: by start_ts
};

}  // namespace

std::unique_ptr<Check> MakeSilentSkip(const Context& context) {
  return std::make_unique<SilentSkip>(context);
}

}  // namespace tidegate::verifier
