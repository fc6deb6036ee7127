// compatible-writer: the manual's table of TiDB and TiDB Binlog versions, looked at whenever a TiDB
// opens a path to a Pump.
#include <fmt/format.h>

#include "verifier/checks/report.h"
#include "verifier/model/version_rules.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;
using trace::Flavour;

class CompatibleWriter final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "compatible-writer"; }
  std::string_view Statement() const override {
    return "A running TiDB and the binlog flavour that it writes to are a pair of the manual's "
           "table: "
           "Local with 1.0 or earlier; Kafka from 1.0 up to, not including, 2.1 RC5; cluster from "
           "2.1 "
           "RC5 and any 2.0.x-binlog with x >= 8.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override { return {EventKind::kWriterPathOpened}; }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (!model().IsNode(event.node)) return;
    const Era era = EraOf(event);
    const std::string_view version = texts().Get(model().node(event.node).version);
    const Release release = ReadRelease(version);
    if (era == Era::kNone || !release.known) return;
    ++premise_count_;
    if (MayWriteTo(release, era)) return;
    const Evidence now = {.index = index, .event = event};
    // How it was when the run began is nobody's act.
    const Cause cause =
        model().acts().engine_began() ? model().acts().upped_by(event.node) : Cause::kScenario;
    const std::string to = era == Era::kCluster
                               ? std::string("the cluster's Pumps")
                               : fmt::format("{}, a {} Pump", NameOf(event.peer),
                                             era == Era::kLocal ? "Local" : "Kafka");
    ReportOnce(
        findings(), *this, static_cast<std::uint64_t>(era),
        {.kind = FindingKind::kOrder,
         .cause = cause,
         .why = fmt::format("{} runs {} and writes to {}, which is no pair of the manual's table",
                            NameOf(event.node), version, to),
         .evidence = {model().acts().up(event.node), now},
         .nodes = {event.node}});
  }

  void OnEnd() override {
    if (premise_count_ == 0) not_judged_ = "no TiDB of a known version opened a path to a Pump";
  }

 private:
  Era EraOf(const Event& event) const {
    const auto flavour = static_cast<Flavour>(event.code);
    if (flavour == Flavour::kCluster) return Era::kCluster;
    if (flavour != Flavour::kSocket || !model().IsNode(event.peer)) return Era::kNone;
    return header().nodes[event.peer].era;
  }
};

}  // namespace

std::unique_ptr<Check> MakeCompatibleWriter(const Context& context) {
  return std::make_unique<CompatibleWriter>(context);
}

}  // namespace tidegate::verifier
