// From names and ranges to a RunPlan; and the RunPlan as JSON, there and back.
#include "sim/resolve.h"

#include <boost/test/unit_test.hpp>

#include "sim/run_plan_json.h"

namespace tidegate::sim {
namespace {

NodePlan Node(std::string name, Role role, bool old_side = false) {
  NodePlan node;
  node.info.name = std::move(name);
  node.info.role = role;
  node.info.host = "10.0.0.1";
  node.info.old_side = old_side;
  return node;
}

Topology SmallTopology() {
  Topology topology;
  topology.nodes = {Node("pd-1", Role::kPd),
                    Node("kafka-1", Role::kKafka, true),
                    Node("old-pump-1", Role::kPump, true),
                    Node("tidb-1", Role::kTidb),
                    Node("downstream-1", Role::kDownstream),
                    Node("downstream-2", Role::kDownstream),
                    Node("old-drainer-1", Role::kDrainer, true),
                    Node("pump-1", Role::kPump),
                    Node("service", Role::kService),
                    Node("engine", Role::kEngine)};
  topology.nodes[2].etcd_id = "172.16.10.49:8250";
  topology.sinks = {{4, {{"mysql"}, {}, {}}}, {5, {{}, {"~^shop"}, {"crm.vip"}}}};
  topology.marker_schema = "shop";
  return topology;
}

Scenario Read(const std::string& rest) {
  Result<Scenario> scenario = ParseScenario(
      R"({"name": "s", "topology": {}, "expect": {"verdict": "pass"})" + rest + "}", "s.json");
  BOOST_TEST_REQUIRE(scenario.has_value(), (scenario ? "" : scenario.error().ToString()));
  return *std::move(scenario);
}

std::string Refusal(const std::string& rest) {
  const Result<RunPlan> plan = Resolve(Read(rest), SmallTopology(), 1);
  return plan ? "(accepted)" : plan.error().ToString();
}

std::string Text(const RunPlan& plan) { return RunPlanToJson(plan, JsonWriter::Style::kIndented); }

const char* const kRich = R"(,
  "tables": [{"schema": "shop_eu", "name": "a"}, {"schema": "crm", "name": "vip", "key": false},
             {"schema": "crm", "name": "other"}, {"schema": "MySQL", "name": "user"}],
  "workload": {"transactions": 50, "long_transactions": [{"at": "1s", "hold": "2s", "tidb": "tidb-1"}]},
  "engine": {"operator": {"b": "no", "a": "yes"}},
  "faults": [
    {"kill": "tidb-1", "at": ["10s", "60s"]},
    {"partition": ["old-pump-1", "kafka-1"], "on": {"event": "gate-judged", "match": "open"}, "for": "3s"},
    {"retention": "kafka-1", "topic": "old-pump-1", "keep": 3, "on": {"event": "checkpoint-saved", "node": "downstream-1", "match": "commitTS"}, "nth": 2, "after": "1s"},
    {"engine_crash": "torn-tail", "output": 4}
  ])";

BOOST_AUTO_TEST_SUITE(resolve)

BOOST_AUTO_TEST_CASE(names_become_nodes_and_ranges_numbers) {
  const Result<RunPlan> plan = Resolve(Read(kRich), SmallTopology(), 5);
  BOOST_TEST_REQUIRE(plan.has_value());
  BOOST_TEST(plan->faults[0].node == 3);
  BOOST_TEST(plan->faults[0].trigger.at >= 10 * kSecond);
  BOOST_TEST(plan->faults[0].trigger.at <= 60 * kSecond);
  BOOST_TEST(plan->faults[0].description ==
             "kill tidb-1 at " + FormatDuration(plan->faults[0].trigger.at));
  BOOST_TEST(plan->faults[1].node == 2);
  BOOST_TEST(plan->faults[1].peer == 1);
  BOOST_TEST(plan->faults[1].trigger.match_code == 1);
  BOOST_TEST(plan->faults[2].trigger.node == 4);
  BOOST_TEST(plan->faults[2].trigger.match_text == "commitTS");
  BOOST_TEST(plan->faults[3].node == 9);
  BOOST_TEST(plan->faults[3].amount == 4);
  BOOST_TEST(plan->workload.long_transactions[0].tidb == 3);
  BOOST_TEST(plan->operator_answers == (std::vector<std::string>{"a=yes", "b=no"}),
             boost::test_tools::per_element());
}

// Whatever goes to another version gets what lies under that version's name.
BOOST_AUTO_TEST_CASE(a_binary_in_the_resources_folder_that_is_another) {
  Topology topology = SmallTopology();
  for (NodePlan& node : topology.nodes) {
    if (node.info.role == Role::kTidb) node.info.target_version = "v2.1.0";
  }
  const auto plan =
      Resolve(Read(R"(, "hidden": {"resources": {"tidb-server": "v2.0.7", "pump": "v2.0.7"}})"),
              topology, 1);
  BOOST_TEST_REQUIRE(plan.has_value());
  for (const NodePlan& node : plan->nodes) {
    BOOST_TEST(node.delivered == (node.info.role == Role::kTidb ? "v2.0.7" : ""), node.info.name);
  }
  BOOST_TEST(Text(*plan) == Text(*ParseRunPlan(Text(*plan), "p.json")));
}

BOOST_AUTO_TEST_CASE(tables_know_their_sinks) {
  const Result<RunPlan> plan = Resolve(Read(kRich), SmallTopology(), 5);
  BOOST_TEST_REQUIRE(plan.has_value());
  BOOST_TEST_REQUIRE(plan->tables.size() == 5U);
  using Sinks = std::vector<NodeId>;
  BOOST_TEST((plan->tables[0].sinks == Sinks{4, 5}));  // "~^shop"
  BOOST_TEST((plan->tables[1].sinks == Sinks{4, 5}));  // crm.vip by name
  BOOST_TEST((plan->tables[2].sinks == Sinks{4}));
  BOOST_TEST((plan->tables[3].sinks == Sinks{}));  // schemas are compared in lower case
  BOOST_TEST(plan->tables[4].marker);
  BOOST_TEST(plan->tables[4].schema == "shop");
  BOOST_TEST((plan->tables[4].sinks == Sinks{4, 5}));
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_plan_and_another_differs) {
  const Scenario scenario = Read(kRich);
  const Topology topology = SmallTopology();
  const std::string one = Text(*Resolve(scenario, topology, 1));
  BOOST_TEST(one == Text(*Resolve(scenario, topology, 1)));
  const Result<RunPlan> other = Resolve(scenario, topology, 2);
  BOOST_TEST(one != Text(*other));
  BOOST_TEST(other->faults[0].trigger.at != Resolve(scenario, topology, 1)->faults[0].trigger.at);
}

BOOST_AUTO_TEST_CASE(a_node_that_is_not_there) {
  BOOST_TEST(Refusal(R"(, "faults": [{"kill": "tibd-1", "at": "1s"}])") ==
             "s.json:1:82: no node is named 'tibd-1'; did you mean 'tidb-1'?; there are pd-1, "
             "kafka-1, old-pump-1, tidb-1, downstream-1, downstream-2, old-drainer-1, pump-1, "
             "service, engine");
  BOOST_TEST(
      Refusal(
          R"(, "faults": [{"kill": "tidb-1", "on": {"event": "alert", "node": "old-drainer-7"}}])")
          .find("no node is named 'old-drainer-7'; did you mean 'old-drainer-1'?") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_node_of_another_kind) {
  BOOST_TEST(Refusal(R"(, "faults": [{"pd_no_tso": "tidb-1", "at": "1s"}])") ==
             "s.json:1:87: 'pd_no_tso' needs a pd; 'tidb-1' is a tidb");
  BOOST_TEST(Refusal(R"(, "faults": [{"retention": "kafka-1", "topic": "tidb-1", "at": "1s"}])") ==
             "s.json:1:107: 'topic' needs a pump; 'tidb-1' is a tidb");
  BOOST_TEST(Refusal(R"(, "faults": [{"kill": "engine", "at": "1s"}])") ==
             "s.json:1:82: 'kill' can't be done to 'engine'; see engine_crash");
  BOOST_TEST(
      Refusal(
          R"(, "workload": {"long_transactions": [{"at": "1s", "hold": "1s", "tidb": "pump-1"}]})") ==
      "s.json:1:132: 'tidb' needs a tidb; 'pump-1' is a pump");
}

BOOST_AUTO_TEST_CASE(captured_state_sets_clock_checkpoint_and_backlog) {
  Scenario scenario = Read("");
  scenario.captured.given = true;
  scenario.captured.upper = 398907800202772481;
  scenario.captured.saved_commit_ts = 398907798000000001;
  scenario.captured.cluster_id = 6511234567890123456U;
  scenario.captured.positions["172.16.10.49:8250"] = 27686;
  scenario.captured.log_ends["172.16.10.49:8250"] = 33000;
  const Result<RunPlan> plan = Resolve(scenario, SmallTopology(), 1);
  BOOST_TEST_REQUIRE(plan.has_value());
  BOOST_TEST(plan->epoch_ms == 1521712494670);  // 2018-03-22
  BOOST_TEST(plan->saved_commit_ts == 398907798000000001);
  BOOST_TEST(plan->cluster_id == 6511234567890123456U);
  BOOST_TEST_REQUIRE(plan->backlog.size() == 1U);
  BOOST_TEST(plan->backlog[0].pump == 2);
  BOOST_TEST(plan->backlog[0].first_offset == 27686);
  BOOST_TEST(plan->backlog[0].end_offset == 33000);
  scenario.captured.positions["172.16.10.48:8250"] = 1;
  scenario.captured.log_ends["172.16.10.48:8250"] = 1;
  BOOST_TEST(Resolve(scenario, SmallTopology(), 1).error().ToString() ==
             "s.json: captured: no old Pump has the node id '172.16.10.48:8250'; did you mean "
             "'172.16.10.49:8250'?; there are 172.16.10.49:8250");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(run_plan_json)

RunPlan RichPlan() {
  Scenario scenario = Read(kRich);
  Topology topology = SmallTopology();
  topology.nodes[6].info.sink = 4;
  topology.nodes[6].info.era = Era::kKafka;
  topology.nodes[6].config = "a = \"quoted\"\nb = 1\n";
  topology.nodes[3].local_pump = 2;
  RunPlan plan = *Resolve(scenario, topology, 0xFEDCBA9876543210ULL);
  plan.backlog = {{2, 5, 9}};
  plan.saved_commit_ts = 398907798000000001;
  plan.latency_min = 123456789;
  return plan;
}

BOOST_AUTO_TEST_CASE(read_again_it_is_the_same) {
  const RunPlan plan = RichPlan();
  for (const auto style : {JsonWriter::Style::kCompact, JsonWriter::Style::kIndented}) {
    const Result<RunPlan> again = ParseRunPlan(RunPlanToJson(plan, style), "plan.json");
    BOOST_TEST_REQUIRE(again.has_value(), (again ? "" : again.error().ToString()));
    BOOST_TEST(Text(*again) == Text(plan));
    BOOST_TEST(again->seed == 0xFEDCBA9876543210ULL);
    BOOST_TEST(again->latency_min == 123456789);
    BOOST_TEST(again->nodes[6].info.sink == 4);
    BOOST_TEST(again->nodes[6].config == plan.nodes[6].config);
    BOOST_TEST(again->nodes[3].local_pump == 2);
    BOOST_TEST((again->faults[0].trigger.event == trace::EventKind::kCount));
    BOOST_TEST((again->faults[1].trigger.event == trace::EventKind::kGateJudged));
    BOOST_TEST((again->tables[0].sinks == std::vector<NodeId>{4, 5}));
    BOOST_TEST(again->backlog[0].end_offset == 9);
  }
}

BOOST_AUTO_TEST_CASE(passwords_stay_out) {
  RunPlan plan = RichPlan();
  plan.nodes[6].config = "[syncer.to]\npassword = \"s3cret\"\nport = 3306\n";
  const std::string text = Text(plan);
  BOOST_TEST(text.find("s3cret") == std::string::npos);
  const Result<RunPlan> again = ParseRunPlan(text, "p");
  BOOST_TEST_REQUIRE(again.has_value());
  BOOST_TEST(again->nodes[6].config == "[syncer.to]\npassword = \"***\"\nport = 3306\n");
  BOOST_TEST(Text(*again) == text);
}

BOOST_AUTO_TEST_CASE(damage_is_named) {
  const std::string text = RunPlanToJson(RichPlan(), JsonWriter::Style::kCompact);
  const auto damaged = [&](const std::string& from, const std::string& to) {
    std::string copy = text;
    const std::size_t at = copy.find(from);
    BOOST_TEST_REQUIRE(at != std::string::npos);
    copy.replace(at, from.size(), to);
    const Result<RunPlan> plan = ParseRunPlan(copy, "p");
    return plan ? "(accepted)" : plan.error().message;
  };
  BOOST_TEST(damaged("\"seed\":", "\"sed\":") == "a run plan needs 'seed'");
  BOOST_TEST(damaged("\"local_pump\":\"old-pump-1\"", "\"local_pump\":\"old-pump-2\"") ==
             "no node is named 'old-pump-2'; did you mean 'old-pump-1'?");
  BOOST_TEST(damaged("\"kind\":\"kill\"", "\"kind\":\"kil\"") ==
             "'kind' is 'kil', which names nothing");
  BOOST_TEST(damaged("\"latency_max\"", "\"extra\":1,\"latency_max\"") ==
             "unknown key 'extra' in a run plan");
  BOOST_TEST(damaged("\"faults\":[", "\"faults\":[7,") ==
             "an element of 'faults' must be an object, not an integer");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::sim
