// publish-order: what a Drainer hands to its sink must rise in commit_ts within one life of it.
#include <fmt/format.h>

#include <vector>

#include "verifier/check.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class PublishOrder final : public Check {
 public:
  explicit PublishOrder(const Context& context)
      : Check(context), last_(context.header.nodes.size()) {}

  std::string_view Id() const override { return "publish-order"; }
  std::string_view Statement() const override {
    return "A Drainer hands transactions to its sink in ascending commit_ts.";
  }
  Section InSection() const override { return Section::kData; }
  KindSet Subscribes() const override {
    return {EventKind::kTxnHanded, EventKind::kNodeUp, EventKind::kCheckpointLoaded};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (event.node >= last_.size()) return;
    Evidence& last = last_[event.node];
    if (event.kind != EventKind::kTxnHanded) {
      last = Evidence{};  // a new life starts anywhere
      return;
    }
    ++premise_count_;
    if (event.b <= last.event.b) Report(last, {.index = index, .event = event});
    last = {.index = index, .event = event};
  }

 private:
  void Report(const Evidence& before, const Evidence& now) {
    const std::uint64_t sort = Sort(FindingKind::kOrder, Cause::kProduct, now.event.node);
    if (findings().Again(*this, sort, now.event.b)) return;
    findings().Report(
        *this, sort,
        {.kind = FindingKind::kOrder,
         .cause = Cause::kProduct,
         .why = fmt::format("{} handed over commit_ts {} after {}, which is not below it",
                            NameOf(now.event.node), now.event.b, before.event.b),
         .evidence = {before, now},
         .story = {},
         .subjects = {.transactions = {now.event.b}, .nodes = {now.event.node}, .stores = {}}});
  }

  std::vector<Evidence> last_;  // by node: its last hand-over in this life
};

}  // namespace

std::unique_ptr<Check> MakePublishOrder(const Context& context) {
  return std::make_unique<PublishOrder>(context);
}

}  // namespace tidegate::verifier
