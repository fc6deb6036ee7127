// tidegate replay: a recorded run again, without its engine.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "rehearsal/captures.h"
#include "rehearsal/cli.h"
#include "rehearsal/replay.h"
#include "rehearsal/report.h"
#include "sim/run_plan_json.h"
#include "trace/file.h"

namespace tidegate::rehearsal {
namespace {

struct Options {
  std::string trace;
  std::string until;
  std::string captures;
  std::string fail_on;
  bool json = false;
};

constexpr const char* kFooter =
    "Exit codes: as of the recorded run; with --until 0; 2 what can't be read or replayed;\n"
    "7 the replay left its recording: the world of this program behaves otherwise.\n"
    "\n"
    "Example: tidegate replay run.jsonl --until 00:01:06.500";

// "00:01:06.440", as a step line has it: all of that millisecond; or a duration, exactly.
Result<Time> ParseUntil(const std::string& text) {
  if (text.find(':') == std::string::npos) {
    const Result<Duration> exact = ParseDuration(text);
    if (exact.has_value() && *exact >= 0) return *exact;
    if (!exact.has_value()) return Error{ErrorCode::kBadInput, exact.error().message, "--until"};
  }
  constexpr std::string_view kShape = "00:00:00.000";
  std::array<std::int64_t, 4> parts{};  // hours, minutes, seconds, milliseconds
  bool good = text.size() == kShape.size() || text.size() == kShape.find('.');
  std::size_t part = 0;
  for (std::size_t i = 0; good && i < text.size(); ++i) {
    if (kShape[i] != '0') {
      good = text[i] == kShape[i];
      ++part;
    } else {
      good = text[i] >= '0' && text[i] <= '9';
      parts[part] = parts[part] * 10 + (text[i] - '0');
    }
  }
  if (!good || parts[1] > 59 || parts[2] > 59) {
    return Error{ErrorCode::kBadInput,
                 fmt::format("'{}' is no time of a run: write 00:01:06.440 or 1m6.44s", text),
                 "--until"};
  }
  const Time second = parts[0] * kHour + parts[1] * kMinute + parts[2] * kSecond;
  return second + (part == 3 ? (parts[3] + 1) * kMillisecond : kSecond) - 1;
}

void WriteDivergence(const std::optional<Divergence>& divergence, JsonWriter* w) {
  if (!divergence.has_value()) {
    w->Null();
    return;
  }
  w->BeginObject().Key("event").Uint(divergence->event).Key("time_ns").Int(divergence->time);
  w->Key("recorded").String(divergence->recorded);
  w->Key("replayed").String(divergence->replayed).EndObject();
}

std::string DivergenceText(const Divergence& divergence) {
  return fmt::format(
      "the replay leaves its recording at event {}\n  recorded: {}\n  replayed: {}\n",
      divergence.event, divergence.recorded, divergence.replayed);
}

Report ReportOf(const Replayed& replayed, const trace::Header& header, const Options& options,
                Duration real_time) {
  Report report;
  report.header = &header;
  report.verdict = &replayed.result.verdict;
  report.steps = &replayed.result.steps;
  report.digest = replayed.result.digest;
  report.reproduce = header.reproduce;
  report.trace_path = options.trace;
  report.real_time = real_time;
  return report;
}

void PrintJson(const Replayed& replayed, const Report& report) {
  JsonWriter writer(JsonWriter::Style::kIndented);
  writer.BeginObject().Key("divergence");
  WriteDivergence(replayed.divergence, &writer);
  if (replayed.view.has_value()) {
    writer.Key("world");
    WriteWorldJson(*replayed.view, &writer);
  } else {
    writer.Key("report");
    WriteReportJson(report, true, &writer);
  }
  writer.EndObject();
  fmt::print("{}\n", writer.Take());
}

void PrintText(const Replayed& replayed, const Report& report) {
  fmt::print("scenario {}  seed {}  engine {}  gate {}\n", report.header->scenario,
             report.header->seed, report.header->engine, report.header->gate);
  if (replayed.view.has_value()) {
    fmt::print("{}", WorldText(*replayed.view));
  } else {
    fmt::print("{}{}", StepsText(report), VerdictText(report));
  }
  if (replayed.divergence.has_value()) {
    fmt::print("{}", DivergenceText(*replayed.divergence));
    return;
  }
  if (replayed.view.has_value()) return;
  fmt::print("replayed: all {} events are as recorded\n", replayed.result.event_count);
  if (report.verdict->outcome != verifier::Outcome::kPass) {
    fmt::print("reproduce: {}\n", report.reproduce);
  }
}

// Whoever had not asked Pumps then would move timestamps by asking them now.
Status KeepCaptures(const trace::Trace& trace, const Replayed& replayed, const Options& options) {
  if (!trace.header.watched) {
    return Error{ErrorCode::kBadInput,
                 "nobody looked at the nodes of this run: rehearse it with --captures",
                 "--captures"};
  }
  TRY_ASSIGN(const sim::RunPlan plan,
             sim::ParseRunPlan(trace.header.run_plan, options.trace + ":run_plan"));
  TRY(WriteCaptures(replayed.result, plan.epoch_ms, options.captures));
  return {};
}

ExitCode Go(const Options& options) {
  const auto began = std::chrono::steady_clock::now();
  ReplayOptions replay_options;
  replay_options.fail_on_exposure = options.fail_on == "exposure";
  if (!options.until.empty()) {
    const Result<Time> until = ParseUntil(options.until);
    if (!until.has_value()) return PrintError(until.error());
    replay_options.until = *until;
  }
  const Result<trace::Trace> trace = trace::ReadTrace(options.trace);
  if (!trace.has_value()) return PrintError(trace.error());
  const Result<Replayed> replayed = Replay(*trace, options.trace, replay_options);
  if (!replayed.has_value()) return PrintError(replayed.error());
  if (!options.captures.empty()) {
    if (const Status kept = KeepCaptures(*trace, *replayed, options); !kept.has_value()) {
      return PrintError(kept.error());
    }
  }
  const Report report = ReportOf(
      *replayed, trace->header, options,
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - began)
          .count());
  if (options.json) {
    PrintJson(*replayed, report);
  } else {
    PrintText(*replayed, report);
  }
  if (replayed->divergence.has_value()) return ExitCode::kDiverged;
  return replayed->view.has_value() ? ExitCode::kDone : ExitCodeOf(report.verdict->outcome);
}

}  // namespace

void AddReplay(CLI::App* app, ExitCode* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app->add_subcommand("replay", "Run a recorded trace again, without its engine");
  command->footer(kFooter);
  command->add_option("trace", options->trace, "FILE.jsonl or FILE.tgt")->required();
  command->add_option("--until", options->until,
                      "Halt at this time of the run (00:01:06.500 or 1m6.5s) and show the world");
  command->add_option("--captures", options->captures,
                      "A folder for the logs and statuses of a run that was rehearsed with them");
  command->add_option("--fail-on", options->fail_on, "exposure: exposures fail the run too")
      ->check(CLI::IsMember({"exposure"}));
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, exit_code] { *exit_code = Go(*options); });
}

}  // namespace tidegate::rehearsal
