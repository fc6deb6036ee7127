// service-detached: the state in which the barrier T0 and the first upgrade of a TiDB find the
// writers. Both moments are truth (the last old path closes; a TiDB gets the new version); where
// our engine says that it has taken T0, its word is held against it too, but never excuses it.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "verifier/checks/report.h"
#include "verifier/model/version_rules.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

enum Wrong : std::uint64_t {
  kClientsAtUpgrade = 1,
  kPathAtUpgrade,
  kDdl,
  kClientsAtT0,
  kPathAtT0,
  kT0Low
};

class ServiceDetached final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "service-detached"; }
  std::string_view Statement() const override {
    return "Clients are off, no DDL job is in flight, and no writer has an open path to the old "
           "side, before T0 is taken and before any TiDB is upgraded.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override {
    return {EventKind::kBinaryInstalled, EventKind::kNodeUp,          EventKind::kDdlCommitted,
            EventKind::kFactJournaled,   EventKind::kClientsAttached, EventKind::kWriterPathOpened};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const Evidence now = {.index = index, .event = event};
    switch (event.kind) {
      case EventKind::kClientsAttached:
        if (attached_.size() <= event.node) attached_.resize(event.node + std::size_t{1});
        attached_[event.node] = now;
        break;
      case EventKind::kWriterPathOpened:
        if (opened_.size() <= event.node) opened_.resize(event.node + std::size_t{1});
        if (static_cast<trace::Flavour>(event.code) == trace::Flavour::kSocket) {
          opened_[event.node] = now;
        }
        break;
      case EventKind::kDdlCommitted: OnDdl(now); break;
      case EventKind::kFactJournaled:
        if (texts().Get(event.text) == "T0") OnT0Claimed(now);
        break;
      default: OnInstalledOrUp(now); break;
    }
  }

  void OnEnd() override {
    if (premise_count_ == 0) not_judged_ = "no T0 was taken and no TiDB was upgraded";
  }

 private:
  void OnInstalledOrUp(const Evidence& now) {
    const NodeId tidb = now.event.node;
    if (upgraded_ || !model().acts().engine_began() || !model().IsNode(tidb)) return;
    const trace::NodeInfo& info = header().nodes[tidb];
    // Of a TiDB that is to stay as it is, another start is no upgrade.
    if (info.role != Role::kTidb || info.target_version.empty()) return;
    const std::string_view version = texts().Get(now.event.text);
    const Release release = ReadRelease(version);
    if (version != info.target_version && !(release.known && MayWriteTo(release, Era::kCluster)))
      return;
    upgraded_ = true;
    ++premise_count_;
    JudgeWriters(now, kClientsAtUpgrade,
                 fmt::format("{} was upgraded to {}", NameOf(tidb), version));
  }

  void OnT0Claimed(const Evidence& now) {
    ++premise_count_;
    JudgeWriters(now, kClientsAtT0, "T0 was taken");
    if (model().t0() == 0 || now.event.a >= model().t0()) return;
    Report(kT0Low,
           fmt::format("T0 was said to be {}, below {}, the timestamp at which the last path "
                       "to the old side closed",
                       now.event.a, model().t0()),
           {model().t0_evidence(), now}, {});
  }

  // `wrong`: of clients; the one of paths is the next number.
  void JudgeWriters(const Evidence& now, std::uint64_t wrong, const std::string& what) {
    for (NodeId node = 0; model().IsNode(node); ++node) {
      if (header().nodes[node].role != Role::kTidb) continue;
      const NodeFacts& facts = model().node(node);
      if (facts.clients) {
        Report(wrong, fmt::format("{} while clients could still reach {}", what, NameOf(node)),
               {Of(attached_, node, now), now}, {node});
      }
      if (facts.old_paths > 0) {
        Report(wrong == kClientsAtUpgrade ? kPathAtUpgrade : kPathAtT0,
               fmt::format("{} while {} had an open path to the old side", what, NameOf(node)),
               {Of(opened_, node, now), now}, {node});
      }
    }
  }

  void OnDdl(const Evidence& now) {
    const Tso t0 = model().t0();
    if (t0 == 0 || !model().acts().engine_began()) return;
    if (now.event.a == 0 || now.event.a >= t0 || now.event.b <= t0) return;
    Report(
        kDdl,
        fmt::format("DDL job {} began at {}, before T0 ({}), and ended at {}, after it: its binlog "
                    "is torn between the two sides",
                    now.event.c, now.event.a, t0, now.event.b),
        {model().t0_evidence(), now}, {now.event.node});
  }

  static Evidence Of(const std::vector<Evidence>& seen, NodeId node, const Evidence& otherwise) {
    return node < seen.size() && seen[node].event.kind != EventKind::kCount ? seen[node]
                                                                            : otherwise;
  }

  void Report(std::uint64_t wrong, std::string why, std::vector<Evidence> evidence,
              std::vector<NodeId> nodes) {
    ReportOnce(findings(), *this, wrong,
               {.kind = FindingKind::kOrder,
                .cause = Cause::kEngine,
                .why = std::move(why),
                .evidence = std::move(evidence),
                .nodes = std::move(nodes)});
  }

  bool upgraded_ = false;
  std::vector<Evidence> attached_;  // by node
  std::vector<Evidence> opened_;
};

}  // namespace

std::unique_ptr<Check> MakeServiceDetached(const Context& context) {
  return std::make_unique<ServiceDetached>(context);
}

}  // namespace tidegate::verifier
