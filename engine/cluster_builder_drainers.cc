// The old Drainers: from the site file, and those that the inventory knows for monitoring only.
#include <fmt/format.h>

#include <algorithm>

#include "base/names.h"
#include "engine/cluster_builder_parts.h"

namespace tidegate::engine {
namespace {

// A Drainer of the tarball has no home that anybody agreed on; the playbook's own layout is the
// best guess, and each guess is told.
void FillDefaults(const std::string& deploy_dir, Drainer* drainer, Cluster* cluster) {
  Process& process = drainer->process;
  std::string guessed;
  const auto fill = [&guessed](std::string* field, std::string value) {
    if (!field->empty()) return;
    if (!guessed.empty()) guessed += ", ";
    guessed += value;
    *field = std::move(value);
  };
  fill(&process.deploy_dir, deploy_dir);
  fill(&process.binary, process.deploy_dir + "/bin/drainer");
  fill(&process.config, process.deploy_dir + "/conf/drainer.toml");
  fill(&process.script, process.deploy_dir + "/scripts/run_drainer.sh");
  fill(&process.data_dir, process.deploy_dir + "/data.drainer");
  fill(&process.unit,
       UnitOf(cluster->supervision, "drainer", process.deploy_dir, "drainer.service"));
  if (process.version.empty()) process.version = "latest";
  if (drainer->config_text.empty()) {
    // tidb-binlog drainer/config.go: the default of ignore-schemas
    drainer->filters.ignore_schemas = {"INFORMATION_SCHEMA", "PERFORMANCE_SCHEMA", "mysql"};
  }
  if (!guessed.empty()) {
    cluster->assumptions.push_back(fmt::format("{}: {} assumed", process.name, guessed));
  }
}

std::string SinkName(const Sink& sink, const std::string& drainer_host) {
  if (sink.type == "mysql" || sink.type == "tidb" || sink.type == "flash") {
    return fmt::format("{}@{}:{}", sink.type, sink.host, sink.port);
  }
  if (sink.type == "kafka") {
    return fmt::format("kafka@{}", sink.kafka_addrs.empty() ? "unknown" : sink.kafka_addrs[0]);
  }
  return fmt::format("{}@{}:{}", sink.type, drainer_host, sink.directory);
}

Error Differs(const std::string& where, const std::string& drainer, std::string_view what,
              const std::string& site, const std::string& config) {
  return Error{ErrorCode::kBadInput,
               fmt::format("{}: the site file says that {} of the sink is '{}', the Drainer's "
                           "configuration says '{}'",
                           drainer, what, site, config),
               where};
}

// The sink of the site file wins where the configuration is silent; where both speak they agree.
Status MergeSink(const SiteSink& from, const std::string& drainer, const std::string& where,
                 bool has_config, Sink* sink) {
  sink->name = from.name;
  if (has_config && from.type != sink->type) {
    return Differs(where, drainer, "the type", from.type, sink->type);
  }
  sink->type = from.type;
  if (!from.host.empty()) {
    if (!sink->host.empty() && sink->host != from.host) {
      return Differs(where, drainer, "the host", from.host, sink->host);
    }
    sink->host = from.host;
  }
  if (from.port > 0) {
    if (sink->port > 0 && sink->port != from.port) {
      return Differs(where, drainer, "the port", fmt::to_string(from.port),
                     fmt::to_string(sink->port));
    }
    sink->port = from.port;
  }
  if (!from.checkpoint_schema.empty()) {
    if (has_config && sink->checkpoint_schema != from.checkpoint_schema) {
      return Differs(where, drainer, "the checkpoint schema", from.checkpoint_schema,
                     sink->checkpoint_schema);
    }
    sink->checkpoint_schema = from.checkpoint_schema;
  }
  if (!from.directory.empty()) {
    if (!sink->directory.empty() && sink->directory != from.directory) {
      return Differs(where, drainer, "the directory", from.directory, sink->directory);
    }
    sink->directory = from.directory;
  }
  if (sink->kafka_addrs.empty()) sink->kafka_addrs = from.kafka_addrs;
  return {};
}

void FillSinkDefaults(Drainer* drainer, bool known, Cluster* cluster) {
  Sink& sink = drainer->sink;
  // tidb-binlog kafka: drainer/config.go: db-type mysql, host localhost, port 3306
  if (sink.type.empty()) sink.type = "mysql";
  const bool sql = sink.type == "mysql" || sink.type == "tidb";
  if (sql && sink.host.empty()) sink.host = "localhost";
  if (sql && sink.port == 0) sink.port = 3306;
  if (sink.type == "flash" && sink.port == 0) sink.port = 9000;
  if (sink.name.empty()) sink.name = SinkName(sink, drainer->process.host);
  if (!known) {
    cluster->assumptions.push_back(
        fmt::format("{}: neither its configuration nor its sink is known; {} without filters is "
                    "assumed (drainers[].config of the site file)",
                    drainer->process.name, sink.name));
  }
}

Status AddSiteDrainer(const Site& site, const SiteDrainer& from, const std::string& deploy_dir,
                      Cluster* cluster) {
  Drainer drainer;
  Process& process = drainer.process;
  process.name = "old-drainer@" + from.name;
  process.host = from.host;
  process.port = from.port == 0 ? 8249 : from.port;
  process.unit = from.unit;
  process.deploy_dir = from.deploy_dir;
  process.data_dir = from.data_dir;
  process.binary = from.binary;
  process.script = from.script;
  process.config = from.config.path;
  process.version = from.version;
  TRY(FinishDrainer(&site, &from, deploy_dir, &drainer, cluster));
  cluster->old_drainers.push_back(std::move(drainer));
  return {};
}

}  // namespace

Status FinishDrainer(const Site* site, const SiteDrainer* from, const std::string& deploy_dir,
                     Drainer* drainer, Cluster* cluster) {
  Process& process = drainer->process;
  if (from != nullptr) drainer->config_text = from->config.text;
  const bool has_config = !drainer->config_text.empty();
  if (has_config) {
    TRY_ASSIGN(DrainerConfig config, ReadDrainerConfig(from->config.text, from->config.origin));
    drainer->sink = std::move(config.sink);
    drainer->filters = std::move(config.filters);
    drainer->disable_dispatch = config.disable_dispatch;
    drainer->detect_interval = config.detect_interval;
    drainer->synced_check_minutes = config.synced_check_minutes;
    if (process.data_dir.empty() && config.data_dir.starts_with("/")) {
      process.data_dir = config.data_dir;
    }
  }
  FillDefaults(deploy_dir, drainer, cluster);
  const bool has_sink = from != nullptr && !from->sink.empty();
  for (const SiteSink& sink : has_sink ? site->sinks : std::vector<SiteSink>()) {
    if (sink.name != from->sink) continue;
    TRY(MergeSink(sink, process.name, from->where, has_config, &drainer->sink));
  }
  FillSinkDefaults(drainer, has_config || has_sink, cluster);
  if (!has_config && has_sink) {
    cluster->assumptions.push_back(fmt::format(
        "{}: its configuration is not given; no filters and the default dispatch are assumed",
        process.name));
  }
  return {};
}

Status BuildOldDrainers(const ClusterInput& input, Cluster* cluster) {
  const Inventory& inventory = *input.inventory;
  TRY_ASSIGN(const std::optional<InventoryValue> global, inventory.GlobalValue("deploy_dir"));
  const std::string deploy_dir = global.has_value() ? global->text : std::string(kDefaultDeployDir);
  if (input.site != nullptr) {
    for (const SiteDrainer& drainer : input.site->drainers) {
      TRY(AddSiteDrainer(*input.site, drainer, deploy_dir, cluster));
    }
  }
  // tidb-ansible release-2.0: [drainer_servers] is there for Prometheus alone
  for (const InventoryHost* host : inventory.HostsOf("drainer_servers")) {
    const HostVars vars(inventory, *host);
    TRY_ASSIGN(const std::string address, vars.Address());
    TRY_ASSIGN(const std::int64_t port, vars.Port("drainer_port", 8249));
    const auto same = [&](const Drainer& drainer) {
      return (drainer.process.host == address || drainer.process.host == host->name) &&
             drainer.process.port == port;
    };
    if (std::any_of(cluster->old_drainers.begin(), cluster->old_drainers.end(), same)) continue;
    Drainer drainer;
    drainer.process.name = "old-drainer@" + host->name;
    drainer.process.host = address;
    drainer.process.port = port;
    TRY_ASSIGN(drainer.process.deploy_dir, vars.Path("deploy_dir", deploy_dir));
    FillDefaults(deploy_dir, &drainer, cluster);
    FillSinkDefaults(&drainer, false, cluster);
    cluster->old_drainers.push_back(std::move(drainer));
  }
  return {};
}

}  // namespace tidegate::engine
