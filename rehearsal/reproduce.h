// A search for a run that looks like what was seen in the field and has its symptom, and the
// smallest schedule that still does. Deterministic: candidates in a fixed order, seeds from 1 on.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "rehearsal/reproduce_match.h"
#include "rehearsal/run.h"
#include "sim/scenario.h"

namespace tidegate::rehearsal {

/// What was reported of the downstream.
enum class Symptom : std::uint8_t {
  kLostRows,   ///< rows are missing or differ for good
  kStuck,      ///< the upgrade, or replication, does not come to its end
  kDuplicate,  ///< a change was applied twice, a keyless row is there twice
  kReverted,   ///< a row went back to an older value
};
inline constexpr std::array<std::string_view, 4> kSymptomNames = {"lost-rows", "stuck", "duplicate",
                                                                  "reverted"};

/// Why the run has the symptom, as a sentence; "" when it has not.
std::string SymptomOf(Symptom symptom, const verifier::Verdict& verdict,
                      const std::vector<StepLine>& steps);

/// The text of each element of an array.
std::vector<std::string> ElementTexts(const JsonDocument& document, const JsonValue& array);

/// The faults that are tried, as a scenario writes them, likeliest first: each thing that can
/// happen to each node of the old side, at the moments of an upgrade when it matters.
std::vector<std::string> CandidateFaults(const Prepared& prepared);

struct ReproduceInput {
  sim::Scenario scenario;  ///< has `observed`, or any run with the symptom will do
  Symptom symptom = Symptom::kLostRows;
  std::uint64_t tries_max = 500;
  std::string style = "literal";        ///< what was done when it happened: ours or literal
  std::string gate;                     ///< "" = the style's own
  std::vector<std::string> candidates;  ///< in place of CandidateFaults, when not empty
};

struct Reproduced {
  bool found = false;
  std::uint64_t try_count = 0;      ///< runs until it was found, or all that were allowed
  std::uint64_t look_count = 0;     ///< of those, runs that looked right but had not the symptom
  std::uint64_t symptom_count = 0;  ///< and runs that had the symptom but did not look right
  std::uint64_t shrink_count = 0;   ///< further runs that made it smaller
  std::string text;                 ///< the scenario, smallest; paths as in the input's file
  std::string schedule;             ///< its faults and load, for people
  std::string why;                  ///< SymptomOf
  std::vector<SeenStatus> matched;
  RunResult run;
};

/// Errors: the scenario cannot be run at all; a candidate that is no fault.
Result<Reproduced> Reproduce(const ReproduceInput& input);

}  // namespace tidegate::rehearsal
