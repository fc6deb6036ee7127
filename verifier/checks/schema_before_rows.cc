// schema-before-rows: a row of a shape that a DDL of this run made may come only after that DDL.
#include <fmt/format.h>

#include "verifier/check.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class SchemaBeforeRows final : public Check {
 public:
  explicit SchemaBeforeRows(const Context& context) : Check(context) {}

  std::string_view Id() const override { return "schema-before-rows"; }
  std::string_view Statement() const override {
    return "Rows are applied after the DDL that made the columns which they use.";
  }
  Section InSection() const override { return Section::kData; }
  KindSet Subscribes() const override { return {EventKind::kRowApplied}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const ApplyFact& apply = model().apply();
    if (apply.match == ApplyFact::Match::kUnwanted) return;
    if (event.n < model().FirstDdlShape(event.code)) return;  // older than every DDL of this run
    ++premise_count_;
    if (event.n <= model().DownShape(apply.sink, event.code)) return;
    const std::uint64_t sort = Sort(FindingKind::kOrder, Cause::kProduct, event.peer);
    const Cause cause =
        Interleaved(model().sinks()[apply.sink], event.peer) ? Cause::kEngine : Cause::kProduct;
    if (findings().Again(*this, sort, event.b)) return;
    findings().Report(
        *this, sort,
        {.kind = FindingKind::kOrder,
         .cause = cause,
         .why = fmt::format("{} applied a row of shape {} while {} has the table in shape {}",
                            NameOf(event.peer), event.n, NameOf(event.node),
                            model().DownShape(apply.sink, event.code)),
         .evidence = {{.index = index, .event = event}},
         .story = {.commit_ts = event.b},
         .rows = {},
         .subjects = {.transactions = {event.b}, .nodes = {event.peer}, .stores = {}}});
  }

 private:
  // The engine went on while the old side still had something for this sink: two streams mix. Else
  // one Drainer mixes up its own.
  bool Interleaved(const SinkFacts& sink, NodeId drainer) const {
    if (!sink.gate.taken) return false;
    if (model().IsNode(drainer) && model().info(drainer).old_side) return true;
    for (NodeId pump = 0; model().IsNode(pump); ++pump) {
      if (model().IsOldPump(pump) && sink.ledger.OutstandingAt(pump) > 0) return true;
    }
    return false;
  }
};

}  // namespace

std::unique_ptr<Check> MakeSchemaBeforeRows(const Context& context) {
  return std::make_unique<SchemaBeforeRows>(context);
}

}  // namespace tidegate::verifier
