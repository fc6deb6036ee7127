#include "rehearsal/variants.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/names.h"
#include "rehearsal/plan_edit.h"

namespace tidegate::rehearsal {
namespace {

namespace port = engine::port;
using engine::Act;
using engine::Look;
using engine::Plan;
using engine::Task;

constexpr const char* kSmall = "kafka-to-cluster/small.json";
constexpr const char* kSteady = "kafka-to-cluster/steady-writes.json";
constexpr const char* kTwoDrainers = "kafka-to-cluster/two-old-drainers.json";
constexpr const char* kFiltered = "kafka-to-cluster/filtered.json";
constexpr const char* kToV4 = "kafka-to-cluster/to-v4.json";
constexpr const char* kCrashed = "kafka-to-cluster/engine-crash.json";

void DoNothing(Plan* plan) {
  for (engine::Step& step : plan->steps) step.tasks.clear();
}

void SkipGate(Plan* plan) {
  EraseTasks(plan, "wait-drained", [](const Task&) { return true; });
  EraseTasks(plan, "start-drainer", LooksAt<engine::Drained>);
  EraseTasks(plan, "start-drainer", LooksAt<engine::HandOverReady>);
  ForgetHandOverFacts(plan);
}

// The new Drainers go up as soon as the service is back; the old ones are stopped when drained.
void StartDrainerFirst(Plan* plan) {
  const auto deploys = [&](const Task& task) { return ActsOnNewDrainer(*plan, task); };
  std::vector<Task> moved = TakeTasks(plan, "start-drainer", deploys);
  EraseTasks(plan, "start-drainer", LooksAt<engine::DrainersPast>);
  EraseTasks(plan, "start-drainer", LooksAt<engine::HandOverReady>);
  AppendTasks(plan, "start-tidb", std::move(moved));
  ForgetHandOverFacts(plan);
}

// Only the first new Pump is up when TiDB stops; the others follow when TiDB was upgraded.
void UpgradeBeforePumps(Plan* plan) {
  const std::string first = plan->cluster->new_pumps.front().process.host;
  std::vector<Task> moved = TakeTasks(plan, "deploy-pump", [&](const Task& task) {
    const auto* start = ActionOf<port::StartProcess>(task);
    return start != nullptr && start->host != first;
  });
  EraseTasks(plan, "deploy-pump", LooksAt<engine::PumpsOnline>);
  AppendTasks(plan, "upgrade-tidb", std::move(moved));
}

void TakeT0TooEarly(Plan* plan) {
  std::vector<Task> barrier = TakeTasks(plan, "stop-tidb", [](const Task& task) {
    const auto* look = std::get_if<Look>(&task.what);
    return look != nullptr && look->learns == "T0";
  });
  PrependTasks(plan, "stop-tidb", std::move(barrier));
}

void ForgetOneOldDrainer(Plan* plan) {
  auto cluster = std::make_shared<engine::Cluster>(*plan->cluster);
  cluster->old_drainers.pop_back();
  EraseTasks(plan, "preflight", [](const Task&) { return true; });
  const std::size_t forgotten = cluster->old_drainers.size();
  EraseTasks(plan, "start-drainer", [&](const Task& task) {
    const auto* look = std::get_if<Look>(&task.what);
    if (look == nullptr) return false;
    const auto* ready = std::get_if<engine::HandOverReady>(&look->condition);
    return ready != nullptr && ready->drainer == forgotten;
  });
  ForgetHandOverFacts(plan);
  plan->cluster = std::move(cluster);
}

// The checkpoint row is thrown away and the new Drainer told to begin at the present timestamp.
void WrongInitialTs(Plan* plan) {
  const engine::Drainer& old_one = plan->cluster->old_drainers.front();
  Act drop{.action = port::RunSql{old_one.sink.name, fmt::format("delete from `{}`.`checkpoint`",
                                                                 old_one.sink.checkpoint_schema)}};
  std::vector<Task> tasks;
  tasks.push_back({"start-drainer/drop", std::move(drop)});
  InsertBefore(
      plan, "start-drainer", [&](const Task& task) { return ActsOnNewDrainer(*plan, task); },
      std::move(tasks));
  SetInitialTs(plan, "-1");
}

void OtherCheckpointSchema(Plan* plan) {
  EditNewDrainerConfigs(plan, [](std::string text) {
    return ReplaceLine(std::move(text), "schema", "schema = \"tidb_binlog_new\"",
                       "[syncer.to.checkpoint]");
  });
  SetInitialTs(plan, "-1");
}

void LeaveSocket(Plan* plan) {
  for (engine::Step& step : plan->steps) {
    for (Task& task : step.tasks) {
      if (auto* act = std::get_if<Act>(&task.what); act != nullptr) {
        if (act->edit == engine::Edit::kTidbConfigToCluster) act->edit = engine::Edit::kNone;
      }
    }
  }
  EraseTasks(plan, "start-tidb", LooksAt<engine::TidbsLogToPumps>);
  EraseTasks(plan, "start-tidb", LooksAt<engine::PumpsPast>);
}

void StopKafkaFirst(Plan* plan) {
  std::vector<Task> moved = TakeTasks(plan, "retire-old", [&](const Task& task) {
    const auto* stop = ActionOf<port::StopProcess>(task);
    if (stop == nullptr) return false;
    const auto& kafkas = plan->cluster->kafkas;
    return std::any_of(kafkas.begin(), kafkas.end(), [&](const engine::Bystander& kafka) {
      return kafka.process.host == stop->host && kafka.process.unit == stop->unit;
    });
  });
  PrependTasks(plan, "wait-drained", std::move(moved));
}

void RetirePumpsFirst(Plan* plan) {
  std::vector<Task> moved = TakeTasks(plan, "retire-old", [&](const Task& task) {
    const auto* stop = ActionOf<port::StopProcess>(task);
    if (stop == nullptr) return false;
    const auto& pumps = plan->cluster->old_pumps;
    return std::any_of(pumps.begin(), pumps.end(), [&](const engine::Pump& pump) {
      return pump.process.host == stop->host && pump.process.unit == stop->unit;
    });
  });
  PrependTasks(plan, "wait-drained", std::move(moved));
}

void DropFilter(Plan* plan) {
  EditNewDrainerConfigs(plan, [](std::string text) {
    text = ReplaceLine(std::move(text), "ignore-schemas", "", "");
    return ReplaceLine(std::move(text), "replicate-do-db", "", "");
  });
}

void KeepServiceAttached(Plan* plan) {
  EraseTasks(plan, "stop-tidb", LooksAt<engine::TidbsIdle>);
  EraseTasks(plan, "stop-tidb",
             [](const Task& task) { return ActionOf<port::RunHook>(task) != nullptr; });
}

void SkipOneTidb(Plan* plan) {
  const std::string last = plan->cluster->tidbs.back().process.host;
  EraseTasks(plan, "upgrade-tidb", [&](const Task& task) {
    const auto* install = ActionOf<port::InstallBinary>(task);
    return install != nullptr && install->host == last;
  });
  EraseTasks(plan, "upgrade-tidb", LooksAt<engine::TidbsUpgraded>);
  EraseTasks(plan, "start-tidb", LooksAt<engine::TidbsLogToPumps>);
}

// An old release lies where the new one should, and nobody asks it for its version.
void InstallOldBinaries(Plan* plan) {
  for (engine::Step& step : plan->steps) {
    if (step.id != "deploy-pump" && step.id != "start-drainer") continue;
    std::erase_if(step.tasks, LooksAt<engine::BinaryIs>);
    for (Task& task : step.tasks) {
      if (ActionOf<port::InstallBinary>(task) == nullptr) continue;
      std::get<port::InstallBinary>(std::get<Act>(task.what).action).version = "v2.1.0";
    }
  }
}

void LeaveOldEnabled(Plan* plan) {
  for (const char* step : {"start-drainer", "retire-old"}) {
    EraseTasks(plan, step, [](const Task& task) {
      const auto* unit = ActionOf<port::SetUnitEnabled>(task);
      return unit != nullptr && !unit->enabled;
    });
  }
}

std::vector<Variant> FirstVariants() {
  HostFaults stale;
  stale.decides_late = true;
  return {
      {"does-nothing", "carries out no task", "reaches-target", kSmall, DoNothing, {}, {}},
      {"skips-the-gate",
       "starts the new Drainer without waiting for the old one to drain",
       "gate-before-new-drainer",
       kSteady,
       SkipGate,
       {},
       {}},
      {"starts-new-drainer-first",
       "starts the new Drainer while the old one still applies",
       "single-downstream-writer",
       kSteady,
       StartDrainerFirst,
       {},
       {}},
      {"upgrades-before-pumps",
       "stops TiDB before every new Pump is online",
       "new-pumps-before-switch",
       kSteady,
       UpgradeBeforePumps,
       {},
       {}},
      {"believes-a-stale-status",
       "decides by answers that are a minute old",
       "gate-before-new-drainer",
       kSmall,
       {},
       {},
       stale},
      {"takes-t0-too-early",
       "takes T0 while clients still write",
       "service-detached",
       kSmall,
       TakeT0TooEarly,
       {},
       {}},
  };
}

std::vector<Variant> MoreVariants() {
  return {
      {"forgets-one-old-drainer",
       "waits for all old Drainers but one",
       "gate-before-new-drainer",
       kTwoDrainers,
       ForgetOneOldDrainer,
       {},
       {}},
      {"wrong-initial-commit-ts",
       "starts the new Drainer at the present instead of the checkpoint",
       "resumes-where-it-stopped",
       kToV4,
       WrongInitialTs,
       {},
       {}},
      {"other-checkpoint-schema",
       "gives the new Drainer another checkpoint schema",
       "checkpoint-understood",
       kSteady,
       OtherCheckpointSchema,
       {},
       {}},
      {"leaves-the-socket",
       "keeps binlog-socket in TiDB's configuration",
       "every-writer-logs",
       kSmall,
       LeaveSocket,
       {},
       {}},
      {"stops-kafka-first",
       "stops Kafka before the old Drainer has drained",
       "old-side-kept-until-drained",
       kSmall,
       StopKafkaFirst,
       {},
       {}},
      {"retires-pumps-first",
       "stops the old Pumps before the old Drainer has drained",
       "old-side-kept-until-drained",
       kSmall,
       RetirePumpsFirst,
       {},
       {}},
  };
}

std::vector<Variant> LastVariants() {
  HostFaults tail;
  tail.loses_journal_tail = true;
  HostFaults repeats;
  repeats.repeats_actions = true;
  return {
      {"loses-its-journal-tail",
       "forgets its last journal records in a crash",
       "does-what-it-planned",
       kCrashed,
       {},
       {},
       tail},
      {"repeats-actions",
       "performs actions a second time without a look",
       "does-what-it-planned",
       kSmall,
       {},
       {},
       repeats},
      {"drops-a-filter",
       "writes the new Drainer's configuration without the old filters",
       "config-carried",
       kFiltered,
       DropFilter,
       {},
       {}},
      {"keeps-the-service-attached",
       "stops TiDB under its clients",
       "service-detached",
       kSmall,
       KeepServiceAttached,
       {},
       {}},
      {"skips-one-tidb",
       "leaves one TiDB on the old version",
       "reaches-target",
       kSteady,
       SkipOneTidb,
       {},
       {}},
      {"installs-old-binaries",
       "starts Pumps and Drainer of an older release than was asked for",
       "reaches-target",
       kToV4,
       InstallOldBinaries,
       {},
       {}},
      {"leaves-old-units-enabled",
       "stops the old side but leaves its units enabled",
       "stays-retired",
       kSmall,
       LeaveOldEnabled,
       {},
       {}},
  };
}

std::vector<Variant> MakeVariants() {
  std::vector<Variant> all;
  for (const std::vector<Variant>& some :
       std::array{FirstVariants(), MoreVariants(), LastVariants(), RollingVariants(),
                  LocalVariants(), ImportVariants(), HazardVariants()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace

const std::vector<Variant>& Variants() {
  static const std::vector<Variant> variants = MakeVariants();
  return variants;
}

Result<Variant> FindVariant(std::string_view name) {
  if (name.empty()) return Variant{};
  std::vector<std::string> names;
  for (const Variant& variant : Variants()) {
    if (variant.name == name) return variant;
    names.push_back(variant.name);
  }
  return Error{ErrorCode::kBadInput,
               fmt::format("there is no engine variant '{}'{}", name, DidYouMean(name, names)), ""};
}

}  // namespace tidegate::rehearsal
