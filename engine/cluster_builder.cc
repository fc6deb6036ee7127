#include "engine/cluster_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/names.h"
#include "engine/cluster_builder_parts.h"
#include "engine/version.h"
#include "engine/version_table.h"

namespace tidegate::engine {
namespace {

Result<std::string> Global(const Inventory& inventory, std::string_view name,
                           std::string fallback) {
  TRY_ASSIGN(const std::optional<InventoryValue> value, inventory.GlobalValue(name));
  return value.has_value() ? value->text : std::move(fallback);
}

Error GlobalError(const Inventory& inventory, std::string_view name, ErrorCode code,
                  std::string message) {
  const Result<std::optional<InventoryValue>> value = inventory.GlobalValue(name);
  if (!value.has_value() || !value->has_value())
    return Error{code, std::move(message), inventory.file()};
  Error error = inventory.ErrorAt((*value)->place, std::move(message));
  error.code = code;
  return error;
}

// tidb-ansible roles/check_config_dynamic: 'true', 'True' and 'yes' count, as YAML's own do.
bool IsTrue(std::string_view text) {
  return text == "True" || text == "true" || text == "yes" || text == "Yes" || text == "1";
}

Status CheckBinlogOn(const Inventory& inventory) {
  TRY_ASSIGN(const std::string binlog, Global(inventory, "enable_binlog", "False"));
  if (IsTrue(binlog)) return {};
  return GlobalError(
      inventory, "enable_binlog", ErrorCode::kRefused,
      fmt::format("enable_binlog is '{}': this cluster writes no binlog, so there is "
                  "nothing to upgrade; deploy the cluster version afresh",
                  binlog));
}

// The era of the old side, from what only one era's inventory has.
Result<std::string> FindEra(const Inventory& inventory, const Site* site, const Cluster& cluster) {
  const Result<Version> version = ParseVersion(cluster.tidb_version);
  if (!version) {
    return GlobalError(inventory, "tidb_version", ErrorCode::kBadInput, version.error().message);
  }
  const Flavours flavours = BinlogFlavours(*version);
  if (flavours.known && !flavours.local && !flavours.kafka) {
    return GlobalError(
        inventory, "tidb_version", ErrorCode::kRefused,
        fmt::format("TiDB {} writes to cluster Pumps already; the steps from the Kafka "
                    "or Local version do not apply, use the rolling upgrade",
                    cluster.tidb_version));
  }
  TRY_ASSIGN(const std::string zookeeper, Global(inventory, "zookeeper_addrs", ""));
  TRY_ASSIGN(const std::string kafka, Global(inventory, "kafka_addrs", ""));
  const bool has_kafka =
      !zookeeper.empty() || !kafka.empty() ||
      (site != nullptr && (!site->kafka.hosts.empty() || !site->zookeeper.hosts.empty()));
  if (has_kafka && (flavours.kafka || !flavours.known)) return std::string("kafka");
  if (!has_kafka && flavours.local) return std::string("local");
  if (has_kafka) {
    return GlobalError(
        inventory, "tidb_version", ErrorCode::kBadInput,
        fmt::format("TiDB {} goes with the Local version only, but Kafka or ZooKeeper "
                    "is configured; check tidb_version and zookeeper_addrs",
                    cluster.tidb_version));
  }
  // tidb-ansible roles/check_config_static: an empty zookeeper_addrs fails with enable_binlog
  return GlobalError(
      inventory, "zookeeper_addrs", ErrorCode::kBadInput,
      fmt::format("enable_binlog is on and TiDB {} goes with the Kafka version, but "
                  "zookeeper_addrs is empty; set it here or list the ZooKeeper hosts "
                  "in the site file",
                  cluster.tidb_version));
}

Result<std::vector<HostPort>> GroupAddresses(const Inventory& inventory, std::string_view group,
                                             std::string_view port_name, std::int64_t port) {
  std::vector<HostPort> out;
  for (const InventoryHost* host : inventory.HostsOf(group)) {
    const HostVars vars(inventory, *host);
    HostPort address;
    TRY_ASSIGN(address.host, vars.Address());
    TRY_ASSIGN(address.port, vars.Port(port_name, port));
    out.push_back(std::move(address));
  }
  return out;
}

// The files of one process as the playbooks of both eras lay them out below deploy_dir.
Status FillHome(const HostVars& vars, std::string_view part, Process* process) {
  TRY_ASSIGN(process->host, vars.Address());
  TRY_ASSIGN(process->deploy_dir, vars.Path("deploy_dir", std::string(kDefaultDeployDir)));
  process->binary = fmt::format("{}/bin/{}", process->deploy_dir, part);
  const std::string_view stem = part == "tidb-server" ? "tidb" : part;
  process->config = fmt::format("{}/conf/{}.toml", process->deploy_dir, stem);
  process->script = fmt::format("{}/scripts/run_{}.sh", process->deploy_dir, stem);
  return {};
}

Result<std::string> SocketOf(const HostVars& vars, const std::string& deploy_dir) {
  // tidb-ansible roles/pump/defaults: pump_socket = {{ status_dir }}/pump.sock
  TRY_ASSIGN(const std::string status, vars.Path("status_dir", deploy_dir + "/status"));
  return vars.Path("pump_socket", status + "/pump.sock");
}

Status BuildTidbs(const Inventory& inventory, Cluster* cluster) {
  const std::vector<const InventoryHost*> hosts = inventory.HostsOf("tidb_servers");
  if (hosts.empty()) return inventory.MissingGroup("tidb_servers");
  bool no_deploy_dir = false;
  for (const InventoryHost* host : hosts) {
    const HostVars vars(inventory, *host);
    Tidb tidb;
    Process& process = tidb.process;
    process.name = "tidb@" + host->name;
    TRY(FillHome(vars, "tidb-server", &process));
    TRY_ASSIGN(process.port, vars.Port("tidb_port", 4000));
    TRY_ASSIGN(tidb.status_port, vars.Port("tidb_status_port", 10080));
    process.unit = UnitOf(cluster->supervision, "tidb", process.deploy_dir,
                          fmt::format("tidb-{}.service", process.port));
    process.version = cluster->tidb_version;
    TRY_ASSIGN(tidb.old_socket, SocketOf(vars, process.deploy_dir));
    TRY_ASSIGN(const bool has_dir, vars.Has("deploy_dir"));
    no_deploy_dir = no_deploy_dir || !has_dir;
    cluster->tidbs.push_back(std::move(tidb));
  }
  if (no_deploy_dir) {
    cluster->assumptions.push_back(
        fmt::format("deploy_dir is not set for every host; the playbook's default {} is assumed",
                    kDefaultDeployDir));
  }
  return {};
}

const SitePump* FindSitePump(const Site* site, const std::string& alias) {
  if (site == nullptr) return nullptr;
  for (const SitePump& pump : site->pumps) {
    if (pump.name == alias) return &pump;
  }
  return nullptr;
}

// One Pump beside each TiDB: [pump_servers:children] tidb_servers (tidb-ansible release-2.0).
Status BuildOldPumps(const ClusterInput& input, Cluster* cluster) {
  const Inventory& inventory = *input.inventory;
  std::vector<const InventoryHost*> hosts = inventory.HostsOf("pump_servers");
  if (hosts.empty()) {
    hosts = inventory.HostsOf("tidb_servers");
    cluster->assumptions.push_back(
        "the inventory has no host in [pump_servers]; one Pump beside each TiDB is assumed, as "
        "the playbook deploys them");
  }
  std::vector<std::string> aliases;
  for (const InventoryHost* host : hosts) {
    const HostVars vars(inventory, *host);
    Pump pump;
    Process& process = pump.process;
    process.name = "old-pump@" + host->name;
    TRY(FillHome(vars, "pump", &process));
    TRY_ASSIGN(process.port, vars.Port("pump_port", 8250));
    TRY_ASSIGN(process.data_dir, vars.Path("pump_data_dir", process.deploy_dir + "/data.pump"));
    // tidb-ansible release-2.0: no port in the unit's name
    process.unit = UnitOf(cluster->supervision, "pump", process.deploy_dir, "pump.service");
    process.version = "latest";  // the package tidb-binlog-latest carries no version
    // tidb-binlog kafka: pump/node.go: hostname:port, kept in <data-dir>/.node
    pump.node_id = fmt::format("{}:{}", host->name, process.port);
    if (const SitePump* site = FindSitePump(input.site, host->name); site != nullptr) {
      if (!site->node_id.empty()) pump.node_id = site->node_id;
      if (!site->write_mode.empty()) pump.write_mode = site->write_mode;
    }
    aliases.push_back(host->name);
    cluster->old_pumps.push_back(std::move(pump));
  }
  if (input.site == nullptr) return {};
  for (const SitePump& pump : input.site->pumps) {
    if (std::find(aliases.begin(), aliases.end(), pump.name) != aliases.end()) continue;
    return Error{ErrorCode::kBadInput,
                 fmt::format("the inventory has no Pump host '{}'{}", pump.name,
                             DidYouMean(pump.name, aliases)),
                 pump.where};
  }
  return {};
}

Bystander MakeBystander(std::string_view part, const SiteServiceHost& host) {
  Bystander out;
  Process& process = out.process;
  process.name = fmt::format("{}@{}:{}", part, host.host, host.port);
  process.host = host.host;
  process.port = host.port;
  process.unit = host.unit.empty() ? fmt::format("{}.service", part) : host.unit;
  process.deploy_dir = host.deploy_dir;
  process.data_dir = host.data_dir;
  return out;
}

// Kafka or ZooKeeper: the site file's hosts, else the addresses that the inventory monitors.
Status BuildService(const Inventory& inventory, const SiteService* site, std::string_view part,
                    std::string_view variable, std::int64_t port, Cluster* cluster,
                    std::vector<Bystander>* out) {
  TRY_ASSIGN(const std::string text, Global(inventory, variable, ""));
  Result<std::vector<HostPort>> addresses = ParseAddresses(text, port);
  if (!addresses) {
    return GlobalError(inventory, variable, ErrorCode::kBadInput,
                       fmt::format("{}: {}", variable, addresses.error().message));
  }
  std::vector<SiteServiceHost> hosts =
      site == nullptr ? std::vector<SiteServiceHost>() : site->hosts;
  const bool listed = !hosts.empty();
  for (const HostPort& address : *addresses) {
    const bool known = std::any_of(hosts.begin(), hosts.end(), [&](const SiteServiceHost& host) {
      return host.host == address.host && host.port == address.port;
    });
    if (known) continue;
    if (listed) {
      cluster->assumptions.push_back(
          fmt::format("{} {} is in {} but not in the site file; it is not "
                      "touched",
                      part, address.ToString(), variable));
      continue;
    }
    hosts.push_back({address.host, address.port, "", "", ""});
  }
  const bool may_stop = site != nullptr && site->ours_to_stop.value_or(false);
  const bool foreign = site != nullptr && site->carries_foreign.value_or(false);
  for (const SiteServiceHost& host : hosts) {
    Bystander bystander = MakeBystander(part, host);
    bystander.ours_to_stop = may_stop;
    bystander.carries_foreign = foreign;
    out->push_back(std::move(bystander));
  }
  if (!hosts.empty() && (site == nullptr || !site->ours_to_stop.has_value())) {
    cluster->assumptions.push_back(fmt::format(
        "nobody said that {} may be stopped; it keeps running ({}.ours_to_stop of the site file)",
        part, part));
  }
  const bool unit_unknown = std::any_of(
      hosts.begin(), hosts.end(), [](const SiteServiceHost& host) { return host.unit.empty(); });
  if (may_stop && unit_unknown) {
    cluster->assumptions.push_back(fmt::format("{} is assumed to run as {}.service", part, part));
  }
  return {};
}

// The marker DDL must reach every sink, or its checkpoint never passes it.
Status CheckMarkerSchema(const Cluster& cluster, const Site& site) {
  for (const Drainer& drainer : cluster.old_drainers) {
    const auto has = [&](const std::vector<std::string>& list) {
      return std::find(list.begin(), list.end(), cluster.marker_schema) != list.end();
    };
    const std::vector<std::string>& only = drainer.filters.do_dbs;
    const bool pattern = std::any_of(only.begin(), only.end(),
                                     [](const std::string& name) { return name.starts_with("~"); });
    const bool left_out = !only.empty() && !pattern && !has(only);
    const bool tables_only = only.empty() && !drainer.filters.do_tables.empty();
    if (!has(drainer.filters.ignore_schemas) && !left_out && !tables_only) continue;
    return Error{
        ErrorCode::kBadInput,
        fmt::format("marker_schema '{}' is filtered out by {}; the marker must reach every "
                    "sink, so name a schema that each old Drainer replicates",
                    cluster.marker_schema, drainer.process.name),
        site.file};
  }
  return {};
}

Status FillFromSite(const Site* site, Cluster* cluster) {
  static const Site kNone;
  const Site& from = site == nullptr ? kNone : *site;
  if (!from.name.empty()) cluster->name = from.name;
  cluster->hooks = {from.detach_service, from.attach_service, from.dump, from.load, from.compare};
  cluster->dump_max = from.dump_max.value_or(cluster->dump_max);
  cluster->load_max = from.load_max.value_or(cluster->load_max);
  cluster->marker_schema = from.marker_schema;
  cluster->write_outage_max = from.write_outage_max.value_or(0);
  if (from.kafka_retention.has_value()) {
    cluster->kafka_retention = *from.kafka_retention;
  } else if (cluster->era == "kafka") {
    // Kafka: log.retention.hours = 168 unless the broker says otherwise
    cluster->assumptions.push_back(
        "Kafka keeps messages for 7 days, its default (retention.kafka)");
  }
  if (from.detach_service.empty()) {
    cluster->assumptions.push_back(
        "no hook detaches the service; clients see their connections refused while TiDB is "
        "stopped");
  }
  if (from.marker_schema.empty()) {
    cluster->assumptions.push_back(
        "no marker_schema is named; without a marker the drain can only be shown by evidence");
    return {};
  }
  return CheckMarkerSchema(*cluster, from);
}

Status CheckUniqueNames(const Inventory& inventory, const Cluster& cluster) {
  std::set<std::string> seen;
  const auto add = [&](const Process& process) -> Status {
    if (seen.insert(process.name).second) return {};
    return Error{ErrorCode::kBadInput, fmt::format("two processes are named '{}'", process.name),
                 inventory.file()};
  };
  for (const Tidb& tidb : cluster.tidbs) TRY(add(tidb.process));
  for (const Pump& pump : cluster.old_pumps) TRY(add(pump.process));
  for (const Pump& pump : cluster.new_pumps) TRY(add(pump.process));
  for (const Drainer& drainer : cluster.old_drainers) TRY(add(drainer.process));
  for (const Drainer& drainer : cluster.new_drainers) TRY(add(drainer.process));
  for (const Bystander& kafka : cluster.kafkas) TRY(add(kafka.process));
  for (const Bystander& zookeeper : cluster.zookeepers) TRY(add(zookeeper.process));
  return {};
}

}  // namespace

Result<Cluster> BuildCluster(const ClusterInput& input) {
  CHECK(input.inventory != nullptr);
  const Inventory& inventory = *input.inventory;
  Cluster cluster;
  TRY_ASSIGN(cluster.name, Global(inventory, "cluster_name", "tidb"));
  TRY_ASSIGN(cluster.tidb_version, Global(inventory, "tidb_version", ""));
  if (cluster.tidb_version.empty()) {
    cluster.tidb_version = "latest";
    cluster.assumptions.push_back("tidb_version is not set; 'latest' is assumed");
  }
  TRY(CheckBinlogOn(inventory));
  const bool rolling = IsRolling(input.procedure);
  if (!rolling) {
    TRY_ASSIGN(cluster.era, FindEra(inventory, input.site, cluster));
  }
  TRY(FillSupervision(input, &cluster));
  if (inventory.HostsOf("pd_servers").empty()) return inventory.MissingGroup("pd_servers");
  TRY_ASSIGN(cluster.pds, GroupAddresses(inventory, "pd_servers", "pd_client_port", 2379));
  TRY_ASSIGN(cluster.tikvs, GroupAddresses(inventory, "tikv_servers", "tikv_port", 20160));
  TRY(BuildTidbs(inventory, &cluster));
  if (rolling) {
    TRY(BuildRollingParts(input, &cluster));
    TRY(CheckUniqueNames(inventory, cluster));
    return cluster;
  }
  TRY(BuildOldPumps(input, &cluster));
  if (cluster.era == "kafka") {
    const SiteService* kafka = input.site == nullptr ? nullptr : &input.site->kafka;
    const SiteService* zookeeper = input.site == nullptr ? nullptr : &input.site->zookeeper;
    TRY(BuildService(inventory, kafka, "kafka", "kafka_addrs", 9092, &cluster, &cluster.kafkas));
    TRY(BuildService(inventory, zookeeper, "zookeeper", "zookeeper_addrs", 2181, &cluster,
                     &cluster.zookeepers));
  }
  TRY(BuildOldDrainers(input, &cluster));
  TRY(BuildNewSide(input, &cluster));
  TRY(FillFromSite(input.site, &cluster));
  TRY(CheckUniqueNames(inventory, cluster));
  return cluster;
}

Result<Cluster> LoadCluster(const ClusterPaths& paths) {
  TRY_ASSIGN(const Inventory inventory, Inventory::Load(paths.inventory));
  ClusterInput input;
  input.procedure = paths.procedure;
  input.inventory = &inventory;
  Inventory target;
  if (!paths.target.empty()) {
    TRY_ASSIGN(target, Inventory::Load(paths.target));
    input.target = &target;
  }
  Site site;
  if (!paths.site.empty()) {
    TRY_ASSIGN(site, LoadSite(paths.site));
    input.site = &site;
  }
  return BuildCluster(input);
}

}  // namespace tidegate::engine
