// HTTP bodies and configuration of the cluster era, as texts.
#include "sim/world/cluster_status.h"

#include <boost/test/unit_test.hpp>

#include "sim/world/cluster_config.h"

namespace tidegate::sim {
namespace {

using trace::RegistryState;

RegistryRecord Record(std::string id, RegistryState state, Tso max_commit_ts, Tso update_ts) {
  RegistryRecord record;
  record.id = std::move(id);
  record.host = std::string("10.0.0.1:8250");
  record.state = state;
  record.max_commit_ts = max_commit_ts;
  record.update_ts = update_ts;
  return record;
}

RunPlan PlanWithTables() {
  RunPlan plan;
  for (const char* schema : {"shop", "audit", "mysql"}) {
    TablePlan table;
    table.schema = schema;
    table.name = std::string("t");
    plan.tables.push_back(table);
  }
  return plan;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cluster_status)

BOOST_AUTO_TEST_CASE(pump_status_lists_the_registry_in_order_of_keys) {
  const RegistryRecord one = Record("b:8250", RegistryState::kOnline, 5, 6);
  const RegistryRecord two = Record("a:8250", RegistryState::kPaused, 7, 8);
  BOOST_TEST(ClusterPumpStatusBody({&one, &two}, 9, "") ==
             "{\"status\":{\"a:8250\":{\"nodeId\":\"a:8250\",\"host\":\"10.0.0.1:8250\",\"state\":"
             "\"paused\",\"isAlive\":false,\"score\":0,\"label\":null,\"maxCommitTS\":7,"
             "\"updateTS\":8},\"b:8250\":{\"nodeId\":\"b:8250\",\"host\":\"10.0.0.1:8250\","
             "\"state\":\"online\",\"isAlive\":false,\"score\":0,\"label\":null,\"maxCommitTS\":5,"
             "\"updateTS\":6}},\"CommitTS\":9,\"Checkpoint\":{},\"ErrMsg\":\"\"}\n");
  BOOST_TEST(ClusterPumpStatusBody({}, 0, "no etcd") ==
             "{\"status\":null,\"CommitTS\":0,\"Checkpoint\":{},\"ErrMsg\":\"no etcd\"}\n");
  BOOST_TEST(ClusterPumpStatusBody({}, 3, "") ==
             "{\"status\":{},\"CommitTS\":3,\"Checkpoint\":{},\"ErrMsg\":\"\"}\n");
}

BOOST_AUTO_TEST_CASE(drainer_status_before_and_after_the_first_tick) {
  BOOST_TEST(ClusterDrainerStatusBody({}) ==
             "{\"PumpPos\":null,\"Synced\":false,\"LastTS\":0,\"TsMap\":\"\"}\n");
  BOOST_TEST(ClusterDrainerStatusBody({true, {{"b", 2}, {"a", 1}}, true, 3}) ==
             "{\"PumpPos\":{\"a\":1,\"b\":2},\"Synced\":true,\"LastTS\":3,\"TsMap\":\"\"}\n");
  BOOST_TEST(ClusterDrainerStatusBody({true, {}, false, 3}) ==
             "{\"PumpPos\":{},\"Synced\":false,\"LastTS\":3,\"TsMap\":\"\"}\n");
  BOOST_TEST(ClusterCommitTsBody(398907800202772481) ==
             "{\n  \"message\": \"get drainer's latest ts success!\",\n  \"code\": 200,\n"
             "  \"data\": {\n    \"ts\": 398907800202772481\n  }\n}\n");
}

BOOST_AUTO_TEST_CASE(a_state_change_is_answered_200_whatever_happens) {
  const auto judge = [](std::string_view path, RegistryState state) {
    return JudgeStateChange(path, "n:8250", state);
  };
  const StateChange pause = judge("/state/n:8250/pause", RegistryState::kOnline);
  BOOST_TEST(pause.accepted);
  BOOST_TEST(!pause.close);
  BOOST_TEST(pause.response.status == 200);
  BOOST_TEST(pause.response.body ==
             "{\n  \"message\": \"apply action pause success!\",\n  \"code\": 200,\n"
             "  \"data\": null\n}\n");
  BOOST_TEST(judge("/state/n:8250/close", RegistryState::kOnline).close);

  const StateChange other = judge("/state/m:8250/pause", RegistryState::kOnline);
  BOOST_TEST(!other.accepted);
  BOOST_TEST(other.response.status == 200);
  BOOST_TEST(other.response.body ==
             "{\n  \"message\": \"invalide nodeID m:8250, this pump's nodeID is n:8250\",\n"
             "  \"code\": 3,\n  \"data\": null\n}\n");
  BOOST_TEST(judge("/state/n:8250/pause", RegistryState::kPaused).response.body ==
             "{\n  \"message\": \"this pump's state is paused, apply pause failed!\",\n"
             "  \"code\": 3,\n  \"data\": null\n}\n");
  BOOST_TEST(judge("/state/n:8250/stop", RegistryState::kOnline).response.body ==
             "{\n  \"message\": \"invalide action stop\",\n  \"code\": 3,\n  \"data\": null\n}\n");
  BOOST_TEST(judge("/state/", RegistryState::kOnline).response.status == 404);
}

BOOST_AUTO_TEST_CASE(drainer_configuration) {
  const RunPlan plan = PlanWithTables();
  const Dialect& dialect = DialectOf(DialectName::kCluster30);
  const Result<ClusterDrainerConfig> plain = ReadClusterDrainerConfig("", "", dialect, plan);
  BOOST_REQUIRE(plain.has_value());
  BOOST_TEST((plain->sink == ClusterSinkKind::kTable));
  BOOST_TEST(plain->worker_count == 16);
  BOOST_TEST(plain->initial_commit_ts == -1);
  BOOST_TEST(plain->checkpoint_store == "tidb_binlog.checkpoint");
  BOOST_TEST(plain->filter.Passes(0));
  BOOST_TEST(!plain->filter.Passes(2));  // mysql is ignored by default

  const Result<ClusterDrainerConfig> file = ReadClusterDrainerConfig(
      "detect-interval = 7\nsynced-check-time = 2\ninitial-commit-ts = 5\n[syncer]\n"
      "db-type = \"kafka\"\nworker-count = 8\nreplicate-do-db = [\"shop\"]\n",
      "exec bin/drainer \\\n  --initial-commit-ts=\"12\"\n", dialect, plan);
  BOOST_REQUIRE(file.has_value());
  BOOST_TEST(file->detect_interval == 7 * kSecond);
  BOOST_TEST(file->synced_check_time == 2 * kMinute);
  BOOST_TEST(file->initial_commit_ts == 12);  // the flag stands above the file
  BOOST_TEST(file->worker_count == 1);        // one record is one transaction
  BOOST_TEST(file->filter.Passes(0));
  BOOST_TEST(!file->filter.Passes(1));
}

BOOST_AUTO_TEST_CASE(what_the_versions_refuse) {
  const RunPlan plan = PlanWithTables();
  const Dialect& new_one = DialectOf(DialectName::kCluster30);
  const Dialect& old_one = DialectOf(DialectName::kCluster21);
  const std::string flash = "[syncer]\ndb-type = \"flash\"\n";
  BOOST_TEST(!ReadClusterDrainerConfig(flash, "", new_one, plan).has_value());
  BOOST_TEST(ReadClusterDrainerConfig(flash, "", old_one, plan).has_value());
  // A Kafka-era file carried over as it is.
  const Result<ClusterDrainerConfig> kafka_era =
      ReadClusterDrainerConfig("kafka-addrs = \"10.0.0.9:9092\"\n", "", old_one, plan);
  BOOST_REQUIRE(!kafka_era.has_value());
  BOOST_TEST(kafka_era.error().message ==
             "drainer: config file contained unknown configuration options: kafka-addrs");
  BOOST_TEST(!ReadClusterDrainerConfig("= 1", "", old_one, plan).has_value());

  BOOST_TEST(!ReadClusterPumpConfig("gc = \"8h\"\n", old_one).has_value());
  const Result<ClusterPumpConfig> hours = ReadClusterPumpConfig("gc = \"8h\"\n", new_one);
  BOOST_REQUIRE(hours.has_value());
  BOOST_TEST(hours->gc == 8 * kHour);
  BOOST_TEST(!ReadClusterPumpConfig("gc = 0\n", new_one).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::sim
