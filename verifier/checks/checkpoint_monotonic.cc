// checkpoint-monotonic: per store, and from the old Drainer's last save to the new one's first.
// What is no Drainer's save (an import, an undo that puts a row back) sets a new base.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "verifier/check.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class CheckpointMonotonic final : public Check {
 public:
  explicit CheckpointMonotonic(const Context& context)
      : Check(context),
        saves_(context.model.sinks().size()),
        handed_over_(context.model.sinks().size()) {}

  std::string_view Id() const override { return "checkpoint-monotonic"; }
  std::string_view Statement() const override {
    return "The saved commit_ts never goes back, across restarts and the hand-over, other than "
           "by a planned import or undo.";
  }
  Section InSection() const override { return Section::kCheckpoint; }
  KindSet Subscribes() const override {
    return {EventKind::kCheckpointSaved, EventKind::kLoadMoved};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const std::size_t sink = model().SinkIndex(event.node);
    if (sink == Model::kNoSink) return;
    if (event.kind == EventKind::kLoadMoved) {
      if (model().sinks()[sink].load.ended) saves_[sink].clear();  // a planned import
      return;
    }
    ++premise_count_;
    const Evidence now = {.index = index, .event = event};
    std::vector<Evidence>& saves = saves_[sink];
    const bool by_drainer =
        model().IsNode(event.peer) && model().info(event.peer).role == Role::kDrainer;
    // The new side's first save follows on the old side's last, wherever either is kept.
    if (by_drainer && model().info(event.peer).new_side && !handed_over_[sink]) {
      handed_over_[sink] = true;
      for (const Evidence& save : saves) {
        if (save.event.n != event.n) Judge(save, now);
      }
    }
    const auto same = std::find_if(saves.begin(), saves.end(),
                                   [&](const Evidence& save) { return save.event.n == event.n; });
    if (same == saves.end()) {
      saves.push_back(now);
      return;
    }
    if (by_drainer) Judge(*same, now);
    *same = now;
  }

 private:
  void Judge(const Evidence& before, const Evidence& now) {
    if (now.event.b >= before.event.b) return;
    const std::size_t sink = model().SinkIndex(now.event.node);
    const bool after_gate = model().sinks()[sink].gate.taken;
    // One Drainer that goes back on itself errs alone; two that alternate were started by somebody.
    const bool two_writers = now.event.peer != before.event.peer;
    const Cause cause = after_gate && two_writers ? Cause::kEngine : Cause::kProduct;
    const std::uint64_t sort = Sort(FindingKind::kOrder, cause, now.event.peer);
    if (findings().Again(*this, sort, 0)) return;
    findings().Report(
        *this, sort,
        {.kind = FindingKind::kOrder,
         .cause = cause,
         .why = fmt::format("{} saved {} after {} had saved {}", NameOf(now.event.peer),
                            now.event.b, NameOf(before.event.peer), before.event.b),
         .evidence = {before, now},
         .story = {},
         .rows = {},
         .subjects = {.transactions = {}, .nodes = {now.event.peer}, .stores = {now.event.n}}});
  }

  std::vector<std::vector<Evidence>> saves_;  // by sink: the last save of each store
  std::vector<bool> handed_over_;             // by sink
};

}  // namespace

std::unique_ptr<Check> MakeCheckpointMonotonic(const Context& context) {
  return std::make_unique<CheckpointMonotonic>(context);
}

}  // namespace tidegate::verifier
