// runs-what-was-installed: a process reads its binary and its configuration when it starts, so one
// that was not restarted after an installation runs what was there before.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

enum Wrong : std::uint64_t { kVersion = 1, kConfig };

class RunsWhatWasInstalled final : public Check {
 public:
  explicit RunsWhatWasInstalled(const Context& context)
      : Check(context),
        binaries_(context.header.nodes.size()),
        configs_(context.header.nodes.size()) {}

  std::string_view Id() const override { return "runs-what-was-installed"; }
  std::string_view Statement() const override {
    return "The version and configuration that run after a step are those installed by it.";
  }
  Section InSection() const override { return Section::kProcedure; }
  KindSet Subscribes() const override {
    return {EventKind::kBinaryInstalled, EventKind::kConfigInstalled, EventKind::kNodeUp};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    if (!model().IsNode(event.node)) return;
    const Evidence now = {.index = index, .event = event};
    if (event.kind == EventKind::kBinaryInstalled) binaries_[event.node] = now;
    if (event.kind == EventKind::kConfigInstalled) configs_[event.node] = now;
    if (event.kind == EventKind::kNodeUp) Judge(event.node, Cause::kProduct);
  }

  // Whatever still runs what was there before: nobody restarted it.
  void OnEnd() override {
    if (NotDone(model()).empty()) {
      for (NodeId node = 0; model().IsNode(node); ++node) {
        if (model().node(node).up) Judge(node, Cause::kEngine);
      }
    }
    if (premise_count_ == 0) not_judged_ = "nothing that runs was installed";
  }

 private:
  void Judge(NodeId node, Cause cause) {
    const NodeFacts& facts = model().node(node);
    const Evidence& up = model().acts().up(node);
    if (binaries_[node].event.kind != EventKind::kCount) {
      ++premise_count_;
      if (facts.version != facts.installed_version) {
        Report(kVersion, cause, node, {up, binaries_[node]},
               fmt::format("{} runs {}, but {} is installed", NameOf(node),
                           texts().Get(facts.version), texts().Get(facts.installed_version)));
      }
    }
    if (configs_[node].event.kind != EventKind::kCount) {
      ++premise_count_;
      if (facts.config != facts.installed_config) {
        Report(
            kConfig, cause, node, {up, configs_[node]},
            fmt::format("{} runs with another configuration than the one installed", NameOf(node)));
      }
    }
  }

  void Report(std::uint64_t wrong, Cause cause, NodeId node, std::vector<Evidence> evidence,
              std::string why) {
    ReportOnce(findings(), *this, wrong,
               {.kind = FindingKind::kOrder,
                .cause = cause,
                .why = std::move(why),
                .evidence = std::move(evidence),
                .nodes = {node}});
  }

  std::vector<Evidence> binaries_;  // by node: the last installation
  std::vector<Evidence> configs_;
};

}  // namespace

std::unique_ptr<Check> MakeRunsWhatWasInstalled(const Context& context) {
  return std::make_unique<RunsWhatWasInstalled>(context);
}

}  // namespace tidegate::verifier
