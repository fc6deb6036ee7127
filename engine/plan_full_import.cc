// The manual's note, "If importing the full data is acceptable, you can abandon the old version and
// deploy TiDB Binlog": the new side takes binlogs first, a dump is read as of a timestamp after
// that, and the new Drainer begins at the dump's timestamp.
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

constexpr const char* kDumpTs = "DUMP_TS";
constexpr const char* kNote =
    "(note) If importing the full data is acceptable, you can abandon the old version and deploy "
    "TiDB Binlog.";

std::string TidbEndpoint(const Cluster& cluster) {
  const Process& tidb = cluster.tidbs.front().process;
  return fmt::format("tidb {}:{}", tidb.host, tidb.port);
}

// tidb: gcworker/gc_worker.go: the life time is a Go duration in mysql.tidb
Act SetGcLife(const Cluster& cluster, const std::string& life, Condition probe) {
  Act set{.action = port::RunSql{TidbEndpoint(cluster),
                                 fmt::format("update mysql.tidb set VARIABLE_VALUE = '{}' where "
                                             "VARIABLE_NAME = 'tikv_gc_life_time'",
                                             life)}};
  set.fill = true;
  set.probe = std::move(probe);
  set.probe_first = true;
  return set;
}

Step HoldGc(const Cluster& cluster) {
  const Duration life = ImportGcLife(cluster);
  Step step;
  step.id = "hold-gc";
  step.manual = kNote;
  step.proof = fmt::format("TiKV keeps old versions for {} at least", FormatDuration(life));
  step.expected = kMinute;
  AddLook(&step, {.condition = GcLifeKnown{}, .learns = "gc-life"});
  AddAct(&step, SetGcLife(cluster, fmt::format("{}m0s", life / kMinute), GcLifeAtLeast{life}));
  AddLook(&step, {.condition = GcLifeAtLeast{life}});
  AddUndo(&step, SetGcLife(cluster, "${gc-life}", GcLifeRestored{}));
  step.undo.back().needs = "gc-life";
  step.deviations.push_back(
      {"the GC life time is raised before anything else, and put back when the import was compared",
       "a dump reads as of a timestamp: once TiKV collected the versions of then, it fails"});
  return step;
}

Act Hook(std::string name, const std::vector<std::string>& argv, const std::string& sink,
         Duration timeout) {
  std::vector<std::string> words = argv;
  for (std::string& word : words) {
    for (std::size_t at = 0; (at = word.find("${SINK}", at)) != std::string::npos;) {
      word.replace(at, 7, sink);
      at += sink.size();
    }
  }
  Act act{.action = port::RunHook{std::move(name), std::move(words)}};
  act.fill = true;
  act.timeout = timeout;
  act.attempts_max = 2;
  return act;
}

Step Dump(const Cluster& cluster) {
  Step step;
  step.id = "dump";
  step.manual = kNote;
  step.proof =
      "all rows are read as of DUMP_TS, a timestamp after every TiDB logged to the new "
      "Pumps";
  step.expected = cluster.dump_max;
  AddLook(&step, {.condition = PdTimestamp{kDumpTs}, .learns = kDumpTs});
  AddAct(&step, Hook("dump", cluster.hooks.dump, "", cluster.dump_max));
  step.deviations.push_back(
      {"the dump's timestamp is taken from PD and journaled after every TiDB logs to the new Pumps",
       "whatever commits after it is in the new Pumps, whatever before it in the dump"});
  return step;
}

// The old Drainer goes when the dump is there, and with it the checkpoint that would beat the new
// timestamp.
Step AbandonOld(const Cluster& cluster) {
  Step step;
  step.id = "abandon-old";
  step.manual = kNote;
  step.proof = "no old Drainer writes any more, and no checkpoint of theirs is left";
  step.expected = 2 * kMinute;
  Act registry{.action = port::KeepBackup{"registry", ""}};
  registry.source = port::ListRegistry{std::string(kRegistryRoot)};
  AddAct(&step, std::move(registry));
  for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
    const Process& p = cluster.old_drainers[i].process;
    RetireProcess(p, &step);
    AddLook(&step, {.condition = ProcessIs{p.host, p.unit, p.port, false}, .poll = kSecond});
    Act config{.action = port::KeepBackup{p.name + ".toml", ""}};
    config.source = port::ReadRemoteFile{p.host, p.config};
    config.missing_source_is_done = true;
    AddAct(&step, std::move(config));
    const Drainer& next = cluster.new_drainers[SuccessorOf(cluster, i)];
    const CheckpointPlace place = NewCheckpointPlace(next);
    Act checkpoint{.action = port::KeepBackup{p.name + ".checkpoint", ""}};
    checkpoint.source = place.query;
    checkpoint.missing_source_is_done = true;
    AddAct(&step, std::move(checkpoint));
    AddLook(&step, {.condition = StaleCheckpointKnown{i}, .learns = "cluster-id/" + p.name});
    Act drop{.action = port::RunSql{
                 next.sink.name,
                 fmt::format("delete from `{}`.`checkpoint` where clusterID = ${{cluster-id/{}}}",
                             next.sink.checkpoint_schema, p.name)}};
    drop.fill = true;
    drop.probe = CheckpointGone{i};
    drop.probe_first = true;
    AddAct(&step, std::move(drop));
    AddLook(&step, {.condition = CheckpointGone{i}});
  }
  step.deviations.push_back({"the old checkpoint is backed up and removed",
                             "a stored commitTS always wins over --initial-commit-ts: the new "
                             "Drainer would begin there"});
  return step;
}

Step Load(const Cluster& cluster) {
  Step step;
  step.id = "load";
  step.manual = kNote;
  step.proof = "each downstream holds the rows of DUMP_TS, and the GC life time is what it was";
  step.expected = cluster.load_max;
  std::vector<std::string> sinks;
  for (const Drainer& drainer : cluster.new_drainers) {
    const std::string& sink = drainer.sink.name;
    if (std::find(sinks.begin(), sinks.end(), sink) != sinks.end()) continue;
    sinks.push_back(sink);
    AddAct(&step, Hook("load " + sink, cluster.hooks.load, sink, cluster.load_max));
    if (cluster.hooks.compare.empty()) continue;
    AddAct(&step, Hook("compare " + sink, cluster.hooks.compare, sink, cluster.load_max));
  }
  AddAct(&step, SetGcLife(cluster, "${gc-life}", GcLifeRestored{}));
  AddLook(&step, {.condition = GcLifeRestored{}});
  if (cluster.hooks.compare.empty()) {
    step.deviations.push_back(
        {"no hook compares the loaded rows with those of DUMP_TS",
         "hooks.compare of the site file is not given: that the load is whole "
         "rests on its exit status"});
  }
  return step;
}

Step StartDrainers(const Cluster& cluster) {
  Step step;
  step.id = "start-drainer";
  step.manual = "Start the new version of Drainer.";
  step.proof = "each new Drainer went on from DUMP_TS";
  step.expected = 2 * kMinute;
  for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
    const std::size_t next = SuccessorOf(cluster, i);
    AddLook(&step, {.condition = CheckpointGone{i}});
    DeployDrainer(cluster, cluster.new_drainers[next], fmt::format("${{{}}}", kDumpTs), true,
                  &step);
    AddLook(&step, {.condition = DrainersPast{{next}, kDumpTs}, .timeout = 10 * kMinute});
  }
  step.deviations.push_back({"--initial-commit-ts is the dump's timestamp",
                             "later would lose what committed since, and -1 is the present"});
  ExplainBinaryProof(&step);
  return step;
}

}  // namespace

// Two attempts at the dump, then loads and comparisons, and a margin for what lies between.
Duration ImportGcLife(const Cluster& cluster) {
  return 2 * cluster.dump_max + 2 * cluster.load_max + 30 * kMinute;
}

std::vector<Step> StepsFullImport(const Cluster& cluster) {
  std::vector<Step> steps;
  steps.push_back(PreflightStep(ImportPreflightHolds{}));
  steps.push_back(DeployPumpStep(cluster));
  steps.push_back(HoldGc(cluster));
  steps.push_back(StopTidbStep(cluster, false));
  steps.push_back(UpgradeTidbStep(cluster));
  steps.push_back(StartTidbStep(cluster));
  steps.push_back(Dump(cluster));
  steps.push_back(AbandonOld(cluster));
  steps.push_back(Load(cluster));
  steps.push_back(StartDrainers(cluster));
  steps.push_back(RetireOldStep(cluster, false));
  return steps;
}

}  // namespace tidegate::engine
