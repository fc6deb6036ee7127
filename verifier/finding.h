// What a check reports: one contradiction, with the smallest set of events that shows it. Findings
// of one check that have one explanation are one finding with a count, so that a run that loses
// ten thousand transactions is still read by a person.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/role.h"
#include "base/time.h"
#include "base/tso.h"
#include "trace/event.h"

namespace tidegate::verifier {

enum class FindingKind : std::uint8_t {
  kLoss,
  kExposure,  ///< would lose if one more thing failed
  kOrder,
  kLiveness,
};
enum class Cause : std::uint8_t { kEngine, kProduct, kScenario };
/// Which part of the judgement a check belongs to; findings of an earlier one are roots of later.
enum class Section : std::uint8_t { kProcedure, kGate, kCheckpoint, kData, kService };

inline constexpr std::array<std::string_view, 4> kFindingKindNames = {"loss", "exposure", "order",
                                                                      "liveness"};
inline constexpr std::array<std::string_view, 3> kCauseNames = {"engine", "product", "scenario"};
inline constexpr std::array<std::string_view, 5> kSectionNames = {"procedure", "gate", "checkpoint",
                                                                  "data", "service"};
constexpr std::string_view FindingKindName(FindingKind kind) {
  return kFindingKindNames[static_cast<std::size_t>(kind)];
}
constexpr std::string_view CauseName(Cause cause) {
  return kCauseNames[static_cast<std::size_t>(cause)];
}
constexpr std::string_view SectionName(Section section) {
  return kSectionNames[static_cast<std::size_t>(section)];
}

/// One event of a witness, as a sentence.
struct Witness {
  std::uint64_t index = 0;
  Time time = 0;
  std::string sentence;
};

/// What a finding is about. Two findings that share one of these are told as one story.
struct Subjects {
  std::vector<Tso> transactions = {};  ///< commit_ts, or start_ts of one that never committed
  std::vector<NodeId> nodes = {};
  std::vector<trace::TextId> stores = {};  ///< checkpoint stores
};

/// Bound on each list of Subjects; `count` of the finding goes on.
inline constexpr std::size_t kSubjectsMax = 256;

struct Finding {
  std::string check;
  std::string statement;
  Section section = Section::kProcedure;
  FindingKind kind = FindingKind::kOrder;
  Cause cause = Cause::kEngine;
  std::string why;               ///< one sentence: why the witness's events contradict each other
  std::vector<Witness> witness;  ///< in event order
  std::string follows_from;      ///< id of the check whose finding is the root; empty for a root
  Subjects subjects;
  std::uint64_t count = 1;  ///< how many contradictions of this sort there were
};

}  // namespace tidegate::verifier
