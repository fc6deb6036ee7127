#include "rehearsal/plan_edit.h"

#include <algorithm>

#include "base/check.h"

namespace tidegate::rehearsal {
namespace {

namespace port = engine::port;
using engine::Act;
using engine::Task;

std::vector<Task>& TasksOf(engine::Plan* plan, std::string_view id) {
  for (engine::Step& step : plan->steps) {
    if (step.id == id) return step.tasks;
  }
  CHECK_MSG(false, "the plan has no step " + std::string(id));
  return plan->steps.front().tasks;
}

template <typename Visit>
void EachAct(engine::Plan* plan, Visit visit) {
  for (engine::Step& step : plan->steps) {
    for (Task& task : step.tasks) {
      if (auto* act = std::get_if<Act>(&task.what); act != nullptr) visit(act);
    }
  }
}

}  // namespace

void EraseTasks(engine::Plan* plan, std::string_view step, const TaskTest& test) {
  std::erase_if(TasksOf(plan, step), test);
}

std::vector<Task> TakeTasks(engine::Plan* plan, std::string_view step, const TaskTest& test) {
  std::vector<Task> taken;
  for (const Task& task : TasksOf(plan, step)) {
    if (test(task)) taken.push_back(task);
  }
  EraseTasks(plan, step, test);
  return taken;
}

void AppendTasks(engine::Plan* plan, std::string_view step, std::vector<Task> tasks) {
  std::vector<Task>& all = TasksOf(plan, step);
  all.insert(all.end(), tasks.begin(), tasks.end());
}

void PrependTasks(engine::Plan* plan, std::string_view step, std::vector<Task> tasks) {
  std::vector<Task>& all = TasksOf(plan, step);
  all.insert(all.begin(), tasks.begin(), tasks.end());
}

void InsertBefore(engine::Plan* plan, std::string_view step, const TaskTest& test,
                  std::vector<Task> tasks) {
  std::vector<Task>& all = TasksOf(plan, step);
  const auto at = std::find_if(all.begin(), all.end(), test);
  all.insert(at, tasks.begin(), tasks.end());
}

bool ActsOnNewDrainer(const engine::Plan& plan, const Task& task) {
  const auto is_home = [&](const std::string& host, const std::string& path_or_unit) {
    for (const engine::Drainer& drainer : plan.cluster->new_drainers) {
      const engine::Process& p = drainer.process;
      if (p.host != host) continue;
      if (path_or_unit == p.unit || path_or_unit == p.binary || path_or_unit == p.config ||
          path_or_unit == p.script || path_or_unit == "/etc/systemd/system/" + p.unit) {
        return true;
      }
    }
    return false;
  };
  if (const auto* a = ActionOf<port::InstallBinary>(task)) return is_home(a->host, a->path);
  if (LooksAt<engine::BinaryIs>(task)) {
    const auto& c = std::get<engine::BinaryIs>(std::get<engine::Look>(task.what).condition);
    return is_home(c.host, c.path);
  }
  if (const auto* a = ActionOf<port::WriteFile>(task)) return is_home(a->host, a->path);
  if (const auto* a = ActionOf<port::SetUnitEnabled>(task)) return is_home(a->host, a->unit);
  if (const auto* a = ActionOf<port::StartProcess>(task)) return is_home(a->host, a->unit);
  return false;
}

void SetInitialTs(engine::Plan* plan, const std::string& initial_ts) {
  constexpr std::string_view kFlag = "--initial-commit-ts=\"";
  EachAct(plan, [&](Act* act) {
    auto* write = std::get_if<port::WriteFile>(&act->action);
    if (write == nullptr) return;
    const std::size_t at = write->content.find(kFlag);
    if (at == std::string::npos) return;
    const std::size_t begin = at + kFlag.size();
    write->content.replace(begin, write->content.find('"', begin) - begin, initial_ts);
    act->fill = false;
  });
}

void ForgetHandOverFacts(engine::Plan* plan) {
  for (engine::Step& step : plan->steps) {
    std::erase_if(step.tasks, [](const Task& task) {
      const auto* look = std::get_if<engine::Look>(&task.what);
      if (look == nullptr) return false;
      const auto* past = std::get_if<engine::DrainersPast>(&look->condition);
      return past != nullptr && past->fact.rfind("handover/", 0) == 0;
    });
  }
  SetInitialTs(plan, "0");
}

void EditNewDrainerConfigs(engine::Plan* plan,
                           const std::function<std::string(std::string)>& edit) {
  EachAct(plan, [&](Act* act) {
    auto* write = std::get_if<port::WriteFile>(&act->action);
    if (write == nullptr) return;
    for (const engine::Drainer& drainer : plan->cluster->new_drainers) {
      if (write->host == drainer.process.host && write->path == drainer.process.config) {
        write->content = edit(write->content);
      }
    }
  });
}

std::string ReplaceLine(std::string text, std::string_view key, std::string_view line,
                        std::string_view section) {
  std::size_t begin = section.empty() ? 0 : text.find(section);
  if (begin == std::string::npos) {
    return text + "\n" + std::string(section) + "\n" + std::string(line) + "\n";
  }
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1);
    std::size_t word = text.find_first_not_of(" \t", begin);
    if (text.compare(word, key.size(), key) == 0) {
      text.replace(begin, end - begin + 1, line.empty() ? "" : std::string(line) + "\n");
      return text;
    }
    begin = end + 1;
  }
  return text;
}

}  // namespace tidegate::rehearsal
