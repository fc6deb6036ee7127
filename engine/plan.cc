#include "engine/plan.h"

#include <fmt/format.h>

#include <charconv>

#include "engine/preflight.h"

namespace tidegate::engine {
namespace {

struct Hasher {
  std::uint64_t digest = 0xCBF29CE484222325ULL;

  void Add(std::string_view text) {
    digest = Digest(text, digest);
    digest = Digest(std::string_view("\0", 1), digest);
  }
  void Add(const port::StopProcess& a) { Add(a.host), Add(a.unit); }
  void Add(const port::StartProcess& a) { Add(a.host), Add(a.unit); }
  void Add(const port::SetUnitEnabled& a) { Add(a.host), Add(a.unit), Add(a.enabled ? "1" : "0"); }
  void Add(const port::InstallBinary& a) { Add(a.host), Add(a.part), Add(a.version), Add(a.path); }
  void Add(const port::WriteFile& a) { Add(a.host), Add(a.path), Add(a.content); }
  void Add(const port::RunSql& a) { Add(a.endpoint), Add(a.statement); }
  void Add(const port::RunHook& a) {
    Add(a.name);
    for (const std::string& word : a.argv) Add(word);
  }
  void Add(const port::KeepBackup& a) { Add(a.name), Add(a.bytes); }
  void Add(const port::RunPlaybook& a) { Add(a.playbook), Add(a.tags), Add(a.limit), Add(a.dir); }
  void Add(const port::CopyBinary& a) { Add(a.host), Add(a.part), Add(a.from), Add(a.to); }

  void AddTask(const Task& task) {
    const char kind = static_cast<char>('0' + task.what.index());
    Add(std::string_view(&kind, 1));
    if (const Act* act = std::get_if<Act>(&task.what)) {
      const char action = static_cast<char>('a' + act->action.index());
      Add(std::string_view(&action, 1));
      std::visit([this](const auto& a) { Add(a); }, act->action);
    } else if (const Look* look = std::get_if<Look>(&task.what)) {
      const char condition = static_cast<char>('A' + look->condition.index());
      Add(std::string_view(&condition, 1));
      Add(look->learns);
    } else {
      Add(std::get<Confirm>(task.what).question);
    }
    if (!task.needs.empty()) Add(task.needs);
  }
};

std::string TaskId(std::string_view prefix, std::string_view step, std::size_t n) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
  std::string id;
  id.reserve(prefix.size() + step.size() + 4);
  id += prefix;
  id += step;
  id += '/';
  id.append(digits, end);
  return id;
}

std::vector<Step> StepsOf(const Cluster& cluster, const PlanOptions& options) {
  switch (options.procedure) {
    case Procedure::kKafkaToCluster:
    case Procedure::kLocalToCluster:
      return options.style == Style::kOurs ? StepsKafkaToCluster(cluster, options)
                                           : StepsLiteral(cluster, options);
    case Procedure::kFullImport: return StepsFullImport(cluster);
    case Procedure::kRollingManual:
    case Procedure::kRollingAnsible:
      return options.style == Style::kOurs ? StepsRolling(cluster, options)
                                           : StepsRollingLiteral(cluster, options);
  }
  CHECK(false);
}

}  // namespace

std::string_view WhenUndone(Procedure procedure) {
  return IsRolling(procedure) ? "every Pump and Drainer runs its version of before"
                              : "the old side serves";
}

std::uint64_t Digest(std::string_view bytes, std::uint64_t digest) {
  for (const char c : bytes) {
    digest ^= static_cast<unsigned char>(c);
    digest *= 0x100000001B3ULL;
  }
  return digest;
}

Result<Plan> BuildPlan(const Cluster& cluster, const PlanOptions& options) {
  if (options.style == Style::kOurs) {
    const std::vector<std::string> refusals = RefusalsOf(cluster, options);
    std::string text;
    for (const std::string& refusal : refusals) text += (text.empty() ? "" : "\n") + refusal;
    if (!text.empty()) return Error{ErrorCode::kRefused, std::move(text), ""};
  }
  if (options.style == Style::kLiteral && options.procedure == Procedure::kFullImport) {
    return Error{
        ErrorCode::kRefused,
        "the manual has one sentence for a full import and no steps: there is no letter to "
        "follow",
        ""};
  }
  Plan plan;
  plan.options = options;
  plan.cluster = std::make_shared<const Cluster>(cluster);
  plan.steps = StepsOf(cluster, options);
  Hasher hasher;
  hasher.Add(ProcedureName(options.procedure));
  for (Step& step : plan.steps) {
    hasher.Add(step.id);
    for (std::size_t i = 0; i < step.tasks.size(); ++i) {
      step.tasks[i].id = TaskId("", step.id, i + 1);
      hasher.AddTask(step.tasks[i]);
    }
    for (std::size_t i = 0; i < step.undo.size(); ++i) {
      step.undo[i].id = TaskId("undo:", step.id, i + 1);
      hasher.AddTask(step.undo[i]);
    }
  }
  plan.digest = hasher.digest;
  return plan;
}

}  // namespace tidegate::engine
