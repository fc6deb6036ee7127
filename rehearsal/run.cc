#include "rehearsal/run.h"

#include <algorithm>
#include <memory>

#include "engine/plan.h"
#include "rehearsal/captures.h"
#include "rehearsal/judged.h"
#include "rehearsal/run_in_lab.h"
#include "rehearsal/variants.h"
#include "sim/world.h"

namespace tidegate::rehearsal {
namespace {

engine::Gate GateNamed(const std::string& name) {
  if (name == "synced") return engine::Gate::kSynced;
  return name == "both" ? engine::Gate::kBoth : engine::Gate::kProof;
}

// An engine that refused at plan time: it says so and is done.
class RefusingEngine final : public sim::AttachedEngine {
 public:
  RefusingEngine(std::string name, std::string why)
      : name_(std::move(name)), why_(std::move(why)) {}
  void Start(sim::EngineLink* link) override {
    link->Claim({.kind = trace::EventKind::kEngineStarted, .n = 1}, name_);
    link->Claim({.kind = trace::EventKind::kEngineFinished,
                 .code = static_cast<std::uint16_t>(trace::EngineEnd::kRefused)},
                why_);
    finished_ = true;
  }
  void OnInput(const engine::port::Input&) override {}
  void Crash(trace::CrashPoint) override {}
  bool finished() const override { return finished_; }

 private:
  std::string name_;
  std::string why_;
  bool finished_ = false;
};

void RunWorld(sim::World* world, const RunOptions& options, RunResult* result) {
  LookBesideEngine(world, options, result);
  world->Run();
  if (options.logs) KeepLogs(world, result);
}

}  // namespace

std::string EngineChoice::Name() const {
  if (!command.empty()) return command;
  return variant.empty() ? style : style + "/" + variant;
}

EngineChoice ChoiceOf(const sim::EngineSettings& settings) {
  EngineChoice choice;
  choice.style = settings.style;
  choice.gate = settings.gate;
  choice.variant = settings.variant;
  choice.until = settings.until;
  return choice;
}

Result<RunResult> Run(const Prepared& prepared, const sim::RunPlan& run_plan,
                      const sim::EngineSettings& settings, const RunOptions& options) {
  const EngineChoice& choice = options.engine;
  if (!choice.command.empty()) return RunInLab(prepared, run_plan, settings, options);
  engine::Cluster cluster = prepared.cluster;
  if (settings.write_outage_max > 0) cluster.write_outage_max = settings.write_outage_max;
  TRY_ASSIGN(const Variant variant, FindVariant(choice.variant));
  if (variant.cluster) variant.cluster(&cluster);
  engine::PlanOptions plan_options;
  plan_options.procedure = engine::ProcedureNamed(run_plan.procedure);
  plan_options.gate = GateNamed(choice.gate);
  plan_options.style = choice.style == "literal" ? engine::Style::kLiteral : engine::Style::kOurs;
  if (settings.drain_timeout > 0) plan_options.drain_timeout = settings.drain_timeout;
  plan_options.accept_write_outage = std::find(settings.accept.begin(), settings.accept.end(),
                                               "write-outage") != settings.accept.end();
  Result<engine::Plan> plan = engine::BuildPlan(cluster, plan_options);

  Judged judged(HeaderOf(run_plan, settings, options, cluster.write_outage_max), options);
  if (plan.has_value()) {
    if (variant.plan) variant.plan(&*plan);
    engine::ExecutorOptions executor_options;
    executor_options.until = choice.until;
    HostOptions host_options;
    host_options.name = choice.Name();
    host_options.faults = variant.host;
    for (const auto& [question, answer] : settings.operator_answers) {
      host_options.operator_answers.push_back(question + "=" + answer);
    }
    InProcessHost host(*std::move(plan), std::move(executor_options), std::move(host_options),
                       run_plan.faults);
    sim::World world(run_plan, judged.recorder(), &host);
    RunWorld(&world, options, &judged.result());
    judged.result().crash_points = host.crash_points();
  } else {
    judged.result().plan_refusal = plan.error().ToString();
    RefusingEngine refusing(choice.Name(), judged.result().plan_refusal);
    sim::World world(run_plan, judged.recorder(), &refusing);
    RunWorld(&world, options, &judged.result());
  }
  return judged.Finish();
}

}  // namespace tidegate::rehearsal
