// The judgement of a run.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "verifier/figures.h"
#include "verifier/finding.h"

namespace tidegate::verifier {

enum class Outcome : std::uint8_t { kPass, kFail, kRefused, kNoProgress, kInconclusive };
inline constexpr std::array<std::string_view, 5> kOutcomeNames = {"pass", "fail", "refused",
                                                                  "no-progress", "inconclusive"};
constexpr std::string_view OutcomeName(Outcome outcome) {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}

struct CheckReport {
  std::string id;
  std::uint64_t premise_count = 0;
  std::uint64_t finding_count = 0;
  std::string not_judged;  ///< empty when it was judged
};

struct Verdict {
  Outcome outcome = Outcome::kPass;
  std::string why;                  ///< one sentence: what made it this outcome
  std::vector<Finding> findings;    ///< each root, then those that follow from it
  std::vector<CheckReport> checks;  ///< in the order of checks/all.cc
  Figures figures;
};

}  // namespace tidegate::verifier
