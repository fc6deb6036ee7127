// write-availability: how long no client could reach any TiDB, against the scenario's budget. The
// figures of the verdict report it in every run; here is only the judgement.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class WriteAvailability final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "write-availability"; }
  std::string_view Statement() const override {
    return "How long writers were down, how many writes failed, how far replication lagged: "
           "reported; "
           "a finding where the scenario sets a budget.";
  }
  Section InSection() const override { return Section::kService; }
  KindSet Subscribes() const override {
    return {EventKind::kClientsAttached, EventKind::kClientsDetached, EventKind::kNodeUp,
            EventKind::kNodeDown, EventKind::kRunEnded};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const Evidence now = {.index = index, .event = event};
    if (event.kind == EventKind::kRunEnded) {
      if (down_) Close(now);
      return;
    }
    // A service that was attached twice, or detached twice, counts once.
    const bool any = model().AnyTidbServes();
    served_ |= any;
    if (!served_ || any == !down_) return;
    if (any) {
      Close(now);
      return;
    }
    down_ = true;
    since_ = now;
    ++premise_count_;
  }

  void OnEnd() override {
    if (header().write_outage_max == 0) {
      not_judged_ = "the scenario sets no budget";
      return;
    }
    if (total_ <= header().write_outage_max) return;
    ReportOnce(
        findings(), *this, 0,
        {.kind = FindingKind::kLiveness,
         .cause = Cause::kEngine,
         .why = fmt::format("no client could write for {}, and the budget was {}",
                            FormatDuration(total_), FormatDuration(header().write_outage_max)),
         .evidence = {longest_from_, longest_to_},
         .nodes = {}});
  }

 private:
  void Close(const Evidence& now) {
    const Duration outage = now.event.time - since_.event.time;
    total_ += outage;
    down_ = false;
    if (outage < longest_) return;
    longest_ = outage;
    longest_from_ = since_;
    longest_to_ = now;
  }

  bool served_ = false;  // before its first client nobody misses it
  bool down_ = false;
  Evidence since_;
  Duration total_ = 0;
  Duration longest_ = -1;
  Evidence longest_from_;
  Evidence longest_to_;
};

}  // namespace

std::unique_ptr<Check> MakeWriteAvailability(const Context& context) {
  return std::make_unique<WriteAvailability>(context);
}

}  // namespace tidegate::verifier
