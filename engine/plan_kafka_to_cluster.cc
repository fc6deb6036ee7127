// The seven steps of the manual, "Upgrade TiDB Binlog from Kafka/Local version to the cluster
// version", with our deviations and their reasons.
#include <fmt/format.h>

#include <algorithm>

#include "engine/checkpoint.h"
#include "engine/parts.h"
#include "engine/plan.h"
#include "engine/preflight.h"
#include "engine/registry.h"

namespace tidegate::engine {
namespace {

bool HasMarker(const Cluster& cluster) { return !cluster.marker_schema.empty(); }
// Without a hook that detaches clients they may commit after the marker until TiDB is stopped.
bool NeedsEvidence(const Cluster& cluster) {
  return !HasMarker(cluster) || cluster.hooks.detach_service.empty();
}

// What undoing one step of the TiDBs takes: about ten seconds each, and a margin.
Duration BackPerTidb(const Cluster& cluster) {
  return 10 * kSecond + 10 * kSecond * static_cast<Duration>(cluster.tidbs.size());
}

Step Preflight() {
  Step step;
  step.id = "preflight";
  step.manual = "(before step 1)";
  step.proof = "nothing speaks against the upgrade";
  AddLook(&step, {.condition = PreflightHolds{},
                  .learns = "registry",
                  .timeout = kMinute,
                  .poll = 5 * kSecond});
  return step;
}

Step DeployPumps(const Cluster& cluster) {
  Step step;
  step.id = "deploy-pump";
  step.manual = "Deploy the new version of Pump.";
  step.proof = "every new Pump is registered online";
  step.expected = 2 * kMinute;
  step.undo_expected = kMinute;
  for (const Pump& pump : cluster.new_pumps) {
    DeployPump(cluster, pump, &step);
    AddUndo(&step, port::StopProcess{pump.process.host, pump.process.unit});
    AddUndo(&step, port::SetUnitEnabled{pump.process.host, pump.process.unit, false});
  }
  AddLook(&step, {.condition = PumpsOnline{}, .timeout = 10 * kMinute});
  return step;
}

void AddMarker(const Cluster& cluster, Step* step) {
  const Process& tidb = cluster.tidbs.front().process;
  AddLook(step, {.condition = PdTimestamp{"M"}, .learns = "M"});
  Act marker{.action =
                 port::RunSql{fmt::format("tidb {}:{}", tidb.host, tidb.port),
                              fmt::format("create table if not exists `{}`.tidegate_marker_${{M}} "
                                          "(id bigint primary key)",
                                          cluster.marker_schema)}};
  marker.fill = true;
  marker.probe = MarkerExists{
      fmt::format("show tables in `{}` like 'tidegate_marker_${{M}}'", cluster.marker_schema)};
  AddAct(step, std::move(marker));
  step->deviations.push_back(
      {fmt::format("a marker DDL runs in {} after the last client left; M is a PD timestamp just "
                   "below it",
                   cluster.marker_schema),
       "a DDL makes the old Drainer save its checkpoint at once, behind everything before it; an "
       "idle "
       "one never saves, so that no other timestamp would be reached"});
}

Step StopTidbs(const Cluster& cluster) {
  Step step;
  step.id = "stop-tidb";
  step.manual = "Stop the TiDB cluster service.";
  step.proof = "no writer has a path to the old side; T0 is journaled";
  step.expected = 2 * kMinute;
  step.undo_expected = BackPerTidb(cluster);
  step.outage_begins = true;
  if (!cluster.hooks.detach_service.empty()) {
    Act detach{.action = port::RunHook{"detach-service", cluster.hooks.detach_service}};
    detach.probe = TidbsIdle{};
    AddAct(&step, std::move(detach));
    AddLook(&step, {.condition = TidbsIdle{}, .timeout = 10 * kMinute, .poll = kSecond});
    step.deviations.push_back(
        {"the service is detached first, and the last client waited for",
         "a writer that commits while TiDB stops may commit after the marker"});
  }
  AddLook(&step, {.condition = NoDdlRunning{}, .timeout = 30 * kMinute});
  step.deviations.push_back({"running DDL jobs are waited for",
                             "a DDL cut off half way blocks the old Drainer for ever"});
  if (HasMarker(cluster)) AddMarker(cluster, &step);
  for (const Tidb& tidb : cluster.tidbs) {
    AddAct(&step, port::StopProcess{tidb.process.host, tidb.process.unit});
    AddUndo(&step, port::StartProcess{tidb.process.host, tidb.process.unit});
  }
  AddLook(&step, {.condition = TidbsStopped{}, .poll = kSecond});
  AddLook(&step, {.condition = PdTimestamp{"T0"}, .learns = "T0"});
  step.deviations.push_back({"every TiDB is proven stopped, then T0 is taken from PD and journaled",
                             "all of the old stream is below T0, all of the new one above"});
  AddUndoLook(&step, {.condition = TidbsUp{}, .timeout = 10 * kMinute});
  if (!cluster.hooks.attach_service.empty()) {
    Act attach{.action = port::RunHook{"attach-service", cluster.hooks.attach_service}};
    attach.probe = TidbsServe{};
    AddUndo(&step, std::move(attach));
  }
  return step;
}

Step UpgradeTidbs(const Cluster& cluster) {
  Step step;
  step.id = "upgrade-tidb";
  step.manual =
      "Upgrade TiDB and the configuration, and write the binlog data to the new Pump cluster.";
  step.proof = "binaries are the target version, binlog is enabled, no binlog-socket is left";
  step.expected = 2 * kMinute;
  step.undo_expected = BackPerTidb(cluster);
  for (const Tidb& tidb : cluster.tidbs) UpgradeTidb(cluster, tidb, true, &step);
  AddLook(&step, {.condition = TidbsUpgraded{}});
  return step;
}

Step StartTidbs(const Cluster& cluster) {
  Step step;
  step.id = "start-tidb";
  step.manual = "Reconnect the TiDB cluster to the service.";
  step.proof = "every TiDB logs to the new Pumps; the service is attached";
  step.outage_ends = true;
  step.expected = 2 * kMinute;
  step.tasks.push_back(
      {{},
       Confirm{
           "one-way-door",
           "From here on writes go to the new Pumps. There is no way back but a full re-import. "
           "Start TiDB on the new version?"}});
  for (const Tidb& tidb : cluster.tidbs) {
    AddAct(&step, port::StartProcess{tidb.process.host, tidb.process.unit});
  }
  AddLook(&step, {.condition = TidbsLogToPumps{}, .timeout = 10 * kMinute});
  AddLook(&step, {.condition = PumpsPast{"T0"}});
  if (!cluster.hooks.attach_service.empty()) {
    Act attach{.action = port::RunHook{"attach-service", cluster.hooks.attach_service}};
    attach.probe = TidbsServe{};
    AddAct(&step, std::move(attach));
  }
  step.deviations.push_back(
      {"each TiDB is proven to log to the new Pumps before clients return",
       "a left-over binlog-socket wins silently over the new Pumps, and a TiDB "
       "without binlog looks perfect and loses everything"});
  return step;
}

Step WaitDrained(const Cluster& cluster, const PlanOptions& options, const Condition& gate) {
  Step step;
  step.id = "wait-drained";
  step.manual =
      "Make sure that the old version of Drainer has replicated the data in the old version of "
      "Pump "
      "to the downstream completely (Synced is True).";
  step.proof = Describe(gate);
  step.expected = 12 * kMinute;
  AddLook(&step, {.condition = gate, .timeout = options.drain_timeout, .poll = 5 * kSecond});
  if (options.gate != Gate::kSynced) {
    step.deviations.push_back({"Synced is not what is waited for",
                               "it means idle for five minutes: it is true on a stuck Drainer and, "
                               "with default settings, "
                               "never true on a healthy one"});
  } else {
    for (const Drainer& drainer : cluster.old_drainers) {
      if (SyncedCanRise(drainer)) continue;
      step.deviations.push_back(
          {fmt::format("warning: Synced of {} does not rise while it is healthy",
                       drainer.process.name),
           "its workers refresh the idle clock every 3 s"});
    }
  }
  return step;
}

// Brings the checkpoint to where the new Drainer looks, when that is another file.
void CarryCheckpoint(const Cluster& cluster, const Drainer& from, const Drainer& to, Step* step) {
  const CheckpointPlace old_place = OldCheckpointPlace(from, cluster.era);
  const CheckpointPlace new_place = NewCheckpointPlace(to);
  if (old_place.sentence == new_place.sentence) return;
  if (new_place.kind == CheckpointKind::kTable) return;  // --initial-commit-ts carries it
  const port::ReadRemoteFile& file = std::get<port::ReadRemoteFile>(new_place.query);
  Act carry{.action = port::WriteFile{file.host, file.path, ""}};
  carry.source = old_place.query;
  if (old_place.kind == CheckpointKind::kLocalSavePoint) carry.edit = Edit::kSavePointToSavepoint;
  AddAct(step, std::move(carry));
}

void AddHandOver(const Cluster& cluster, std::size_t index, Step* step) {
  const Drainer& old_one = cluster.old_drainers[index];
  const Process& p = old_one.process;
  RetireProcess(p, step);
  AddLook(step, {.condition = ProcessIs{p.host, p.unit, p.port, false}, .poll = kSecond});
  Act checkpoint{.action = port::KeepBackup{p.name + ".checkpoint", ""}};
  checkpoint.source = OldCheckpointPlace(old_one, cluster.era).query;
  AddAct(step, std::move(checkpoint));
  Act config{.action = port::KeepBackup{p.name + ".toml", ""}};
  config.source = port::ReadRemoteFile{p.host, p.config};
  config.missing_source_is_done = true;
  AddAct(step, std::move(config));
  AddLook(step, {.condition = HandOverReady{index}, .learns = "handover/" + p.name});
}

Step StartDrainers(const Cluster& cluster, const Drained& gate, const PlanOptions& options) {
  Step step;
  step.id = "start-drainer";
  step.manual = "Start the new version of Drainer.";
  step.proof = "each new Drainer went on from the handed-over checkpoint";
  step.expected = 2 * kMinute;
  Act registry{.action = port::KeepBackup{"registry", ""}};
  registry.source = port::ListRegistry{std::string(kRegistryRoot)};
  AddAct(&step, std::move(registry));
  for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
    // Right before each stop, so that an engine that comes back from a crash looks again.
    Drained still = gate;
    still.first = i;
    AddLook(&step, {.condition = still,
                    .timeout = options.drain_timeout,
                    .poll = 5 * kSecond,
                    .fresh_for = 5 * kSecond});
    AddHandOver(cluster, i, &step);
  }
  for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
    const Drainer& old_one = cluster.old_drainers[i];
    const std::size_t next = SuccessorOf(cluster, i);
    const Drainer& new_one = cluster.new_drainers[next];
    CarryCheckpoint(cluster, old_one, new_one, &step);
    const std::string fact = "handover/" + old_one.process.name;
    DeployDrainer(cluster, new_one, fmt::format("${{{}}}", fact), &step);
    AddLook(&step, {.condition = DrainersPast{{next}, fact}, .timeout = 10 * kMinute});
  }
  step.deviations.push_back(
      {"the old Drainer is stopped, disabled and its checkpoint backed up and read again before "
       "the "
       "new one starts",
       "the two share one checkpoint row: overlapping, the last writer wins"});
  return step;
}

Step RetireOld(const Cluster& cluster) {
  Step step;
  step.id = "retire-old";
  step.manual =
      "Close the Pump and Drainer of the old versions and the dependent Kafka and Zookeeper.";
  step.proof = "the old side is down and stays down; the new Drainers are past T1";
  step.expected = 3 * kMinute;
  for (const Pump& pump : cluster.old_pumps) RetireProcess(pump.process, &step);
  const std::vector<const Process*> bystanders = RetiredBystanders(cluster);
  for (const Process* process : bystanders) RetireProcess(*process, &step);
  AddLook(&step, {.condition = Retired{}, .poll = kSecond});
  AddLook(&step, {.condition = PdTimestamp{"T1"}, .learns = "T1"});
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < cluster.new_drainers.size(); ++i) all.push_back(i);
  AddLook(&step, {.condition = DrainersPast{std::move(all), "T1"}, .timeout = 10 * kMinute});
  step.deviations.push_back({"Pumps stop before Kafka, Kafka before ZooKeeper",
                             "a Pump flushes its local tail to Kafka while it stops"});
  for (const auto* group : {&cluster.kafkas, &cluster.zookeepers}) {
    for (const Bystander& other : *group) {
      if (std::find(bystanders.begin(), bystanders.end(), &other.process) != bystanders.end())
        continue;
      step.deviations.push_back({fmt::format("{} keeps running", other.process.name),
                                 "others need it, or it is not ours to stop"});
    }
  }
  return step;
}

}  // namespace

std::vector<Step> StepsKafkaToCluster(const Cluster& cluster, const PlanOptions& options) {
  Drained gate;
  gate.gate = options.gate;
  gate.marker = HasMarker(cluster);
  gate.evidence = NeedsEvidence(cluster);
  std::vector<Step> steps;
  steps.push_back(Preflight());
  steps.push_back(DeployPumps(cluster));
  steps.push_back(StopTidbs(cluster));
  steps.push_back(UpgradeTidbs(cluster));
  steps.push_back(StartTidbs(cluster));
  steps.push_back(WaitDrained(cluster, options, gate));
  steps.push_back(StartDrainers(cluster, gate, options));
  steps.push_back(RetireOld(cluster));
  return steps;
}

}  // namespace tidegate::engine
