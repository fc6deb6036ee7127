// tidegate lab: keeps a simulated cluster up for people, lets them in, and judges what they did.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "lab/session/visitor.h"
#include "rehearsal/by_hand.h"
#include "rehearsal/cli.h"
#include "rehearsal/report.h"
#include "rehearsal/run_in_lab.h"
#include "sim/run_plan_json.h"
#include "trace/file.h"

namespace tidegate::rehearsal {
namespace {

struct Options {
  std::vector<std::string> words;
  ByHandOptions by_hand;
  std::string lab;
  std::string seed;
  std::vector<std::string> sets;
  std::string trace;
  bool json = false;
};

// A shell with several words of a command gets them as one line, as `sh -c` does.
ExitCode EnterOther(const Options& options) {
  const Result<std::string> lab = lab::FindLab(options.lab);
  if (!lab.has_value()) return PrintError(lab.error());
  const Result<int> status = lab::VisitLab({*lab + "/enter", options.by_hand.command});
  if (!status.has_value()) return PrintError(status.error());
  return static_cast<ExitCode>(*status);
}

bool IsVerb(const std::string& word) {
  return word == "advance" || word == "show" || word == "exit";
}

ExitCode SayTo(const Options& options) {
  const Result<std::string> lab = lab::FindLab(options.lab);
  if (!lab.has_value()) return PrintError(lab.error());
  const Result<lab::Reply> reply = lab::CallLab(*lab, options.words);
  if (!reply.has_value()) return PrintError(reply.error());
  fmt::print("{}", reply->output);
  fmt::print(stderr, "{}", reply->errors);
  return static_cast<ExitCode>(reply->exit);
}

std::string Reproduce(const Options& options, std::uint64_t seed) {
  std::string command = fmt::format("./tidegate lab {} --seed {} --clock {}", options.words[0],
                                    seed, options.by_hand.clock);
  for (const std::string& set : options.sets) command += fmt::format(" --set '{}'", set);
  if (options.by_hand.shell) command += " --shell";
  if (options.by_hand.command.empty()) return command;
  std::string quoted;
  for (const char c : options.by_hand.command) {
    quoted += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return fmt::format("{} -c '{}'", command, quoted);
}

void Print(const Report& report, const RunResult& result, const Options& options) {
  if (options.json) {
    JsonWriter writer(JsonWriter::Style::kIndented);
    WriteReportJson(report, true, &writer);
    fmt::print("{}\n", writer.Take());
    return;
  }
  if (options.by_hand.quiet) {
    fmt::print("{}\n", VerdictLine(report));
    return;
  }
  fmt::print("{}", StepsText(report));
  for (const std::string& refused : result.refused_by_lab) {
    fmt::print("the lab refused, {}\n", refused);
  }
  fmt::print("{}", VerdictText(report));
  if (report.verdict->outcome != verifier::Outcome::kPass) {
    fmt::print("reproduce: {}\n", report.reproduce);
  }
}

Result<ExitCode> Keep(const Options& options) {
  std::vector<sim::Override> overrides;
  for (const std::string& text : options.sets) {
    TRY_ASSIGN(sim::Override set, sim::ParseOverride(text));
    overrides.push_back(std::move(set));
  }
  TRY_ASSIGN(const sim::Scenario scenario, sim::LoadScenario(options.words[0], overrides));
  std::uint64_t seed = scenario.seed.value_or(1);
  if (!options.seed.empty()) {
    TRY_ASSIGN(const Tso given, ParseTso(options.seed));
    seed = static_cast<std::uint64_t>(given);
  }
  TRY_ASSIGN(const Prepared prepared, Prepare(scenario, seed));
  RunOptions run_options;
  run_options.engine.command = kByHand;
  run_options.engine.clock = options.by_hand.clock;
  run_options.reproduce = Reproduce(options, seed);
  const auto began = std::chrono::steady_clock::now();
  ByHandOptions by_hand_options = options.by_hand;
  by_hand_options.print = [](const std::string& text) {
    fmt::print("{}", text);
    std::fflush(stdout);
  };
  ByHand by_hand(std::move(by_hand_options));
  TRY_ASSIGN(const RunResult result,
             RunInLab(prepared, prepared.plan, scenario.engine, run_options, &by_hand));
  for (const std::string& swept : result.swept_by_lab) fmt::print(stderr, "tidegate: {}\n", swept);
  Report report;
  report.header = &result.trace.header;
  report.verdict = &result.verdict;
  report.steps = &result.steps;
  report.digest = result.digest;
  report.reproduce = run_options.reproduce;
  report.real_time =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - began)
          .count();
  if (!options.trace.empty()) {
    TRY(trace::WriteTrace(result.trace, options.trace));
    report.trace_path = options.trace;
  }
  Print(report, result, options);
  return ExitCodeOf(result.verdict.outcome);
}

ExitCode Go(Options options) {
  const auto bad = [](std::string why) {
    return PrintError({ErrorCode::kBadInput, std::move(why), ""});
  };
  if (!options.by_hand.command.empty() && !options.by_hand.shell) {
    return bad("-c is the command of a shell, and needs --shell");
  }
  if (!options.words.empty() && IsVerb(options.words[0])) {
    return options.by_hand.shell ? bad("--shell goes with a scenario, or alone") : SayTo(options);
  }
  if (options.words.size() > 1) {
    return bad(fmt::format("'{}': one scenario a lab; or advance DURATION, show, exit [STATUS]",
                           options.words[1]));
  }
  if (options.words.empty()) {
    if (options.by_hand.shell) return EnterOther(options);
    return bad("a scenario, or --shell to enter a lab that runs, or advance, show, exit");
  }
  if (!options.lab.empty())
    return bad("--lab names a lab that runs, and a scenario starts a new one");
  options.by_hand.quiet = options.by_hand.quiet || options.json;
  const Result<ExitCode> code = Keep(options);
  return code.has_value() ? *code : PrintError(code.error());
}

constexpr const char* kFooter =
    "tidegate lab scenarios/kafka-to-cluster/run-book.json        keeps a cluster up\n"
    "tidegate lab --shell                                         a shell in it, elsewhere\n"
    "tidegate lab advance 10m                                     lets simulated time pass\n"
    "tidegate lab show                                            its nodes, faults, Drainers\n"
    "tidegate lab exit                                            ends it: the verdict\n"
    "The clock stands still while nobody asks for anything; with --clock lockstep the sleep of a\n"
    "program lets time pass too, and with --clock real it is the machine's.";

}  // namespace

void AddLab(CLI::App* app, ExitCode* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app->add_subcommand("lab", "Keep a simulated cluster up, to try things by hand");
  command->footer(kFooter);
  command->add_option(
      "what", options->words,
      "A scenario file; or of a lab that runs: advance DURATION, show, exit [STATUS]");
  command->add_flag(
      "--shell", options->by_hand.shell,
      "A shell in the lab that runs; with a scenario in a new one, which ends with it");
  command->add_option("-c,--command", options->by_hand.command,
                      "Of the shell; its exit status counts as an engine's");
  command->add_option("--lab", options->lab, "Which lab, where several run: its folder or its end");
  command->add_option("--clock", options->by_hand.clock, "Of a new lab")
      ->check(CLI::IsMember({"stopped", "lockstep", "real"}))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Seed [the scenario's, else 1]");
  command->add_option("--set", options->sets, "Override a field: path=value (repeatable)")
      ->allow_extra_args(false);
  command->add_option("--trace", options->trace, "Keep the trace: FILE.jsonl or FILE.tgt");
  command->add_flag("--json", options->json, "Print one JSON object at the end, and nothing else");
  command->add_flag("--quiet", options->by_hand.quiet, "The verdict in one line, and nothing else");
  command->callback([options, exit_code] { *exit_code = Go(*options); });
}

}  // namespace tidegate::rehearsal
