// no-shared-home: an old and a new part on one host. Kafka-era and cluster-era deployments have the
// same ports, data directories and binaries by default, only their units differ (tidb-ansible
// release-2.1-kafka-binlog and release-2.1: roles/pump); <data-dir>/.lock is held while one runs.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;
using trace::NodeInfo;

enum Wrong : std::uint64_t { kShared = 1, kOverwritten, kNodeId };

class NoSharedHome final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "no-shared-home"; }
  std::string_view Statement() const override {
    return "Old and new Pumps, and old and new Drainers that run at once, share no port, data "
           "directory, lock, unit or node id.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override {
    return {EventKind::kActionStarted, EventKind::kNodeUp, EventKind::kNodeDown,
            EventKind::kBinaryInstalled, EventKind::kRegistryMoved};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (!model().IsNode(event.node) || !IsPart(header().nodes[event.node])) return;
    const Evidence now = {.index = index, .event = event};
    switch (event.kind) {
      case EventKind::kActionStarted:
        if (event.code == kActStartProcess) JudgeStart(now);
        break;
      case EventKind::kNodeUp:  // that the engine started it was looked at then
        if (!model().acts().any_action() || !model().acts().started_by_engine(event.node)) {
          JudgeStart(now);
        }
        break;
      case EventKind::kNodeDown:
        if (static_cast<trace::DownCause>(event.code) == trace::DownCause::kFailedToStart) {
          JudgeStart(now);
        }
        break;
      case EventKind::kBinaryInstalled: JudgeInstalled(now); break;
      default: JudgeNodeId(now); break;
    }
  }

  void OnEnd() override {
    if (premise_count_ == 0) not_judged_ = "no new Pump or Drainer was started";
  }

 private:
  static bool IsPart(const NodeInfo& info) {
    return (info.role == Role::kPump || info.role == Role::kDrainer) &&
           (info.old_side || info.new_side);
  }

  static std::string SharedHome(const NodeInfo& a, const NodeInfo& b) {
    if (a.host != b.host) return "";
    std::string shared;
    const auto add = [&shared](const std::string& what) {
      shared += (shared.empty() ? "" : " and ") + what;
    };
    if (a.port != 0 && a.port == b.port) add(fmt::format("port {}", a.port));
    if (!a.data_dir.empty() && a.data_dir == b.data_dir) add("data directory " + a.data_dir);
    if (!a.unit.empty() && a.unit == b.unit) add("unit " + a.unit);
    return shared;
  }

  void JudgeStart(const Evidence& now) {
    const NodeInfo& mine = header().nodes[now.event.node];
    if (mine.new_side) ++premise_count_;
    for (NodeId other = 0; model().IsNode(other); ++other) {
      const NodeInfo& theirs = header().nodes[other];
      if (!IsPart(theirs) || theirs.new_side == mine.new_side || !model().node(other).up) continue;
      const std::string shared = SharedHome(mine, theirs);
      if (shared.empty()) continue;
      Report(kShared, FindingKind::kOrder, {model().acts().up(other), now}, {now.event.node, other},
             fmt::format("{} was started while {} ran, and both have {} on {}", mine.name,
                         theirs.name, shared, mine.host));
    }
  }

  // A binary put where an old part's unit looks for its own: its next start runs the new one.
  void JudgeInstalled(const Evidence& now) {
    const NodeFacts& facts = model().node(now.event.node);
    if (!header().nodes[now.event.node].old_side || !facts.up) return;
    if (!model().acts().MayBe(kActInstallBinary) || !model().acts().engine_began()) return;
    ++premise_count_;
    if (facts.version == now.event.text) return;
    Report(kOverwritten, FindingKind::kExposure, {model().acts().up(now.event.node), now},
           {now.event.node},
           fmt::format(
               "{} was put in place of the binary of {}, which runs {}: its next start is of "
               "the other version",
               texts().Get(now.event.text), NameOf(now.event.node), texts().Get(facts.version)));
  }

  void JudgeNodeId(const Evidence& now) {
    const NodeInfo& mine = header().nodes[now.event.node];
    const std::string& id = model().node(now.event.node).registry_id;
    if (!mine.new_side || id.empty()) return;
    for (NodeId other = 0; model().IsNode(other); ++other) {
      const NodeInfo& theirs = header().nodes[other];
      if (!theirs.old_side || theirs.role != mine.role || !model().node(other).up) continue;
      if (model().node(other).registry_id != id) continue;
      Report(kNodeId, FindingKind::kExposure, {model().acts().up(other), now},
             {now.event.node, other},
             fmt::format("{} registered as {}, the node id of {}, which still runs", mine.name, id,
                         theirs.name));
    }
  }

  void Report(std::uint64_t wrong, FindingKind kind, std::vector<Evidence> evidence,
              std::vector<NodeId> nodes, std::string why) {
    const std::uint64_t sort = wrong << 10 | (nodes.front() & 0x3FFU);
    ReportOnce(findings(), *this, sort,
               {.kind = kind,
                .cause = Cause::kEngine,
                .why = std::move(why),
                .evidence = std::move(evidence),
                .nodes = std::move(nodes)});
  }
};

}  // namespace

std::unique_ptr<Check> MakeNoSharedHome(const Context& context) {
  return std::make_unique<NoSharedHome>(context);
}

}  // namespace tidegate::verifier
