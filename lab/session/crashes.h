// Where a scenario lets the engine's own process die, and what its journal is like then. The
// outputs of a process can't be counted from outside; the records of its journal can be, since it
// makes each durable before it acts on it: an `engine_crash` at output N falls on the Nth record
// here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/run_plan.h"
#include "trace/event.h"

namespace tidegate::lab {

class Crashes {
 public:
  /// Of `faults` those that fall on a record. `journal_path`: empty for an engine whose journal
  /// nobody knows; then none is ever due.
  Crashes(const std::vector<sim::FaultPlan>& faults, std::string journal_path);

  struct Crash {
    trace::CrashPoint point = trace::CrashPoint::kBeforePersist;
    std::uint64_t record = 0;  ///< 0: wherever it stands
  };
  /// The next one whose record has been written, once. REQUIRES: the engine rests, and nothing that
  /// it asked for since the last question was done; so what it wrote since has had no effect.
  std::optional<Crash> TakeDue();

  /// Leaves in the journal what a crash like that leaves. REQUIRES: nobody writes to it any more.
  /// Errors: kIo.
  Status CutJournal(const Crash& crash) const;

 private:
  std::vector<Crash> pending_;
  std::string journal_path_;
  std::uint64_t seen_size_ = 0;
};

}  // namespace tidegate::lab
