// progress: at the end of a completed upgrade nothing is still on its way, unless a part of the
// pipeline said aloud that it can't go on. What was dropped is silent-skip's, what a checkpoint
// passed over is checkpoint-not-ahead's: here is what simply did not arrive within the run's last
// phase.
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
    ReportOnce(findings(), *this, sink.node,
               {.kind = FindingKind::kLiveness,
                .cause = Cause::kProduct,
                .why = fmt::format("{} after the last write {}, the first of them {}, had not "
                                   "reached {}, and no component said that it can't",
                                   FormatDuration(end.event.time - stopped_.event.time),
                                   Count(count, "transaction"), first.commit_ts, NameOf(sink.node)),
                .evidence = std::move(evidence),
                .nodes = {sink.node},
                .transactions = {first.commit_ts},
                .story = first.commit_ts});
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
