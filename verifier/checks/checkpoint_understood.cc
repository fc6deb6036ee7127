// checkpoint-understood: judged at each start on a sink for which a checkpoint is stored. Being
// told a timestamp explicitly, or starting elsewhere, is fine as long as nothing is missing at or
// below it.
#include <fmt/format.h>

#include "verifier/check.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class CheckpointUnderstood final : public Check {
 public:
  explicit CheckpointUnderstood(const Context& context) : Check(context) {}

  std::string_view Id() const override { return "checkpoint-understood"; }
  std::string_view Statement() const override {
    return "A checkpoint left by one version is read by the next with the same meaning, or "
           "refused loudly.";
  }
  Section InSection() const override { return Section::kCheckpoint; }
  KindSet Subscribes() const override { return {EventKind::kCheckpointLoaded}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const std::size_t at = model().SinkOfDrainer(event.node);
    if (at == Model::kNoSink || !model().sinks()[at].saved) return;
    // What a loaded dump stands for is starts-at-the-dump's question, until somebody saves again.
    if (model().sinks()[at].load.ended && model().sinks()[at].last_saved.saver == kNoNode) return;
    ++premise_count_;
    const SinkFacts& sink = model().sinks()[at];
    const SavedCheckpoint* own = nullptr;
    for (const SavedCheckpoint& saved : sink.stores) {
      if (saved.store == event.n) own = &saved;
    }
    const Evidence now = {.index = index, .event = event};
    const auto source = static_cast<trace::CheckpointSource>(event.code);
    if (own != nullptr) {
      const bool same = source == trace::CheckpointSource::kStored && event.b == own->commit_ts;
      if (!same) Report(sink, *own, now, true);
      // What it read may still be a row that another Drainer outlived.
      if (same && sink.last_saved.commit_ts != own->commit_ts) JudgeElsewhere(sink, now);
      return;
    }
    JudgeElsewhere(sink, now);
  }

 private:
  // It started from something else than the checkpoint that was saved last for this sink.
  void JudgeElsewhere(const SinkFacts& sink, const Evidence& now) {
    if (now.event.b == sink.last_saved.commit_ts) return;
    const auto source = static_cast<trace::CheckpointSource>(now.event.code);
    const bool told = source == trace::CheckpointSource::kInitialCommitTs &&
                      now.event.b > sink.last_saved.commit_ts;
    if (told && !AnythingMissing(sink, now.event.b)) return;
    Report(sink, sink.last_saved, now, false);
  }

  static bool AnythingMissing(const SinkFacts& sink, Tso up_to) {
    if (sink.ledger.outstanding_count() == 0) return false;
    for (std::size_t i = 0; i < sink.ledger.size() && sink.ledger.At(i).commit_ts <= up_to; ++i) {
      if (!sink.ledger.At(i).done()) return true;
    }
    return false;
  }

  void Report(const SinkFacts& sink, const SavedCheckpoint& saved, const Evidence& now, bool read) {
    const Event& event = now.event;
    const bool missing = AnythingMissing(sink, event.b) && event.b > saved.commit_ts;
    const FindingKind kind = missing ? FindingKind::kLoss
                             : read  ? FindingKind::kOrder
                                     : FindingKind::kExposure;
    // A row that was there and is not found: somebody took it away, or the product reads it
    // wrongly.
    const bool engine = read ? sink.touched_since_save : model().info(event.node).new_side;
    const Cause cause = engine ? Cause::kEngine : Cause::kProduct;
    const std::uint64_t sort = Sort(kind, cause, event.node);
    if (findings().Again(*this, sort, 0)) return;
    findings().Report(
        *this, sort,
        {.kind = kind,
         .cause = cause,
         .why = fmt::format("{} left the checkpoint {} in {}, and {} started from {}{}",
                            NameOf(saved.saver), saved.commit_ts, texts().Get(saved.store),
                            NameOf(event.node), event.b,
                            missing ? " while transactions in between were missing" : ""),
         .evidence = {saved.evidence, now},
         .story = {},
         .rows = {},
         .subjects = {.transactions = {}, .nodes = {event.node}, .stores = {saved.store}}});
  }
};

}  // namespace

std::unique_ptr<Check> MakeCheckpointUnderstood(const Context& context) {
  return std::make_unique<CheckpointUnderstood>(context);
}

}  // namespace tidegate::verifier
