#include "rehearsal/expectation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "verifier/verdict.h"

namespace tidegate::rehearsal {
namespace {

using verifier::Finding;

bool Matches(const sim::ExpectedFinding& expected, const Finding& finding) {
  return expected.check == finding.check &&
         (expected.kind.empty() || expected.kind == verifier::FindingKindName(finding.kind)) &&
         (expected.cause.empty() || expected.cause == verifier::CauseName(finding.cause));
}

std::int64_t FigureNamed(const verifier::Figures& figures, const std::string& name, bool* known) {
  *known = true;
  if (name == "transactions_committed") return static_cast<std::int64_t>(figures.committed_count);
  if (name == "transactions_applied") return static_cast<std::int64_t>(figures.applied_count);
  if (name == "writes_failed") return static_cast<std::int64_t>(figures.failed_write_count);
  if (name == "writers_down_ns") return figures.writers_down;
  if (name == "lag_max_ns") return figures.lag_max;
  if (name == "virtual_duration_ns") return figures.virtual_duration;
  if (name == "manual_gate_opened") {
    return std::any_of(figures.manual_gate.begin(), figures.manual_gate.end(),
                       [](const verifier::ManualGate& gate) { return gate.synced_at >= 0; });
  }
  *known = false;
  return 0;
}

void CompareFindings(const sim::Expectation& expected, const verifier::Verdict& verdict,
                     std::vector<std::string>* out) {
  for (const sim::ExpectedFinding& wanted : expected.findings) {
    const bool found = std::any_of(verdict.findings.begin(), verdict.findings.end(),
                                   [&](const Finding& f) { return Matches(wanted, f); });
    if (!found) {
      out->push_back(fmt::format("the finding {}{}{} is missing", wanted.check,
                                 wanted.kind.empty() ? "" : " " + wanted.kind,
                                 wanted.cause.empty() ? "" : " of cause " + wanted.cause));
    }
  }
  for (const Finding& finding : verdict.findings) {
    if (!finding.follows_from.empty()) continue;
    if (finding.kind == verifier::FindingKind::kExposure) continue;
    const bool wanted =
        std::any_of(expected.findings.begin(), expected.findings.end(),
                    [&](const sim::ExpectedFinding& e) { return Matches(e, finding); });
    if (!wanted) {
      out->push_back(fmt::format("the finding {} ({}, cause: {}) was not expected: {}",
                                 finding.check, verifier::FindingKindName(finding.kind),
                                 verifier::CauseName(finding.cause), finding.why));
    }
  }
}

void CompareEvents(const sim::Expectation& expected, const RunResult& result,
                   std::vector<std::string>* out) {
  CHECK(result.counts.size() == expected.events.size());
  for (std::size_t i = 0; i < result.counts.size(); ++i) {
    const sim::ExpectedEvents& events = expected.events[i];
    const std::int64_t count = result.counts[i];
    if (count >= events.times.low && count <= events.times.high) continue;
    const std::string wanted = events.times.high == INT64_MAX
                                   ? fmt::format("{} or more", events.times.low)
                                   : fmt::format("{} to {}", events.times.low, events.times.high);
    out->push_back(fmt::format("{} came {} times, expected were {}",
                               sim::DescribeEventText(events.text), count, wanted));
  }
}

}  // namespace

std::vector<std::string> Differences(const sim::Expectation& expected, const RunResult& result) {
  const verifier::Verdict& verdict = result.verdict;
  std::vector<std::string> out;
  if (expected.verdict != verifier::OutcomeName(verdict.outcome)) {
    out.push_back(fmt::format("the verdict is {} ({}), expected was {}",
                              verifier::OutcomeName(verdict.outcome), verdict.why,
                              expected.verdict));
  }
  CompareFindings(expected, verdict, &out);
  for (const std::string& premise : expected.premises) {
    const auto check = std::find_if(verdict.checks.begin(), verdict.checks.end(),
                                    [&](const auto& c) { return c.id == premise; });
    if (check == verdict.checks.end()) {
      out.push_back(fmt::format("there is no check {}", premise));
    } else if (check->premise_count == 0) {
      out.push_back(fmt::format("the premise of {} never held: it looked at nothing", premise));
    }
  }
  if (!expected.refusal.empty()) {
    const bool said =
        std::any_of(result.steps.begin(), result.steps.end(), [&](const StepLine& line) {
          return line.step == "engine" && line.text.find(expected.refusal) != std::string::npos;
        });
    if (!said) out.push_back(fmt::format("the engine did not say '{}'", expected.refusal));
  }
  for (const sim::ExpectedFigure& figure : expected.figures) {
    bool known = false;
    const std::int64_t value = FigureNamed(verdict.figures, figure.name, &known);
    if (!known) {
      out.push_back(fmt::format("there is no figure {}", figure.name));
    } else if (value < figure.low || value > figure.high) {
      out.push_back(fmt::format("{} is {}, expected was {} to {}", figure.name, value, figure.low,
                                figure.high));
    }
  }
  CompareEvents(expected, result, &out);
  return out;
}

}  // namespace tidegate::rehearsal
