// Inventories and site file of a cluster whose Pumps and Drainers are of the cluster version, from
// the counts of a scenario's topology.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "rehearsal/inventory_text.h"

namespace tidegate::rehearsal {
namespace {

using sim::DrainerSettings;
using sim::Scenario;

// The default of every era (tidb-binlog: drainer/config.go ignore-schemas).
constexpr std::string_view kIgnored = "INFORMATION_SCHEMA,PERFORMANCE_SCHEMA,mysql";

std::string Inventory(const Scenario& scenario, const std::string& version) {
  std::string out = "## TiDB Cluster Part\n[tidb_servers]\n";
  for (std::size_t i = 0; i < static_cast<std::size_t>(scenario.topology->tidbs); ++i) {
    const std::string alias = TidbAlias(scenario, i);
    const std::string address = TidbAddress(scenario, i);
    out += alias == address ? alias + "\n" : fmt::format("{} ansible_host={}\n", alias, address);
  }
  out +=
      "\n[tikv_servers]\ntikv1 ansible_host=10.0.3.1\n\n[pd_servers]\npd1 ansible_host=10.0.2.1\n\n"
      "## Binlog Part\n[pump_servers]\n";
  for (std::int64_t i = 1; i <= scenario.topology->new_pumps; ++i) {
    out += fmt::format("pump{0} ansible_host=10.0.7.{0}\n", i);
  }
  out += "\n[drainer_servers]\n";
  for (std::size_t i = 0; i < scenario.drainers.size(); ++i) {
    out += fmt::format("drainer{} ansible_host={} initial_commit_ts=\"0\"\n", i + 1,
                       DrainerAddress(i));
  }
  return out + fmt::format(
                   "\n## Global variables\n[all:vars]\ndeploy_dir = /home/tidb/deploy\n"
                   "ansible_user = tidb\ncluster_name = {}\ntidb_version = {}\n"
                   "process_supervision = {}\nenable_binlog = True\n",
                   scenario.name, version, scenario.topology->supervision);
}

bool IsSql(const DrainerSettings& settings) {
  return settings.sink == "mysql" || settings.sink == "tidb";
}

std::string SinkTable(const DrainerSettings& settings, std::size_t index) {
  if (IsSql(settings)) {
    return fmt::format(
        "host = \"10.0.5.{0}\"\nuser = \"drainer\"\npassword = \"secret-{0}\"\nport = {1}\n",
        index + 1, settings.sink == "tidb" ? 4000 : 3306);
  }
  if (settings.sink == "kafka") return fmt::format("kafka-addrs = \"10.0.5.{}:9092\"\n", index + 1);
  return "dir = \"/home/tidb/deploy/data.drainer\"\n";
}

// tidb-binlog: cmd/drainer/drainer.toml; addresses and directories are flags of the run script.
std::string DrainerToml(const DrainerSettings& settings, std::size_t index) {
  std::string ignored(kIgnored);
  for (const std::string& schema : settings.ignore_schemas) ignored += "," + schema;
  std::string out = "# drainer Configuration.\n";
  out += fmt::format("detect-interval = {}\n",
                     settings.detect_interval.value_or(10 * kSecond) / kSecond);
  if (settings.synced_check_minutes) {
    out += fmt::format("synced-check-time = {}\n", *settings.synced_check_minutes);
  }
  out += fmt::format(
      "\n[syncer]\nignore-schemas = \"{}\"\ntxn-batch = {}\nworker-count = {}\n"
      "disable-dispatch = {}\nsafe-mode = {}\ndb-type = \"{}\"\n",
      ignored, settings.txn_batch.value_or(20), settings.worker_count.value_or(16),
      settings.disable_dispatch.value_or(false), settings.safe_mode.value_or(false), settings.sink);
  if (!settings.do_dbs.empty()) {
    out += fmt::format("replicate-do-db = [\"{}\"]\n", fmt::join(settings.do_dbs, "\", \""));
  }
  for (const std::string& table : settings.do_tables) {
    const std::size_t dot = table.find('.');
    out += fmt::format("\n[[syncer.replicate-do-table]]\ndb-name = \"{}\"\ntbl-name = \"{}\"\n",
                       table.substr(0, dot), table.substr(dot + 1));
  }
  out += "\n[syncer.to]\n" + SinkTable(settings, index);
  if (!settings.checkpoint_schema.empty()) {
    out += fmt::format("\n[syncer.to.checkpoint]\nschema = \"{}\"\n", settings.checkpoint_schema);
  }
  return out;
}

void WriteSink(const DrainerSettings& settings, std::size_t index, JsonWriter* out) {
  out->BeginObject().Key("name").String(fmt::format("downstream-{}", index + 1));
  out->Key("type").String(settings.sink);
  if (IsSql(settings)) {
    out->Key("host").String(fmt::format("10.0.5.{}", index + 1));
    out->Key("port").Int(settings.sink == "tidb" ? 4000 : 3306);
    if (!settings.checkpoint_schema.empty()) {
      out->Key("checkpoint_schema").String(settings.checkpoint_schema);
    }
  } else if (settings.sink == "kafka") {
    out->Key("kafka_addrs")
        .BeginArray()
        .String(fmt::format("10.0.5.{}:9092", index + 1))
        .EndArray();
  } else {
    out->Key("directory").String("/home/tidb/deploy/data.drainer");
  }
  out->EndObject();
}

std::string SiteText(const Scenario& scenario) {
  JsonWriter out(JsonWriter::Style::kIndented);
  out.BeginObject();
  out.Key("name").String(scenario.name);
  out.Key("drainers").BeginArray();
  for (std::size_t i = 0; i < scenario.drainers.size(); ++i) {
    out.BeginObject();
    out.Key("name").String(fmt::format("drainer{}", i + 1));
    out.Key("host").String(DrainerAddress(i));
    out.Key("config").BeginObject();
    out.Key("path").String("/home/tidb/deploy/conf/drainer.toml");
    out.Key("toml").String(DrainerToml(scenario.drainers[i], i)).EndObject();
    out.Key("sink").String(fmt::format("downstream-{}", i + 1)).EndObject();
  }
  out.EndArray();
  out.Key("sinks").BeginArray();
  for (std::size_t i = 0; i < scenario.drainers.size(); ++i) {
    WriteSink(scenario.drainers[i], i, &out);
  }
  out.EndArray();
  if (scenario.engine.write_outage_max > 0) {
    out.Key("budgets").BeginObject().Key("write_outage");
    out.String(FormatDuration(scenario.engine.write_outage_max)).EndObject();
  }
  out.Key("retention").BeginObject();
  out.Key("pump_gc").String("7d").EndObject();
  out.EndObject();
  return out.Take() + "\n";
}

}  // namespace

InventoryTexts WriteRollingInventories(const Scenario& scenario) {
  return {Inventory(scenario, scenario.old_version), Inventory(scenario, scenario.new_version),
          SiteText(scenario)};
}

}  // namespace tidegate::rehearsal
