// tidegate plan: what the engine would do, printed; it changes nothing. The same plan, word for
// word, as `binlog-upgrade plan`.
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "engine/cluster_builder.h"
#include "engine/plan.h"
#include "rehearsal/cli.h"
#include "rehearsal/cluster_options.h"

namespace tidegate::rehearsal {
namespace {

struct Options {
  engine::ClusterPaths paths;
  std::string gate = "proof";
  std::string engine = "ours";
  std::string drain_timeout;
  bool accept_write_outage = false;
  bool json = false;
};

ExitCode Plan(const Options& options) {
  const Result<engine::Cluster> cluster = engine::LoadCluster(options.paths);
  if (!cluster.has_value()) return PrintError(cluster.error());
  engine::PlanOptions plan_options;
  plan_options.procedure = options.paths.procedure;
  plan_options.accept_write_outage = options.accept_write_outage;
  if (!options.drain_timeout.empty()) {
    const Result<Duration> longest = ParseDuration(options.drain_timeout);
    if (!longest.has_value()) return PrintError(longest.error());
    plan_options.drain_timeout = *longest;
  }
  plan_options.style = options.engine == "literal" ? engine::Style::kLiteral : engine::Style::kOurs;
  plan_options.gate = options.gate == "synced" ? engine::Gate::kSynced
                      : options.gate == "both" ? engine::Gate::kBoth
                                               : engine::Gate::kProof;
  const Result<engine::Plan> plan = engine::BuildPlan(*cluster, plan_options);
  if (!plan.has_value()) {
    // A refusal often follows from something assumed, such as the new side's default homes.
    for (const std::string& assumption : cluster->assumptions) {
      fmt::print(stderr, "assumed: {}\n", assumption);
    }
    return PrintError(plan.error());
  }
  fmt::print("{}", options.json ? engine::PlanToJson(*plan) + "\n" : engine::RenderPlan(*plan));
  return ExitCode::kDone;
}

}  // namespace

void AddPlan(CLI::App* app, ExitCode* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand("plan", "Print what an upgrade would do; change nothing");
  AddClusterOptions(command, &options->paths, engine::ProcedureNames());
  command->add_option("--gate", options->gate, "proof, synced or both")
      ->check(CLI::IsMember({"proof", "synced", "both"}));
  command->add_option("--drain-timeout", options->drain_timeout,
                      "How long the gate is waited for, such as 12h [2h]");
  command->add_option("--engine", options->engine, "ours or literal")
      ->check(CLI::IsMember({"ours", "literal"}));
  command->add_flag("--accept-write-outage", options->accept_write_outage,
                    "Rolling: restart the only Pump, though no TiDB can write meanwhile");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, exit_code] { *exit_code = Plan(*options); });
}

}  // namespace tidegate::rehearsal
