// commit-order: per row, and across every DDL, a sink sees changes in commit_ts order. A replay
// that a restart makes legal may go back to what the Drainer resumed from.
#include <fmt/format.h>

#include <vector>

#include "verifier/check.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class CommitOrder final : public Check {
 public:
  explicit CommitOrder(const Context& context)
      : Check(context), barriers_(context.model.sinks().size()) {}

  std::string_view Id() const override { return "commit-order"; }
  std::string_view Statement() const override {
    return "Downstream, for each row key the changes arrive in commit_ts order, and DDL is a "
           "barrier.";
  }
  Section InSection() const override { return Section::kData; }
  KindSet Subscribes() const override { return {EventKind::kRowApplied, EventKind::kDdlApplied}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const ApplyFact& apply = model().apply();
    if (apply.match == ApplyFact::Match::kUnwanted) return;
    ++premise_count_;
    Barrier& barrier = barriers_[apply.sink];
    const std::uint32_t epoch = model().sinks()[apply.sink].epoch;
    const Evidence now = {.index = index, .event = event};
    if (event.kind == EventKind::kDdlApplied) {
      // What came after this DDL upstream must not be downstream before it.
      if (barrier.row_max.event.b > event.b && !MayGoBack(event, barrier.row_max_epoch)) {
        Report(barrier.row_max, now, "a DDL", "a change of a row");
      }
      barrier.ddl = now;
      barrier.ddl_epoch = epoch;
      return;
    }
    if (event.b < apply.previous_ts && !MayGoBack(event, apply.previous_epoch)) ReportRow(now);
    if (event.b < barrier.ddl.event.b && !MayGoBack(event, barrier.ddl_epoch)) {
      Report(barrier.ddl, now, "a change of a row", "a DDL");
    }
    if (event.b > barrier.row_max.event.b || epoch != barrier.row_max_epoch) {
      barrier.row_max = now;
      barrier.row_max_epoch = epoch;
    }
  }

 private:
  struct Barrier {
    Evidence ddl;  // applied last
    std::uint32_t ddl_epoch = 0;
    Evidence row_max;  // highest commit_ts of this epoch
    std::uint32_t row_max_epoch = 0;
  };

  // The Drainer resumed after the other change was applied, and below this one: a legal replay.
  bool MayGoBack(const Event& event, std::uint32_t other_epoch) const {
    if (!model().IsNode(event.peer)) return false;
    const DrainerFacts& drainer = model().drainer(event.peer);
    return drainer.epoch > other_epoch && event.b > drainer.resumed_ts;
  }

  Cause CauseOf(const Event& event) const {
    const SinkFacts& sink = model().sinks()[model().apply().sink];
    const bool old = model().IsNode(event.peer) && model().info(event.peer).old_side;
    return sink.gate.taken && old ? Cause::kEngine : Cause::kProduct;
  }

  void ReportRow(const Evidence& now) {
    const Event& event = now.event;
    const Cause cause = CauseOf(event);
    const std::uint64_t sort = Sort(FindingKind::kOrder, cause, event.peer);
    if (findings().Again(*this, sort, event.b)) return;
    const Tso before = model().apply().previous_ts;
    findings().Report(
        *this, sort,
        {.kind = FindingKind::kOrder,
         .cause = cause,
         .why = fmt::format("{} changed a row by commit_ts {} that commit_ts {} had changed before",
                            NameOf(event.peer), event.b, before),
         .evidence = {now},
         .story = {},
         .rows = {{.table = event.code, .key = event.a, .commit_ts = before}},
         .subjects = {.transactions = {event.b, before}, .nodes = {event.peer}, .stores = {}}});
  }

  void Report(const Evidence& before, const Evidence& now, const char* what, const char* after) {
    const Event& event = now.event;
    const Cause cause = CauseOf(event);
    const std::uint64_t sort =
        Sort(FindingKind::kOrder, cause, std::uint64_t{event.peer} | (1ULL << 16));
    if (findings().Again(*this, sort, event.b)) return;
    findings().Report(
        *this, sort,
        {.kind = FindingKind::kOrder,
         .cause = cause,
         .why = fmt::format("{} applied {} of commit_ts {} after {} of commit_ts {}",
                            NameOf(event.peer), what, event.b, after, before.event.b),
         .evidence = {before, now},
         .story = {},
         .rows = {},
         .subjects = {
             .transactions = {event.b, before.event.b}, .nodes = {event.peer}, .stores = {}}});
  }

  std::vector<Barrier> barriers_;  // by sink
};

}  // namespace

std::unique_ptr<Check> MakeCommitOrder(const Context& context) {
  return std::make_unique<CommitOrder>(context);
}

}  // namespace tidegate::verifier
