#include "engine/plan_steps.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/checkpoint.h"
#include "engine/parts.h"
#include "engine/registry.h"

namespace tidegate::engine {
namespace {

// What undoing one step of the TiDBs takes: about ten seconds each, and a margin.
Duration BackPerTidb(const Cluster& cluster) {
  return 10 * kSecond + 10 * kSecond * static_cast<Duration>(cluster.tidbs.size());
}

// What an old Drainer that somebody starts again would find.
std::string LeftBehind(const Cluster& cluster, bool checkpoints) {
  std::string text =
      fmt::format("what old Pumps and Drainers registered below {} ({} entries)", kRegistryRoot,
                  cluster.old_pumps.size() + cluster.old_drainers.size());
  if (cluster.era == "kafka") {
    text += fmt::format(", their topics in Kafka ({})", cluster.old_pumps.size());
  }
  if (!checkpoints) return text;
  for (const Drainer& drainer : cluster.old_drainers) {
    text += ", " + OldCheckpointPlace(drainer, cluster.era).sentence;
  }
  return text;
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

}  // namespace

Step PreflightStep(Condition condition) {
  Step step;
  step.id = "preflight";
  step.manual = "(before step 1)";
  step.proof = "nothing speaks against the upgrade";
  AddLook(&step, {.condition = std::move(condition),
                  .learns = "registry",
                  .timeout = kMinute,
                  .poll = 5 * kSecond});
  return step;
}

Step DeployPumpStep(const Cluster& cluster) {
  Step step;
  step.id = "deploy-pump";
  step.manual = "Deploy the new version of Pump.";
  step.proof = "every new Pump is registered online";
  step.expected = 2 * kMinute;
  step.undo_expected = kMinute;
  for (const Pump& pump : cluster.new_pumps) {
    DeployPump(cluster, pump, true, &step);
    AddUndo(&step, port::StopProcess{pump.process.host, pump.process.unit});
    if (StartsWithHost(pump.process.unit)) {
      AddUndo(&step, port::SetUnitEnabled{pump.process.host, pump.process.unit, false});
    }
  }
  AddLook(&step, {.condition = PumpsOnline{}, .timeout = 10 * kMinute});
  ExplainBinaryProof(&step);
  return step;
}

Step StopTidbStep(const Cluster& cluster, bool marker) {
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
         marker ? "a writer that commits while TiDB stops may commit after the marker"
                : "a write that is cut off by the stop leaves a lock and a prewrite behind"});
  }
  AddLook(&step, {.condition = NoDdlRunning{}, .timeout = 30 * kMinute});
  step.deviations.push_back({"running DDL jobs are waited for",
                             "a DDL cut off half way blocks the old Drainer for ever"});
  if (marker) AddMarker(cluster, &step);
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

Step UpgradeTidbStep(const Cluster& cluster) {
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

Step StartTidbStep(const Cluster& cluster) {
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

Step RetireOldStep(const Cluster& cluster, bool checkpoints_stay) {
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
  step.deviations.push_back(
      {fmt::format("nothing is deleted; what stays as it is: {}",
                   LeftBehind(cluster, checkpoints_stay)),
       "it is the record of what was consumed; an old Drainer that is started again would go on "
       "from the new one's timestamp, so that its unit is disabled"});
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

}  // namespace tidegate::engine
