#include "tests/rehearsal/rehearse.h"

#include <boost/test/unit_test.hpp>

#include "base/files.h"
#include "rehearsal/captures.h"
#include "rehearsal/report.h"
#include "tests/support/why.h"
#include "trace/jsonl.h"

namespace tidegate::test {
namespace {

rehearsal::Report ReportOf(const rehearsal::RunResult& result) {
  rehearsal::Report report;
  report.header = &result.trace.header;
  report.verdict = &result.verdict;
  report.steps = &result.steps;
  report.digest = result.digest;
  report.reproduce = result.trace.header.reproduce;
  return report;
}

}  // namespace

std::string ScenarioPath(const std::string& file) {
  return std::string(TIDEGATE_SOURCE_DIR) + "/scenarios/" + file;
}

std::vector<std::string> ScenarioFiles() {
  const std::string folder = ScenarioPath("");
  Result<std::vector<std::string>> files = ListFiles(folder, ".json");
  if (!files.has_value()) return {};
  for (std::string& file : *files) file = file.substr(folder.size());
  return *std::move(files);
}

sim::Scenario LoadScenario(const std::string& file, const std::vector<std::string>& overrides) {
  std::vector<sim::Override> parsed;
  for (const std::string& text : overrides) {
    Result<sim::Override> one = sim::ParseOverride(text);
    BOOST_REQUIRE_MESSAGE(one.has_value(), Why(one));
    parsed.push_back(*std::move(one));
  }
  Result<sim::Scenario> scenario = sim::LoadScenario(ScenarioPath(file), parsed);
  BOOST_REQUIRE_MESSAGE(scenario.has_value(), Why(scenario));
  return *std::move(scenario);
}

std::string Rehearsed::EngineWord() const {
  std::string word;
  for (const rehearsal::StepLine& line : result.steps) {
    if (line.step == "engine" && line.what != "crashed" && line.what != "resumed") word = line.text;
  }
  return word;
}

rehearsal::RunResult RunPlanned(const rehearsal::Prepared& prepared, const sim::RunPlan& plan,
                                const sim::EngineSettings& engine, const How& how) {
  rehearsal::RunOptions options;
  options.engine = rehearsal::ChoiceOf(engine);
  if (!how.variant.empty()) options.engine.variant = how.variant;
  options.keep_trace = how.keep_trace;
  options.count = how.count;
  options.logs = options.look_at_pumps = how.captures;
  options.look_every = how.captures ? rehearsal::kCaptureEvery : 0;
  Result<rehearsal::RunResult> result = rehearsal::Run(prepared, plan, engine, options);
  BOOST_REQUIRE_MESSAGE(result.has_value(), Why(result));
  return *std::move(result);
}

Rehearsed Rehearse(const sim::Scenario& scenario, const sim::EngineSettings& engine,
                   const How& how) {
  Result<rehearsal::Prepared> prepared = rehearsal::Prepare(scenario, how.seed);
  BOOST_REQUIRE_MESSAGE(prepared.has_value(), Why(prepared));
  Rehearsed done{*std::move(prepared), {}};
  done.result = RunPlanned(done.prepared, done.prepared.plan, engine, how);
  return done;
}

Rehearsed Rehearse(const sim::Scenario& scenario, const How& how) {
  return Rehearse(scenario, scenario.engine, how);
}

std::string Explained(const rehearsal::RunResult& result) {
  return rehearsal::ExplainText(ReportOf(result));
}

std::string JsonOf(const rehearsal::RunResult& result) {
  JsonWriter writer(JsonWriter::Style::kIndented);
  rehearsal::WriteReportJson(ReportOf(result), false, &writer);
  return writer.Take();
}

std::string JsonlOf(const trace::Trace& trace) {
  std::string text;
  const Status written = trace::WriteJsonl(trace, [&](std::string_view bytes) {
    text += bytes;
    return Status();
  });
  BOOST_REQUIRE(written.has_value());
  return text;
}

std::string Roots(const verifier::Verdict& verdict) {
  std::string text;
  for (const verifier::Finding& finding : verdict.findings) {
    if (!finding.follows_from.empty() || finding.kind == verifier::FindingKind::kExposure) continue;
    text += text.empty() ? "" : ", ";
    text += finding.check + " (" + std::string(verifier::FindingKindName(finding.kind)) + ", " +
            std::string(verifier::CauseName(finding.cause)) + ")";
  }
  return text;
}

}  // namespace tidegate::test
