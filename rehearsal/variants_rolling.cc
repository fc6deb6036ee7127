// The known-bad engines of rolling upgrades.
#include <algorithm>
#include <array>

#include "rehearsal/plan_edit.h"
#include "rehearsal/variants.h"

namespace tidegate::rehearsal {
namespace {

namespace port = engine::port;
using engine::Act;
using engine::Look;
using engine::Plan;
using engine::Step;
using engine::Task;

constexpr const char* kSmall = "rolling-manual/small.json";
constexpr const char* kSteady = "rolling-manual/steady-writes.json";
constexpr const char* kFiltered = "rolling-manual/filtered.json";
constexpr const char* kCrashed = "rolling-manual/engine-crash.json";
constexpr const char* kDrainerDies = "rolling-manual/drainer-dies.json";
constexpr const char* kBusy = "rolling-manual/busy-downstream.json";
constexpr const char* kReboot = "rolling-ansible/reboot-after.json";
constexpr const char* kStale = "rolling-ansible/stale-control-file.json";
constexpr const char* kAnsible = "rolling-ansible/small.json";

bool Stops(const Task& task) { return ActionOf<port::StopProcess>(task) != nullptr; }
bool Starts(const Task& task) { return ActionOf<port::StartProcess>(task) != nullptr; }
bool Proves(const Task& task) {
  return LooksAt<engine::PumpsServe>(task) || LooksAt<engine::PumpBack>(task) ||
         LooksAt<engine::PumpRead>(task);
}

// Calls `change` for each step whose id begins so.
template <typename Change>
void EachStep(Plan* plan, std::string_view begin, Change change) {
  for (Step& step : plan->steps) {
    if (step.id.starts_with(begin)) change(&step);
  }
}

void Forget(Step* step, const TaskTest& test) { std::erase_if(step->tasks, test); }

void TwoPumpsAtOnce(Plan* plan) {
  std::vector<Task> second = TakeTasks(plan, "upgrade-pump-2", Stops);
  Forget(&*std::find_if(plan->steps.begin(), plan->steps.end(),
                        [](const Step& step) { return step.id == "upgrade-pump-2"; }),
         LooksAt<engine::PumpsServe>);
  InsertBefore(plan, "upgrade-pump-1", Starts, std::move(second));
}

void DrainersFirst(Plan* plan) {
  std::stable_partition(plan->steps.begin() + 1, plan->steps.end(),
                        [](const Step& step) { return step.id.starts_with("upgrade-drainer"); });
}

// What rolling_update.yml looks at between two hosts.
void NextOnOpenPort(Plan* plan) {
  EachStep(plan, "upgrade-pump", [&](Step* step) {
    Forget(step, Proves);
    const auto start = std::find_if(step->tasks.begin(), step->tasks.end(), Starts);
    const auto& unit = std::get<port::StartProcess>(std::get<Act>(start->what).action);
    Look look;
    look.condition = engine::ProcessIs{unit.host, unit.unit, 8250, true};
    step->tasks.insert(start + 1, Task{step->id + "/port", std::move(look), {}});
  });
}

void ReplaceWithoutRestart(Plan* plan) {
  EachStep(plan, "upgrade-pump", [](Step* step) {
    Forget(step, [](const Task& task) { return Stops(task) || Starts(task) || Proves(task); });
  });
}

Act Binlogctl(const char* command, const std::string& node_id) {
  return {.action = port::RunHook{"binlogctl",
                                  {"binlogctl", "-pd-urls=http://10.0.2.1:2379", "-cmd", command,
                                   "-node-id", node_id}}};
}

// Each stop becomes a command of binlogctl, and its last line is believed.
void OfflineInsteadOfPause(Plan* plan) {
  std::size_t i = 0;
  EachStep(plan, "upgrade-pump", [&](Step* step) {
    Forget(step, Proves);
    const auto stop = std::find_if(step->tasks.begin(), step->tasks.end(), Stops);
    stop->what = Binlogctl("offline-pump", plan->cluster->new_pumps[i++].node_id);
  });
}

void TrustBinlogctl(Plan* plan) {
  EachStep(plan, "upgrade-drainer", [&](Step* step) {
    Forget(step, [](const Task& task) {
      return LooksAt<engine::ProcessIs>(task) || LooksAt<engine::DrainerBack>(task);
    });
    const auto stop = std::find_if(step->tasks.begin(), step->tasks.end(), Stops);
    const auto& process = plan->cluster->new_drainers.front().process;
    stop->what = Binlogctl("pause-drainer", process.alias + ":" + std::to_string(process.port));
  });
}

void IgnoreDeadDrainer(Plan* plan) {
  EachStep(plan, "", [](Step* step) {
    Forget(step, [](const Task& task) {
      return LooksAt<engine::PumpsServe>(task) || LooksAt<engine::RollingHolds>(task);
    });
  });
}

void SkipPreflight(Plan* plan) {
  EachStep(plan, "preflight", [](Step* step) { Forget(step, LooksAt<engine::RollingHolds>); });
}

void SkipLastDrainer(Plan* plan) { plan->steps.pop_back(); }

// The new Drainer starts without the checkpoint of the old one.
void DropCheckpoint(Plan* plan) {
  EachStep(plan, "upgrade-drainer", [&](Step* step) {
    const engine::Drainer& drainer = plan->cluster->new_drainers.front();
    Act drop{.action =
                 port::RunSql{drainer.sink.name,
                              "delete from `" + drainer.sink.checkpoint_schema + "`.`checkpoint`"}};
    const auto start = std::find_if(step->tasks.begin(), step->tasks.end(), Starts);
    step->tasks.insert(start, Task{step->id + "/drop", std::move(drop), {}});
  });
}

// The Drainer gets the example file of the new release, with its own sink.
void FreshConfig(Plan* plan) {
  EachStep(plan, "upgrade-drainer", [&](Step* step) {
    const engine::Drainer& drainer = plan->cluster->new_drainers.front();
    const std::string text = ReplaceLine(ReplaceLine(drainer.config_text, "ignore-schemas", "", ""),
                                         "replicate-do-db", "", "");
    Act write{.action = port::WriteFile{drainer.process.host, drainer.process.config, text}};
    const auto start = std::find_if(step->tasks.begin(), step->tasks.end(), Starts);
    step->tasks.insert(start, Task{step->id + "/config", std::move(write), {}});
  });
}

// The manual's two Drainer commands, believed for ending well.
void TrustPlaybooks(Plan* plan) {
  EachStep(plan, "upgrade-drainer", [](Step* step) {
    Forget(step, [](const Task& task) {
      const auto* playbook = ActionOf<port::RunPlaybook>(task);
      return (playbook != nullptr && playbook->playbook == "deploy_drainer.yml") ||
             LooksAt<engine::BinaryIs>(task);
    });
  });
}

// stop_drainer.yml and start_drainer.yml leave a unit disabled that was enabled.
void LeaveUnitDisabled(Plan* plan) {
  EachStep(plan, "upgrade-drainer", [](Step* step) {
    Forget(step, [](const Task& task) {
      const auto* unit = ActionOf<port::SetUnitEnabled>(task);
      return unit != nullptr && unit->enabled;
    });
  });
}

// One run of the playbook for all hosts, as the manual has it.
void WholePlaybook(Plan* plan) {
  bool first = true;
  EachStep(plan, "upgrade-pump", [&](Step* step) {
    Forget(step, [&](const Task& task) {
      return Proves(task) || (!first && ActionOf<port::RunPlaybook>(task) != nullptr);
    });
    for (Task& task : step->tasks) {
      if (ActionOf<port::RunPlaybook>(task) == nullptr) continue;
      std::get<port::RunPlaybook>(std::get<Act>(task.what).action).limit.clear();
    }
    first = false;
  });
}

Variant Make(std::string name, std::string mistake, std::string caught_by, std::string scenario,
             void (*edit)(Plan*)) {
  return {
      std::move(name), std::move(mistake), std::move(caught_by), std::move(scenario), edit, {}, {}};
}

}  // namespace

std::vector<Variant> RollingVariants() {
  Variant forgets =
      Make("starts-over-from-the-first-host", "forgets its journal in a crash and begins anew",
           "does-what-it-planned", kCrashed, nullptr);
  forgets.plan = {};
  forgets.host.loses_journal = true;
  return {
      Make("two-pumps-at-once", "stops the second Pump before it starts the first again",
           "one-pump-at-a-time", kSteady, TwoPumpsAtOnce),
      Make("drainers-before-pumps", "upgrades the Drainers first", "pump-before-drainer", kSmall,
           DrainersFirst),
      Make("next-pump-on-open-port", "takes an open port for a Pump that is back",
           "one-pump-at-a-time", kSmall, NextOnOpenPort),
      Make("replaces-without-restart", "replaces the Pumps' binaries and restarts none",
           "runs-what-was-installed", kSmall, ReplaceWithoutRestart),
      Make("offline-instead-of-pause", "takes each Pump offline to restart it", "reaches-target",
           kSmall, OfflineInsteadOfPause),
      Make("trusts-binlogctl", "takes binlogctl's success line for a Drainer that has stopped",
           "reaches-target", kBusy, TrustBinlogctl),
      std::move(forgets),
      Make("ignores-a-dead-drainer", "restarts Pumps while a Drainer is registered online and dead",
           "notify-unblocked", kDrainerDies, IgnoreDeadDrainer),
      Make("skips-one-drainer", "leaves the last Drainer on the old version", "reaches-target",
           kSteady, SkipLastDrainer),
      Make("drops-the-checkpoint", "starts the new Drainer without the old one's checkpoint",
           "checkpoint-understood", kSmall, DropCheckpoint),
      Make("writes-a-fresh-config", "gives the new Drainer a configuration without the filters",
           "config-carried", kFiltered, FreshConfig),
      Make("overwrites-the-config",
           "lets a playbook put the control machine's old file in the place of the Drainer's",
           "config-carried", kStale, SkipPreflight),
      Make("trusts-the-playbooks",
           "runs the Drainer playbooks of the manual and believes their end", "reaches-target",
           kAnsible, TrustPlaybooks),
      Make("leaves-the-unit-disabled", "leaves the Drainer's unit disabled, as the playbooks do",
           "reaches-target", kReboot, LeaveUnitDisabled),
      Make("whole-rolling-update", "runs rolling_update.yml once for all hosts",
           "one-pump-at-a-time", kAnsible, WholePlaybook),
  };
}

}  // namespace tidegate::rehearsal
