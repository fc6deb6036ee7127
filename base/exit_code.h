// Exit codes of tidegate and binlog-upgrade, the same for both and shown by --help.
#pragma once

namespace tidegate {

enum class ExitCode : int {
  kDone = 0,          ///< passed, done
  kViolated = 1,      ///< an invariant was violated (or, with --expect, not as expected)
  kBadInput = 2,      ///< bad usage, scenario or input
  kNoProgress = 3,    ///< no progress within the bound
  kInconclusive = 4,  ///< a limit was reached, or a fault never fired
  kEnvironment = 5,   ///< port, spawn, disk
  kRefused = 6,       ///< the engine refused or stopped at a shut gate, said why, lost nothing
  kDiverged = 7,      ///< a replay left its recording
  kBug = 70,          ///< a bug of ours, a failed CHECK too
};

}  // namespace tidegate
