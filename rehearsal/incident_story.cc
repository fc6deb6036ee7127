// An incident run with every engine that its scenario names, and the story of it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "rehearsal/expectation.h"
#include "rehearsal/incidents.h"
#include "rehearsal/topology.h"
#include "rehearsal/variants.h"

namespace tidegate::rehearsal {
namespace {

std::string Reproduce(const IncidentFile& incident, const sim::EngineSettings& engine,
                      std::uint64_t seed) {
  std::string out = fmt::format("./tidegate rehearse {} --seed {}", incident.path, seed);
  if (engine.style != "ours") out += " --engine " + engine.style;
  if (!engine.variant.empty()) out += " --engine-variant " + engine.variant;
  if (engine.gate != "proof") out += " --gate " + engine.gate;
  return out;
}

Result<IncidentRun> RunOne(const IncidentFile& incident, const Prepared& prepared,
                           const std::string& label, const sim::EngineSettings& engine,
                           const sim::Expectation& expect) {
  IncidentRun run;
  run.label = label;
  run.engine = engine;
  run.documented = engine.variant.empty() && (engine.style == "literal" || engine.gate == "synced");
  run.reproduce = Reproduce(incident, engine, prepared.plan.seed);
  RunOptions options;
  options.engine = ChoiceOf(engine);
  options.count = &expect.events;
  options.reproduce = run.reproduce;
  TRY_ASSIGN(run.result, Run(prepared, prepared.plan, engine, options));
  run.differences = Differences(expect, run.result);
  return run;
}

// What a run is called in the story.
std::string Title(const IncidentRun& run) {
  const std::string engine = EngineText(run.engine);
  if (run.documented && run.engine.style == "literal") {
    return fmt::format("the documented way, word by word ({})", engine);
  }
  if (run.documented) return fmt::format("our steps behind the documented gate ({})", engine);
  if (!run.engine.variant.empty()) {
    const Result<Variant> variant = FindVariant(run.engine.variant);
    return fmt::format("a mistake: {} ({})", variant.has_value() ? variant->mistake : run.label,
                       engine);
  }
  return run.label == "our engine" ? "our engine" : fmt::format("our engine, {}", run.label);
}

// The line with which the engine ended, its first words.
std::string LastWord(const RunResult& result) {
  for (auto line = result.steps.rbegin(); line != result.steps.rend(); ++line) {
    if (line->step == "engine") return line->what + ": " + line->text;
  }
  return "";
}

void AppendRun(const IncidentRun& run, std::string* out) {
  const verifier::Verdict& verdict = run.result.verdict;
  *out += fmt::format("\n{}: {}{}\n", Title(run), verifier::OutcomeName(verdict.outcome),
                      run.differences.empty() ? "" : ", which was not expected");
  if (const std::string word = LastWord(run.result); !word.empty()) {
    *out += fmt::format("  {:<10} {}\n", "it ended", Wrapped(word, 13));
  }
  for (const verifier::ManualGate& gate : verdict.figures.manual_gate) {
    *out += fmt::format("  {:<10} of {}: {}\n", "Synced",
                        run.result.trace.header.nodes[gate.drainer].name,
                        verifier::Figures::Sentence(gate));
  }
  for (const verifier::Finding& finding : verdict.findings) {
    if (!finding.follows_from.empty()) continue;
    const std::string text = fmt::format("{} ({}, cause: {}): {}", finding.check,
                                         verifier::FindingKindName(finding.kind),
                                         verifier::CauseName(finding.cause), finding.why);
    *out += fmt::format("  {:<10} {}\n", "finding", Wrapped(text, 13));
    for (const verifier::Witness& witness : finding.witness) {
      *out += fmt::format("    {}  {}\n", FormatClock(witness.time), Wrapped(witness.sentence, 18));
    }
  }
  for (const std::string& difference : run.differences) {
    *out += fmt::format("  {:<10} {}\n", "UNEXPECTED", Wrapped(difference, 13));
  }
  *out += fmt::format("  {:<10} {}\n", "again", run.reproduce);
}

}  // namespace

Result<std::vector<IncidentRun>> RunIncident(const IncidentFile& incident, std::uint64_t seed) {
  TRY_ASSIGN(const Prepared prepared, Prepare(incident.scenario, seed));
  const sim::Scenario& scenario = incident.scenario;
  std::vector<IncidentRun> runs;
  for (const sim::ScenarioVariant& variant : scenario.variants) {
    TRY_ASSIGN(IncidentRun run,
               RunOne(incident, prepared, variant.name, variant.engine, variant.expect));
    runs.push_back(std::move(run));
  }
  std::stable_partition(runs.begin(), runs.end(),
                        [](const IncidentRun& run) { return run.documented; });
  TRY_ASSIGN(IncidentRun ours,
             RunOne(incident, prepared, "our engine", scenario.engine, scenario.expect));
  runs.push_back(std::move(ours));
  return runs;
}

std::string IncidentStory(const IncidentFile& incident, const std::vector<IncidentRun>& runs) {
  std::string out = IncidentText(incident);
  out += fmt::format("  {:<15}  {}\n", "replayed as", Wrapped(incident.scenario.description, 19));
  for (const IncidentRun& run : runs) AppendRun(run, &out);
  return out;
}

void WriteIncidentRunJson(const IncidentFile& incident, const std::vector<IncidentRun>& runs,
                          JsonWriter* w) {
  w->BeginObject().Key("incident");
  WriteIncidentJson(incident, true, w);
  w->Key("runs").BeginArray();
  for (const IncidentRun& run : runs) {
    const verifier::Verdict& verdict = run.result.verdict;
    w->BeginObject().Key("engine").String(EngineText(run.engine));
    w->Key("documented").Bool(run.documented);
    w->Key("verdict").String(verifier::OutcomeName(verdict.outcome)).Key("why").String(verdict.why);
    w->Key("ended").String(LastWord(run.result)).Key("findings").BeginArray();
    for (const verifier::Finding& finding : verdict.findings) {
      w->BeginObject().Key("check").String(finding.check);
      w->Key("kind").String(verifier::FindingKindName(finding.kind));
      w->Key("cause").String(verifier::CauseName(finding.cause)).Key("why").String(finding.why);
      w->Key("follows_from").String(finding.follows_from).EndObject();
    }
    w->EndArray().Key("unexpected").BeginArray();
    for (const std::string& difference : run.differences) w->String(difference);
    w->EndArray().Key("reproduce").String(run.reproduce).EndObject();
  }
  w->EndArray().EndObject();
}

}  // namespace tidegate::rehearsal
