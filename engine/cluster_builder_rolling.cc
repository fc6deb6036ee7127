// A cluster whose Pumps and Drainers are of the cluster version already: the inventory says where
// they are, the target inventory to which release they go, the site file what the Drainers' sinks
// are. A rolling upgrade moves nothing, so the two inventories agree in everything but the version.
//
// Facts: tidb-ansible release-2.0-new-binlog to master, roles pump and drainer and their defaults.
#include <fmt/format.h>

#include <algorithm>

#include "base/names.h"
#include "engine/cluster_builder_parts.h"
#include "engine/version.h"
#include "engine/version_table.h"

namespace tidegate::engine {
namespace {

constexpr std::string_view kAnsibleDir = "/home/tidb/tidb-ansible";

// The release of an inventory, which must be one that speaks to cluster Pumps.
Result<Version> ReleaseOf(const Inventory& inventory, std::string* text) {
  TRY_ASSIGN(const std::optional<InventoryValue> value, inventory.GlobalValue("tidb_version"));
  if (!value.has_value()) {
    return Error{ErrorCode::kBadInput, "tidb_version is not set", inventory.file()};
  }
  const Result<Version> version = ParseVersion(value->text);
  if (!version) return inventory.ErrorAt(value->place, version.error().message);
  const Flavours flavours = BinlogFlavours(*version);
  if (flavours.known && !flavours.cluster) {
    Error error = inventory.ErrorAt(
        value->place, fmt::format("tidb_version {} goes with the {} version of TiDB Binlog: a "
                                  "rolling upgrade stays within the cluster version; use "
                                  "--procedure kafka-to-cluster to get there",
                                  value->text, FlavourNames(flavours)));
    error.code = ErrorCode::kRefused;
    return error;
  }
  *text = value->text;
  return *version;
}

Status FillVersions(const ClusterInput& input, Cluster* cluster) {
  if (input.target == nullptr) {
    return Error{ErrorCode::kBadInput,
                 "a rolling upgrade needs --target: the same inventory with the tidb_version that "
                 "Pumps and Drainers are upgraded to",
                 input.inventory->file()};
  }
  TRY_ASSIGN(const Version from, ReleaseOf(*input.inventory, &cluster->binlog_version));
  TRY_ASSIGN(const Version to, ReleaseOf(*input.target, &cluster->tidb_target_version));
  const bool comparable = !from.latest && !to.latest;
  if (comparable && to <= from) {
    return Error{ErrorCode::kRefused,
                 fmt::format("the target inventory says {}, which is no release after {}: there "
                             "is nothing to upgrade",
                             cluster->tidb_target_version, cluster->binlog_version),
                 input.target->file()};
  }
  return {};
}

Status FillRollingHome(const HostVars& vars, std::string_view part, std::int64_t port,
                       Supervision supervision, Process* process) {
  process->name = fmt::format("{}@{}", part, vars.alias());
  process->alias = vars.alias();
  TRY_ASSIGN(process->host, vars.Address());
  TRY_ASSIGN(process->port, vars.Port(fmt::format("{}_port", part), port));
  TRY_ASSIGN(process->deploy_dir, vars.Path("deploy_dir", std::string(kDefaultDeployDir)));
  TRY_ASSIGN(process->data_dir, vars.Path(fmt::format("{}_data_dir", part),
                                          fmt::format("{}/data.{}", process->deploy_dir, part)));
  process->unit = UnitOf(supervision, part, process->deploy_dir,
                         fmt::format("{}-{}.service", part, process->port));
  process->binary = fmt::format("{}/bin/{}", process->deploy_dir, part);
  process->config = fmt::format("{}/conf/{}.toml", process->deploy_dir, part);
  process->script = fmt::format("{}/scripts/run_{}.sh", process->deploy_dir, part);
  return {};
}

// The same hosts, ports and folders in both inventories.
Status CheckSameHomes(const Inventory& target, std::string_view part, std::int64_t port,
                      const std::vector<const Process*>& here) {
  const std::string group = fmt::format("{}_servers", part);
  std::vector<bool> seen(here.size(), false);
  for (const InventoryHost* host : target.HostsOf(group)) {
    const HostVars vars(target, *host);
    Process there;
    TRY(FillRollingHome(vars, part, port, Supervision::kSystemd, &there));
    const auto same = std::find_if(here.begin(), here.end(), [&](const Process* process) {
      return process->host == there.host && process->port == there.port;
    });
    if (same == here.end()) {
      return target.ErrorAt(host->place,
                            fmt::format("[{}] {}:{} of the target inventory is not in the present "
                                        "one; add it before or after the upgrade, not with it",
                                        group, there.host, there.port));
    }
    if ((*same)->deploy_dir != there.deploy_dir || (*same)->data_dir != there.data_dir) {
      return target.ErrorAt(host->place,
                            fmt::format("{} has deploy_dir {} and data in {} now, and {} and {} in "
                                        "the target inventory; a rolling upgrade moves nothing",
                                        (*same)->name, (*same)->deploy_dir, (*same)->data_dir,
                                        there.deploy_dir, there.data_dir));
    }
    seen[static_cast<std::size_t>(same - here.begin())] = true;
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i]) continue;
    return Error{ErrorCode::kBadInput,
                 fmt::format("{} is not in the target inventory; it would stay on its version",
                             here[i]->name),
                 target.file()};
  }
  return {};
}

Status BuildPumps(const ClusterInput& input, Cluster* cluster) {
  const Inventory& inventory = *input.inventory;
  const std::vector<const InventoryHost*> hosts = inventory.HostsOf("pump_servers");
  if (hosts.empty()) return inventory.MissingGroup("pump_servers");
  for (const InventoryHost* host : hosts) {
    Pump pump;
    TRY(FillRollingHome(HostVars(inventory, *host), "pump", 8250, cluster->supervision,
                        &pump.process));
    pump.process.version = cluster->tidb_target_version;
    pump.write_mode = "";  // of the Kafka era only
    // tidb-binlog: pump/node.go NewPumpNode: the host's name and the port, unless the site says
    pump.node_id = fmt::format("{}:{}", host->name, pump.process.port);
    for (const SitePump& site :
         input.site == nullptr ? std::vector<SitePump>() : input.site->pumps) {
      if (site.name == host->name && !site.node_id.empty()) pump.node_id = site.node_id;
    }
    cluster->new_pumps.push_back(std::move(pump));
  }
  std::vector<const Process*> here;
  for (const Pump& pump : cluster->new_pumps) here.push_back(&pump.process);
  return CheckSameHomes(*input.target, "pump", 8250, here);
}

const SiteDrainer* FindSite(const Site* site, const std::string& alias) {
  if (site == nullptr) return nullptr;
  for (const SiteDrainer& drainer : site->drainers) {
    if (drainer.name == alias) return &drainer;
  }
  return nullptr;
}

Status BuildDrainers(const ClusterInput& input, Cluster* cluster) {
  const Inventory& inventory = *input.inventory;
  const std::vector<const InventoryHost*> hosts = inventory.HostsOf("drainer_servers");
  if (hosts.empty()) return inventory.MissingGroup("drainer_servers");
  std::vector<std::string> aliases;
  for (const InventoryHost* host : hosts) {
    aliases.push_back(host->name);
    Drainer drainer;
    TRY(FillRollingHome(HostVars(inventory, *host), "drainer", 8249, cluster->supervision,
                        &drainer.process));
    drainer.process.version = cluster->tidb_target_version;
    TRY(FinishDrainer(input.site, FindSite(input.site, host->name), drainer.process.deploy_dir,
                      &drainer, cluster));
    cluster->new_drainers.push_back(std::move(drainer));
  }
  for (const SiteDrainer& drainer :
       input.site == nullptr ? std::vector<SiteDrainer>() : input.site->drainers) {
    if (std::find(aliases.begin(), aliases.end(), drainer.name) != aliases.end()) continue;
    return Error{ErrorCode::kBadInput,
                 fmt::format("the inventory has no host '{}' in [drainer_servers]{}", drainer.name,
                             DidYouMean(drainer.name, aliases)),
                 drainer.where};
  }
  std::vector<const Process*> here;
  for (const Drainer& drainer : cluster->new_drainers) here.push_back(&drainer.process);
  return CheckSameHomes(*input.target, "drainer", 8249, here);
}

}  // namespace

Status BuildRollingParts(const ClusterInput& input, Cluster* cluster) {
  cluster->era = "cluster";
  TRY(FillVersions(input, cluster));
  for (Tidb& tidb : cluster->tidbs) tidb.old_socket.clear();
  TRY(BuildPumps(input, cluster));
  TRY(BuildDrainers(input, cluster));
  const Site* site = input.site;
  if (site != nullptr && !site->name.empty()) cluster->name = site->name;
  if (site != nullptr) cluster->write_outage_max = site->write_outage_max.value_or(0);
  if (site != nullptr && site->pump_gc.has_value()) {
    cluster->pump_gc = *site->pump_gc;
  } else {
    // tidb-ansible group_vars: gc 7 days from release-3.0 on, 5 in release-2.0-new-binlog
    const Result<Version> from = ParseVersion(cluster->binlog_version);
    const bool branch = from.has_value() && from->binlog_branch;
    cluster->pump_gc = (branch ? 5 : 7) * 24 * kHour;
    cluster->assumptions.push_back(
        fmt::format("Pumps keep binlogs for {} days (retention.pump_gc)", branch ? 5 : 7));
  }
  if (input.procedure != Procedure::kRollingAnsible) return {};
  cluster->ansible_dir = site == nullptr ? "" : site->ansible_dir;
  if (cluster->ansible_dir.empty()) {
    cluster->ansible_dir = kAnsibleDir;
    cluster->assumptions.push_back(
        fmt::format("tidb-ansible lies in {} on this machine (ansible_dir)", kAnsibleDir));
  }
  return {};
}

}  // namespace tidegate::engine
