// A lab of three hosts without a world: two with an old Pump and a TiDB each, one with the old
// Drainer; a new Pump's slot on the first, where nothing is installed yet.
#pragma once

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lab/hosts/tree.h"
#include "lab/shell/translate.h"
#include "tests/support/temp_dir.h"
#include "tests/support/why.h"

namespace tidegate::test {

inline sim::NodePlan& AddPart(sim::RunPlan* plan, Role role, const std::string& host,
                              std::int64_t port, const std::string& part, const std::string& dir) {
  sim::NodePlan& node = plan->nodes.emplace_back();
  node.info.name = fmt::format("{}-{}", RoleName(role), plan->nodes.size());
  node.info.role = role;
  node.info.host = host;
  node.info.port = port;
  node.binary_path = dir + "/bin/" + part;
  return node;
}

inline sim::RunPlan SmallPlan() {
  sim::RunPlan plan;
  plan.epoch_ms = 1'546'300'800'000;  // 2019-01-01
  sim::NodePlan& pd = AddPart(&plan, Role::kPd, "10.0.1.1", 2379, "pd", "/usr");
  pd.info.unit = "pd.service";
  pd.version = "v2.0.7";
  for (const std::string host : {"10.0.1.1", "10.0.1.2"}) {
    const std::string dir = "/home/tidb/deploy";
    sim::NodePlan& pump = AddPart(&plan, Role::kPump, host, 8250, "pump", dir);
    pump.info.era = Era::kKafka;
    pump.info.unit = "pump.service";
    pump.info.data_dir = dir + "/data.pump";
    pump.config_path = dir + "/conf/pump.toml";
    pump.config = "write-mode = \"mixed\"\n";
    pump.version = "kafka-head";
    pump.enabled = pump.running = true;
    sim::NodePlan& tidb = AddPart(&plan, Role::kTidb, host, 4000, "tidb-server", dir);
    tidb.info.unit = "tidb-4000.service";
    tidb.info.target_version = "v2.1.0";
    tidb.status_port = 10080;
    tidb.config_path = dir + "/conf/tidb.toml";
    tidb.config = "[binlog]\n";
    tidb.version = "v2.0.7";
    tidb.enabled = tidb.running = true;
  }
  sim::NodePlan& sink = AddPart(&plan, Role::kDownstream, "10.0.1.71", 3306, "mysql", "/usr");
  sink.etcd_id = "reporting";
  sim::NodePlan& drainer =
      AddPart(&plan, Role::kDrainer, "10.0.1.9", 8249, "drainer", "/home/tidb/drainer");
  drainer.info.era = Era::kKafka;
  drainer.info.unit = "drainer.service";
  drainer.info.data_dir = "/home/tidb/drainer/data.drainer";
  drainer.config_path = "/home/tidb/drainer/conf/drainer.toml";
  drainer.config = "detect-interval = 10\n";
  drainer.version = "kafka-head";
  sim::NodePlan& fresh =
      AddPart(&plan, Role::kPump, "10.0.1.1", 8251, "pump", "/home/tidb/pump-cluster");
  fresh.info.era = Era::kCluster;
  fresh.info.unit = "pump-8251.service";
  fresh.info.data_dir = "/home/tidb/pump-cluster/data.pump";
  fresh.info.target_version = "v2.1.0";
  fresh.config_path = "/home/tidb/pump-cluster/conf/pump.toml";
  return plan;
}

inline NodeId Node(const sim::RunPlan& plan, std::string_view host, std::string_view unit) {
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (plan.nodes[i].info.host == host && plan.nodes[i].info.unit == unit) {
      return static_cast<NodeId>(i);
    }
  }
  BOOST_REQUIRE_MESSAGE(false, fmt::format("no {} on {}", unit, host));
  return kNoNode;
}

/// Units start and stop at once; everything else is answered from `answers` by its description.
class FakeHands final : public lab::Hands {
 public:
  std::vector<std::string> log;
  std::map<std::string, std::string> states;  ///< "unit on host" to ActiveState
  std::map<std::string, engine::port::Answer> answers;
  std::vector<std::string> refused;
  std::map<NodeId, std::function<void(int)>> when_down;
  const sim::RunPlan* plan = nullptr;

  void Perform(const engine::port::Action& action, lab::OnAnswer on_answer) override {
    const std::string text = engine::port::Describe(action);
    log.push_back(text);
    if (Answered(text, on_answer)) return;
    if (const auto* start = std::get_if<engine::port::StartProcess>(&action)) {
      states[start->unit + " on " + start->host] = "active";
    }
    const auto* stop = std::get_if<engine::port::StopProcess>(&action);
    if (stop != nullptr) states[stop->unit + " on " + stop->host] = "inactive";
    on_answer({});
    if (stop != nullptr && stop->signal != 0) Down(stop->host, stop->unit);
  }

  void Ask(const engine::port::Query& query, Duration, lab::OnAnswer on_answer) override {
    const std::string text = engine::port::Describe(query);
    log.push_back(text);
    if (Answered(text, on_answer)) return;
    engine::port::Answer answer;
    if (const auto* shown = std::get_if<engine::port::ShowUnit>(&query)) {
      const std::string& known = states[shown->unit + " on " + shown->host];
      const std::string state = known.empty() ? "inactive" : known;
      const bool up = state == "active";
      if (engine::port::UnderSupervise(shown->unit)) {
        answer.body =
            shown->unit + (up ? ": up (pid 17) 5 seconds\n" : ": supervise not running\n");
        on_answer(answer);
        return;
      }
      answer.body =
          fmt::format("LoadState=loaded\nActiveState={}\nSubState={}\nUnitFileState=enabled\n",
                      state, up ? "running" : "dead");
    }
    on_answer(answer);
  }

  void WhenDown(NodeId node, std::function<void(int)> then) override {
    when_down[node] = std::move(then);
  }
  Time now() const override { return 90 * kSecond; }
  void Refused(const std::string& host, const std::string& what) override {
    refused.push_back(host + ": " + what);
  }

 private:
  void Down(const std::string& host, const std::string& unit) {
    const auto found = when_down.find(Node(*plan, host, unit));
    if (found == when_down.end()) return;
    const auto then = std::move(found->second);
    when_down.erase(found);
    then(0);
  }

  // Statements are known by their endpoint, which stands before a colon and a blank.
  bool Answered(const std::string& text, const lab::OnAnswer& on_answer) const {
    const auto found = answers.find(text.substr(0, text.find(": ")));
    if (found == answers.end()) return false;
    on_answer(found->second);
    return true;
  }
};

/// SmallPlan, with the Pump and the TiDB of the first host under supervise.
inline sim::RunPlan SupervisedPlan() {
  sim::RunPlan plan = SmallPlan();
  for (sim::NodePlan& node : plan.nodes) {
    const bool installed = node.info.role == Role::kPump || node.info.role == Role::kTidb;
    if (node.info.host != "10.0.1.1" || !installed || node.version.empty()) continue;
    node.enabled = false;
    node.info.unit =
        fmt::format("/home/tidb/deploy/status/{}", node.info.role == Role::kPump ? "pump" : "tidb");
  }
  return plan;
}

/// Trees of a plan in a folder of their own.
class SmallLab {
 public:
  explicit SmallLab(sim::RunPlan plan = SmallPlan()) : plan_(std::move(plan)), trees_(MakeTrees()) {
    hands_.plan = &plan_;
  }

  const sim::RunPlan& plan() const { return plan_; }
  lab::Trees& trees() { return trees_; }
  FakeHands& hands() { return hands_; }
  const std::string& path() const { return dir_.path(); }
  const lab::RootDir& On(std::string_view host) const {
    const lab::RootDir* root = trees_.Root(host);
    BOOST_REQUIRE(root != nullptr);
    return *root;
  }

 private:
  lab::Trees MakeTrees() {
    Result<lab::Trees> trees = lab::Trees::Make(
        plan_, {dir_.path(), TIDEGATE_LAB_SHELL, {{"10.0.1.9", {"drainer-orders"}}}});
    BOOST_REQUIRE_MESSAGE(trees.has_value(), Why(trees));
    return std::move(*trees);
  }

  TempDir dir_;
  sim::RunPlan plan_;
  lab::Trees trees_;
  FakeHands hands_;
};

}  // namespace tidegate::test
