// whole-transaction: Kafka-era Drainers apply a transaction row by row, so it is judged where it
// must be whole: at saved checkpoints that cover it, and when the run came to rest.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "verifier/check.h"
#include "verifier/model/blame.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class WholeTransaction final : public Check {
 public:
  explicit WholeTransaction(const Context& context) : Check(context) {}

  std::string_view Id() const override { return "whole-transaction"; }
  std::string_view Statement() const override {
    return "At every saved checkpoint and at rest, a transaction at or below it is applied "
           "whole, across tables.";
  }
  Section InSection() const override { return Section::kData; }
  KindSet Subscribes() const override { return {EventKind::kCheckpointSaved}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const std::size_t sink = model().SinkIndex(event.node);
    if (sink == Model::kNoSink) return;
    ++premise_count_;
    for (const Tso commit_ts : model().PartlyApplied(sink)) {
      if (commit_ts > event.b || torn_.size() >= kSubjectsMax) continue;
      const bool known = std::any_of(torn_.begin(), torn_.end(), [&](const Torn& torn) {
        return torn.sink == sink && torn.commit_ts == commit_ts;
      });
      if (known) continue;
      torn_.push_back(
          {.sink = sink, .commit_ts = commit_ts, .saved = {.index = index, .event = event}});
    }
  }

  void OnEnd() override {
    for (const Torn& torn : torn_) {
      const Commit* commit = model().sinks()[torn.sink].ledger.Peek(torn.commit_ts);
      const bool whole = commit == nullptr || commit->done();
      Report(torn, whole ? FindingKind::kExposure : FindingKind::kLoss,
             fmt::format("{} saved the checkpoint {} while commit_ts {} was applied in part{}",
                         NameOf(torn.saved.event.peer), torn.saved.event.b, torn.commit_ts,
                         whole ? "" : ", and the rest never came"));
    }
    if (!model().run().ended || model().run().end != trace::RunEnd::kQuiet) return;
    for (std::size_t sink = 0; sink < model().sinks().size(); ++sink) {
      ++premise_count_;
      for (const Tso commit_ts : model().PartlyApplied(sink)) {
        const bool known = std::any_of(torn_.begin(), torn_.end(), [&](const Torn& torn) {
          return torn.sink == sink && torn.commit_ts == commit_ts;
        });
        if (known) continue;
        Report({.sink = sink, .commit_ts = commit_ts, .saved = model().run().end_evidence},
               FindingKind::kLoss,
               fmt::format("the run came to rest while commit_ts {} was applied in part at {}",
                           commit_ts, NameOf(model().sinks()[sink].node)));
      }
    }
  }

 private:
  struct Torn {
    std::size_t sink = 0;
    Tso commit_ts = 0;
    Evidence saved;
  };

  void Report(const Torn& torn, FindingKind kind, std::string why) {
    const SinkFacts& sink = model().sinks()[torn.sink];
    const Commit* commit = sink.ledger.Peek(torn.commit_ts);
    const Cause cause = kind == FindingKind::kLoss && commit != nullptr
                            ? BlameForMissing(model(), sink, *commit).cause
                            : Cause::kProduct;
    const std::uint64_t sort = Sort(kind, cause, torn.sink);
    if (findings().Again(*this, sort, torn.commit_ts)) return;
    findings().Report(*this, sort,
                      {.kind = kind,
                       .cause = cause,
                       .why = std::move(why),
                       .evidence = {torn.saved},
                       .story = {.commit_ts = torn.commit_ts, .rows = true},
                       .rows = {},
                       .subjects = {.transactions = {torn.commit_ts}, .nodes = {}, .stores = {}}});
  }

  std::vector<Torn> torn_;  // seen torn at a checkpoint; bounded by kSubjectsMax
};

}  // namespace

std::unique_ptr<Check> MakeWholeTransaction(const Context& context) {
  return std::make_unique<WholeTransaction>(context);
}

}  // namespace tidegate::verifier
