#include "rehearsal/inventory_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "sim/topology.h"

namespace tidegate::rehearsal {
namespace {

using sim::DrainerSettings;
using sim::Scenario;
using sim::ScenarioTopology;

constexpr std::string_view kOldDrainerDir = "/home/tidb/drainer";
// The default of every era (tidb-binlog kafka: drainer/config.go ignore-schemas).
constexpr std::string_view kIgnored = "INFORMATION_SCHEMA,PERFORMANCE_SCHEMA,mysql";

std::string Kafka(std::size_t index) { return fmt::format("10.0.6.{}", index + 1); }

std::string Joined(std::int64_t count, std::int64_t port) {
  std::vector<std::string> out;
  for (std::int64_t i = 0; i < count; ++i) {
    out.push_back(fmt::format("{}:{}", Kafka(static_cast<std::size_t>(i)), port));
  }
  return fmt::format("{}", fmt::join(out, ","));
}

std::string TomlList(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back("\"" + text + "\"");
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

// What both inventories begin with: hosts that the upgrade leaves where they are.
std::string Hosts(const Scenario& scenario) {
  std::string out = "## TiDB Cluster Part\n[tidb_servers]\n";
  for (std::size_t i = 0; i < static_cast<std::size_t>(scenario.topology->tidbs); ++i) {
    const std::string alias = TidbAlias(scenario, i);
    const std::string address = TidbAddress(scenario, i);
    out += alias == address ? alias + "\n" : fmt::format("{} ansible_host={}\n", alias, address);
  }
  return out +
         "\n[tikv_servers]\ntikv1 ansible_host=10.0.3.1\n\n[pd_servers]\npd1 "
         "ansible_host=10.0.2.1\n\n";
}

std::string GlobalVars(const Scenario& scenario, const std::string& tidb_version) {
  return fmt::format(
      "## Global variables\n[all:vars]\ndeploy_dir = /home/tidb/deploy\nansible_user = tidb\n"
      "cluster_name = {}\ntidb_version = {}\nprocess_supervision = {}\nenable_binlog = True\n",
      scenario.name, tidb_version, scenario.topology->supervision);
}

std::string OldInventory(const Scenario& scenario) {
  const ScenarioTopology& topology = *scenario.topology;
  return Hosts(scenario) + "## Binlog Part\n[pump_servers:children]\ntidb_servers\n\n" +
         GlobalVars(scenario, scenario.tidb_from) +
         (topology.era == "local"
              ? std::string()
              : fmt::format("zookeeper_addrs = \"{}\"\nkafka_addrs = \"{}\"\n",
                            Joined(topology.zookeepers, 2181), Joined(topology.kafkas, 9092)));
}

std::string NewDrainerAlias(std::size_t index) { return fmt::format("drainer{}", index + 1); }

std::string TargetInventory(const Scenario& scenario) {
  const ScenarioTopology& topology = *scenario.topology;
  std::string out = Hosts(scenario) + "## Binlog Part\n[pump_servers]\n";
  for (std::size_t i = 0; i < static_cast<std::size_t>(topology.new_pumps); ++i) {
    const bool beside = topology.same_hosts && i < static_cast<std::size_t>(topology.tidbs);
    out += beside ? TidbAlias(scenario, i) +
                        fmt::format(" ansible_host={}\n", TidbAddress(scenario, i))
                  : fmt::format("pump{0} ansible_host=10.0.7.{0}\n", i + 1);
  }
  out += "\n[drainer_servers]\n";
  for (std::size_t i = 0; i < scenario.drainers.size(); ++i) {
    out += fmt::format(
        "{} ansible_host={} drainer_port=8349 deploy_dir=/home/tidb/drainer-cluster "
        "initial_commit_ts=\"-1\"\n",
        NewDrainerAlias(i), DrainerAddress(i));
  }
  return out + "\n" + GlobalVars(scenario, scenario.tidb_to);
}

std::size_t SinkIndex(const Scenario& scenario, std::size_t index) {
  const std::string& shared = scenario.drainers[index].sink_of;
  for (std::size_t i = 0; i < index; ++i) {
    if (shared == fmt::format("old-drainer-{}", i + 1)) return SinkIndex(scenario, i);
  }
  return index;
}

std::string SinkName(std::size_t index) { return fmt::format("downstream-{}", index + 1); }

bool IsSql(std::string_view type) { return type == "mysql" || type == "tidb"; }

void WriteSink(const DrainerText& text, std::size_t index, const DrainerSettings& settings,
               JsonWriter* out) {
  out->BeginObject().Key("name").String(SinkName(index)).Key("type").String(text.sink_type);
  if (IsSql(text.sink_type)) {
    out->Key("host").String(text.sink_host).Key("port").Int(text.sink_port);
    if (!settings.checkpoint_schema.empty()) {
      out->Key("checkpoint_schema").String(settings.checkpoint_schema);
    }
  } else if (text.sink_type == "kafka") {
    out->Key("kafka_addrs").BeginArray().String(text.kafka_addrs).EndArray();
  } else {
    out->Key("directory").String(text.sink_directory);
  }
  out->EndObject();
}

void WriteDrainers(const Scenario& scenario, JsonWriter* out) {
  out->Key("drainers").BeginArray();
  for (std::size_t i = 0; i < scenario.drainers.size(); ++i) {
    const std::size_t sink = SinkIndex(scenario, i);
    const DrainerText text = WriteDrainer(scenario, scenario.drainers[i], i, sink);
    out->BeginObject();
    out->Key("name").String(fmt::format("old-drainer-{}", i + 1));
    out->Key("host").String(DrainerAddress(i));
    if (scenario.topology->supervision == "systemd") out->Key("unit").String("drainer.service");
    out->Key("deploy_dir").String(kOldDrainerDir);
    out->Key("config").BeginObject();
    out->Key("path").String(fmt::format("{}/conf/drainer.toml", kOldDrainerDir));
    out->Key("toml").String(text.toml).EndObject();
    out->Key("sink").String(SinkName(sink)).EndObject();
  }
  out->EndArray();
  out->Key("new_drainers").BeginArray();
  for (std::size_t i = 0; i < scenario.drainers.size(); ++i) {
    out->BeginObject().Key("name").String(NewDrainerAlias(i));
    out->Key("replaces").String(fmt::format("old-drainer-{}", i + 1));
    if (scenario.new_drainer) {
      const DrainerText text =
          WriteDrainer(scenario, *scenario.new_drainer, i, SinkIndex(scenario, i));
      out->Key("config").BeginObject().Key("toml").String(text.toml).EndObject();
    }
    out->EndObject();
  }
  out->EndArray();
}

void WriteSinks(const Scenario& scenario, JsonWriter* out) {
  out->Key("sinks").BeginArray();
  for (std::size_t i = 0; i < scenario.drainers.size(); ++i) {
    if (SinkIndex(scenario, i) != i) continue;
    WriteSink(WriteDrainer(scenario, scenario.drainers[i], i, i), i, scenario.drainers[i], out);
  }
  out->EndArray();
}

void WriteService(std::string_view name, std::int64_t count, std::int64_t port,
                  const ScenarioTopology& topology, JsonWriter* out) {
  out->Key(name).BeginObject().Key("hosts").BeginArray();
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    out->BeginObject().Key("host").String(Kafka(i)).Key("port").Int(port);
    out->Key("unit").String(fmt::format("{}.service", name)).EndObject();
  }
  out->EndArray();
  out->Key("carries_foreign").Bool(topology.kafka_carries_foreign);
  out->Key("ours_to_stop").Bool(topology.kafka_ours_to_stop).EndObject();
}

// The first schema in which a table that nobody knows yet reaches every sink.
std::string MarkerSchema(const Scenario& scenario) {
  if (scenario.topology->marker_schema) return *scenario.topology->marker_schema;
  for (const sim::TablePlan& table : scenario.tables) {
    const bool reaches_all = std::all_of(
        scenario.drainers.begin(), scenario.drainers.end(), [&](const DrainerSettings& settings) {
          const sim::RowFilter filter{settings.ignore_schemas, settings.do_dbs, {}};
          const bool tables_only = settings.do_dbs.empty() && !settings.do_tables.empty();
          return !tables_only && filter.Passes(table.schema, "tidegate_marker");
        });
    if (reaches_all) return table.schema;
  }
  return "";
}

void WriteImportHooks(const Scenario& scenario, JsonWriter* out) {
  out->Key("dump").BeginArray().String("/usr/local/bin/dump").String("--snapshot=${DUMP_TS}");
  out->EndArray();
  out->Key("load").BeginArray().String("/usr/local/bin/load").String("${SINK}").EndArray();
  if (!scenario.compare) return;
  out->Key("compare").BeginArray().String("/usr/local/bin/compare").String("${SINK}");
  out->String("--snapshot=${DUMP_TS}").EndArray();
}

std::string SiteText(const Scenario& scenario) {
  const ScenarioTopology& topology = *scenario.topology;
  JsonWriter out(JsonWriter::Style::kIndented);
  out.BeginObject();
  out.Key("name").String(scenario.name);
  WriteDrainers(scenario, &out);
  WriteSinks(scenario, &out);
  out.Key("pumps").BeginArray();
  for (std::size_t i = 0; i < static_cast<std::size_t>(topology.tidbs); ++i) {
    out.BeginObject().Key("name").String(TidbAlias(scenario, i));
    out.Key("write_mode").String(scenario.pump_write_mode).EndObject();
  }
  out.EndArray();
  if (topology.era == "kafka") {
    WriteService("kafka", topology.kafkas, 9092, topology, &out);
    WriteService("zookeeper", topology.zookeepers, 2181, topology, &out);
  }
  out.Key("hooks").BeginObject();
  for (const std::string_view verb : {"detach", "attach"}) {
    out.Key(fmt::format("{}_service", verb)).BeginArray();
    out.String("/usr/local/bin/lb").String(verb).String(scenario.name).EndArray();
  }
  const bool import = scenario.procedure == "full-import";
  if (import) WriteImportHooks(scenario, &out);
  out.EndObject();
  if (const std::string marker = MarkerSchema(scenario); !marker.empty() && !import) {
    out.Key("marker_schema").String(marker);
  }
  out.Key("budgets").BeginObject();
  if (scenario.engine.write_outage_max > 0) {
    out.Key("write_outage").String(FormatDuration(scenario.engine.write_outage_max));
  }
  if (import) {
    out.Key("dump").String(FormatDuration(scenario.dump_max));
    out.Key("load").String(FormatDuration(scenario.load_max));
  }
  out.EndObject();
  out.Key("retention").BeginObject();
  const Duration retention =
      scenario.kafka_retention > 0 ? scenario.kafka_retention : 7 * 24 * kHour;
  out.Key("kafka").String(FormatDuration(retention)).Key("pump_gc").String("7d").EndObject();
  out.EndObject();
  return out.Take() + "\n";
}

std::string SyncerTo(const Scenario& scenario, const DrainerSettings& settings, std::size_t index,
                     std::size_t sink_index, DrainerText* text) {
  text->sink_type = settings.sink == "old-kafka" ? "kafka" : settings.sink;
  if (IsSql(text->sink_type)) {
    text->sink_host = fmt::format("10.0.5.{}", sink_index + 1);
    text->sink_port = text->sink_type == "tidb" ? 4000 : 3306;
    return fmt::format(
        "\n[syncer.to]\nhost = \"{}\"\nuser = \"drainer\"\npassword = \"secret-{}\"\nport = {}\n",
        text->sink_host, sink_index + 1, text->sink_port);
  }
  if (text->sink_type == "kafka") {
    text->kafka_addrs = settings.sink == "old-kafka" && scenario.topology
                            ? Joined(scenario.topology->kafkas, 9092)
                            : fmt::format("10.0.5.{}:9092", sink_index + 1);
    return fmt::format("\n[syncer.to]\nkafka-addrs = \"{}\"\n", text->kafka_addrs);
  }
  text->sink_host = DrainerAddress(index);
  text->sink_directory = fmt::format("{}/data.drainer", kOldDrainerDir);
  return fmt::format("\n[syncer.to]\ndir = \"{}\"\n", text->sink_directory);
}

}  // namespace

std::string DrainerAddress(std::size_t index) { return fmt::format("10.0.4.{}", index + 1); }

std::string TidbAddress(const Scenario& scenario, std::size_t index) {
  if (scenario.topology && index < scenario.topology->tidb_addresses.size()) {
    return scenario.topology->tidb_addresses[index];
  }
  return fmt::format("10.0.1.{}", index + 1);
}

std::string TidbAlias(const Scenario& scenario, std::size_t index) {
  if (scenario.topology && index < scenario.topology->tidb_addresses.size()) {
    return scenario.topology->tidb_addresses[index];
  }
  return fmt::format("tidb{}", index + 1);
}

DrainerText WriteDrainer(const Scenario& scenario, const DrainerSettings& settings,
                         std::size_t index, std::size_t sink_index) {
  DrainerText text;
  std::string ignored(kIgnored);
  for (const std::string& schema : settings.ignore_schemas) ignored += "," + schema;
  text.toml = fmt::format(
      "# drainer Configuration.\naddr = \"{}:8249\"\ndetect-interval = {}\n"
      "data-dir = \"{}/data.drainer\"\npd-urls = \"http://10.0.2.1:2379\"\n",
      DrainerAddress(index), settings.detect_interval.value_or(10 * kSecond) / kSecond,
      kOldDrainerDir);
  if (settings.synced_check_minutes) {
    text.toml += fmt::format("synced-check-time = {}\n", *settings.synced_check_minutes);
  }
  if (!scenario.topology || scenario.topology->era == "kafka")
    text.toml += fmt::format("zookeeper-addrs = \"{}\"\n",
                             Joined(scenario.topology ? scenario.topology->zookeepers : 1, 2181));
  text.toml += fmt::format(
      "\n[syncer]\nignore-schemas = \"{}\"\ntxn-batch = {}\nworker-count = {}\n"
      "disable-dispatch = {}\nsafe-mode = {}\ndb-type = \"{}\"\n",
      ignored, settings.txn_batch.value_or(1), settings.worker_count.value_or(1),
      settings.disable_dispatch.value_or(false), settings.safe_mode.value_or(false),
      settings.sink == "old-kafka" ? "kafka" : settings.sink);
  if (!settings.do_dbs.empty()) {
    text.toml += fmt::format("replicate-do-db = {}\n", TomlList(settings.do_dbs));
  }
  for (const std::string& table : settings.do_tables) {
    const std::size_t dot = table.find('.');
    text.toml +=
        fmt::format("\n[[syncer.replicate-do-table]]\ndb-name = \"{}\"\ntbl-name = \"{}\"\n",
                    table.substr(0, dot), table.substr(dot + 1));
  }
  text.toml += SyncerTo(scenario, settings, index, sink_index, &text);
  if (!settings.checkpoint_schema.empty()) {
    text.toml +=
        fmt::format("\n[syncer.to.checkpoint]\nschema = \"{}\"\n", settings.checkpoint_schema);
  }
  return text;
}

InventoryTexts WriteInventories(const Scenario& scenario) {
  CHECK(scenario.topology.has_value());
  if (scenario.procedure.starts_with("rolling-")) return WriteRollingInventories(scenario);
  return {OldInventory(scenario), TargetInventory(scenario), SiteText(scenario)};
}

}  // namespace tidegate::rehearsal
