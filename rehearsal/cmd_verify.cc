// tidegate verify and explain: the verdict of a saved trace, and its findings as stories.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "rehearsal/cli.h"
#include "rehearsal/report.h"
#include "sim/run_plan_json.h"
#include "trace/digest.h"
#include "trace/file.h"
#include "verifier/verifier.h"
#include "watch/judgeable.h"

namespace tidegate::rehearsal {
namespace {

struct Options {
  std::string trace;
  std::string fail_on;
  bool json = false;
};

struct Judged {
  trace::Trace trace;
  verifier::Verdict verdict;
  std::vector<StepLine> steps;
  Report report;
};

Result<std::unique_ptr<Judged>> Judge(const Options& options) {
  const auto began = std::chrono::steady_clock::now();
  auto judged = std::make_unique<Judged>();
  TRY_ASSIGN(judged->trace, trace::ReadTrace(options.trace));
  const trace::Trace& trace = judged->trace;
  verifier::Verifier judge(trace.header, trace.texts, {options.fail_on == "exposure"});
  StepCollector steps(trace.header, trace.texts);
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    judge.Judge(trace.events[i], i);
    steps.OnEvent(trace.events[i]);
  }
  judged->verdict =
      trace.header.engine == watch::kWatched ? watch::JudgeWatched(trace) : judge.Finish(&trace);
  judged->steps = steps.lines();
  Report& report = judged->report;
  report.header = &trace.header;
  report.verdict = &judged->verdict;
  report.steps = &judged->steps;
  report.digest = trace::DigestOf(trace);
  report.reproduce = trace.header.reproduce;
  report.trace_path = options.trace;
  report.real_time =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - began)
          .count();
  return judged;
}

ExitCode Verify(const Options& options) {
  const Result<std::unique_ptr<Judged>> judged = Judge(options);
  if (!judged.has_value()) return PrintError(judged.error());
  const Report& report = (*judged)->report;
  if (options.json) {
    JsonWriter writer(JsonWriter::Style::kIndented);
    WriteReportJson(report, true, &writer);
    fmt::print("{}\n", writer.Take());
  } else {
    fmt::print("scenario {}  seed {}  engine {}  gate {}\n", report.header->scenario,
               report.header->seed, report.header->engine, report.header->gate);
    fmt::print("{}{}", StepsText(report), VerdictText(report));
    if (report.verdict->outcome != verifier::Outcome::kPass) {
      fmt::print("reproduce: {}\n", report.reproduce);
    }
  }
  return ExitCodeOf(report.verdict->outcome);
}

ExitCode Explain(const Options& options) {
  const Result<std::unique_ptr<Judged>> judged = Judge(options);
  if (!judged.has_value()) return PrintError(judged.error());
  fmt::print("{}", ExplainText((*judged)->report));
  return ExitCodeOf((*judged)->verdict.outcome);
}

CLI::App* AddCommand(CLI::App* app, const char* name, const char* what,
                     const std::shared_ptr<Options>& options) {
  CLI::App* command = app->add_subcommand(name, what);
  command->add_option("trace", options->trace, "FILE.jsonl or FILE.tgt")->required();
  command->add_option("--fail-on", options->fail_on, "exposure: exposures fail the run too")
      ->check(CLI::IsMember({"exposure"}));
  return command;
}

}  // namespace

void AddVerify(CLI::App* app, ExitCode* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = AddCommand(app, "verify", "Judge a saved trace again", options);
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, exit_code] { *exit_code = Verify(*options); });
}

void AddExplain(CLI::App* app, ExitCode* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      AddCommand(app, "explain", "Tell each finding of a saved trace as a story", options);
  command->callback([options, exit_code] { *exit_code = Explain(*options); });
}

}  // namespace tidegate::rehearsal
