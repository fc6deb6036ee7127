// old-side-kept-until-drained: looked at when the engine stops an old Pump, Kafka or ZooKeeper. An
// old Pump that stops marks itself offline before its tail reaches Kafka, and a Drainer that sees
// the mark never reads the tail (tidb-binlog branch kafka pump/server.go, drainer/collector.go).
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

enum Wrong : std::uint64_t { kNoBarrier = 1, kUndrained, kTooEarly };

class OldSideKeptUntilDrained final : public Check {
 public:
  explicit OldSideKeptUntilDrained(const Context& context)
      : Check(context), judged_(context.header.nodes.size()) {}

  std::string_view Id() const override { return "old-side-kept-until-drained"; }
  std::string_view Statement() const override {
    return "No old Pump, Kafka or ZooKeeper stops before each old Drainer has drained; then "
           "Drainer, "
           "Pumps, Kafka, ZooKeeper.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override { return {EventKind::kActionStarted, EventKind::kNodeDown}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (!model().has_drain_gate()) return;
    if (!model().IsNode(event.node) || judged_[event.node] || Rank(event.node) < kPumpRank) return;
    const bool stops = event.kind == EventKind::kActionStarted
                           ? event.code == kActStopProcess
                           : model().acts().downed_by(event.node) == Cause::kEngine;
    if (!stops) return;
    judged_[event.node] = true;
    ++premise_count_;
    Judge({.index = index, .event = event});
  }

  void OnEnd() override {
    if (!model().has_drain_gate()) {
      not_judged_ = "a full import abandons the old side";
    } else if (premise_count_ == 0) {
      not_judged_ = "the engine stopped no part of the old side";
    }
  }

 private:
  static constexpr int kPumpRank = 1;

  // The order in which the old side goes; 0: the Drainer, -1: not of it.
  int Rank(NodeId node) const {
    const trace::NodeInfo& info = header().nodes[node];
    switch (info.role) {
      case Role::kDrainer: return info.old_side ? 0 : -1;
      case Role::kPump: return info.old_side ? kPumpRank : -1;
      case Role::kKafka: return 2;
      case Role::kZookeeper: return 3;
      default: return -1;
    }
  }

  void Judge(const Evidence& now) {
    const NodeId stopped = now.event.node;
    if (model().any_old_path_seen() && model().t0() == 0) {
      Report(kNoBarrier, FindingKind::kOrder, now, {stopped}, {}, {},
             fmt::format("{} was stopped while a TiDB could still write to the old side",
                         NameOf(stopped)));
      return;
    }
    for (const SinkFacts& sink : model().sinks()) {
      if (!sink.has_old_drainer) continue;
      const Undrained undrained = Missing(sink);
      if (undrained.count == 0) continue;
      Report(
          kUndrained, FindingKind::kLoss, now, {stopped, sink.node}, {undrained.first}, {},
          fmt::format("{} was stopped before {} of the old side had reached {}, the first of them "
                      "{}",
                      NameOf(stopped), Count(undrained.count, "transaction"), NameOf(sink.node),
                      undrained.first));
      return;
    }
    for (NodeId node = 0; model().IsNode(node); ++node) JudgeOrder(node, now);
  }

  void JudgeOrder(NodeId node, const Evidence& now) {
    const trace::NodeInfo& info = header().nodes[node];
    const int rank = Rank(node);
    if (rank < 0 || rank >= Rank(now.event.node) || !model().node(node).up) return;
    if (!info.old_side || info.carries_foreign) return;
    // What somebody else brought back after the engine had stopped it is not out of order.
    if (model().acts().retired(node) != nullptr) return;
    Report(kTooEarly, FindingKind::kOrder, now, {now.event.node, node}, {},
           {model().acts().up(node)},
           fmt::format("{} was stopped while {} still ran, which needs it", NameOf(now.event.node),
                       NameOf(node)));
  }

  struct Undrained {
    std::uint64_t count = 0;
    Tso first = 0;
  };

  // What an old Pump acknowledged and the sink misses, but for what is lost already whatever the
  // engine does: dropped by the product, or passed by the saved checkpoint.
  Undrained Missing(const SinkFacts& sink) const {
    Undrained undrained;
    const Tso saved = sink.saved ? sink.last_saved.commit_ts : 0;
    for (std::size_t at = sink.ledger.LowerBound(saved + 1); at < sink.ledger.size(); ++at) {
      const Commit& commit = sink.ledger.At(at);
      if (commit.done() || commit.drop != 0 || !model().IsOldPump(commit.pump)) continue;
      if (undrained.count++ == 0) undrained.first = commit.commit_ts;
    }
    return undrained;
  }

  void Report(std::uint64_t wrong, FindingKind kind, const Evidence& now, std::vector<NodeId> nodes,
              std::vector<Tso> transactions, std::vector<Evidence> evidence, std::string why) {
    evidence.push_back(now);
    const Tso story = transactions.empty() ? 0 : transactions.front();
    ReportOnce(findings(), *this, wrong,
               {.kind = kind,
                .cause = Cause::kEngine,
                .why = std::move(why),
                .evidence = std::move(evidence),
                .nodes = std::move(nodes),
                .transactions = std::move(transactions),
                .story = story});
  }

  std::vector<bool> judged_;  // by node
};

}  // namespace

std::unique_ptr<Check> MakeOldSideKeptUntilDrained(const Context& context) {
  return std::make_unique<OldSideKeptUntilDrained>(context);
}

}  // namespace tidegate::verifier
