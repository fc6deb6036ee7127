// progress: at the end of a completed upgrade nothing is still on its way, unless a part of the
// pipeline said aloud that it can't go on. What was dropped is silent-skip's, what a checkpoint
// passed over is checkpoint-not-ahead's: here is what simply did not arrive within the run's last
// phase. Where a part that had to carry it is down at the end, it is laid to whoever took that part
// down, or disabled the unit that would have brought it back.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class Progress final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "progress"; }
  std::string_view Statement() const override {
    return "After faults heal, every real transaction reaches the downstream within the bound, or "
           "a "
           "component said loudly that it can't.";
  }
  Section InSection() const override { return Section::kService; }
  KindSet Subscribes() const override {
    return {EventKind::kAlert, EventKind::kNodeUp, EventKind::kFaultFired, EventKind::kFaultHealed,
            EventKind::kWorkloadStopped};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const Evidence now = {.index = index, .event = event};
    switch (event.kind) {
      case EventKind::kAlert: said_.push_back(event.node); break;
      // A part that starts anew has taken its word back.
      case EventKind::kNodeUp: std::erase(said_, event.node); break;
      case EventKind::kFaultFired: fault_ = now; break;
      case EventKind::kFaultHealed: healed_ = now; break;
      default: stopped_ = now; break;
    }
  }

  void OnEnd() override {
    not_judged_ = WhyNot();
    if (!not_judged_.empty()) return;
    for (const SinkFacts& sink : model().sinks()) {
      premise_count_ += sink.ledger.wanted_count();
      if (said_.empty()) Judge(sink);
    }
  }

 private:
  std::string WhyNot() const {
    const RunFacts& run = model().run();
    if (!run.ended || !model().workload_stopped()) return "the run has no last phase";
    if (run.end == trace::RunEnd::kEventLimit) return "the run was cut short";
    return NotDone(model());
  }

  void Judge(const SinkFacts& sink) {
    const Tso saved = sink.saved ? sink.last_saved.commit_ts : 0;
    std::uint64_t count = 0;
    Commit first;
    for (std::size_t at = sink.ledger.LowerBound(saved + 1); at < sink.ledger.size(); ++at) {
      const Commit& commit = sink.ledger.At(at);
      if (commit.done() || commit.drop != 0 || commit.Has(kCommitUnlogged)) continue;
      if (count++ == 0) first = commit;
    }
    if (count == 0) return;
    const Evidence& end = model().run().end_evidence;
    std::vector<Evidence> evidence;
    for (const Evidence& seen : {fault_, healed_, stopped_}) {
      if (seen.event.kind != EventKind::kCount) evidence.push_back(seen);
    }
    evidence.push_back(end);
    Blamed blamed = WhoHoldsItUp(sink);
    std::vector<NodeId> nodes = {sink.node};
    if (blamed.node != kNoNode) nodes.push_back(blamed.node);
    evidence.insert(evidence.end(), blamed.evidence.begin(), blamed.evidence.end());
    ReportOnce(
        findings(), *this, sink.node,
        {.kind = FindingKind::kLiveness,
         .cause = blamed.cause,
         .why = fmt::format("{} after the last write {}, the first of them {}, had not reached {}, "
                            "and no component said that it can't{}",
                            FormatDuration(end.event.time - stopped_.event.time),
                            Count(count, "transaction"), first.commit_ts, NameOf(sink.node),
                            blamed.because),
         .evidence = std::move(evidence),
         .nodes = std::move(nodes),
         .transactions = {first.commit_ts},
         .story = first.commit_ts});
  }

  struct Blamed {
    Cause cause = Cause::kProduct;
    NodeId node = kNoNode;  ///< that is down; kNoNode: all that had to carry it ran
    std::string because{};
    std::vector<Evidence> evidence{};
  };

  // Engine before product before scenario: a fault is the reason only where it alone is.
  Blamed WhoHoldsItUp(const SinkFacts& sink) const {
    Blamed worst;
    for (NodeId node = 0; model().IsNode(node); ++node) {
      if (!HadToCarry(sink, node) || model().node(node).up) continue;
      Blamed down = WhoTookDown(node);
      const bool worse = down.cause == Cause::kEngine || worst.cause == Cause::kScenario;
      const bool same = down.cause == worst.cause;
      if (worst.node == kNoNode || (worse && !same)) worst = std::move(down);
    }
    return worst;
  }

  // A Drainer of the sink that stays, and each Pump that stays: a merge waits for every Pump that
  // is not offline (tidb-binlog drainer/collector.go handlePumpStatusUpdate, drainer/merge.go).
  bool HadToCarry(const SinkFacts& sink, NodeId node) const {
    const trace::NodeInfo& info = header().nodes[node];
    const NodeFacts& facts = model().node(node);
    if (info.old_side || !facts.ever_up) return false;
    if (info.role == Role::kDrainer) return model().drainer(node).sink == sink.node;
    return info.role == Role::kPump && info.era == Era::kCluster &&
           facts.registry != trace::RegistryState::kOffline;
  }

  Blamed WhoTookDown(NodeId node) const {
    const Acts& acts = model().acts();
    Blamed down = {.cause = acts.downed_by(node), .node = node, .evidence = {acts.down(node)}};
    const Evidence* disabled = acts.left_disabled(node);
    if (disabled != nullptr) {
      down.cause = Cause::kEngine;
      down.evidence.push_back(*disabled);
      down.because = fmt::format(
          "; {} is down, and the unit that would have started it again was "
          "left disabled",
          NameOf(node));
      return down;
    }
    down.because = fmt::format("; {} is down, ", NameOf(node));
    switch (down.cause) {
      case Cause::kEngine: down.because += "as the engine stopped it"; break;
      case Cause::kScenario: down.because += "as a fault left it"; break;
      default: down.because += "as it ended by itself"; break;
    }
    return down;
  }

  std::vector<NodeId> said_;  // who said loudly that something is wrong, since its last start
  Evidence fault_;
  Evidence healed_;
  Evidence stopped_;
};

}  // namespace

std::unique_ptr<Check> MakeProgress(const Context& context) {
  return std::make_unique<Progress>(context);
}

}  // namespace tidegate::verifier
