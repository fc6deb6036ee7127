// Where checks put their findings while the run goes on. Equal sorts of one check are merged; the
// events of a witness that the check does not hold any more are fetched from the trace at the end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trace/event.h"
#include "verifier/finding.h"

namespace tidegate::verifier {

class Check;

/// An event that a check had in hand, or remembered.
struct Evidence {
  std::uint64_t index = 0;
  trace::Event event;
};

/// The events of one transaction that the witness needs and that the check does not hold: its
/// commit, acknowledgements, drops and purges.
struct StoryWish {
  Tso start_ts = 0;   ///< 0: none
  Tso commit_ts = 0;  ///< 0: none
  bool rows = false;  ///< its rows too, as committed and as applied
};

/// An event about one row that the witness needs and that the check does not hold.
struct RowWish {
  trace::EventKind kind = trace::EventKind::kRowApplied;
  std::uint16_t table = 0;
  std::int64_t key = 0;
  Tso commit_ts = 0;  ///< the first event of this change; 0: the row's last event
};

struct Draft {
  FindingKind kind = FindingKind::kOrder;
  Cause cause = Cause::kEngine;
  std::string why = {};
  std::vector<Evidence> evidence = {};
  StoryWish story = {};
  std::vector<RowWish> rows = {};
  Subjects subjects = {};
};

class Findings {
 public:
  /// Of one check; `sort` is what distinguishes its explanations (made of kind, cause, node, …).
  /// When that sort was reported before: counts one more, adds `transaction` (0: none) to its
  /// subjects, and returns true. Cheap, to be called before a Draft is built.
  bool Again(const Check& check, std::uint64_t sort, Tso transaction);

  /// REQUIRES: Again(check, sort, …) was false.
  void Report(const Check& check, std::uint64_t sort, Draft draft);

  struct Entry {
    const Check* check = nullptr;
    std::uint64_t sort = 0;
    std::uint64_t count = 1;
    Draft draft;
  };
  /// In order of first report.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

/// A sort number made of small parts.
constexpr std::uint64_t Sort(std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0) {
  return a << 40 | b << 20 | c;
}
constexpr std::uint64_t Sort(FindingKind kind, Cause cause, std::uint64_t rest = 0) {
  return Sort(static_cast<std::uint64_t>(kind) + 1, static_cast<std::uint64_t>(cause), rest);
}

}  // namespace tidegate::verifier
