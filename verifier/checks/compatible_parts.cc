// compatible-parts: binaries of the era that their place needs, Drainers that read Pumps of their
// own era, and Drainers that know what the running TiDBs do. Eras keep other registry roots and
// other payloads (tidb-binlog branch kafka pkg/etcd; master pkg/node/node.go); for the versions see
// version_rules.cc.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "verifier/checks/report.h"
#include "verifier/model/version_rules.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

enum Wrong : std::uint64_t { kBinary = 1, kSource, kFollow };

class CompatibleParts final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "compatible-parts"; }
  std::string_view Statement() const override {
    return "Versions of Pump, Drainer and TiDB that run connected are able to.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override { return {EventKind::kNodeUp, EventKind::kSourceAdded}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (!model().IsNode(event.node)) return;
    const Evidence now = {.index = index, .event = event};
    if (event.kind == EventKind::kSourceAdded) {
      JudgeSource(now);
      return;
    }
    const Role role = header().nodes[event.node].role;
    if (role == Role::kPump || role == Role::kDrainer) JudgeBinary(now);
    if (role == Role::kTidb || role == Role::kDrainer) JudgePairs(now);
  }

  void OnEnd() override {
    if (premise_count_ == 0) not_judged_ = "no parts of known versions met";
  }

 private:
  Era RunningEra(NodeId node) const {
    const Era running = EraOfBinary(texts().Get(model().node(node).version));
    return running == Era::kNone ? header().nodes[node].era : running;
  }
  Release Runs(NodeId node) const { return ReadRelease(texts().Get(model().node(node).version)); }

  void JudgeBinary(const Evidence& now) {
    const NodeId node = now.event.node;
    const trace::NodeInfo& info = header().nodes[node];
    const Era era = EraOfBinary(texts().Get(now.event.text));
    if (era == Era::kNone || info.era == Era::kNone) return;
    ++premise_count_;
    if (era == info.era) return;
    // Only the engine installs; whoever started it then, the binary is the engine's.
    const bool installed =
        model().node(node).installed_version == now.event.text && model().acts().engine_began();
    Report(kBinary, installed ? Cause::kEngine : model().acts().upped_by(node), now, {node},
           fmt::format("{} is a {} of the {} version and runs {}, which is of the {} version",
                       info.name, RoleName(info.role), EraName(info.era),
                       texts().Get(now.event.text), EraName(era)));
  }

  void JudgeSource(const Evidence& now) {
    const NodeId drainer = now.event.node;
    const NodeId pump = now.event.peer;
    if (!model().IsNode(pump)) return;
    ++premise_count_;
    if (RunningEra(drainer) == RunningEra(pump)) return;
    Report(kSource, model().acts().upped_by(drainer), now, {drainer, pump},
           fmt::format("{} is of the {} version and reads from {}, which is of the {} version",
                       NameOf(drainer), EraName(RunningEra(drainer)), NameOf(pump),
                       EraName(RunningEra(pump))));
  }

  // The node that came up, against those that run.
  void JudgePairs(const Evidence& now) {
    const NodeId node = now.event.node;
    const bool is_drainer = header().nodes[node].role == Role::kDrainer;
    if (is_drainer && RunningEra(node) != Era::kCluster) return;
    for (NodeId other = 0; model().IsNode(other); ++other) {
      const Role wanted = is_drainer ? Role::kTidb : Role::kDrainer;
      if (header().nodes[other].role != wanted || !model().node(other).up) continue;
      if (!is_drainer && RunningEra(other) != Era::kCluster) continue;
      const NodeId drainer = is_drainer ? node : other;
      const NodeId tidb = is_drainer ? other : node;
      if (!Runs(drainer).known || !Runs(tidb).known) continue;
      ++premise_count_;
      const std::string_view why = DrainerCannotFollow(Runs(drainer), Runs(tidb));
      if (why.empty()) continue;
      Report(kFollow, model().acts().upped_by(node), now, {drainer, tidb},
             fmt::format("{} runs {} and can't follow {}, which runs {}: {}", NameOf(drainer),
                         texts().Get(model().node(drainer).version), NameOf(tidb),
                         texts().Get(model().node(tidb).version), why));
    }
  }

  void Report(std::uint64_t wrong, Cause cause, const Evidence& now, std::vector<NodeId> nodes,
              std::string why) {
    std::vector<Evidence> evidence;
    for (const NodeId node : nodes) {
      if (node != now.event.node || now.event.kind != EventKind::kNodeUp) {
        if (model().node(node).up) evidence.push_back(model().acts().up(node));
      }
    }
    evidence.push_back(now);
    ReportOnce(findings(), *this, wrong,
               {.kind = FindingKind::kOrder,
                .cause = cause,
                .why = std::move(why),
                .evidence = std::move(evidence),
                .nodes = std::move(nodes)});
  }
};

}  // namespace

std::unique_ptr<Check> MakeCompatibleParts(const Context& context) {
  return std::make_unique<CompatibleParts>(context);
}

}  // namespace tidegate::verifier
