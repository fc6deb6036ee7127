// Verbs for tests that rehearse: load a scenario, run it under an engine, look at what came out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rehearsal/run.h"
#include "sim/scenario.h"

namespace tidegate::test {

/// In a build with AddressSanitizer, which runs some six times slower: there a matrix of crashes
/// takes every fourth output, and a scenario runs once. What they decide, the Release build tries
/// in full.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TIDEGATE_HAS_ASAN 1
#endif
#endif
#ifdef TIDEGATE_HAS_ASAN
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
inline constexpr std::uint64_t kOutputStep = kSanitized ? 4 : 1;
/// Of runs in the lab that differ in what is run there, and little in what of ours they pass.
inline constexpr std::size_t kLabRunStep = kSanitized ? 3 : 1;

/// "…/scenarios/" of the checkout.
std::string ScenarioPath(const std::string& file_below_scenarios);
/// Every scenario file, below scenarios/, sorted.
std::vector<std::string> ScenarioFiles();

/// A scenario file with `overrides` ("path=value"); a bad one ends the test.
sim::Scenario LoadScenario(const std::string& file_below_scenarios,
                           const std::vector<std::string>& overrides = {});

struct Rehearsed {
  rehearsal::Prepared prepared;
  rehearsal::RunResult result;

  const verifier::Verdict& verdict() const { return result.verdict; }
  std::string_view outcome() const { return verifier::OutcomeName(result.verdict.outcome); }
  /// What the engine said at its end, or the step lines of kind `what` joined by newlines.
  std::string EngineWord() const;
};

struct How {
  std::uint64_t seed = 1;
  std::string variant = {};  ///< a known-bad engine
  bool keep_trace = true;
  const std::vector<sim::ExpectedEvents>* count = nullptr;
  bool captures = false;  ///< logs, and statuses each minute
};

/// Runs it as its `engine` (or that of one of its variants) says.
Rehearsed Rehearse(const sim::Scenario& scenario, const How& how = {});
Rehearsed Rehearse(const sim::Scenario& scenario, const sim::EngineSettings& engine,
                   const How& how);
/// Runs what is prepared once more, with this plan.
rehearsal::RunResult RunPlanned(const rehearsal::Prepared& prepared, const sim::RunPlan& plan,
                                const sim::EngineSettings& engine, const How& how = {});

/// Findings as stories: `tidegate explain`.
std::string Explained(const rehearsal::RunResult& result);
/// The report of `--json`, without `host`.
std::string JsonOf(const rehearsal::RunResult& result);
/// The trace as JSON lines.
std::string JsonlOf(const trace::Trace& trace);

/// "check (kind, cause)" of each root but exposures; "" when there is none.
std::string Roots(const verifier::Verdict& verdict);

}  // namespace tidegate::test
