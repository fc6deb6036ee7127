// single-downstream-writer: the hand-over at a sink happens once. Drainers that keep separate
// checkpoint rows at one sink (other filters) are handed over separately. The row's key is the
// cluster id alone, so two Drainers of one sink share it (tidb-binlog drainer/checkpoint/mysql.go).
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

enum Wrong : std::uint64_t { kApplied = 1, kSaved, kOverlap };
enum class Side : std::uint8_t { kNeither, kOld, kNew };

class SingleDownstreamWriter final : public Check {
 public:
  explicit SingleDownstreamWriter(const Context& context)
      : Check(context), drainers_(context.header.nodes.size()) {
    for (std::size_t i = 0; i < drainers_.size(); ++i) {
      const trace::NodeInfo& info = context.header.nodes[i];
      if (info.role != Role::kDrainer) continue;
      if (info.old_side) drainers_[i].side = Side::kOld;
      if (info.new_side) drainers_[i].side = Side::kNew;
    }
  }

  std::string_view Id() const override { return "single-downstream-writer"; }
  std::string_view Statement() const override {
    return "For one sink and checkpoint row, the old Drainer applies or saves nothing after the "
           "new "
           "one's first apply or save.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override {
    return {EventKind::kRowApplied,       EventKind::kDdlApplied, EventKind::kCheckpointSaved,
            EventKind::kCheckpointLoaded, EventKind::kNodeUp,     EventKind::kLoadMoved};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    switch (event.kind) {
      case EventKind::kRowApplied:
      case EventKind::kDdlApplied:
      case EventKind::kCheckpointSaved: OnWrite(event, index); break;
      case EventKind::kLoadMoved: OnLoad({.index = index, .event = event}); break;
      case EventKind::kCheckpointLoaded:
        drainers_[event.node].store = event.n;
        JudgeOverlap({.index = index, .event = event});
        break;
      default: JudgeOverlap({.index = index, .event = event}); break;
    }
  }

  void OnEnd() override {
    if (premise_count_ == 0) not_judged_ = "no new Drainer wrote to a sink";
  }

 private:
  struct DrainerState {
    Side side = Side::kNeither;
    trace::TextId store = 0;  ///< of its checkpoint; 0: not known
    bool wrote = false;
    Evidence first_write;
  };

  void OnWrite(const Event& event, std::uint64_t index) {
    if (event.peer >= drainers_.size()) return;
    DrainerState& drainer = drainers_[event.peer];
    if (drainer.side == Side::kNeither) return;
    if (event.kind == EventKind::kCheckpointSaved) drainer.store = event.n;
    if (drainer.side == Side::kNew) {
      ++premise_count_;
      if (drainer.wrote) return;
      drainer.wrote = true;
      drainer.first_write = {.index = index, .event = event};
      any_new_wrote_ = true;
      return;
    }
    if (any_new_wrote_) JudgeOldWrite({.index = index, .event = event});
  }

  // A load is the new side's first write at its sink.
  void OnLoad(const Evidence& now) {
    for (NodeId node = 0; node < drainers_.size(); ++node) {
      DrainerState& drainer = drainers_[node];
      if (drainer.side != Side::kNew || header().nodes[node].sink != now.event.node) continue;
      ++premise_count_;
      if (drainer.wrote) continue;
      drainer.wrote = true;
      drainer.first_write = now;
      any_new_wrote_ = true;
    }
  }

  bool Shares(NodeId a, NodeId b) const {
    if (header().nodes[a].sink != header().nodes[b].sink) return false;
    const trace::TextId stores[] = {drainers_[a].store, drainers_[b].store};
    return stores[0] == 0 || stores[1] == 0 || stores[0] == stores[1];
  }

  void JudgeOldWrite(const Evidence& now) {
    const NodeId old = now.event.peer;
    for (NodeId node = 0; node < drainers_.size(); ++node) {
      if (!drainers_[node].wrote || !Shares(old, node)) continue;
      const bool saved = now.event.kind == EventKind::kCheckpointSaved;
      ReportOnce(findings(), *this, saved ? kSaved : kApplied,
                 {.kind = FindingKind::kOrder,
                  .cause = Blame(old),
                  .why = fmt::format("{} {} commit_ts {} at {} after {} had begun to write there",
                                     NameOf(old), saved ? "saved" : "applied", now.event.b,
                                     NameOf(now.event.node), Writer(node)),
                  .evidence = {drainers_[node].first_write, now},
                  .nodes = {old, node, now.event.node},
                  .transactions = {now.event.b}});
      return;
    }
  }

  std::string Writer(NodeId node) const {
    const bool loaded = drainers_[node].first_write.event.kind == EventKind::kLoadMoved;
    return loaded ? std::string("the load of a dump") : NameOf(node);
  }

  // Both run because the engine started the new one beside the old, unless somebody else brought
  // the old one back after the engine had stopped it.
  Cause Blame(NodeId old) const {
    if (model().acts().retired(old) == nullptr) return Cause::kEngine;
    return model().node(old).up ? model().acts().upped_by(old) : Cause::kProduct;
  }

  // When the new one has loaded its checkpoint, or an old one comes up beside it.
  void JudgeOverlap(const Evidence& now) {
    const NodeId node = now.event.node;
    if (node >= drainers_.size() || drainers_[node].side == Side::kNeither) return;
    const bool is_new = drainers_[node].side == Side::kNew;
    if (is_new == (now.event.kind == EventKind::kNodeUp)) return;
    for (NodeId other = 0; other < drainers_.size(); ++other) {
      const Side wanted = is_new ? Side::kOld : Side::kNew;
      if (drainers_[other].side != wanted || !model().node(other).up || !Shares(node, other))
        continue;
      const NodeId old = is_new ? other : node;
      const Cause cause = Blame(old);
      if (cause == Cause::kScenario) continue;
      ReportOnce(findings(), *this, kOverlap,
                 {.kind = FindingKind::kExposure,
                  .cause = cause,
                  .why = fmt::format(
                      "{} and {} ran at once on one checkpoint of {}: whichever saves "
                      "last wins",
                      NameOf(old), NameOf(is_new ? node : other), NameOf(header().nodes[old].sink)),
                  .evidence = {model().acts().up(other), now},
                  .nodes = {old, is_new ? node : other}});
    }
  }

  std::vector<DrainerState> drainers_;  // by node
  bool any_new_wrote_ = false;
};

}  // namespace

std::unique_ptr<Check> MakeSingleDownstreamWriter(const Context& context) {
  return std::make_unique<SingleDownstreamWriter>(context);
}

}  // namespace tidegate::verifier
