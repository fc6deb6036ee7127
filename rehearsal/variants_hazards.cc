// Known-bad engines of the hazards: each falls into one of those that scenarios/kafka-to-cluster/
// hazards names, by believing or doing what a hurried operator would.
#include "engine/condition.h"
#include "engine/parts.h"
#include "rehearsal/plan_edit.h"
#include "rehearsal/variants.h"

namespace tidegate::rehearsal {
namespace {

namespace port = engine::port;
using engine::Look;
using engine::Plan;
using engine::Task;

constexpr const char* kNoWayBack = "kafka-to-cluster/hazards/h32-no-way-back-behind-the-door.json";
constexpr const char* kNull = "kafka-to-cluster/hazards/h16-status-before-the-first-tick.json";

// Nothing is asked at the door, and what is behind it gets a way back as everything before it.
void TurnBackBehindTheDoor(Plan* plan) {
  EraseTasks(plan, "start-tidb",
             [](const Task& task) { return std::holds_alternative<engine::Confirm>(task.what); });
  for (engine::Step& step : plan->steps) {
    if (step.id != "start-tidb") continue;
    for (const engine::Tidb& tidb : plan->cluster->tidbs) {
      engine::AddUndo(&step, port::StopProcess{tidb.process.host, tidb.process.unit});
    }
  }
}

// The manual's gate, asked of the first Drainer.
void AskForSynced(Plan* plan) {
  EraseTasks(plan, "preflight", [](const Task&) { return true; });
  for (engine::Step& step : plan->steps) {
    for (Task& task : step.tasks) {
      auto* look = std::get_if<Look>(&task.what);
      if (look == nullptr) continue;
      auto* drained = std::get_if<engine::Drained>(&look->condition);
      if (drained == nullptr) continue;
      drained->gate = engine::Gate::kSynced;
      drained->marker = false;
    }
  }
}

}  // namespace

std::vector<Variant> HazardVariants() {
  HostFaults null;
  null.null_is_synced = true;
  return {
      {"turns-back-behind-the-door",
       "starts the old TiDB again when the new Pumps have taken binlogs",
       "no-lost-commit",
       kNoWayBack,
       TurnBackBehindTheDoor,
       {},
       {}},
      {"takes-null-for-synced",
       "takes the status of a Drainer before its first tick for one that has nothing to do",
       "gate-before-new-drainer",
       kNull,
       AskForSynced,
       {},
       null},
  };
}

}  // namespace tidegate::rehearsal
