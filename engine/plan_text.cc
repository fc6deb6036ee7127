// A plan as people and programs read it. Contents of files and passwords never appear: an action is
// printed by its port::Describe, a written content by its digest.
#include <fmt/format.h>

#include "base/json.h"
#include "engine/plan.h"

namespace tidegate::engine {
namespace {

std::string Redacted(const Act& act) {
  std::string text = port::Describe(act.action);
  if (act.source) text += fmt::format(" from {}", port::Describe(*act.source));
  switch (act.edit) {
    case Edit::kNone: break;
    case Edit::kTidbConfigToCluster: text += " (binlog enabled, binlog-socket removed)"; break;
    case Edit::kTidbScriptToCluster: text += " (--binlog-socket removed)"; break;
    case Edit::kSavePointToSavepoint: text += " (commitTS only)"; break;
  }
  const auto* write = std::get_if<port::WriteFile>(&act.action);
  if (write != nullptr && !act.source) {
    text +=
        fmt::format(" ({} bytes, digest {:016x})", write->content.size(), Digest(write->content));
  }
  return text;
}

struct Bounds {
  std::string operator()(const Act& act) const {
    return fmt::format("within {}, at most {} attempts", FormatDuration(act.timeout),
                       act.attempts_max);
  }
  std::string operator()(const Look& look) const {
    return fmt::format("within {}, looked at every {}", FormatDuration(look.timeout),
                       FormatDuration(look.poll));
  }
  std::string operator()(const Confirm&) const { return "the operator answers"; }
};

std::string Kind(const Task& task) {
  if (std::holds_alternative<Act>(task.what)) return "act";
  if (const auto* look = std::get_if<Look>(&task.what))
    return look->learns.empty() ? "wait" : "learn";
  return "confirm";
}

void RenderTasks(const std::vector<Task>& tasks, std::string* out) {
  for (const Task& task : tasks) {
    *out += fmt::format("  {:<20} {:<8}{}  [{}]\n", task.id, Kind(task), Describe(task),
                        std::visit(Bounds{}, task.what));
    if (!task.needs.empty()) {
      out->insert(out->size() - 2, fmt::format("; only where {} is known", task.needs));
    }
  }
}

void TasksToJson(const std::vector<Task>& tasks, JsonWriter* json) {
  json->BeginArray();
  for (const Task& task : tasks) {
    json->BeginObject();
    json->Key("id").String(task.id);
    json->Key("kind").String(Kind(task));
    json->Key("text").String(Describe(task));
    if (!task.needs.empty()) json->Key("needs").String(task.needs);
    json->Key("bounds").String(std::visit(Bounds{}, task.what));
    json->EndObject();
  }
  json->EndArray();
}

const char* GateName(Gate gate) {
  return gate == Gate::kProof ? "proof" : gate == Gate::kSynced ? "synced" : "both";
}

}  // namespace

std::string Describe(const Task& task) {
  if (const auto* act = std::get_if<Act>(&task.what)) return Redacted(*act);
  if (const auto* look = std::get_if<Look>(&task.what)) return Describe(look->condition);
  return std::get<Confirm>(task.what).text;
}

std::string RenderPlan(const Plan& plan) {
  std::string out =
      fmt::format("plan {:016x}: {} of cluster {}, {}, gate {}\n", plan.digest,
                  ProcedureName(plan.options.procedure), plan.cluster->name,
                  plan.options.style == Style::kOurs ? "with proofs" : "by the manual's letter",
                  GateName(plan.options.gate));
  for (const std::string& assumption : plan.cluster->assumptions) {
    out += fmt::format("assumed: {}\n", assumption);
  }
  for (const Step& step : plan.steps) {
    out += fmt::format("\n{}: {}\n", step.id, step.manual);
    for (const Deviation& deviation : step.deviations) {
      out += fmt::format("  unlike the manual: {}, because {}\n", deviation.what, deviation.why);
    }
    RenderTasks(step.tasks, &out);
    out += fmt::format("  done when: {}\n", step.proof);
    if (!step.undo.empty()) {
      out += "  way back:\n";
      RenderTasks(step.undo, &out);
    }
  }
  return out;
}

std::string PlanToJson(const Plan& plan) {
  JsonWriter json(JsonWriter::Style::kIndented);
  json.BeginObject();
  json.Key("procedure").String(ProcedureName(plan.options.procedure));
  json.Key("cluster").String(plan.cluster->name);
  json.Key("digest").String(fmt::format("{:016x}", plan.digest));
  json.Key("gate").String(GateName(plan.options.gate));
  json.Key("assumptions").BeginArray();
  for (const std::string& assumption : plan.cluster->assumptions) json.String(assumption);
  json.EndArray();
  json.Key("steps").BeginArray();
  for (const Step& step : plan.steps) {
    json.BeginObject();
    json.Key("id").String(step.id);
    json.Key("manual").String(step.manual);
    json.Key("deviations").BeginArray();
    for (const Deviation& deviation : step.deviations) {
      json.BeginObject();
      json.Key("what").String(deviation.what);
      json.Key("why").String(deviation.why);
      json.EndObject();
    }
    json.EndArray();
    json.Key("tasks");
    TasksToJson(step.tasks, &json);
    json.Key("undo");
    TasksToJson(step.undo, &json);
    json.Key("proof").String(step.proof);
    json.Key("expected").String(FormatDuration(step.expected));
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.Take();
}

}  // namespace tidegate::engine
