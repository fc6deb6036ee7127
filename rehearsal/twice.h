// Is a command one that lockstep makes repeat? It is run twice in the lab, and the two runs are
// compared event by event.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "rehearsal/engine_choice.h"
#include "rehearsal/run.h"

namespace tidegate::rehearsal {

/// The first thing that two runs do not have in common.
struct Difference {
  std::uint64_t at = 0;  ///< number of the event, from 0, or of the line, from 1
  std::string first;     ///< as a sentence, or as it was printed
  std::string second;
};

struct Twice {
  std::uint64_t event_count = 0;      ///< of the first
  std::string digest;                 ///< of the first
  std::optional<Difference> event;    ///< nullopt: the runs are the same
  std::optional<Difference> printed;  ///< what the command printed; may differ alone
  std::vector<std::string> causes;    ///< sentences: what it may come from, as far as texts tell
};

/// Where the events of `second` are no longer those of `first`.
std::optional<Difference> FirstDifference(const trace::Trace& first, const trace::Trace& second);

/// The line where two outputs part. The folder of a lab has another name in each run, which is no
/// difference.
std::optional<Difference> FirstDifference(const std::string& first, const std::string& second);

/// What in the command, its scripts (as `fit` found them) and their programs is of the machine.
std::vector<std::string> CausesIn(const std::string& command, const ClockFit& fit);

/// Errors: as Run.
Result<Twice> RunTwice(const Prepared& prepared, const RunOptions& options, const ClockFit& fit);

/// Lines for people; `for` programs a JSON object.
std::string TwiceText(const Twice& twice);
void WriteTwiceJson(const Twice& twice, JsonWriter* writer);

}  // namespace tidegate::rehearsal
