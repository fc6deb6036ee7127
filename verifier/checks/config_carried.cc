// config-carried: the configuration that a new Drainer starts with, against the one that the old
// Drainer of its sink ran with. Where several old Drainers share the sink, it has to agree with
// one.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"
#include "verifier/model/drainer_config.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

class ConfigCarried final : public Check {
 public:
  explicit ConfigCarried(const Context& context)
      : Check(context), first_(context.header.nodes.size()) {}

  std::string_view Id() const override { return "config-carried"; }
  std::string_view Statement() const override {
    return "What decides which rows reach the sink (filters, schema mapping, checkpoint schema, "
           "message limits) is the same before and after, or the change was asked for.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override { return {EventKind::kNodeUp}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (!model().IsNode(event.node)) return;
    const trace::NodeInfo& info = header().nodes[event.node];
    if (info.role != Role::kDrainer) return;
    if (model().UpgradedInPlace(event.node)) {
      JudgeInPlace({.index = index, .event = event});
      return;
    }
    if (!info.new_side) return;
    const DrainerConfig after = ReadDrainerConfig(texts().Get(event.n));
    if (!after.readable) {
      unread_ = fmt::format("the configuration of {} can't be read", info.name);
      return;
    }
    NodeId closest = kNoNode;
    std::vector<ConfigDifference> fewest;
    for (NodeId node = 0; model().IsNode(node); ++node) {
      const trace::NodeInfo& old = header().nodes[node];
      if (old.role != Role::kDrainer || !old.old_side || old.sink != info.sink) continue;
      // One that never ran in this run has left no word of its configuration.
      if (!model().node(node).ever_up) continue;
      const DrainerConfig before = ReadDrainerConfig(texts().Get(model().node(node).config));
      if (!before.readable) continue;
      std::vector<ConfigDifference> differences = Differences(before, after);
      if (closest != kNoNode && differences.size() >= fewest.size()) continue;
      closest = node;
      fewest = std::move(differences);
    }
    if (closest == kNoNode) return;
    ++premise_count_;
    if (!fewest.empty()) {
      Report(closest, fewest, model().acts().up(closest), {.index = index, .event = event});
    }
  }

  void OnEnd() override {
    if (premise_count_ > 0) return;
    not_judged_ =
        unread_.empty() ? "no new Drainer came up beside the word of an old one" : unread_;
  }

 private:
  // One that is replaced where it is: against what it ran with at first.
  void JudgeInPlace(const Evidence& now) {
    Evidence& first = first_[now.event.node];
    if (first.event.kind == EventKind::kCount) {
      first = now;
      return;
    }
    const DrainerConfig before = ReadDrainerConfig(texts().Get(first.event.n));
    const DrainerConfig after = ReadDrainerConfig(texts().Get(now.event.n));
    if (!before.readable || !after.readable) {
      unread_ = fmt::format("the configuration of {} can't be read", NameOf(now.event.node));
      return;
    }
    ++premise_count_;
    const std::vector<ConfigDifference> differences = Differences(before, after);
    if (!differences.empty()) Report(now.event.node, differences, first, now);
  }

  void Report(NodeId old, const std::vector<ConfigDifference>& differences, const Evidence& then,
              const Evidence& now) {
    std::string changes;
    bool loses_rows = false;
    for (const ConfigDifference& difference : differences) {
      changes += fmt::format("{}{} was '{}' and is '{}'", changes.empty() ? "" : "; ",
                             difference.what, difference.before, difference.after);
      loses_rows |= difference.loses_rows;
    }
    const Cause cause =
        model().node(now.event.node).configured_by_engine || !model().acts().any_action()
            ? Cause::kEngine
            : Cause::kScenario;
    ReportOnce(findings(), *this, now.event.node,
               {.kind = loses_rows ? FindingKind::kLoss : FindingKind::kExposure,
                .cause = cause,
                .why = fmt::format("{} does not carry on what {} was told: {}",
                                   NameOf(now.event.node), NameOf(old), changes),
                .evidence = {then, now},
                .nodes = old == now.event.node ? std::vector<NodeId>{old}
                                               : std::vector<NodeId>{old, now.event.node}});
  }

  std::vector<Evidence> first_;  // by node: how one that is upgraded in place came up first
  std::string unread_;
};

}  // namespace

std::unique_ptr<Check> MakeConfigCarried(const Context& context) {
  return std::make_unique<ConfigCarried>(context);
}

}  // namespace tidegate::verifier
