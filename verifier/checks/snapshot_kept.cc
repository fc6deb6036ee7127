// snapshot-kept: of a full import. A dump reads as of one timestamp for as long as it takes; TiKV
// collects older versions after its GC life time (tidb gcworker/gc_worker.go), and keeps too much
// of them for ever if nobody puts that back.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;
using trace::ImportMove;

enum Wrong : std::uint64_t { kTooShort = 1, kNotRestored };

class SnapshotKept final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "snapshot-kept"; }
  std::string_view Statement() const override {
    return "While a dump is read TiKV keeps the versions of its timestamp, and the GC life time is "
           "put back afterwards.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override { return {EventKind::kGcLifeSet, EventKind::kDumpMoved}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const Evidence now = {.index = index, .event = event};
    if (event.kind == EventKind::kGcLifeSet) {
      if (initial_.event.kind == EventKind::kCount) initial_ = now;
      last_ = now;
      if (open_ && event.a < least_.event.a) least_ = now;
      return;
    }
    if (event.code == static_cast<std::uint16_t>(ImportMove::kBegan)) {
      open_ = true;
      least_ = last_;
      return;
    }
    open_ = false;
    ++premise_count_;
    const Duration age = TsoGapMs(event.a, event.b) * kMillisecond;
    if (least_.event.kind == EventKind::kCount || least_.event.a >= age) return;
    ReportOnce(
        findings(), *this, kTooShort,
        {.kind = FindingKind::kOrder,
         .cause = Cause::kEngine,
         .why = fmt::format("the dump as of {} ended {} after its timestamp, and TiKV kept old "
                            "versions for {}",
                            event.b, FormatDuration(age), FormatDuration(least_.event.a)),
         .evidence = {least_, now},
         .nodes = {event.node}});
  }

  void OnEnd() override {
    if (premise_count_ == 0) {
      not_judged_ = "nothing was dumped";
      return;
    }
    if (!NotDone(model()).empty() || initial_.event.kind == EventKind::kCount) return;
    if (last_.event.a == initial_.event.a) return;
    ReportOnce(
        findings(), *this, kNotRestored,
        {.kind = FindingKind::kOrder,
         .cause = Cause::kEngine,
         .why = fmt::format("the GC life time was {} and is {} when the engine is done: TiKV "
                            "keeps what nobody needs",
                            FormatDuration(initial_.event.a), FormatDuration(last_.event.a)),
         .evidence = {initial_, last_},
         .nodes = {last_.event.node}});
  }

 private:
  bool open_ = false;
  Evidence initial_;
  Evidence last_;
  Evidence least_;  // while a dump is read
};

}  // namespace

std::unique_ptr<Check> MakeSnapshotKept(const Context& context) {
  return std::make_unique<SnapshotKept>(context);
}

}  // namespace tidegate::verifier
