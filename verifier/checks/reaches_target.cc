// reaches-target: what the upgrade was for is so at the end. Judged when the engine says that it is
// done (or claims nothing): an engine that refused or turned back did not claim the target.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;
using trace::NodeInfo;

enum Miss : std::uint64_t {
  kVersion = 1,
  kNewSideDown,
  kOldSideUp,
  kServing,
  kCheckpoint,
  kUnit,
};

class ReachesTarget final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "reaches-target"; }
  std::string_view Statement() const override {
    return "The upgrade that was asked for happened: versions, configuration, serving side and "
           "retired parts are those of the target, and every new Drainer's checkpoint has passed a "
           "timestamp taken after the last step.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override { return {}; }
  void OnEvent(const Event&, std::uint64_t) override {}

  void OnEnd() override {
    if (!AsksForAnything()) {
      not_judged_ = "the header names no target";
      return;
    }
    not_judged_ = NotDone(model());
    if (!not_judged_.empty()) return;
    ++premise_count_;
    for (NodeId node = 0; model().IsNode(node); ++node) JudgeNode(node);
  }

 private:
  bool AsksForAnything() const {
    for (const NodeInfo& info : header().nodes) {
      if (!info.target_version.empty() || info.new_side || info.old_side) return true;
    }
    return false;
  }

  // What only a scripted fault undid at the end was reached.
  bool OnlyAFaultTookItDown(NodeId node) const {
    return model().node(node).ever_up && model().acts().downed_by(node) == Cause::kScenario;
  }

  void JudgeNode(NodeId node) {
    const NodeInfo& info = header().nodes[node];
    const NodeFacts& facts = model().node(node);
    if (info.old_side) {
      const bool back_by_fault = model().acts().upped_by(node) == Cause::kScenario &&
                                 model().acts().retired(node) != nullptr;
      if (facts.up && !info.carries_foreign && !back_by_fault) {
        Miss(kOldSideUp, node, fmt::format("{} was to be retired and still runs", info.name));
      }
      return;
    }
    if (model().UpgradedInPlace(node) && model().acts().left_disabled(node)) JudgeUnit(node);
    if (!facts.up) {
      const bool wanted = info.new_side || !info.target_version.empty();
      if (OnlyAFaultTookItDown(node)) {
        if (model().UpgradedInPlace(node)) JudgeVersion(node);
      } else if (wanted) {
        Miss(kNewSideDown, node,
             fmt::format("{} was to run {} and does not run", info.name, Target(info)));
      }
      return;
    }
    if (!JudgeVersion(node)) return;
    if (info.role == Role::kTidb && !info.target_version.empty()) JudgeServing(node);
    if (info.role != Role::kDrainer) return;
    if (info.new_side || model().UpgradedInPlace(node)) JudgeCheckpoint(node);
  }

  bool JudgeVersion(NodeId node) {
    const NodeInfo& info = header().nodes[node];
    const NodeFacts& facts = model().node(node);
    if (info.target_version.empty() || texts().Get(facts.version) == info.target_version) {
      return true;
    }
    Miss(kVersion, node,
         fmt::format("{} was to run {} and {} {}", info.name, info.target_version,
                     facts.up ? "runs" : "ran", texts().Get(facts.version)),
         model().TakenBackByFault(node) ? Cause::kScenario : Cause::kEngine);
    return false;
  }

  // A unit that was enabled before the upgrade and is not after it: the next start of its host is
  // one too many.
  void JudgeUnit(NodeId node) {
    const NodeInfo& info = header().nodes[node];
    const NodeFacts& facts = model().node(node);
    std::vector<Evidence> evidence = {*model().acts().left_disabled(node)};
    if (!facts.up) evidence.push_back(model().acts().down(node));
    ReportOnce(findings(), *this, kUnit,
               {.kind = facts.up ? FindingKind::kExposure : FindingKind::kLiveness,
                .cause = Cause::kEngine,
                .why = fmt::format(
                    "the unit {} of {} was enabled before the upgrade and is left disabled: "
                    "{}",
                    info.unit, info.name,
                    facts.up ? "it does not start with its host" : "it did not start again"),
                .evidence = std::move(evidence),
                .nodes = {node}});
  }

  void JudgeServing(NodeId node) {
    const NodeFacts& facts = model().node(node);
    if (!facts.clients) {
      Miss(kServing, node, fmt::format("clients are not back at {}", NameOf(node)));
    } else if (facts.new_paths == 0 || facts.old_paths > 0) {
      Miss(kServing, node,
           fmt::format("{} does not write its binlogs to the new Pumps only", NameOf(node)));
    }
  }

  void JudgeCheckpoint(NodeId node) {
    const Tso after = TsoAtLastStep();
    const Tso saved = model().drainer(node).saved_ts;
    if (after == 0 || saved > after) return;
    Miss(kCheckpoint, node,
         fmt::format("the checkpoint of {} is {}, not above {}, the time of the last step",
                     NameOf(node), saved, after));
  }

  // PD's timestamp when the engine acted last, by PD's clock at the end of the run; 0: unknown.
  Tso TsoAtLastStep() const {
    const Event& end = model().run().end_evidence.event;
    const Time last = model().acts().last_engine_act().event.time;
    if (!model().run().ended || end.a == 0) return 0;
    const std::int64_t physical_ms = TsoPhysicalMs(end.a) - (end.time - last) / kMillisecond;
    return physical_ms <= 0 ? 0 : ComposeTso(physical_ms, 0);
  }

  static std::string Target(const NodeInfo& info) {
    return info.target_version.empty() ? "the new version" : info.target_version;
  }

  void Miss(Miss miss, NodeId node, std::string why, Cause cause = Cause::kEngine) {
    std::vector<Evidence> evidence;
    const Acts& acts = model().acts();
    if (model().node(node).up) evidence.push_back(acts.up(node));
    if (!model().node(node).up && model().node(node).ever_up) evidence.push_back(acts.down(node));
    if (model().run().ended) evidence.push_back(model().run().end_evidence);
    ReportOnce(findings(), *this, miss,
               {.kind = FindingKind::kLiveness,
                .cause = cause,
                .why = std::move(why),
                .evidence = std::move(evidence),
                .nodes = {node}});
  }
};

}  // namespace

std::unique_ptr<Check> MakeReachesTarget(const Context& context) {
  return std::make_unique<ReachesTarget>(context);
}

}  // namespace tidegate::verifier
