// Rolling upgrades within the cluster version: Pump by Pump, then Drainer by Drainer, each with the
// proof that it is back before the next one is touched. By hand, or by the playbooks of
// tidb-ansible run host by host.
#include <fmt/format.h>

#include "engine/checkpoint.h"
#include "engine/parts.h"
#include "engine/plan.h"
#include "engine/supervision.h"

namespace tidegate::engine {
namespace {

constexpr Duration kBackTimeout = 10 * kMinute;

bool ByPlaybook(const PlanOptions& options) {
  return options.procedure == Procedure::kRollingAnsible;
}

std::string FactOf(std::string_view what, const Process& process) {
  return fmt::format("{}/{}", what, process.name);
}

void AddUndoNeeding(Step* step, const std::string& fact, port::Action action) {
  AddUndo(step, std::move(action));
  step->undo.back().needs = fact;
}
void AddUndoNeeding(Step* step, const std::string& fact, Look look) {
  AddUndoLook(step, std::move(look));
  step->undo.back().needs = fact;
}

Step Preflight() {
  Step step;
  step.id = "preflight";
  step.manual = "(before the first Pump)";
  step.proof = "nothing speaks against the upgrade";
  AddLook(&step, {.condition = RollingHolds{},
                  .learns = "registry",
                  .timeout = 2 * kMinute,
                  .poll = 5 * kSecond});
  return step;
}

// Beside itself, unless there is none or it is there already.
void KeepBinary(const std::string& host, const std::string& part, const std::string& path,
                Step* step) {
  Act keep{.action = port::CopyBinary{host, part, path, BeforePath(path)}};
  keep.probe_first = true;
  AddAct(step, std::move(keep));
}

// The binary that runs is kept beside the new one, and its configuration in the engine's folder.
void KeepFiles(const Process& process, const std::string& part, Step* step) {
  KeepBinary(process.host, part, process.binary, step);
  Act config{.action = port::KeepBackup{process.name + ".toml", ""}};
  config.source = port::ReadRemoteFile{process.host, process.config};
  config.missing_source_is_done = true;
  AddAct(step, std::move(config));
}

void InstallByHand(const Process& process, const std::string& part, Step* step) {
  AddAct(step, port::InstallBinary{process.host, part, process.version, process.binary});
}

void AddPlaybook(const Cluster& cluster, const Process& process, const char* playbook,
                 const char* tags, Condition probe, Step* step) {
  Act act{.action =
              port::RunPlaybook{playbook, tags, process.alias + ",localhost", cluster.ansible_dir}};
  act.probe = std::move(probe);
  act.timeout = 15 * kMinute;
  AddAct(step, std::move(act));
}

BinaryIs OnDisk(const Process& process) { return {process.host, process.binary, process.version}; }

// ------------------------------------------------------------------ Pumps

void ProvePump(std::size_t index, const std::string& fact, Step* step) {
  AddLook(step, {.condition = TimestampFrom{fact, index}, .learns = fact, .timeout = kBackTimeout});
  AddLook(step, {.condition = PumpBack{index, fact}, .timeout = kBackTimeout});
  AddLook(step, {.condition = PumpRead{index, fact}, .timeout = kBackTimeout});
}

void AddPumpUndo(const Process& process, std::size_t index, Step* step) {
  const std::string stopping = FactOf("stopping", process);
  const std::string restored = FactOf("restored", process);
  AddUndoNeeding(step, stopping, Look{.condition = PumpsServe{index}, .timeout = kBackTimeout});
  AddUndo(step, port::CopyBinary{process.host, "pump", BeforePath(process.binary), process.binary});
  AddUndoNeeding(step, stopping, port::StopProcess{process.host, process.unit});
  AddUndoNeeding(step, stopping, port::StartProcess{process.host, process.unit});
  AddUndoNeeding(step, stopping,
                 Look{.condition = TimestampFrom{restored, index},
                      .learns = restored,
                      .timeout = kBackTimeout});
  AddUndoNeeding(step, stopping,
                 Look{.condition = PumpBack{index, restored}, .timeout = kBackTimeout});
  AddUndoNeeding(step, stopping,
                 Look{.condition = PumpRead{index, restored}, .timeout = kBackTimeout});
}

void ExplainPump(const Cluster& cluster, const PlanOptions& options, Step* step) {
  step->deviations.push_back(
      {"the Pump is back only when it is registered online, its heartbeat and maxCommitTS are past "
       "a PD timestamp taken after its restart, and every Drainer reads from it again",
       "it listens before it is registered: an open port proves nothing, and one that can't notify "
       "every Drainer dies again"});
  if (ByPlaybook(options)) {
    step->deviations.push_back(
        {"the playbook runs for this host alone (-l HOST,localhost)",
         "one run of it bounces every Pump and looks at nothing but the port in between"});
  }
  if (cluster.new_pumps.size() > 1) return;
  step->outage_begins = true;
  step->outage_ends = true;
  step->deviations.push_back({"no TiDB can write while the only Pump restarts",
                              "there is no other Pump; it was accepted (--accept-write-outage)"});
}

Step UpgradePump(const Cluster& cluster, const PlanOptions& options, std::size_t index) {
  const Process& process = cluster.new_pumps[index].process;
  Step step;
  step.id = fmt::format("upgrade-pump-{}", index + 1);
  step.manual = ByPlaybook(options)
                    ? "Execute the `ansible-playbook rolling_update.yml --tags=pump` command to "
                      "perform a rolling update for Pump."
                    : "Replace the original file with the new version of pump. Restart the Pump "
                      "process.";
  step.proof = fmt::format("{} is back on {} and every Drainer reads from it", process.name,
                           process.version);
  step.expected = kMinute;
  step.undo_expected = kMinute;
  const std::string stopping = FactOf("stopping", process);
  AddLook(&step, {.condition = PumpsServe{index}, .timeout = kBackTimeout});
  KeepFiles(process, "pump", &step);
  if (!ByPlaybook(options)) {
    InstallByHand(process, "pump", &step);
    AddLook(&step, {.condition = OnDisk(process)});
  }
  AddLook(&step, {.condition = TimestampFrom{stopping, index}, .learns = stopping});
  // Right before the stop, also when an engine comes back from a crash.
  AddLook(&step, {.condition = PumpsServe{index}, .timeout = kBackTimeout});
  if (ByPlaybook(options)) {
    AddPlaybook(cluster, process, "rolling_update.yml", "pump",
                RunsFrom{process.host, process.binary, process.version, process.unit}, &step);
    AddLook(&step, {.condition = OnDisk(process)});
  } else {
    AddAct(&step, port::StopProcess{process.host, process.unit});
    AddAct(&step, port::StartProcess{process.host, process.unit});
  }
  ProvePump(index, FactOf("restarted", process), &step);
  AddPumpUndo(process, index, &step);
  ExplainPump(cluster, options, &step);
  return step;
}

// ------------------------------------------------------------------ Drainers

void KeepCheckpoint(const Drainer& drainer, std::size_t index, Step* step) {
  const Process& process = drainer.process;
  AddLook(step, {.condition = ProcessIs{process.host, process.unit, process.port, false},
                 .poll = kSecond});
  Act checkpoint{.action = port::KeepBackup{process.name + ".checkpoint", ""}};
  checkpoint.source = NewCheckpointPlace(drainer).query;
  AddAct(step, std::move(checkpoint));
  AddLook(step, {.condition = CheckpointKept{index}, .learns = FactOf("stopped", process)});
}

void AddDrainerUndo(const Process& process, std::size_t index, Step* step) {
  const std::string stopping = FactOf("stopping", process);
  const std::string restored = FactOf("restored", process);
  AddUndo(step,
          port::CopyBinary{process.host, "drainer", BeforePath(process.binary), process.binary});
  AddUndoNeeding(step, stopping, port::StopProcess{process.host, process.unit});
  AddUndoNeeding(step, stopping, port::StartProcess{process.host, process.unit});
  if (StartsWithHost(process.unit)) {
    AddUndoNeeding(step, FactOf("enabled", process),
                   port::SetUnitEnabled{process.host, process.unit, true});
  }
  AddUndoNeeding(step, stopping,
                 Look{.condition = TimestampFrom{restored, kNobody},
                      .learns = restored,
                      .timeout = kBackTimeout});
  AddUndoNeeding(step, stopping,
                 Look{.condition = DrainerBack{index, restored}, .timeout = kBackTimeout});
}

// stop_drainer.yml and start_drainer.yml leave the unit disabled (tidb-ansible: enabled=no).
void EnableAgain(const Process& process, Step* step) {
  if (!StartsWithHost(process.unit)) return;
  AddAct(step, port::SetUnitEnabled{process.host, process.unit, true});
  step->tasks.back().needs = FactOf("enabled", process);
}

void ExplainDrainer(const PlanOptions& options, Step* step) {
  step->deviations.push_back(
      {"the Drainer is stopped, and its checkpoint read and kept, before the new binary starts",
       "what it resumes from is the only thing that must not be lost"});
  if (!ByPlaybook(options)) return;
  step->deviations.push_back(
      {"deploy_drainer.yml runs between stop_drainer.yml and start_drainer.yml",
       "no other play copies the drainer binary to the hosts: the manual's commands alone start "
       "the "
       "old one again and upgrade no Drainer"});
  step->deviations.push_back(
      {"the playbooks run for this host alone (-l HOST,localhost), and a unit that was enabled is "
       "enabled again",
       "they stop all Drainers at once, go on when one fails, and leave the units disabled"});
}

Step UpgradeDrainer(const Cluster& cluster, const PlanOptions& options, std::size_t index) {
  const Drainer& drainer = cluster.new_drainers[index];
  const Process& process = drainer.process;
  Step step;
  step.id = fmt::format("upgrade-drainer-{}", index + 1);
  step.manual = ByPlaybook(options)
                    ? "Execute the `ansible-playbook stop_drainer.yml --tags=drainer` command. "
                      "Execute the `ansible-playbook start_drainer.yml --tags=drainer` command."
                    : "Replace the original file with the new version of drainer. Restart the "
                      "Drainer process.";
  step.proof = fmt::format("{} went on from its checkpoint on {}", process.name, process.version);
  step.expected = kMinute;
  step.undo_expected = kMinute;
  const std::string stopping = FactOf("stopping", process);
  const std::string restarted = FactOf("restarted", process);
  AddLook(&step, {.condition = PumpsServe{}, .timeout = kBackTimeout});
  KeepFiles(process, "drainer", &step);
  AddLook(&step, {.condition = TimestampFrom{stopping, kNobody}, .learns = stopping});
  if (ByPlaybook(options)) {
    const ProcessIs down{process.host, process.unit, process.port, false};
    const ProcessIs up{process.host, process.unit, process.port, true};
    AddPlaybook(cluster, process, "stop_drainer.yml", "drainer", down, &step);
    KeepCheckpoint(drainer, index, &step);
    AddPlaybook(cluster, process, "deploy_drainer.yml", "drainer", OnDisk(process), &step);
    AddLook(&step, {.condition = OnDisk(process)});
    AddPlaybook(cluster, process, "start_drainer.yml", "drainer", up, &step);
    EnableAgain(process, &step);
  } else {
    AddAct(&step, port::StopProcess{process.host, process.unit});
    KeepCheckpoint(drainer, index, &step);
    InstallByHand(process, "drainer", &step);
    AddLook(&step, {.condition = OnDisk(process)});
    AddAct(&step, port::StartProcess{process.host, process.unit});
  }
  AddLook(&step, {.condition = TimestampFrom{restarted, kNobody}, .learns = restarted});
  AddLook(&step, {.condition = DrainerBack{index, restarted}, .timeout = kBackTimeout});
  AddDrainerUndo(process, index, &step);
  ExplainDrainer(options, &step);
  return step;
}

// ------------------------------------------------------------------ the control machine

Step CopyToResources(const Cluster& cluster, const std::string& part) {
  const std::string path = fmt::format("{}/resources/bin/{}", cluster.ansible_dir, part);
  const std::string& version = cluster.tidb_target_version;
  Step step;
  step.id = "copy-" + part;
  step.manual = fmt::format(
      "Copy the new version of the binary {} file into the ({{ resources_dir }})/bin directory.",
      part);
  step.proof = fmt::format("{} is {}", path, version);
  step.expected = kMinute;
  step.undo_expected = 10 * kSecond;
  KeepBinary("localhost", part, path, &step);
  AddAct(&step, port::InstallBinary{"localhost", part, version, path});
  AddLook(&step, {.condition = BinaryIs{"localhost", path, version}});
  AddUndo(&step, port::CopyBinary{"localhost", part, BeforePath(path), path});
  return step;
}

}  // namespace

std::vector<Step> StepsRolling(const Cluster& cluster, const PlanOptions& options) {
  std::vector<Step> steps;
  steps.push_back(Preflight());
  if (ByPlaybook(options)) steps.push_back(CopyToResources(cluster, "pump"));
  for (std::size_t i = 0; i < cluster.new_pumps.size(); ++i) {
    steps.push_back(UpgradePump(cluster, options, i));
  }
  if (ByPlaybook(options)) steps.push_back(CopyToResources(cluster, "drainer"));
  for (std::size_t i = 0; i < cluster.new_drainers.size(); ++i) {
    steps.push_back(UpgradeDrainer(cluster, options, i));
  }
  return steps;
}

}  // namespace tidegate::engine
