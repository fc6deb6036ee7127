// Small edits of plans: what the known-bad engines are made with.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan.h"

namespace tidegate::rehearsal {

using TaskTest = std::function<bool(const engine::Task&)>;

/// The task waits for or learns by a condition of type C.
template <typename C>
bool LooksAt(const engine::Task& task) {
  const auto* look = std::get_if<engine::Look>(&task.what);
  return look != nullptr && std::holds_alternative<C>(look->condition);
}

/// The task's action when it is an A, else null.
template <typename A>
const A* ActionOf(const engine::Task& task) {
  const auto* act = std::get_if<engine::Act>(&task.what);
  return act == nullptr ? nullptr : std::get_if<A>(&act->action);
}

/// REQUIRES of all: the plan has the step.
void EraseTasks(engine::Plan* plan, std::string_view step, const TaskTest& test);
std::vector<engine::Task> TakeTasks(engine::Plan* plan, std::string_view step,
                                    const TaskTest& test);
void AppendTasks(engine::Plan* plan, std::string_view step, std::vector<engine::Task> tasks);
void PrependTasks(engine::Plan* plan, std::string_view step, std::vector<engine::Task> tasks);
/// Before the first task that `test` accepts; at the end when there is none.
void InsertBefore(engine::Plan* plan, std::string_view step, const TaskTest& test,
                  std::vector<engine::Task> tasks);

/// The task installs, proves, configures, enables or starts a new Drainer.
bool ActsOnNewDrainer(const engine::Plan& plan, const engine::Task& task);
/// Run scripts of new Drainers pass `initial_ts` as --initial-commit-ts.
void SetInitialTs(engine::Plan* plan, const std::string& initial_ts);
/// Nothing waits for or fills in the handed-over checkpoints any more.
void ForgetHandOverFacts(engine::Plan* plan);
/// Changes the configuration file that each new Drainer is given.
void EditNewDrainerConfigs(engine::Plan* plan, const std::function<std::string(std::string)>& edit);
/// The line of `key` becomes `line` ("" removes it); when there is none and `section` is given, the
/// section and the line are appended.
std::string ReplaceLine(std::string text, std::string_view key, std::string_view line,
                        std::string_view section);

}  // namespace tidegate::rehearsal
