// a-pump-can-write: a TiDB that clients can reach, and that logs, has a Pump that takes its
// prewrites. In the Kafka era that is the one Pump behind its socket (tidb: [binlog]
// binlog-socket); in the cluster era any that is registered online (pump_client: only online Pumps
// are chosen).
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;
using trace::Flavour;

class APumpCanWrite final : public Check {
 public:
  explicit APumpCanWrite(const Context& context)
      : Check(context), writers_(context.header.nodes.size()) {
    for (std::size_t i = 0; i < context.header.nodes.size(); ++i) {
      if (context.header.nodes[i].role == Role::kTidb) tidbs_.push_back(static_cast<NodeId>(i));
    }
  }

  std::string_view Id() const override { return "a-pump-can-write"; }
  std::string_view Statement() const override {
    return "While clients are served, each writer can reach a Pump that accepts prewrites.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override {
    return {EventKind::kNodeUp,           EventKind::kNodeDown,         EventKind::kRegistryMoved,
            EventKind::kWriterPathOpened, EventKind::kWriterPathClosed, EventKind::kClientsAttached,
            EventKind::kClientsDetached,  EventKind::kWriteFailed};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (event.kind == EventKind::kWriteFailed) {
      if (static_cast<trace::WriteFailure>(event.code) != trace::WriteFailure::kBinlog) return;
      if (event.node < writers_.size() && writers_[event.node].cut) {
        writers_[event.node].failed_count += std::max<std::uint32_t>(event.n, 1);
      }
      return;
    }
    if (event.kind == EventKind::kWriterPathOpened && event.node < writers_.size() &&
        static_cast<Flavour>(event.code) == Flavour::kSocket) {
      writers_[event.node].pump = event.peer;
      writers_[event.node].opened = {.index = index, .event = event};
    }
    bool served = false;
    for (const NodeId tidb : tidbs_) served |= Look(tidb, {.index = index, .event = event});
    if (served) ++premise_count_;
  }

  void OnEnd() override {
    for (const NodeId tidb : tidbs_) {
      if (writers_[tidb].cut) Report(tidb);
    }
  }

 private:
  struct Writer {
    NodeId pump = kNoNode;  // behind its socket
    Evidence opened;        // the path to it
    bool cut = false;
    bool by_engine = false;
    Evidence since;
    std::uint64_t failed_count = 0;
  };

  bool Look(NodeId tidb, const Evidence& now) {
    const NodeFacts& facts = model().node(tidb);
    Writer& writer = writers_[tidb];
    const bool served = facts.up && facts.clients && facts.old_paths + facts.new_paths > 0;
    const bool cut = served && !CanWrite(facts, writer);
    if (cut == writer.cut) return served;
    if (!cut) {
      Report(tidb);
      writer.cut = false;
      return served;
    }
    writer.cut = true;
    writer.by_engine = EngineDid(now.event);
    writer.since = now;
    writer.failed_count = 0;
    return served;
  }

  bool CanWrite(const NodeFacts& facts, const Writer& writer) const {
    if (facts.old_paths > 0) return !model().IsNode(writer.pump) || model().node(writer.pump).up;
    for (NodeId node = 0; model().IsNode(node); ++node) {
      const trace::NodeInfo& info = header().nodes[node];
      if (info.role != Role::kPump || info.era != Era::kCluster) continue;
      const NodeFacts& pump = model().node(node);
      if (pump.up && pump.registry == trace::RegistryState::kOnline) return true;
    }
    return false;
  }

  bool EngineDid(const Event& event) const {
    const Acts& acts = model().acts();
    switch (event.kind) {
      case EventKind::kNodeDown: return acts.downed_by(event.node) == Cause::kEngine;
      case EventKind::kRegistryMoved:
        return acts.ActionOpenOn(event.node) || acts.retired(event.node) != nullptr;
      case EventKind::kClientsAttached:
        return acts.MayBe(kActRunHook) || acts.MayBe(kActRunPlaybook);
      default: return acts.upped_by(event.node) == Cause::kEngine;
    }
  }

  // The only Pump of a cluster can't be restarted without; somebody said that it may be.
  bool WasAccepted() const {
    std::size_t pump_count = 0;
    for (const trace::NodeInfo& info : header().nodes) {
      if (info.role == Role::kPump && info.era == Era::kCluster) ++pump_count;
    }
    const std::vector<std::string>& accepted = header().accepted;
    return pump_count == 1 &&
           std::find(accepted.begin(), accepted.end(), "write-outage") != accepted.end();
  }

  void Report(NodeId tidb) {
    const Writer& writer = writers_[tidb];
    if (!writer.by_engine || WasAccepted()) return;
    const NodeFacts& facts = model().node(tidb);
    std::vector<Evidence> evidence;
    if (facts.old_paths > 0) evidence.push_back(writer.opened);
    evidence.push_back(writer.since);
    const std::string pump =
        facts.old_paths > 0 ? NameOf(writer.pump) + ", the only Pump that it writes to, was down"
                            : std::string("no Pump was up and registered online");
    ReportOnce(findings(), *this, tidb,
               {.kind = FindingKind::kLiveness,
                .cause = Cause::kEngine,
                .why = fmt::format("clients were served by {} while {}; {} failed", NameOf(tidb),
                                   pump, Count(writer.failed_count, "write")),
                .evidence = std::move(evidence),
                .nodes = {tidb}});
  }

  std::vector<NodeId> tidbs_;
  std::vector<Writer> writers_;  // by node
};

}  // namespace

std::unique_ptr<Check> MakeAPumpCanWrite(const Context& context) {
  return std::make_unique<APumpCanWrite>(context);
}

}  // namespace tidegate::verifier
