// tidegate reproduce: a run that looks like what was captured, with the reported symptom.
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "base/files.h"
#include "base/json.h"
#include "rehearsal/cli.h"
#include "rehearsal/expect_text.h"
#include "rehearsal/reproduce.h"

namespace tidegate::rehearsal {
namespace {

constexpr std::size_t kCandidatesBytesMax = 1U << 20U;

struct Options {
  std::string scenario;
  std::string symptom = "lost-rows";
  std::uint64_t tries = 500;
  std::string engine = "literal";
  std::string gate;
  std::string faults;
  std::string out;
  bool force = false;
  bool json = false;
};

// A JSON array of faults as scenarios write them; each keeps its own text.
Result<std::vector<std::string>> ReadCandidates(const std::string& file) {
  TRY_ASSIGN(std::string text, ReadFile(file, kCandidatesBytesMax));
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::move(text), file));
  const JsonValue& root = document.root();
  if (root.kind != JsonKind::kArray || root.elements.empty()) {
    return document.ErrorAt(root.offset, "candidates are an array of faults");
  }
  for (const JsonValue& element : root.elements) TRY(sim::ReadFault(document, element));
  return ElementTexts(document, root);
}

// Paths in the scenario, as they must stand in a file elsewhere.
Result<std::string> Moved(const sim::Scenario& scenario, std::string text, const std::string& out) {
  const std::pair<const char*, const std::string*> paths[] = {
      {"inventory", &scenario.inventory}, {"target", &scenario.target}, {"site", &scenario.site}};
  for (const auto& [key, path] : paths) {
    if (path->empty()) continue;
    TRY(sim::ApplyOverride(&text, key, JsonQuote(PathFrom(out, *path))));
  }
  return text;
}

void PrintJson(const Options& options, const Reproduced& result) {
  JsonWriter w(JsonWriter::Style::kIndented);
  w.BeginObject().Key("found").Bool(result.found).Key("tries").Uint(result.try_count);
  w.Key("looked_right_only").Uint(result.look_count);
  w.Key("had_the_symptom_only").Uint(result.symptom_count);
  w.Key("shrunk_in").Uint(result.shrink_count);
  w.Key("symptom").String(options.symptom).Key("why").String(result.why);
  w.Key("wrote").String(result.found ? options.out : "").EndObject();
  fmt::print("{}\n", w.Take());
}

void PrintText(const Options& options, const sim::Scenario& scenario, const Reproduced& result) {
  if (!result.found) {
    fmt::print("not reproduced in {} tries: {} had the symptom only, {} looked right only\n",
               result.try_count, result.symptom_count, result.look_count);
    return;
  }
  fmt::print("reproduced in {} tries, made smaller in {} more\n", result.try_count,
             result.shrink_count);
  fmt::print("symptom {}: {}\n", options.symptom, result.why);
  fmt::print("statuses that match\n{}", MatchText(scenario.observed, result.matched));
  fmt::print("schedule\n{}", result.schedule);
  if (options.out.empty()) {
    fmt::print("{}\n", result.text);
  } else {
    fmt::print("wrote {}\n./tidegate rehearse {}\n", options.out, options.out);
  }
}

Result<ExitCode> Go(const Options& options) {
  ReproduceInput input;
  TRY_ASSIGN(input.scenario, sim::LoadScenario(options.scenario, {}));
  if (input.scenario.observed.empty()) {
    return Error{ErrorCode::kBadInput,
                 "the scenario has no 'observed': tidegate import makes one from captures",
                 options.scenario};
  }
  for (std::size_t i = 0; i < kSymptomNames.size(); ++i) {
    if (kSymptomNames[i] == options.symptom) input.symptom = static_cast<Symptom>(i);
  }
  input.tries_max = options.tries;
  input.style = options.engine;
  input.gate = options.gate;
  if (!options.faults.empty()) {
    TRY_ASSIGN(input.candidates, ReadCandidates(options.faults));
  }
  TRY_ASSIGN(Reproduced result, Reproduce(input));
  if (result.found && !options.out.empty()) {
    TRY_ASSIGN(const std::string text, Moved(input.scenario, result.text, options.out));
    TRY(WriteScenario(options.out, text, options.force));
  }
  if (options.json) {
    PrintJson(options, result);
  } else {
    PrintText(options, input.scenario, result);
  }
  return result.found ? ExitCode::kDone : ExitCode::kInconclusive;
}

}  // namespace

void AddReproduce(CLI::App* app, ExitCode* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app->add_subcommand(
      "reproduce", "Search for a run that looks like a scenario's 'observed' and has the symptom");
  command->add_option("scenario", options->scenario, "A scenario, as tidegate import makes it")
      ->required();
  command->add_option("--symptom", options->symptom, "lost-rows, stuck, duplicate or reverted")
      ->check(CLI::IsMember({"lost-rows", "stuck", "duplicate", "reverted"}))
      ->capture_default_str();
  command->add_option("--tries", options->tries, "Give up after so many runs")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}))
      ->capture_default_str();
  command->add_option("--engine", options->engine, "What was done when it happened")
      ->check(CLI::IsMember({"ours", "literal"}))
      ->capture_default_str();
  command->add_option("--gate", options->gate, "proof, synced or both")
      ->check(CLI::IsMember({"proof", "synced", "both"}));
  command->add_option("--faults", options->faults,
                      "A JSON array of faults to try [all that the old side can suffer]");
  command->add_option("--out", options->out, "Write the scenario there [print it]");
  command->add_flag("--force", options->force, "Replace the file when it is there");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, exit_code] {
    const Result<ExitCode> code = Go(*options);
    *exit_code = code.has_value() ? *code : PrintError(code.error());
  });
}

}  // namespace tidegate::rehearsal
