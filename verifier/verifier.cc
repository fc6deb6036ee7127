#include "verifier/verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "verifier/checks/all.h"
#include "verifier/witness.h"

namespace tidegate::verifier {

using trace::Event;
using trace::EventKind;

Verifier::Verifier(const trace::Header& header, const trace::TextTable& texts,
                   VerifierOptions options)
    : header_(header),
      texts_(texts),
      options_(options),
      model_(header, texts),
      figures_(model_),
      checks_(MakeAllChecks(Context{header_, texts_, model_, findings_})) {
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    first_[kind] = static_cast<std::uint32_t>(listeners_.size());
    for (const std::unique_ptr<Check>& check : checks_) {
      if (check->Subscribes().Has(static_cast<EventKind>(kind))) listeners_.push_back(check.get());
    }
  }
  first_[kKinds] = static_cast<std::uint32_t>(listeners_.size());
}

Verifier::~Verifier() = default;

Outcome Verifier::Decide(const std::vector<Finding>& findings, std::string* why) const {
  const auto counts = [&](const Finding& finding) {
    return finding.kind != FindingKind::kExposure || options_.fail_on_exposure;
  };
  const auto worst = std::find_if(findings.begin(), findings.end(), counts);
  if (worst != findings.end()) {
    *why = fmt::format("{} does not hold", worst->check);
    return Outcome::kFail;
  }
  const RunFacts& run = model_.run();
  if (!run.fault_never_fired.empty()) {
    *why = fmt::format("a fault never fired: {}", run.fault_never_fired);
    return Outcome::kInconclusive;
  }
  if (!run.ended) {
    *why = "the trace has no end of the run";
    return Outcome::kInconclusive;
  }
  if (run.end == trace::RunEnd::kEventLimit) {
    *why = "the limit of events was reached";
    return Outcome::kInconclusive;
  }
  if (run.engine_end == static_cast<int>(trace::EngineEnd::kRefused) ||
      run.engine_end == static_cast<int>(trace::EngineEnd::kAborted)) {
    const bool refused = run.engine_end == static_cast<int>(trace::EngineEnd::kRefused);
    *why = fmt::format("the engine {}: {}", refused ? "refused" : "stopped", run.engine_why);
    return Outcome::kRefused;
  }
  if (run.engine_started && run.engine_end != static_cast<int>(trace::EngineEnd::kDone)) {
    *why = run.engine_end < 0 ? "the engine did not finish"
                              : fmt::format("the engine failed: {}", run.engine_why);
    return Outcome::kNoProgress;
  }
  if (run.end == trace::RunEnd::kTimeLimit) {
    *why = "the run did not come to rest within its bound";
    return Outcome::kNoProgress;
  }
  *why = findings.empty() ? "every check that could be judged held"
                          : "every check that could be judged held, but for exposures";
  return Outcome::kPass;
}

Verdict Verifier::Finish(const trace::Trace* trace) {
  for (const std::unique_ptr<Check>& check : checks_) check->OnEnd();
  Verdict verdict;
  verdict.findings = TellFindings(findings_, Context{header_, texts_, model_, findings_}, trace);
  for (const std::unique_ptr<Check>& check : checks_) {
    CheckReport report;
    report.id = std::string(check->Id());
    report.premise_count = check->premise_count();
    report.not_judged = check->not_judged();
    for (const Finding& finding : verdict.findings) {
      if (finding.check == report.id) report.finding_count += finding.count;
    }
    verdict.checks.push_back(std::move(report));
  }
  verdict.figures = figures_.Finish();
  verdict.outcome = Decide(verdict.findings, &verdict.why);
  return verdict;
}

Verdict JudgeTrace(const trace::Trace& trace, VerifierOptions options) {
  Verifier verifier(trace.header, trace.texts, options);
  for (std::size_t i = 0; i < trace.events.size(); ++i) verifier.Judge(trace.events[i], i);
  return verifier.Finish(&trace);
}

}  // namespace tidegate::verifier
