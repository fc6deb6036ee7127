// gate-honest: each old Drainer's last readable /status answer before the engine went on, compared
// with the truth at the time of the answer. Old numbers and a lagging PumpPos are legal.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "verifier/check.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class GateHonest final : public Check {
 public:
  explicit GateHonest(const Context& context)
      : Check(context), last_(context.header.nodes.size()) {}

  std::string_view Id() const override { return "gate-honest"; }
  std::string_view Statement() const override {
    return "The status at the gate claimed nothing false: no `Lower` above the truth, no Pump "
           "missing, no `Synced` while undrained.";
  }
  Section InSection() const override { return Section::kGate; }
  KindSet Subscribes() const override {
    return {EventKind::kAnswered, EventKind::kActionStarted, EventKind::kNodeUp,
            EventKind::kNodeDown};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (event.kind == EventKind::kAnswered) {
      const NodeId drainer = model().status_now();
      if (drainer == kNoNode || !model().info(drainer).old_side) return;
      const std::size_t sink = model().SinkOfDrainer(drainer);
      if (sink == Model::kNoSink || model().sinks()[sink].gate.taken) return;
      last_[drainer] = Examine(sink, drainer, {.index = index, .event = event});
      return;
    }
    const std::size_t sink = model().decided_now();
    if (sink == Model::kNoSink) return;
    for (NodeId drainer = 0; model().IsNode(drainer); ++drainer) {
      if (model().SinkOfDrainer(drainer) != sink || !last_[drainer].seen) continue;
      ++premise_count_;
      if (last_[drainer].lie != Lie::kNone) lies_.push_back(last_[drainer]);
    }
  }

  void OnEnd() override {
    for (const Answer& answer : lies_) Report(answer);
  }

 private:
  enum class Lie : std::uint8_t { kNone, kSynced, kLower, kPump };
  struct Answer {
    bool seen = false;
    Lie lie = Lie::kNone;
    std::size_t sink = 0;
    NodeId drainer = kNoNode;
    NodeId pump = kNoNode;  // of the transaction that gives the lie away
    std::uint64_t missing = 0;
    Commit commit;  // commit_ts 0: unknown
    Tso lower = 0;
    Evidence evidence;
  };

  std::uint64_t Undrained(std::size_t sink) const {
    std::uint64_t count = 0;
    for (NodeId node = 0; model().IsNode(node); ++node) {
      if (model().IsOldPump(node)) count += model().sinks()[sink].ledger.OutstandingAt(node);
    }
    return count;
  }

  // The oldest outstanding commit of the old side, at or below `upto`, that `wanted` accepts.
  template <typename Wanted>
  Commit Oldest(std::size_t sink, Tso upto, Wanted wanted) const {
    const Ledger& ledger = model().sinks()[sink].ledger;
    for (std::size_t i = 0; i < ledger.size(); ++i) {
      const Commit& commit = ledger.At(i);
      if (commit.commit_ts > upto) break;
      if (!commit.done() && model().IsOldPump(commit.pump) && wanted(commit)) return commit;
    }
    return Commit{};
  }

  Answer Examine(std::size_t sink, NodeId drainer, const Evidence& evidence) const {
    Answer answer;
    answer.seen = true;
    answer.sink = sink;
    answer.drainer = drainer;
    answer.evidence = evidence;
    answer.missing = Undrained(sink);
    if (answer.missing == 0) return answer;
    const StatusBody& status = model().last_status(drainer);
    answer.lower = status.lower;
    if (status.synced) {
      answer.lie = Lie::kSynced;
      answer.commit =
          Oldest(sink, std::numeric_limits<Tso>::max(), [](const Commit&) { return true; });
      return answer;
    }
    answer.commit =
        Oldest(sink, status.lower, [](const Commit& commit) { return !commit.Has(kCommitHanded); });
    if (answer.commit.commit_ts != 0) {
      answer.lie = Lie::kLower;
      return answer;
    }
    if (!status.has_positions) return answer;
    for (NodeId pump = 0; model().IsNode(pump); ++pump) {
      if (!model().IsOldPump(pump) || model().sinks()[sink].ledger.OutstandingAt(pump) == 0)
        continue;
      if (IsListed(status, pump)) continue;
      answer.lie = Lie::kPump;
      answer.pump = pump;
      answer.commit = Oldest(sink, std::numeric_limits<Tso>::max(),
                             [&](const Commit& commit) { return commit.pump == pump; });
      break;
    }
    return answer;
  }

  bool IsListed(const StatusBody& status, NodeId pump) const {
    const trace::NodeInfo& info = model().info(pump);
    const std::string address = fmt::format("{}:{}", info.host, info.port);
    return std::any_of(status.pumps.begin(), status.pumps.end(), [&](const std::string& id) {
      return id == address || id == model().node(pump).registry_id || id == info.name;
    });
  }

  void Report(const Answer& answer) {
    const SinkFacts& sink = model().sinks()[answer.sink];
    const Commit* now = sink.ledger.Peek(answer.commit.commit_ts);
    const bool applied_later = now == nullptr || now->done();
    const FindingKind kind = applied_later ? FindingKind::kExposure : FindingKind::kLoss;
    const std::uint64_t sort = Sort(kind, Cause::kProduct, answer.drainer);
    if (findings().Again(*this, sort, answer.commit.commit_ts)) return;
    const std::string claim = answer.lie == Lie::kSynced ? std::string("that it is synced")
                              : answer.lie == Lie::kLower
                                  ? fmt::format("Lower {}", answer.lower)
                                  : fmt::format("positions without {}", NameOf(answer.pump));
    findings().Report(
        *this, sort,
        {.kind = kind,
         .cause = Cause::kProduct,
         .why =
             fmt::format("{} claimed {} while {} had not got commit_ts {} of {}; {} were missing",
                         NameOf(answer.drainer), claim, NameOf(sink.node), answer.commit.commit_ts,
                         NameOf(answer.commit.pump), answer.missing),
         .evidence = {answer.evidence, sink.gate.evidence},
         .story = {.start_ts = answer.commit.start_ts, .commit_ts = answer.commit.commit_ts},
         .rows = {},
         .subjects = {
             .transactions = {answer.commit.commit_ts}, .nodes = {answer.drainer}, .stores = {}}});
  }

  std::vector<Answer> last_;  // by node
  std::vector<Answer> lies_;
};

}  // namespace

std::unique_ptr<Check> MakeGateHonest(const Context& context) {
  return std::make_unique<GateHonest>(context);
}

}  // namespace tidegate::verifier
