// What an operator would have after a run: the logs of Pumps and Drainers, and a /status of each
// cluster-era one each minute. Files that `tidegate import` reads.
#pragma once

#include <string>

#include "base/result.h"
#include "rehearsal/run.h"

namespace tidegate::rehearsal {

inline constexpr Duration kCaptureEvery = kMinute;

/// Writes NODE.log and NODE@TIME.json (TIME is UTC, as --status wants it) into `folder`, which must
/// be there. `epoch_ms` is the time at which the run began. Returns how many files. Errors: kIo.
Result<std::size_t> WriteCaptures(const RunResult& run, std::int64_t epoch_ms,
                                  const std::string& folder);

}  // namespace tidegate::rehearsal
