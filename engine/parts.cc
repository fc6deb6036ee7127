#include "engine/parts.h"

#include <fmt/format.h>

#include "engine/supervision.h"

namespace tidegate::engine {
namespace {

std::string PdUrls(const Cluster& cluster) {
  std::string urls;
  for (const HostPort& pd : cluster.pds) {
    urls += fmt::format("{}http://{}", urls.empty() ? "" : ",", pd.ToString());
  }
  return urls;
}

// A unit file; or the three programs that role supervise copies (tidb-ansible: roles/supervise).
void AddSupervisor(const Process& process, const std::string& part, Step* step) {
  if (StartsWithHost(process.unit)) {
    AddAct(step, port::WriteFile{process.host, fmt::format("/etc/systemd/system/{}", process.unit),
                                 UnitText(process, part)});
    return;
  }
  for (const char* program : {"supervise", "svc", "svstat"}) {
    AddAct(step, port::InstallBinary{process.host, program, process.version,
                                     fmt::format("{}/bin/{}", process.deploy_dir, program)});
  }
}

void WriteAndStart(const Process& process, std::string part, const std::string& config,
                   std::string script, Act script_act, Step* step) {
  AddAct(step, port::WriteFile{process.host, process.config, config});
  if (!process.script.empty()) {
    script_act.action = port::WriteFile{process.host, process.script, std::move(script)};
    AddAct(step, std::move(script_act));
    AddSupervisor(process, part, step);
  }
  AddEnabled(process, true, step);
  AddAct(step, port::StartProcess{process.host, process.unit});
}

// Copies a file beside itself, changes it, and says how it comes back.
void EditFile(const std::string& host, const std::string& path, Edit edit, bool undo, Step* step) {
  const std::string before = BeforePath(path);
  if (undo) {
    Act copy{.action = port::WriteFile{host, before, ""}};
    copy.source = port::ReadRemoteFile{host, path};
    copy.missing_source_is_done = true;
    AddAct(step, std::move(copy));
    Act restore{.action = port::WriteFile{host, path, ""}};
    restore.source = port::ReadRemoteFile{host, before};
    restore.missing_source_is_done = true;
    AddUndo(step, std::move(restore));
  }
  Act change{.action = port::WriteFile{host, path, ""}};
  change.source = port::ReadRemoteFile{host, path};
  change.edit = edit;
  change.missing_source_is_done = edit == Edit::kTidbScriptToCluster;
  AddAct(step, std::move(change));
}

void Install(const Process& process, const char* part, bool prove, Step* step) {
  AddAct(step, port::InstallBinary{process.host, part, process.version, process.binary});
  if (!prove) return;
  AddLook(step, {.condition = BinaryIs{process.host, process.binary, process.version},
                 .timeout = kMinute});
}

void Append(std::vector<Task>* tasks, Task task) { tasks->push_back(std::move(task)); }

}  // namespace

void AddAct(Step* step, port::Action action) { AddAct(step, Act{.action = std::move(action)}); }
void AddAct(Step* step, Act act) { Append(&step->tasks, Task{{}, std::move(act)}); }
void AddLook(Step* step, Look look) { Append(&step->tasks, Task{{}, std::move(look)}); }
void AddUndo(Step* step, port::Action action) { AddUndo(step, Act{.action = std::move(action)}); }
void AddUndo(Step* step, Act act) {
  act.probe_first = true;
  Append(&step->undo, Task{{}, std::move(act)});
}
void AddUndoLook(Step* step, Look look) { Append(&step->undo, Task{{}, std::move(look)}); }

std::string BeforePath(const std::string& path) { return path + ".before-tidegate"; }

std::vector<const Process*> RetiredBystanders(const Cluster& cluster) {
  const auto retires = [](const Bystander& bystander) {
    return bystander.ours_to_stop && !bystander.carries_foreign;
  };
  std::vector<const Process*> retired;
  for (const Bystander& kafka : cluster.kafkas) {
    if (retires(kafka)) retired.push_back(&kafka.process);
  }
  if (retired.size() < cluster.kafkas.size()) return retired;
  for (const Bystander& zookeeper : cluster.zookeepers) {
    if (retires(zookeeper)) retired.push_back(&zookeeper.process);
  }
  return retired;
}

std::string RunPumpScript(const Cluster& cluster, const Pump& pump) {
  const Process& p = pump.process;
  return fmt::format(
      "#!/bin/bash\nset -e\nulimit -n 1000000\ncd \"{0}\" || exit 1\nexec {1} \\\n"
      "    --addr=\"0.0.0.0:{2}\" \\\n    --advertise-addr=\"{3}:{2}\" \\\n"
      "    --pd-urls=\"{4}\" \\\n    --data-dir=\"{5}\" \\\n    --log-file=\"{0}/log/pump.log\" "
      "\\\n"
      "    --config={6}\n",
      p.deploy_dir, p.binary, p.port, p.host, PdUrls(cluster), p.data_dir, p.config);
}

std::string RunDrainerScript(const Cluster& cluster, const Drainer& drainer,
                             const std::string& initial_ts) {
  const Process& p = drainer.process;
  return fmt::format(
      "#!/bin/bash\nset -e\nulimit -n 1000000\ncd \"{0}\" || exit 1\nexec {1} \\\n"
      "    --addr=\"{2}:{3}\" \\\n    --pd-urls=\"{4}\" \\\n    --data-dir=\"{5}\" \\\n"
      "    --log-file=\"{0}/log/drainer.log\" \\\n    --config={6} \\\n"
      "    --initial-commit-ts=\"{7}\"\n",
      p.deploy_dir, p.binary, p.host, p.port, PdUrls(cluster), p.data_dir, p.config, initial_ts);
}

std::string UnitText(const Process& process, const std::string& what) {
  // tidb-ansible release-2.1 roles/systemd: Restart=on-failure, RestartSec=15s, SendSIGKILL=no
  return fmt::format(
      "[Unit]\nDescription={} service\nAfter=syslog.target network.target remote-fs.target\n\n"
      "[Service]\nLimitNOFILE=1000000\nUser=tidb\nExecStart={}\nRestart=on-failure\n"
      "RestartSec=15s\nSendSIGKILL=no\n\n[Install]\nWantedBy=multi-user.target\n",
      what, process.script);
}

void DeployPump(const Cluster& cluster, const Pump& pump, bool prove, Step* step) {
  Install(pump.process, "pump", prove, step);
  WriteAndStart(pump.process, "pump", pump.config_text, RunPumpScript(cluster, pump), Act{}, step);
}

void DeployDrainer(const Cluster& cluster, const Drainer& drainer, const std::string& initial_ts,
                   bool prove, Step* step) {
  Install(drainer.process, "drainer", prove, step);
  Act script_act;
  script_act.fill = true;
  WriteAndStart(drainer.process, "drainer", drainer.config_text,
                RunDrainerScript(cluster, drainer, initial_ts), std::move(script_act), step);
}

void AddEnabled(const Process& process, bool enabled, Step* step) {
  if (!StartsWithHost(process.unit)) return;
  AddAct(step, port::SetUnitEnabled{process.host, process.unit, enabled});
}

void ExplainBinaryProof(Step* step) {
  step->deviations.push_back(
      {"each installed binary is asked for its version before it is started",
       "an old file that lies in the resources folder installs like a new one, and serves"});
}

void RetireProcess(const Process& process, Step* step) {
  AddAct(step, port::StopProcess{process.host, process.unit});
  AddEnabled(process, false, step);
}

void UpgradeTidb(const Cluster& cluster, const Tidb& tidb, bool undo, Step* step) {
  const Process& p = tidb.process;
  AddAct(step, port::InstallBinary{p.host, "tidb-server", cluster.tidb_target_version, p.binary});
  if (undo) {
    AddUndo(step, port::InstallBinary{p.host, "tidb-server", cluster.tidb_version, p.binary});
  }
  EditFile(p.host, p.config, Edit::kTidbConfigToCluster, undo, step);
  if (!p.script.empty()) EditFile(p.host, p.script, Edit::kTidbScriptToCluster, undo, step);
}

}  // namespace tidegate::engine
