// Known-bad engines for the ways from the Local version and by a full import.
#include "rehearsal/plan_edit.h"
#include "rehearsal/variants.h"

namespace tidegate::rehearsal {
namespace {

namespace port = engine::port;
using engine::Act;
using engine::Plan;
using engine::Task;

constexpr const char* kImport = "full-import/steady-writes.json";
constexpr const char* kBehind = "full-import/behind.json";
constexpr const char* kLongImport = "full-import/long-dump.json";
constexpr const char* kImportToV4 = "full-import/to-v4.json";
constexpr const char* kLocalDatabase = "local-to-cluster/database-sink.json";
constexpr const char* kLocalFile = "local-to-cluster/file-sink.json";

bool IsHook(const Task& task, std::string_view name) {
  const auto* hook = ActionOf<port::RunHook>(task);
  return hook != nullptr && hook->name.starts_with(name);
}

// The dump is read while TiDB still writes to the old Pumps.
void DumpBeforeTheSwitch(Plan* plan) {
  std::vector<Task> dump = TakeTasks(plan, "dump", [](const Task&) { return true; });
  AppendTasks(plan, "hold-gc", std::move(dump));
}

bool DropsCheckpoint(const Task& task) {
  const auto* sql = ActionOf<port::RunSql>(task);
  return sql != nullptr && sql->statement.find("checkpoint") != std::string::npos;
}

void KeepStaleCheckpoint(Plan* plan) {
  EraseTasks(plan, "abandon-old", DropsCheckpoint);
  EraseTasks(plan, "abandon-old", LooksAt<engine::CheckpointGone>);
  EraseTasks(plan, "start-drainer", LooksAt<engine::CheckpointGone>);
}

void StartAtThePresent(Plan* plan) { SetInitialTs(plan, "-1"); }

bool SetsGcLife(const Task& task) {
  const auto* sql = ActionOf<port::RunSql>(task);
  return sql != nullptr && sql->statement.find("tikv_gc_life_time") != std::string::npos;
}

void LeaveGcLife(Plan* plan) {
  EraseTasks(plan, "hold-gc", SetsGcLife);
  EraseTasks(plan, "hold-gc", LooksAt<engine::GcLifeAtLeast>);
}

void ForgetGcLife(Plan* plan) {
  EraseTasks(plan, "load", SetsGcLife);
  EraseTasks(plan, "load", LooksAt<engine::GcLifeRestored>);
}

// The old Drainer goes with the rest of the old side, when the new one runs.
void LoadUnderTheOldDrainer(Plan* plan) {
  std::vector<Task> abandon = TakeTasks(plan, "abandon-old", [](const Task&) { return true; });
  PrependTasks(plan, "retire-old", std::move(abandon));
  KeepStaleCheckpoint(plan);
}

void LoadNothing(Plan* plan) {
  EraseTasks(plan, "load",
             [](const Task& task) { return IsHook(task, "load") || IsHook(task, "compare"); });
}

// Neither the file nor the timestamp goes over: the new Drainer begins at the present.
void LeaveSavePointBehind(Plan* plan) {
  EraseTasks(plan, "start-drainer", LooksAt<engine::CheckpointCarried>);
  EraseTasks(plan, "start-drainer", [](const Task& task) {
    const auto* act = std::get_if<Act>(&task.what);
    return act != nullptr && act->edit == engine::Edit::kSavePointToSavepoint;
  });
  ForgetHandOverFacts(plan);
  SetInitialTs(plan, "-1");
}

// A Local Pump takes its key with it, and the Drainer forgets what it had not read.
void StopLocalPumpsFirst(Plan* plan) {
  std::vector<Task> moved = TakeTasks(plan, "retire-old", [&](const Task& task) {
    const auto* stop = ActionOf<port::StopProcess>(task);
    return stop != nullptr && stop->unit == "pump.service";
  });
  AppendTasks(plan, "upgrade-tidb", std::move(moved));
  EraseTasks(plan, "wait-drained", [](const Task&) { return true; });
  EraseTasks(plan, "start-drainer", LooksAt<engine::Drained>);
}

}  // namespace

std::vector<Variant> LocalVariants() {
  return {
      {"leaves-the-savepoint-behind",
       "does not carry the Local checkpoint over",
       "checkpoint-understood",
       kLocalDatabase,
       LeaveSavePointBehind,
       {},
       {}},
      {"leaves-the-file-behind",
       "does not carry the Local checkpoint over to a file sink",
       "checkpoint-understood",
       kLocalFile,
       LeaveSavePointBehind,
       {},
       {}},
      {"stops-local-pumps-first",
       "stops the Local Pumps with their TiDBs",
       "old-side-kept-until-drained",
       kLocalDatabase,
       StopLocalPumpsFirst,
       {},
       {}},
  };
}

std::vector<Variant> ImportVariants() {
  return {
      {"dumps-before-the-switch",
       "dumps before the new Pumps take binlogs",
       "starts-at-the-dump",
       kImport,
       DumpBeforeTheSwitch,
       {},
       {}},
      {"keeps-the-stale-checkpoint",
       "leaves the old checkpoint row, which beats the dump's timestamp",
       "starts-at-the-dump",
       kImport,
       KeepStaleCheckpoint,
       {},
       {}},
      {"starts-at-the-present",
       "starts the new Drainer at the present instead of the dump's timestamp",
       "resumes-where-it-stopped",
       kImportToV4,
       StartAtThePresent,
       {},
       {}},
      {"leaves-the-gc-life",
       "dumps for longer than TiKV keeps old versions",
       "snapshot-kept",
       kLongImport,
       LeaveGcLife,
       {},
       {}},
      {"forgets-the-gc-life",
       "does not put the GC life time back",
       "snapshot-kept",
       kImport,
       ForgetGcLife,
       {},
       {}},
      {"loads-under-the-old-drainer",
       "loads while the old Drainer still applies",
       "single-downstream-writer",
       kBehind,
       LoadUnderTheOldDrainer,
       {},
       {}},
      {"loads-nothing",
       "starts the new Drainer without having loaded the dump",
       "starts-at-the-dump",
       kImport,
       LoadNothing,
       {},
       {}},
  };
}

}  // namespace tidegate::rehearsal
