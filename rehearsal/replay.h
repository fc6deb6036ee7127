// Runs a recording again, in this process and without its engine: the same world, the same inputs
// at the same places, the same judge. Whatever clock it was recorded under.
#pragma once

#include <optional>
#include <string>

#include "rehearsal/replay_engine.h"
#include "rehearsal/run.h"
#include "rehearsal/world_view.h"
#include "trace/recorder.h"

namespace tidegate::rehearsal {

struct ReplayOptions {
  bool fail_on_exposure = false;
  std::optional<Time> until;  ///< halt there, and look at the world
};

struct Replayed {
  /// Without a verdict where the world was halted; with logs and statuses where the run had them.
  RunResult result;
  std::optional<Divergence> divergence;
  std::optional<WorldView> view;  ///< with `until`
};

/// `recording` is a whole trace, `path` where it was read from. Errors: as ReadRecording.
Result<Replayed> Replay(const trace::Trace& recording, const std::string& path,
                        const ReplayOptions& options);

}  // namespace tidegate::rehearsal
