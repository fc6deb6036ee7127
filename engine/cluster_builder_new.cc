// The new side: from the target inventory, or, without one, what the new playbook would do on the
// same hosts. Ports, data folders and binaries do not change by themselves between the eras
// (tidb-ansible roles/pump/defaults), so the derived side collides with the old one on purpose: the
// preflight says so.
#include <fmt/format.h>

#include <algorithm>

#include "base/names.h"
#include "engine/cluster_builder_parts.h"
#include "engine/version.h"
#include "engine/version_table.h"

namespace tidegate::engine {
namespace {

std::vector<std::string> Names(const std::vector<Drainer>& drainers) {
  std::vector<std::string> out;
  for (const Drainer& drainer : drainers) {
    out.push_back(drainer.process.name.substr(std::string_view("old-drainer@").size()));
  }
  return out;
}

const SiteNewDrainer* FindNew(const Site* site, const std::string& alias) {
  if (site == nullptr) return nullptr;
  for (const SiteNewDrainer& drainer : site->new_drainers) {
    if (drainer.name == alias) return &drainer;
  }
  return nullptr;
}

void FillNewPump(const std::string& alias, Pump* pump, const Cluster& cluster) {
  Process& process = pump->process;
  process.name = "new-pump@" + alias;
  process.unit = UnitOf(cluster.target_supervision, "pump", process.deploy_dir,
                        fmt::format("pump-{}.service", process.port));
  process.binary = process.deploy_dir + "/bin/pump";
  process.config = process.deploy_dir + "/conf/pump.toml";
  process.script = process.deploy_dir + "/scripts/run_pump.sh";
  process.version = cluster.tidb_target_version;
  pump->node_id = fmt::format("{}:{}", alias, process.port);
  pump->write_mode = "";  // of the Kafka era only
  pump->config_text =
      fmt::format("# pump.toml of the cluster version, written by binlog-upgrade\ngc = {}\n",
                  std::max<std::int64_t>(1, cluster.pump_gc / (24 * kHour)));
}

void FillNewDrainer(const std::string& alias, Drainer* drainer, const Cluster& cluster) {
  Process& process = drainer->process;
  process.name = "new-drainer@" + alias;
  process.unit = UnitOf(cluster.target_supervision, "drainer", process.deploy_dir,
                        fmt::format("drainer-{}.service", process.port));
  process.binary = process.deploy_dir + "/bin/drainer";
  process.config = process.deploy_dir + "/conf/drainer.toml";
  process.script = process.deploy_dir + "/scripts/run_drainer.sh";
  process.version = cluster.tidb_target_version;
}

Status FillTargetVersion(const ClusterInput& input, Cluster* cluster) {
  if (input.target == nullptr) {
    const Result<Version> running = ParseVersion(cluster->tidb_version);
    // The nearest release that speaks to cluster Pumps: a 2.0 stays a 2.0 (docs:
    // upgrade-tidb-binlog).
    const bool two_zero = running.has_value() && !running->latest && running->major == 2 &&
                          running->minor == 0 && running->patch <= 11;
    cluster->tidb_target_version = two_zero ? "v2.0.11-binlog" : "v2.1.0";
    cluster->assumptions.push_back(
        fmt::format("no target inventory: TiDB is upgraded to {}", cluster->tidb_target_version));
    return {};
  }
  const Inventory& target = *input.target;
  TRY_ASSIGN(const std::optional<InventoryValue> version, target.GlobalValue("tidb_version"));
  if (!version.has_value()) {
    return Error{ErrorCode::kBadInput, "the target inventory does not set tidb_version",
                 target.file()};
  }
  if (const Result<Version> parsed = ParseVersion(version->text); !parsed) {
    return target.ErrorAt(version->place, parsed.error().message);
  }
  cluster->tidb_target_version = version->text;
  TRY_ASSIGN(const std::optional<InventoryValue> binlog, target.GlobalValue("enable_binlog"));
  const bool on = binlog.has_value() && (binlog->text == "True" || binlog->text == "true" ||
                                         binlog->text == "yes" || binlog->text == "1");
  if (!on) {
    const InventoryPlace place = binlog.has_value() ? binlog->place : InventoryPlace{1, 1};
    return target.ErrorAt(place,
                          "enable_binlog is not True in the target inventory; the new TiDB would "
                          "write no binlog, and what it commits would never be replicated");
  }
  return {};
}

// The new TiDBs are the old ones, upgraded in place.
Status CheckTidbs(const Inventory& target, const Cluster& cluster) {
  const std::vector<const InventoryHost*> hosts = target.HostsOf("tidb_servers");
  if (hosts.empty()) return target.MissingGroup("tidb_servers");
  std::vector<bool> seen(cluster.tidbs.size(), false);
  for (const InventoryHost* host : hosts) {
    const HostVars vars(target, *host);
    TRY_ASSIGN(const std::string address, vars.Address());
    TRY_ASSIGN(const std::int64_t port, vars.Port("tidb_port", 4000));
    TRY_ASSIGN(const std::string deploy_dir,
               vars.Path("deploy_dir", std::string(kDefaultDeployDir)));
    std::size_t i = 0;
    while (i < cluster.tidbs.size() &&
           (cluster.tidbs[i].process.host != address || cluster.tidbs[i].process.port != port)) {
      ++i;
    }
    if (i == cluster.tidbs.size()) {
      return target.ErrorAt(
          host->place, fmt::format("TiDB {}:{} of the target inventory is not in the old one; add "
                                   "new TiDBs before or after the upgrade, not with it",
                                   address, port));
    }
    if (cluster.tidbs[i].process.deploy_dir != deploy_dir) {
      return vars.ErrorAt(
          "deploy_dir",
          fmt::format("TiDB {}:{} is deployed in {} now and in {} in the target "
                      "inventory; it can't move during the upgrade",
                      address, port, cluster.tidbs[i].process.deploy_dir, deploy_dir));
    }
    seen[i] = true;
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i]) continue;
    return Error{ErrorCode::kBadInput,
                 fmt::format("{} is not in the target inventory; it would keep writing to the old "
                             "Pump",
                             cluster.tidbs[i].process.name),
                 target.file()};
  }
  return {};
}

Status TargetPumps(const Inventory& target, Cluster* cluster) {
  const std::vector<const InventoryHost*> hosts = target.HostsOf("pump_servers");
  if (hosts.empty()) return target.MissingGroup("pump_servers");
  for (const InventoryHost* host : hosts) {
    const HostVars vars(target, *host);
    Pump pump;
    Process& process = pump.process;
    TRY_ASSIGN(process.host, vars.Address());
    TRY_ASSIGN(process.port, vars.Port("pump_port", 8250));
    TRY_ASSIGN(process.deploy_dir, vars.Path("deploy_dir", std::string(kDefaultDeployDir)));
    TRY_ASSIGN(process.data_dir, vars.Path("pump_data_dir", process.deploy_dir + "/data.pump"));
    FillNewPump(host->name, &pump, *cluster);
    cluster->new_pumps.push_back(std::move(pump));
  }
  return {};
}

// Which old Drainer does this one replace? The site file says so; or their names or hosts are the
// same; or there is only one of each.
Result<const Drainer*> FindReplaced(const Cluster& cluster, const std::string& alias,
                                    const std::string& address, const SiteNewDrainer* site,
                                    std::size_t new_count, const Error& unclear) {
  const std::vector<std::string> names = Names(cluster.old_drainers);
  if (site != nullptr && !site->replaces.empty()) {
    const auto found = std::find(names.begin(), names.end(), site->replaces);
    if (found == names.end()) {
      return Error{ErrorCode::kBadInput,
                   fmt::format("no old Drainer is named '{}'{}", site->replaces,
                               DidYouMean(site->replaces, names)),
                   site->where};
    }
    return &cluster.old_drainers[static_cast<std::size_t>(found - names.begin())];
  }
  if (cluster.old_drainers.empty()) return static_cast<const Drainer*>(nullptr);
  if (cluster.old_drainers.size() == 1 && new_count == 1) return &cluster.old_drainers[0];
  const auto by_name = std::find(names.begin(), names.end(), alias);
  if (by_name != names.end()) {
    return &cluster.old_drainers[static_cast<std::size_t>(by_name - names.begin())];
  }
  const Drainer* found = nullptr;
  for (const Drainer& drainer : cluster.old_drainers) {
    if (drainer.process.host != address) continue;
    if (found != nullptr) return unclear;
    found = &drainer;
  }
  if (found == nullptr) return unclear;
  return found;
}

// Sink, filters and configuration: what the site file gives for the new one, else the old one's.
Status FillConfig(const SiteNewDrainer* site, const Drainer* old, Drainer* drainer,
                  Cluster* cluster) {
  std::string text = old == nullptr ? "" : old->config_text;
  std::string origin = old == nullptr ? "" : old->process.config;
  if (old != nullptr) {
    drainer->replaces = old->process.name;
    drainer->sink = old->sink;
    drainer->filters = old->filters;
    drainer->disable_dispatch = old->disable_dispatch;
    drainer->detect_interval = old->detect_interval;
    drainer->synced_check_minutes = old->synced_check_minutes;
  }
  if (site != nullptr && !site->config.text.empty()) {
    TRY_ASSIGN(DrainerConfig config, ReadDrainerConfig(site->config.text, site->config.origin));
    if (old != nullptr && config.sink.type == old->sink.type &&
        config.sink.host == old->sink.host) {
      config.sink.name = old->sink.name;
    }
    if (config.sink.name.empty()) config.sink.name = config.sink.type + "@" + config.sink.host;
    drainer->sink = std::move(config.sink);
    drainer->filters = std::move(config.filters);
    drainer->disable_dispatch = config.disable_dispatch;
    drainer->detect_interval = config.detect_interval;
    drainer->synced_check_minutes = config.synced_check_minutes;
    drainer->config_text = site->config.text;  // the operator's own file, as it is
    return {};
  }
  if (text.empty()) {
    cluster->assumptions.push_back(
        fmt::format("{}: no configuration to carry over is known; the new file has the sink alone, "
                    "without user, password and filters",
                    drainer->process.name));
  }
  std::vector<std::string> dropped;
  TRY_ASSIGN(drainer->config_text, RenderDrainerConfig(text, origin, drainer->sink, &dropped));
  for (const std::string& key : dropped) {
    cluster->assumptions.push_back(fmt::format(
        "{}: '{}' of the old configuration is unknown to the cluster Drainer and left out",
        drainer->process.name, key));
  }
  return {};
}

Result<Tso> ReadInitialCommitTs(const HostVars& vars) {
  TRY_ASSIGN(const std::string text, vars.Text("initial_commit_ts", ""));
  if (text.empty() || text == "-1") return Tso{-1};
  const Result<Tso> tso = ParseTso(text);
  if (!tso) {
    return vars.ErrorAt(
        "initial_commit_ts",
        fmt::format("initial_commit_ts of host '{}' is '{}'; it must be a PD timestamp",
                    vars.alias(), text));
  }
  return *tso;
}

Status TargetDrainers(const ClusterInput& input, Cluster* cluster) {
  const Inventory& target = *input.target;
  const std::vector<const InventoryHost*> hosts = target.HostsOf("drainer_servers");
  if (hosts.empty()) return target.MissingGroup("drainer_servers");
  std::vector<std::string> aliases;
  for (const InventoryHost* host : hosts) {
    aliases.push_back(host->name);
    const HostVars vars(target, *host);
    Drainer drainer;
    Process& process = drainer.process;
    TRY_ASSIGN(process.host, vars.Address());
    TRY_ASSIGN(process.port, vars.Port("drainer_port", 8249));
    TRY_ASSIGN(process.deploy_dir, vars.Path("deploy_dir", std::string(kDefaultDeployDir)));
    TRY_ASSIGN(process.data_dir,
               vars.Path("drainer_data_dir", process.deploy_dir + "/data.drainer"));
    TRY_ASSIGN(drainer.initial_commit_ts, ReadInitialCommitTs(vars));
    FillNewDrainer(host->name, &drainer, *cluster);
    const SiteNewDrainer* site = FindNew(input.site, host->name);
    const Error unclear = target.ErrorAt(
        host->place, fmt::format("which old Drainer does '{}' replace? Say so in the site file: "
                                 "new_drainers[].replaces, one of {}",
                                 host->name, fmt::join(Names(cluster->old_drainers), ", ")));
    TRY_ASSIGN(const Drainer* old,
               FindReplaced(*cluster, host->name, process.host, site, hosts.size(), unclear));
    TRY(FillConfig(site, old, &drainer, cluster));
    cluster->new_drainers.push_back(std::move(drainer));
  }
  if (input.site == nullptr) return {};
  for (const SiteNewDrainer& drainer : input.site->new_drainers) {
    if (std::find(aliases.begin(), aliases.end(), drainer.name) != aliases.end()) continue;
    return Error{ErrorCode::kBadInput,
                 fmt::format("the target inventory has no host '{}' in [drainer_servers]{}",
                             drainer.name, DidYouMean(drainer.name, aliases)),
                 drainer.where};
  }
  return {};
}

// Without a target inventory: the same hosts, the new playbook's defaults.
Status DeriveNewSide(Cluster* cluster) {
  for (const Pump& old : cluster->old_pumps) {
    Pump pump;
    pump.process.host = old.process.host;
    pump.process.port = 8250;
    pump.process.deploy_dir = old.process.deploy_dir;
    pump.process.data_dir = old.process.deploy_dir + "/data.pump";
    FillNewPump(old.process.name.substr(std::string_view("old-pump@").size()), &pump, *cluster);
    cluster->assumptions.push_back(
        fmt::format("no target inventory: {} on {}, port 8250, data in {}", pump.process.name,
                    pump.process.host, pump.process.data_dir));
    cluster->new_pumps.push_back(std::move(pump));
  }
  for (std::size_t i = 0; i < cluster->old_drainers.size(); ++i) {
    const Drainer old = cluster->old_drainers[i];
    Drainer drainer;
    drainer.process.host = old.process.host;
    drainer.process.port = 8249;
    drainer.process.deploy_dir = old.process.deploy_dir;
    drainer.process.data_dir = old.process.deploy_dir + "/data.drainer";
    FillNewDrainer(Names(cluster->old_drainers)[i], &drainer, *cluster);
    TRY(FillConfig(nullptr, &old, &drainer, cluster));
    cluster->assumptions.push_back(
        fmt::format("no target inventory: {} on {}, port 8249, data in {}", drainer.process.name,
                    drainer.process.host, drainer.process.data_dir));
    cluster->new_drainers.push_back(std::move(drainer));
  }
  return {};
}

}  // namespace

Status BuildNewSide(const ClusterInput& input, Cluster* cluster) {
  TRY(FillTargetVersion(input, cluster));
  const Result<Version> version = ParseVersion(cluster->tidb_target_version);
  if (input.site != nullptr && input.site->pump_gc.has_value()) {
    cluster->pump_gc = *input.site->pump_gc;
  } else {
    // tidb-ansible group_vars: gc 5 days in release-2.0-new-binlog, 7 later
    const bool branch = version.has_value() && version->binlog_branch;
    cluster->pump_gc = (branch ? 5 : 7) * 24 * kHour;
    cluster->assumptions.push_back(
        fmt::format("new Pumps keep binlogs for {} days (retention.pump_gc)", branch ? 5 : 7));
  }
  if (input.target == nullptr) return DeriveNewSide(cluster);
  TRY(CheckTidbs(*input.target, *cluster));
  TRY(TargetPumps(*input.target, cluster));
  return TargetDrainers(input, cluster);
}

}  // namespace tidegate::engine
