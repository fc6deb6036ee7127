// What an operator would have after a run: the logs of Pumps and Drainers, and a /status of each
// cluster-era one each minute. Files that `tidegate import` reads.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "rehearsal/run.h"
#include "sim/world.h"

namespace tidegate::rehearsal {

/// A trace says only that its nodes were looked at (`watched`), so this is part of its format.
inline constexpr Duration kCaptureEvery = kMinute;

/// Takes the /status of each node that answers, as somebody beside the engine: of Drainers of the
/// cluster era, which changes nothing that a rolling upgrade looks at (each answer of those of the
/// Kafka era moves their Synced); and of Pumps, which take a timestamp from PD for it, so that
/// later ones are others.
void TakeStatuses(sim::World* world, bool pumps_too, std::vector<Taken>* out);

/// Before the world runs: somebody looks at it as often as `options` say.
void LookBesideEngine(sim::World* world, const RunOptions& options, RunResult* result);

/// After the world has run: what Pumps and Drainers have written.
void KeepLogs(sim::World* world, RunResult* result);

/// Writes NODE.log and NODE@TIME.json (TIME is UTC, as --status wants it) into `folder`, which must
/// be there. `epoch_ms` is the time at which the run began. Returns how many files. Errors: kIo.
Result<std::size_t> WriteCaptures(const RunResult& run, std::int64_t epoch_ms,
                                  const std::string& folder);

}  // namespace tidegate::rehearsal
