// still-readable: a purge of what is not downstream yet. Of a Kafka-era Pump only what Kafka does
// not hold counts: its Drainer reads nothing else.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "verifier/check.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class StillReadable final : public Check {
 public:
  explicit StillReadable(const Context& context) : Check(context) {}

  std::string_view Id() const override { return "still-readable"; }
  std::string_view Statement() const override {
    return "Every real binlog above the checkpoint, and the prewrite that it needs, is still "
           "held by a Pump or Kafka.";
  }
  Section InSection() const override { return Section::kCheckpoint; }
  KindSet Subscribes() const override { return {EventKind::kBinlogPurged}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const auto type = static_cast<trace::BinlogType>(event.code);
    if (type != trace::BinlogType::kPrewrite && type != trace::BinlogType::kCommit) return;
    ++premise_count_;
    if (model().IsNode(event.node) && model().info(event.node).role == Role::kPump &&
        model().info(event.node).era == Era::kKafka) {
      // Its file is needed only for what was not pushed yet. tidb-binlog branch kafka:
      // pump/binlogger.go GC, drainer/pump.go (reads Kafka alone)
      if (model().node(event.node).topic_last_ts >= std::max(event.a, event.b)) return;
    }
    for (SinkFacts& sink : const_cast<Model&>(model()).mutable_sinks()) {
      Commit* commit = event.b != 0 ? sink.ledger.Find(event.b) : sink.ledger.FindByStart(event.a);
      if (commit == nullptr || commit->done()) continue;
      const bool again = commit->Has(kCommitPurged);
      commit->Set(kCommitPurged);
      if (again || purged_.size() >= kSubjectsMax) continue;
      purged_.push_back({.sink = sink.node,
                         .commit_ts = commit->commit_ts,
                         .start_ts = commit->start_ts,
                         .purge = {.index = index, .event = event}});
    }
  }

  void OnEnd() override {
    for (const Purged& purged : purged_) {
      const SinkFacts& sink = model().sinks()[model().SinkIndex(purged.sink)];
      const Commit* commit = sink.ledger.Peek(purged.commit_ts);
      Report(purged,
             commit == nullptr || commit->done() ? FindingKind::kExposure : FindingKind::kLoss);
    }
  }

 private:
  struct Purged {
    NodeId sink = kNoNode;
    Tso commit_ts = 0;
    Tso start_ts = 0;
    Evidence purge;
  };

  void Report(const Purged& purged, FindingKind kind) {
    const Cause cause = model().any_fault() ? Cause::kScenario : Cause::kProduct;
    const Event& purge = purged.purge.event;
    const std::uint64_t sort = Sort(kind, cause, purge.node);
    if (findings().Again(*this, sort, purged.commit_ts)) return;
    findings().Report(
        *this, sort,
        {.kind = kind,
         .cause = cause,
         .why = fmt::format("{} purged a binlog of commit_ts {} that {} had not got{}",
                            NameOf(purge.node), purged.commit_ts, NameOf(purged.sink),
                            kind == FindingKind::kLoss ? " and never got" : " yet"),
         .evidence = {purged.purge},
         .story = {.start_ts = purged.start_ts, .commit_ts = purged.commit_ts},
         .rows = {},
         .subjects = {.transactions = {purged.commit_ts}, .nodes = {purge.node}, .stores = {}}});
  }

  std::vector<Purged> purged_;  // bounded by kSubjectsMax
};

}  // namespace

std::unique_ptr<Check> MakeStillReadable(const Context& context) {
  return std::make_unique<StillReadable>(context);
}

}  // namespace tidegate::verifier
