// no-phantom: an applied change needs a commit before it, with the same rows.
#include <fmt/format.h>

#include "verifier/check.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class NoPhantom final : public Check {
 public:
  explicit NoPhantom(const Context& context) : Check(context) {}

  std::string_view Id() const override { return "no-phantom"; }
  std::string_view Statement() const override { return "Nothing is applied that did not commit."; }
  Section InSection() const override { return Section::kData; }
  KindSet Subscribes() const override { return {EventKind::kRowApplied, EventKind::kDdlApplied}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const ApplyFact& apply = model().apply();
    if (apply.match == ApplyFact::Match::kUnwanted) return;
    ++premise_count_;
    if (apply.match != ApplyFact::Match::kUnknown && !apply.differs) return;
    const std::uint64_t sort = Sort(FindingKind::kOrder, Cause::kProduct,
                                    std::uint64_t{event.peer} | (apply.differs ? 1ULL << 16 : 0));
    if (findings().Again(*this, sort, event.b)) return;
    const char* what = apply.differs ? "applied other rows for commit_ts {} than it committed"
                                     : "applied commit_ts {}, which never committed";
    findings().Report(
        *this, sort,
        {.kind = FindingKind::kOrder,
         .cause = Cause::kProduct,
         .why = fmt::format("{} {}", NameOf(event.peer),
                            fmt::vformat(what, fmt::make_format_args(event.b))),
         .evidence = {{.index = index, .event = event}},
         .story = {.start_ts = apply.commit.start_ts,
                   .commit_ts = apply.differs ? event.b : 0,
                   .rows = apply.differs},
         .rows = {},
         .subjects = {.transactions = {event.b}, .nodes = {event.peer}, .stores = {}}});
  }
};

}  // namespace

std::unique_ptr<Check> MakeNoPhantom(const Context& context) {
  return std::make_unique<NoPhantom>(context);
}

}  // namespace tidegate::verifier
