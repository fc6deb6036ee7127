// tidegate rehearse: runs scenarios, judges them, compares with what they expect.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <random>

#include "base/files.h"
#include "base/names.h"
#include "engine/plan.h"
#include "rehearsal/captures.h"
#include "rehearsal/cli.h"
#include "rehearsal/engine_choice.h"
#include "rehearsal/expectation.h"
#include "rehearsal/report.h"
#include "rehearsal/run.h"
#include "rehearsal/variants.h"
#include "sim/run_plan_json.h"
#include "trace/file.h"

namespace tidegate::rehearsal {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string seed;
  std::uint64_t seed_count = 1;
  std::string engine;
  std::string engine_resume;
  std::string clock = "lockstep";
  std::string variant;
  std::string gate;
  std::string until;
  std::vector<std::string> sets;
  std::string trace;
  std::string captures;
  std::string junit;
  std::string fail_on;
  bool accept_write_outage = false;
  bool expect = false;
  bool json = false;
  bool quiet = false;
};

// One run to make: a scenario under one engine choice, with what it must lead to.
struct Job {
  std::string path;
  std::string label;  ///< "" or the name of the scenario's variant
  sim::EngineSettings engine;
  sim::Expectation expect;
};

struct Outcome {
  RunResult result;
  Report report;
  std::vector<std::string> differences;
};

// A mistyped file name: the nearest one of the same folder.
Error WithNearestFile(const std::string& path, Error error) {
  const std::size_t slash = path.rfind('/');
  const Result<std::vector<std::string>> beside =
      ListFiles(slash == std::string::npos ? "." : path.substr(0, slash), ".json");
  if (beside.has_value()) error.message += DidYouMean(path, *beside);
  return error;
}

std::string Indented(const std::string& text) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out += "  " + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return out;
}

class Rehearsal {
 public:
  explicit Rehearsal(const Options& options) : options_(options) {}

  ExitCode Go();

 private:
  Status GoFile(const std::string& path);
  Status GoJob(const sim::Scenario& scenario, const Job& job);
  Status GoSeeds(const sim::Scenario& scenario, const Job& job, std::uint64_t first);
  Result<std::unique_ptr<Outcome>> GoOnce(const Prepared& prepared, const sim::RunPlan& plan,
                                          const Job& job, bool keep);
  void Print(const Prepared& prepared, const Outcome& outcome, const Job& job);
  void Count(const Outcome& outcome, const Job& job);
  ExitCode VariantTable();
  EngineChoice Choice(const Job& job) const;
  std::string Reproduce(const Job& job, std::uint64_t seed) const;
  Result<std::uint64_t> FirstSeed(const sim::Scenario& scenario) const;

  const Options& options_;
  std::vector<sim::Override> overrides_;
  std::vector<JunitCase> junit_;
  std::vector<std::string> json_;
  ExitCode worst_ = ExitCode::kDone;
  std::size_t run_count_ = 0;
  std::size_t unexpected_count_ = 0;
};

EngineChoice Rehearsal::Choice(const Job& job) const {
  EngineChoice choice = ChoiceOf(job.engine);
  if (options_.engine.empty()) {
    // the scenario's
  } else if (IsOurs(options_.engine)) {
    choice.style = options_.engine;
  } else {
    choice.command = options_.engine;
  }
  choice.command_again = options_.engine_resume;
  choice.clock = options_.clock;
  if (!options_.gate.empty()) choice.gate = options_.gate;
  if (!options_.variant.empty()) choice.variant = options_.variant;
  if (!options_.until.empty()) choice.until = options_.until;
  return choice;
}

// As one word of a shell.
std::string Quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string Reproduce(const std::string& path, std::uint64_t seed, const EngineChoice& choice,
                      const std::vector<std::string>& sets) {
  std::string command = fmt::format("./tidegate rehearse {} --seed {}", path, seed);
  if (!choice.command.empty()) {
    command += fmt::format(" --engine {} --clock {}", Quoted(choice.command), choice.clock);
    if (!choice.command_again.empty()) {
      command += " --engine-resume " + Quoted(choice.command_again);
    }
  } else if (choice.style != "ours") {
    command += " --engine " + choice.style;
  }
  if (!choice.variant.empty()) command += " --engine-variant " + choice.variant;
  if (choice.gate != "proof") command += " --gate " + choice.gate;
  if (!choice.until.empty()) command += " --until " + choice.until;
  for (const std::string& set : sets) command += fmt::format(" --set '{}'", set);
  return command;
}

std::string Rehearsal::Reproduce(const Job& job, std::uint64_t seed) const {
  return rehearsal::Reproduce(job.path, seed, Choice(job), options_.sets);
}

Result<std::uint64_t> Rehearsal::FirstSeed(const sim::Scenario& scenario) const {
  if (!options_.seed.empty()) {
    TRY_ASSIGN(const Tso seed, ParseTso(options_.seed));
    return static_cast<std::uint64_t>(seed);
  }
  if (scenario.seed.has_value()) return *scenario.seed;
  if (options_.expect || options_.seed_count > 1) return std::uint64_t{1};
  return std::uint64_t{std::random_device{}()};
}

Result<std::unique_ptr<Outcome>> Rehearsal::GoOnce(const Prepared& prepared,
                                                   const sim::RunPlan& plan, const Job& job,
                                                   bool keep) {
  const auto began = std::chrono::steady_clock::now();
  RunOptions run_options;
  run_options.engine = Choice(job);
  run_options.keep_trace = keep;
  run_options.digest = keep;
  run_options.fail_on_exposure = options_.fail_on == "exposure";
  run_options.count = &job.expect.events;
  run_options.reproduce = Reproduce(job, plan.seed);
  if (keep && !options_.captures.empty()) {
    run_options.logs = true;
    run_options.look_every = kCaptureEvery;
    run_options.look_at_pumps = true;
  }
  TRY_ASSIGN(RunResult result, Run(prepared, plan, job.engine, run_options));
  for (const std::string& swept : result.swept_by_lab) fmt::print(stderr, "tidegate: {}\n", swept);
  auto outcome = std::make_unique<Outcome>();
  outcome->result = std::move(result);
  Report& report = outcome->report;
  report.header = &outcome->result.trace.header;
  report.verdict = &outcome->result.verdict;
  report.steps = &outcome->result.steps;
  report.digest = outcome->result.digest;
  report.reproduce = run_options.reproduce;
  report.real_time =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - began)
          .count();
  if (keep && !options_.trace.empty()) {
    TRY(trace::WriteTrace(outcome->result.trace, options_.trace));
    report.trace_path = options_.trace;
  }
  if (keep && !options_.captures.empty()) {
    TRY(WriteCaptures(outcome->result, plan.epoch_ms, options_.captures));
  }
  outcome->differences = Differences(job.expect, outcome->result);
  return outcome;
}

void Rehearsal::Print(const Prepared& prepared, const Outcome& outcome, const Job& job) {
  const Report& report = outcome.report;
  if (options_.json) {
    JsonWriter writer(JsonWriter::Style::kIndented);
    WriteReportJson(report, true, &writer);
    json_.push_back(writer.Take());
    return;
  }
  if (options_.quiet || options_.expect) {
    const bool ok = outcome.differences.empty();
    fmt::print("{}{}{}\n", options_.expect ? (ok ? "as expected   " : "NOT EXPECTED  ") : "",
               VerdictLine(report), job.label.empty() ? "" : "  [" + job.label + "]");
    if (options_.expect) {
      for (const std::string& difference : outcome.differences) fmt::print("    {}\n", difference);
      if (!ok) fmt::print("    {}\n", report.reproduce);
    }
    return;
  }
  fmt::print("scenario {}  seed {}  engine {}  gate {}\n", report.header->scenario,
             report.header->seed, report.header->engine, report.header->gate);
  fmt::print("{}\n", sim::DescribeRunPlan(prepared.plan));
  fmt::print("{}", StepsText(report));
  if (!outcome.result.engine_output.empty()) {
    fmt::print("output of the engine\n{}", Indented(outcome.result.engine_output));
  }
  for (const std::string& refused : outcome.result.refused_by_lab) {
    fmt::print("the lab refused, {}\n", refused);
  }
  fmt::print("{}", VerdictText(report));
  fmt::print("real time {}; trace: {}\n",
             FormatDuration(report.real_time / kMillisecond * kMillisecond),
             report.trace_path.empty() ? "not kept (--trace FILE keeps it)" : report.trace_path);
  if (report.verdict->outcome != verifier::Outcome::kPass) {
    fmt::print("reproduce: {}\n", report.reproduce);
  }
}

void Rehearsal::Count(const Outcome& outcome, const Job& job) {
  ++run_count_;
  if (!outcome.differences.empty()) ++unexpected_count_;
  const ExitCode code = options_.expect
                            ? (outcome.differences.empty() ? ExitCode::kDone : ExitCode::kViolated)
                            : ExitCodeOf(outcome.result.verdict.outcome);
  // A violation outweighs everything else.
  if (worst_ == ExitCode::kDone || code == ExitCode::kViolated) {
    if (code != ExitCode::kDone) worst_ = code;
  }
  if (options_.junit.empty()) return;
  std::string failure;
  if (options_.expect) {
    failure = fmt::format("{}", fmt::join(outcome.differences, "\n"));
  } else if (code != ExitCode::kDone) {
    failure = outcome.result.verdict.why;
  }
  if (!failure.empty()) failure += "\n" + outcome.report.reproduce;
  junit_.push_back({job.path, job.label.empty() ? VerdictLine(outcome.report) : job.label, failure,
                    outcome.report.real_time});
}

Status Rehearsal::GoJob(const sim::Scenario& scenario, const Job& job) {
  TRY_ASSIGN(const std::uint64_t seed, FirstSeed(scenario));
  if (options_.seed_count > 1) return GoSeeds(scenario, job, seed);
  TRY_ASSIGN(const Prepared prepared, Prepare(scenario, seed));
  TRY_ASSIGN(const std::unique_ptr<Outcome> outcome, GoOnce(prepared, prepared.plan, job, true));
  Print(prepared, *outcome, job);
  Count(*outcome, job);
  return {};
}

// Many seeds: a summary, the first failure in full.
Status Rehearsal::GoSeeds(const sim::Scenario& scenario, const Job& job, std::uint64_t first) {
  std::array<std::size_t, verifier::kOutcomeNames.size()> outcomes{};
  std::size_t unexpected = 0;
  std::uint64_t first_bad = 0;
  Result<Prepared> prepared = Prepare(scenario, first);
  if (!prepared.has_value()) return prepared.error();
  for (std::uint64_t i = 0; i < options_.seed_count; ++i) {
    if (i > 0 && scenario.has_draws) {
      prepared = Prepare(scenario, first + i);
      if (!prepared.has_value()) return prepared.error();
    }
    TRY_ASSIGN(const sim::RunPlan plan, Again(*prepared, first + i));
    TRY_ASSIGN(const std::unique_ptr<Outcome> outcome,
               GoOnce(*prepared, scenario.has_draws ? prepared->plan : plan, job, false));
    ++outcomes[static_cast<std::size_t>(outcome->result.verdict.outcome)];
    const bool bad = !outcome->differences.empty();
    if (bad && unexpected++ == 0) first_bad = first + i;
    Count(*outcome, job);
  }
  if (!options_.json) {
    fmt::print("{}{}: seeds {} to {}:", scenario.name,
               job.label.empty() ? "" : " [" + job.label + "]", first,
               first + options_.seed_count - 1);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (outcomes[i] > 0) fmt::print(" {} {}", outcomes[i], verifier::kOutcomeNames[i]);
    }
    fmt::print("; {} as expected, {} not\n", options_.seed_count - unexpected, unexpected);
  }
  if (unexpected == 0) return {};
  prepared = Prepare(scenario, first_bad);
  if (!prepared.has_value()) return prepared.error();
  TRY_ASSIGN(const std::unique_ptr<Outcome> outcome, GoOnce(*prepared, prepared->plan, job, true));
  if (!options_.json) {
    fmt::print("the first that was not as expected, in full:\n");
    for (const std::string& difference : outcome->differences) fmt::print("  {}\n", difference);
  }
  Print(*prepared, *outcome, job);
  return {};
}

Status Rehearsal::GoFile(const std::string& path) {
  TRY_ASSIGN(const sim::Scenario scenario, sim::LoadScenario(path, overrides_));
  TRY(GoJob(scenario, {path, "", scenario.engine, scenario.expect}));
  // What a scenario says of other engines is checked too, unless the caller chose the engine.
  const bool chosen =
      !options_.engine.empty() || !options_.gate.empty() || !options_.variant.empty();
  if (!options_.expect || chosen) return {};
  for (const sim::ScenarioVariant& variant : scenario.variants) {
    TRY(GoJob(scenario, {path, variant.name, variant.engine, variant.expect}));
  }
  return {};
}

// Every known-bad engine on the scenario that shows its mistake.
ExitCode Rehearsal::VariantTable() {
  ExitCode code = ExitCode::kDone;
  fmt::print("{:<28} {:<28} {:<8} {}\n", "engine", "caught by", "verdict", "mistake");
  for (const Variant& variant : Variants()) {
    const std::string path =
        options_.paths.empty() ? "scenarios/" + variant.scenario : options_.paths.front();
    const Result<sim::Scenario> scenario = sim::LoadScenario(path, overrides_);
    if (!scenario.has_value()) return PrintError(scenario.error());
    const Result<Prepared> prepared = Prepare(*scenario, scenario->seed.value_or(1));
    if (!prepared.has_value()) return PrintError(prepared.error());
    RunOptions run_options;
    run_options.engine = ChoiceOf(scenario->engine);
    run_options.engine.variant = variant.name;
    const Result<RunResult> result = Run(*prepared, prepared->plan, scenario->engine, run_options);
    if (!result.has_value()) return PrintError(result.error());
    const std::vector<verifier::Finding>& findings = result->verdict.findings;
    const bool caught = std::any_of(findings.begin(), findings.end(), [&](const auto& finding) {
      return finding.check == variant.caught_by;
    });
    fmt::print("{:<28} {:<28} {:<8} {}\n", variant.name,
               caught ? variant.caught_by : "NOT CAUGHT by " + variant.caught_by,
               verifier::OutcomeName(result->verdict.outcome), variant.mistake);
    if (!caught) {
      code = ExitCode::kViolated;
      for (const auto& finding : findings) fmt::print("    {}: {}\n", finding.check, finding.why);
    }
  }
  return code;
}

// Whether the engine can be run under the clock; warns on standard error where that is in doubt.
Status CheckEngine(const Options& options) {
  TRY(CheckEngineName(options.engine));
  for (const std::string& command : {options.engine, options.engine_resume}) {
    TRY_ASSIGN(const std::vector<std::string> warnings, CheckClock(command, options.clock));
    for (const std::string& warning : warnings) {
      fmt::print(stderr, "tidegate: warning: {}\n", warning);
    }
  }
  return {};
}

ExitCode Rehearsal::Go() {
  if (const Status known = CheckEngine(options_); !known.has_value()) {
    return PrintError(known.error());
  }
  if (!options_.engine_resume.empty() && (options_.engine.empty() || IsOurs(options_.engine))) {
    return PrintError(
        {ErrorCode::kBadInput, "goes with a command for --engine", "--engine-resume"});
  }
  for (const std::string& text : options_.sets) {
    Result<sim::Override> set = sim::ParseOverride(text);
    if (!set.has_value()) return PrintError(set.error());
    overrides_.push_back(*std::move(set));
  }
  if (options_.accept_write_outage) {
    overrides_.push_back({"engine.accept", "[\"write-outage\"]"});
  }
  if (options_.variant == "all") return VariantTable();
  std::vector<std::string> files;
  for (const std::string& path : options_.paths) {
    const Result<std::vector<std::string>> found = ListFiles(path, ".json");
    if (!found.has_value()) return PrintError(WithNearestFile(path, found.error()));
    files.insert(files.end(), found->begin(), found->end());
  }
  if (files.empty()) {
    return PrintError({ErrorCode::kBadInput, "no scenario file was given or found", ""});
  }
  for (const std::string& file : files) {
    if (const Status status = GoFile(file); !status.has_value()) return PrintError(status.error());
  }
  if (options_.json) {
    fmt::print("{}\n",
               json_.size() == 1 ? json_.front() : fmt::format("[{}]", fmt::join(json_, ",")));
  } else if (options_.expect && run_count_ > 1) {
    fmt::print("{} runs, {} not as expected\n", run_count_, unexpected_count_);
  }
  if (!options_.junit.empty()) {
    if (const Status status = WriteFileAtomically(options_.junit, JunitXml(junit_));
        !status.has_value()) {
      return PrintError(status.error());
    }
  }
  return worst_;
}

}  // namespace

ExitCode PrintError(const Error& error) {
  fmt::print(stderr, "tidegate: {}\n", error.ToString());
  switch (error.code) {
    case ErrorCode::kIo: return ExitCode::kEnvironment;
    case ErrorCode::kRefused: return ExitCode::kRefused;
    case ErrorCode::kUnavailable: return ExitCode::kEnvironment;
    case ErrorCode::kLimit: return ExitCode::kInconclusive;
    default: return ExitCode::kBadInput;
  }
}

void AddRehearse(CLI::App* app, ExitCode* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand("rehearse", "Run scenarios and judge them");
  command->add_option("scenario", options->paths, "Scenario files or folders of them");
  command->add_option("--seed", options->seed, "Seed [the scenario's, else drawn and printed]");
  command->add_option("--seeds", options->seed_count, "Run so many seeds from the first one on")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{10'000'000}));
  command->add_option("--engine", options->engine,
                      "ours, literal (the manual's exact order), binlog-upgrade (ours as a process "
                      "in the lab), or any command, for the lab");
  command->add_option("--engine-resume", options->engine_resume,
                      "Started 20 s after a crash of the scenario's killed the command; without it "
                      "a crash is the end, but for binlog-upgrade, which resumes");
  command->add_option("--clock", options->clock, "Of the lab, for a command")
      ->check(CLI::IsMember({"lockstep", "faketime", "real"}))
      ->capture_default_str();
  command->add_option("--engine-variant", options->variant,
                      "A known-bad engine by name, or all for the table of them");
  command->add_option("--gate", options->gate, "proof, synced or both")
      ->check(CLI::IsMember({"proof", "synced", "both"}));
  command->add_option("--until", options->until, "Hold after this step");
  command->add_flag("--accept-write-outage", options->accept_write_outage,
                    "As engine.accept [\"write-outage\"]: the only Pump may be restarted");
  command->add_option("--set", options->sets, "Override a field: path=value (repeatable)")
      ->allow_extra_args(false);
  command->add_option("--trace", options->trace, "Keep the trace: FILE.jsonl or FILE.tgt");
  command->add_option("--captures", options->captures,
                      "A folder for what an operator would have: logs, and statuses each minute");
  command->add_flag("--expect", options->expect,
                    "Compare with what the scenario expects, its variants too");
  command->add_option("--fail-on", options->fail_on, "exposure: exposures fail the run too")
      ->check(CLI::IsMember({"exposure"}));
  command->add_flag("--json", options->json, "Print one JSON object (an array for several runs)");
  command->add_option("--junit", options->junit, "Write a JUnit XML file");
  command->add_flag("--quiet", options->quiet, "One line a run");
  command->callback([options, exit_code] { *exit_code = Rehearsal(*options).Go(); });
}

}  // namespace tidegate::rehearsal
