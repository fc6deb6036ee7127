// every-writer-logs: looked at each time the engine lets clients return to a TiDB. Turning back is
// legal: then they return to the old version on the old side, all of them.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "verifier/checks/report.h"
#include "verifier/model/version_rules.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

enum class Writes : std::uint8_t {
  kNothing,
  kOldSide,
  kNewSide,
  kOldSideFromNewVersion,
  kBoth,
  kNewSideFromOldVersion
};

class EveryWriterLogs final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "every-writer-logs"; }
  std::string_view Statement() const override {
    return "Clients return only to TiDBs proven to write binlogs to the new side: new version, "
           "binlog "
           "on, no old socket; all of them, or none.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override { return {EventKind::kClientsAttached}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const Acts& acts = model().acts();
    if (!acts.engine_began() || !model().IsNode(event.node)) return;
    if (!acts.MayBe(kActRunHook) && !acts.MayBe(kActRunPlaybook)) return;
    ++premise_count_;
    const Evidence now = {.index = index, .event = event};
    const Writes writes = Of(event.node);
    if (writes != Writes::kNewSide && writes != Writes::kOldSide) {
      Report(event.node, writes, now);
      return;
    }
    for (NodeId node = 0; model().IsNode(node); ++node) {
      if (header().nodes[node].role != Role::kTidb || node == event.node) continue;
      JudgeOther(node, writes, now);
    }
  }

  void OnEnd() override {
    if (premise_count_ == 0) not_judged_ = "the engine let no client return";
  }

 private:
  Writes Of(NodeId tidb) const {
    const NodeFacts& facts = model().node(tidb);
    const trace::NodeInfo& info = header().nodes[tidb];
    const std::string_view version = texts().Get(facts.version);
    const Release release = ReadRelease(version);
    const bool is_new = info.target_version.empty()
                            ? release.known && MayWriteTo(release, Era::kCluster)
                            : version == info.target_version;
    if (!facts.up || facts.old_paths + facts.new_paths == 0) return Writes::kNothing;
    if (facts.old_paths > 0 && facts.new_paths > 0) return Writes::kBoth;
    if (facts.old_paths > 0) return is_new ? Writes::kOldSideFromNewVersion : Writes::kOldSide;
    return is_new ? Writes::kNewSide : Writes::kNewSideFromOldVersion;
  }

  // What a fault took down after it was started is not the engine's doing.
  void JudgeOther(NodeId other, Writes writes, const Evidence& now) {
    const NodeFacts& facts = model().node(other);
    if (!facts.up && facts.ever_up && model().acts().downed_by(other) == Cause::kScenario) return;
    const Writes theirs = Of(other);
    if (theirs == writes) return;
    if (writes == Writes::kOldSide && !facts.clients) return;  // turning back, it comes next
    if (theirs != Writes::kNewSide && theirs != Writes::kOldSide) {
      Report(other, theirs, now);
      return;
    }
    Contradict(
        4, FindingKind::kOrder, other, now,
        fmt::format("clients returned to {}, which writes to the {} side, while {} writes to "
                    "the {} side",
                    NameOf(now.event.node), Side(writes), NameOf(other), Side(theirs)));
  }

  static std::string_view Side(Writes writes) { return writes == Writes::kNewSide ? "new" : "old"; }

  void Report(NodeId tidb, Writes writes, const Evidence& now) {
    const std::string returned = tidb == now.event.node
                                     ? fmt::format("clients returned to {}", NameOf(tidb))
                                     : fmt::format("clients returned to {} before {} was ready",
                                                   NameOf(now.event.node), NameOf(tidb));
    const std::string_view version = texts().Get(model().node(tidb).version);
    switch (writes) {
      case Writes::kNothing:
        Contradict(1, model().node(tidb).up ? FindingKind::kLoss : FindingKind::kOrder, tidb, now,
                   model().node(tidb).up ? fmt::format("{}: it writes no binlogs at all", returned)
                                         : fmt::format("{}: it does not run", returned));
        break;
      case Writes::kNewSideFromOldVersion:
        Contradict(2, FindingKind::kOrder, tidb, now,
                   fmt::format("{}: it runs {}, not the target version", returned, version));
        break;
      default:
        Contradict(
            3, FindingKind::kOrder, tidb, now,
            fmt::format("{}: it runs {} and still writes to the old side", returned, version));
        break;
    }
  }

  void Contradict(std::uint64_t rest, FindingKind kind, NodeId tidb, const Evidence& now,
                  std::string why) {
    std::vector<Evidence> evidence;
    if (model().node(tidb).up) evidence.push_back(model().acts().up(tidb));
    evidence.push_back(now);
    ReportOnce(findings(), *this, rest,
               {.kind = kind,
                .cause = Cause::kEngine,
                .why = std::move(why),
                .evidence = std::move(evidence),
                .nodes = {tidb}});
  }
};

}  // namespace

std::unique_ptr<Check> MakeEveryWriterLogs(const Context& context) {
  return std::make_unique<EveryWriterLogs>(context);
}

}  // namespace tidegate::verifier
