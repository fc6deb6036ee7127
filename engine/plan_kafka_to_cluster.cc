// The seven steps of the manual, "Upgrade TiDB Binlog from Kafka/Local version to the cluster
// version", with our deviations and their reasons.
#include <fmt/format.h>

#include <algorithm>

#include "engine/checkpoint.h"
#include "engine/parts.h"
#include "engine/plan.h"
#include "engine/plan_steps.h"
#include "engine/preflight.h"
#include "engine/registry.h"

namespace tidegate::engine {
namespace {

bool HasMarker(const Cluster& cluster) { return !cluster.marker_schema.empty(); }
// Without a hook that detaches clients they may commit after the marker until TiDB is stopped.
bool NeedsEvidence(const Cluster& cluster) {
  return !HasMarker(cluster) || cluster.hooks.detach_service.empty();
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
    if (cluster.era == "local") AddLook(&step, {.condition = CheckpointCarried{i}});
    const std::string fact = "handover/" + old_one.process.name;
    DeployDrainer(cluster, new_one, fmt::format("${{{}}}", fact), true, &step);
    AddLook(&step, {.condition = DrainersPast{{next}, fact}, .timeout = 10 * kMinute});
  }
  if (cluster.era == "local") {
    step.deviations.push_back(
        {"the commitTS of each savePoint is carried over: into the savepoint of a file or Kafka "
         "sink, "
         "as --initial-commit-ts for a database",
         "the Local version keeps its checkpoint in a file that the cluster version does not "
         "read"});
  }
  step.deviations.push_back(
      {"the old Drainer is stopped, disabled and its checkpoint backed up and read again before "
       "the "
       "new one starts",
       "the two share one checkpoint row: overlapping, the last writer wins"});
  ExplainBinaryProof(&step);
  return step;
}

}  // namespace

std::vector<Step> StepsKafkaToCluster(const Cluster& cluster, const PlanOptions& options) {
  Drained gate;
  gate.gate = options.gate;
  gate.marker = HasMarker(cluster);
  gate.evidence = NeedsEvidence(cluster);
  std::vector<Step> steps;
  steps.push_back(PreflightStep(PreflightHolds{}));
  steps.push_back(DeployPumpStep(cluster));
  steps.push_back(StopTidbStep(cluster, HasMarker(cluster)));
  steps.push_back(UpgradeTidbStep(cluster));
  steps.push_back(StartTidbStep(cluster));
  steps.push_back(WaitDrained(cluster, options, gate));
  steps.push_back(StartDrainers(cluster, gate, options));
  steps.push_back(RetireOldStep(cluster, true));
  return steps;
}

}  // namespace tidegate::engine
