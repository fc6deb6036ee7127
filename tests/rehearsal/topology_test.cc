// Every scenario file of the repository reads, draws and resolves; generated inventories become the
// cluster that was asked for; the topology has the nodes, in order, with their files and links.
#include "rehearsal/topology.h"

#include <boost/test/unit_test.hpp>

#include "base/files.h"
#include "rehearsal/inventory_text.h"
#include "sim/run_plan_json.h"

namespace tidegate::rehearsal {
namespace {

const std::string kScenarios = std::string(TIDEGATE_SOURCE_DIR) + "/scenarios";

sim::Scenario Read(const std::string& rest) {
  Result<sim::Scenario> scenario =
      sim::ParseScenario(R"({"name": "s", "expect": {"verdict": "pass"}, )" + rest + "}", "s.json");
  BOOST_TEST_REQUIRE(scenario.has_value(), (scenario ? "" : scenario.error().ToString()));
  return *std::move(scenario);
}

Prepared Ready(const sim::Scenario& scenario, std::uint64_t seed = 1) {
  Result<Prepared> prepared = Prepare(scenario, seed);
  BOOST_TEST_REQUIRE(prepared.has_value(), (prepared ? "" : prepared.error().ToString()));
  return *std::move(prepared);
}

const sim::NodePlan& NodeOf(const sim::RunPlan& plan, std::string_view name) {
  for (const sim::NodePlan& node : plan.nodes) {
    if (node.info.name == name) return node;
  }
  BOOST_FAIL("no node " << name);
  return plan.nodes[0];
}

std::string NameOf(const sim::RunPlan& plan, NodeId id) {
  return id == kNoNode ? "" : plan.nodes[id].info.name;
}

BOOST_AUTO_TEST_SUITE(topology)

BOOST_AUTO_TEST_CASE(every_scenario_file_resolves) {
  const Result<std::vector<std::string>> files = ListFiles(kScenarios, ".json");
  BOOST_TEST_REQUIRE(files.has_value());
  BOOST_TEST(files->size() >= 9U);
  for (const std::string& file : *files) {
    const Result<sim::Scenario> scenario = sim::LoadScenario(file, {});
    BOOST_TEST_REQUIRE(scenario.has_value(), (scenario ? "" : scenario.error().ToString()));
    const Status draws = sim::CheckDraws(*scenario);
    BOOST_TEST(draws.has_value(), (draws ? "" : draws.error().ToString()));
    for (std::uint64_t seed = 1; seed <= (scenario->has_draws ? 50U : 1U); ++seed) {
      const Result<Prepared> prepared = Prepare(*scenario, seed);
      BOOST_TEST_REQUIRE(prepared.has_value(),
                         file + ": " + (prepared ? "" : prepared.error().ToString()));
      const Result<sim::RunPlan> again = sim::ParseRunPlan(
          sim::RunPlanToJson(prepared->plan, JsonWriter::Style::kCompact), "plan");
      BOOST_TEST_REQUIRE(again.has_value(), (again ? "" : again.error().ToString()));
      BOOST_TEST(sim::RunPlanToJson(*again, JsonWriter::Style::kCompact) ==
                 sim::RunPlanToJson(prepared->plan, JsonWriter::Style::kCompact));
    }
  }
}

BOOST_AUTO_TEST_CASE(counts_become_nodes_in_order) {
  const Prepared p = Ready(Read(
      R"("topology": {"tidbs": 2, "kafkas": 2, "zookeepers": 1, "new_pumps": 1, "old_drainers": 2})"));
  std::string names;
  for (const sim::NodePlan& node : p.plan.nodes) names += node.info.name + " ";
  BOOST_TEST(names ==
             "pd-1 tikv-1 zookeeper-1 kafka-1 kafka-2 old-pump-1 old-pump-2 tidb-1 tidb-2 "
             "downstream-1 downstream-2 old-drainer-1 old-drainer-2 pump-1 drainer-1 drainer-2 "
             "service engine ");
  const sim::NodePlan& tidb = NodeOf(p.plan, "tidb-2");
  BOOST_TEST(NameOf(p.plan, tidb.local_pump) == "old-pump-2");
  BOOST_TEST(tidb.info.unit == "tidb-4000.service");
  BOOST_TEST(tidb.version == "v2.0.7");
  BOOST_TEST(tidb.info.target_version == "v2.1.0");
  BOOST_TEST(tidb.config ==
             "[binlog]\nbinlog-socket = \"/home/tidb/deploy/status/pump.sock\"\n"
             "write-timeout = \"15s\"\nignore-error = false\n");
  const sim::NodePlan& pump = NodeOf(p.plan, "old-pump-1");
  BOOST_TEST(pump.etcd_id == "tidb1:8250");
  BOOST_TEST(pump.binary_path == "/home/tidb/deploy/bin/pump");
  BOOST_TEST(pump.version == "kafka-head");
  BOOST_TEST(pump.config == "write-mode = \"mixed\"\nenable-tolerant = true\n");
  BOOST_TEST(pump.info.old_side);
  const sim::NodePlan& drainer = NodeOf(p.plan, "old-drainer-2");
  BOOST_TEST(NameOf(p.plan, drainer.info.sink) == "downstream-2");
  BOOST_TEST((drainer.running && drainer.enabled));
  const sim::NodePlan& fresh = NodeOf(p.plan, "drainer-2");
  BOOST_TEST(NameOf(p.plan, fresh.info.sink) == "downstream-2");
  BOOST_TEST(fresh.version == "");
  BOOST_TEST(!fresh.running);
  BOOST_TEST((fresh.info.new_side && fresh.info.era == Era::kCluster));
  BOOST_TEST(fresh.info.port == 8349);
  BOOST_TEST(NodeOf(p.plan, "kafka-1").info.old_side);
  BOOST_TEST(p.cluster.marker_schema == "shop");
}

BOOST_AUTO_TEST_CASE(new_pumps_on_the_old_hosts_share_their_homes) {
  const Prepared p = Ready(Read(R"("topology": {"tidbs": 2, "same_hosts": true})"));
  const sim::NodePlan& old_pump = NodeOf(p.plan, "old-pump-2");
  const sim::NodePlan& pump = NodeOf(p.plan, "pump-2");
  BOOST_TEST(pump.info.host == old_pump.info.host);
  BOOST_TEST(pump.info.port == old_pump.info.port);
  BOOST_TEST(pump.info.data_dir == old_pump.info.data_dir);
  BOOST_TEST(pump.binary_path == old_pump.binary_path);
  BOOST_TEST(pump.info.unit != old_pump.info.unit);
}

BOOST_AUTO_TEST_CASE(drainer_settings_reach_both_configurations) {
  const Prepared p = Ready(Read(R"("topology": {},
    "drainer": {"sink": "tidb", "worker_count": 7, "disable_dispatch": true, "detect_interval": "5s",
                "ignore_schemas": ["scratch"], "do_dbs": ["shop"], "checkpoint_schema": "ckpt"},
    "tables": [{"schema": "shop", "name": "a"}, {"schema": "crm", "name": "b"}])"));
  const engine::Drainer& old = p.cluster.old_drainers[0];
  BOOST_TEST(old.sink.type == "tidb");
  BOOST_TEST(old.sink.checkpoint_schema == "ckpt");
  BOOST_TEST(old.disable_dispatch);
  BOOST_TEST(old.detect_interval == 5 * kSecond);
  BOOST_TEST((p.cluster.new_drainers[0].filters == old.filters));
  BOOST_TEST(NodeOf(p.plan, "old-drainer-1").config.find("worker-count = 7") != std::string::npos);
  BOOST_TEST(p.plan.tables[0].sinks.size() == 1U);
  BOOST_TEST(p.plan.tables[1].sinks.empty());
}

BOOST_AUTO_TEST_CASE(a_shared_sink_is_one_downstream) {
  const Prepared p =
      Ready(Read(R"("topology": {}, "drainers": [{}, {"sink_of": "old-drainer-1"}])"));
  BOOST_TEST(NameOf(p.plan, NodeOf(p.plan, "old-drainer-2").info.sink) == "downstream-1");
  for (const sim::NodePlan& node : p.plan.nodes) BOOST_TEST(node.info.name != "downstream-2");
}

BOOST_AUTO_TEST_CASE(databases_are_what_the_scenario_says) {
  const std::string kind = R"("topology": {}, "downstream": {"kind": "mariadb"}, "drainer": )";
  for (const char* sink : {"mysql", "tidb"}) {
    const Prepared made = Ready(Read(kind + R"({"sink": ")" + sink + R"("})"));
    BOOST_TEST(NodeOf(made.plan, "downstream-1").version == "mariadb");
  }
  const Result<Prepared> file = Prepare(Read(kind + R"({"sink": "pb"})"), 1);
  BOOST_REQUIRE(!file.has_value());
  BOOST_TEST(file.error().ToString() ==
             "s.json: 'downstream.kind' is 'mariadb', and no Drainer's sink is a database");
  BOOST_TEST(
      !sim::ParseScenario(R"({"name": "s", "topology": {}, "downstream": {"kind": "x"}})", "s.json")
           .has_value());
}

BOOST_AUTO_TEST_CASE(hidden_parts_are_in_the_world_and_not_in_the_cluster) {
  const Prepared p =
      Ready(Read(R"("topology": {}, "hidden": {"tidbs": 1, "old_drainers": [{"sink": "pb"}]})"));
  BOOST_TEST(p.cluster.old_drainers.size() == 1U);
  BOOST_TEST(p.cluster.tidbs.size() == 1U);
  const sim::NodePlan& drainer = NodeOf(p.plan, "old-drainer-2");
  BOOST_TEST(NameOf(p.plan, drainer.info.sink) == "downstream-2");
  BOOST_TEST(drainer.config.find("db-type = \"pb\"") != std::string::npos);
  BOOST_TEST(!NodeOf(p.plan, "downstream-2").info.keyed_sink);
  BOOST_TEST(NameOf(p.plan, NodeOf(p.plan, "tidb-2").local_pump) == "old-pump-2");
}

BOOST_AUTO_TEST_CASE(a_sink_on_the_old_kafka_keeps_it_alive) {
  const Prepared p = Ready(Read(R"("topology": {}, "drainer": {"sink": "old-kafka"})"));
  BOOST_TEST(NodeOf(p.plan, "kafka-1").info.carries_foreign);
  BOOST_TEST(!NodeOf(p.plan, "kafka-1").info.old_side);
  BOOST_TEST(NodeOf(p.plan, "zookeeper-1").info.old_side);
}

BOOST_AUTO_TEST_CASE(an_operators_own_files) {
  const Result<sim::Scenario> scenario =
      sim::LoadScenario(kScenarios + "/kafka-to-cluster/steady-writes.json", {});
  BOOST_TEST_REQUIRE(scenario.has_value());
  const Prepared p = Ready(*scenario);
  BOOST_TEST(NodeOf(p.plan, "tidb-3").info.host == "10.20.1.13");
  BOOST_TEST(NodeOf(p.plan, "pump-2").info.host == "10.20.1.62");
  BOOST_TEST(NodeOf(p.plan, "old-drainer-1").info.data_dir == "/home/tidb/drainer/data.drainer");
  const trace::Header header = MakeHeader(p.plan);
  BOOST_TEST_REQUIRE(header.tables.size() == 5U);
  BOOST_TEST(header.tables[0].sinks.size() == 1U);  // orders.orders
  BOOST_TEST(header.tables[3].sinks.empty());       // scratch.notes
  BOOST_TEST(header.nodes.size() == p.plan.nodes.size());
}

BOOST_AUTO_TEST_CASE(captured_backlog_starts_at_the_operators_clock) {
  const Result<sim::Scenario> scenario =
      sim::LoadScenario(kScenarios + "/kafka-to-cluster/captured-backlog.json", {});
  BOOST_TEST_REQUIRE(scenario.has_value());
  const Prepared p = Ready(*scenario);
  BOOST_TEST_REQUIRE(p.plan.backlog.size() == 1U);
  BOOST_TEST(p.plan.backlog[0].first_offset == 27686);
  BOOST_TEST(p.plan.backlog[0].end_offset == 33000);
  BOOST_TEST(p.plan.saved_commit_ts == 398907798000000001);
  BOOST_TEST(p.plan.epoch_ms == 1521712494670);
}

BOOST_AUTO_TEST_CASE(generated_texts_look_like_an_operators) {
  const InventoryTexts texts = WriteInventories(Read(R"("topology": {"tidbs": 2, "kafkas": 2})"));
  BOOST_TEST(
      texts.inventory ==
      "## TiDB Cluster Part\n[tidb_servers]\ntidb1 ansible_host=10.0.1.1\n"
      "tidb2 ansible_host=10.0.1.2\n\n[tikv_servers]\ntikv1 ansible_host=10.0.3.1\n\n"
      "[pd_servers]\npd1 ansible_host=10.0.2.1\n\n## Binlog Part\n"
      "[pump_servers:children]\ntidb_servers\n\n## Global variables\n[all:vars]\n"
      "deploy_dir = /home/tidb/deploy\nansible_user = tidb\ncluster_name = s\n"
      "tidb_version = v2.0.7\nprocess_supervision = systemd\nenable_binlog = True\n"
      "zookeeper_addrs = \"10.0.6.1:2181\"\nkafka_addrs = \"10.0.6.1:9092,10.0.6.2:9092\"\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::rehearsal
