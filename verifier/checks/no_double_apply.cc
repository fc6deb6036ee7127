// no-double-apply: a change may come again only as a replay above what a Drainer resumed from, or
// as a retry of a downstream commit of unknown outcome, and only where that does no harm.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "verifier/check.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class NoDoubleApply final : public Check {
 public:
  explicit NoDoubleApply(const Context& context) : Check(context) {}

  std::string_view Id() const override { return "no-double-apply"; }
  std::string_view Statement() const override {
    return "A transaction is applied again only above the checkpoint that a Drainer resumed "
           "from, or as the retry of a downstream commit whose outcome was unknown, and only "
           "where the sink makes that harmless.";
  }
  Section InSection() const override { return Section::kData; }
  KindSet Subscribes() const override { return {EventKind::kRowApplied, EventKind::kDdlApplied}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const ApplyFact& apply = model().apply();
    if (apply.match == ApplyFact::Match::kUnwanted) return;
    ++premise_count_;
    if (apply.match == ApplyFact::Match::kAgain) {
      JudgeAgain({.index = index, .event = event});
    } else if (apply.match == ApplyFact::Match::kForgotten) {
      // Applied and checkpointed: legal only for a Drainer that resumed below it.
      if (Resumed(event.peer) >= event.b) ReportIllegal({.index = index, .event = event});
    }
  }

 private:
  Tso Resumed(NodeId drainer) const {
    return model().IsNode(drainer) ? model().drainer(drainer).resumed_ts : 0;
  }

  void JudgeAgain(const Evidence& now) {
    const Event& event = now.event;
    const ApplyFact& apply = model().apply();
    const bool retry = (event.d & static_cast<int>(trace::ApplyFlag::kRetry)) != 0;
    const bool replay = model().IsNode(event.peer) &&
                        model().drainer(event.peer).epoch > apply.applied_epoch &&
                        event.b > Resumed(event.peer);
    if (!replay && !(retry && event.kind == EventKind::kRowApplied)) {
      ReportIllegal(now);
      return;
    }
    // Readers of files and Kafka de-duplicate by commit_ts; repeated DDL is answered by an ignored
    // error (tidb-binlog branch kafka: pkg/sql/sql.go IgnoreDDLError).
    if (event.kind != EventKind::kRowApplied || !model().sinks()[apply.sink].keyed) return;
    if (!header().tables[event.code].has_key) {
      ReportHarmful(now, "into a table without a key", 1);
    } else if ((event.d & static_cast<int>(trace::ApplyFlag::kSafeMode)) == 0) {
      ReportHarmful(now, "without safe mode", 2);
    }
  }

  void ReportIllegal(const Evidence& now) {
    const Event& event = now.event;
    const SinkFacts& sink = model().sinks()[model().apply().sink];
    const bool old = model().IsNode(event.peer) && model().info(event.peer).old_side;
    const Cause cause = sink.gate.taken && old ? Cause::kEngine : Cause::kProduct;
    Report(now, FindingKind::kOrder, cause, 0,
           fmt::format("{} applied commit_ts {} again, although it resumed from {} and this is no "
                       "retry",
                       NameOf(event.peer), event.b, Resumed(event.peer)));
  }

  void ReportHarmful(const Evidence& now, const char* where, std::uint64_t sort) {
    Report(now, FindingKind::kExposure, Cause::kProduct, sort,
           fmt::format("{} applied commit_ts {} again {}", NameOf(now.event.peer), now.event.b,
                       where));
  }

  void Report(const Evidence& now, FindingKind kind, Cause cause, std::uint64_t part,
              std::string why) {
    const Event& event = now.event;
    const std::uint64_t sort = Sort(kind, cause, std::uint64_t{event.peer} | part << 16);
    if (findings().Again(*this, sort, event.b)) return;
    Draft draft;
    draft.kind = kind;
    draft.cause = cause;
    draft.why = std::move(why);
    draft.evidence = {now};
    if (event.kind == EventKind::kRowApplied) {
      draft.rows = {{.table = event.code, .key = event.a, .commit_ts = event.b}};
    }
    draft.subjects = {.transactions = {event.b}, .nodes = {event.peer}, .stores = {}};
    findings().Report(*this, sort, std::move(draft));
  }
};

}  // namespace

std::unique_ptr<Check> MakeNoDoubleApply(const Context& context) {
  return std::make_unique<NoDoubleApply>(context);
}

}  // namespace tidegate::verifier
