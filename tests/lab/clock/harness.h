// Runs a command under the lockstep clock with no world beside it: whenever all are asleep, time
// goes to the next deadline.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace tidegate::test {

struct LockstepRun {
  std::vector<std::string> argv;
  std::uint64_t seed = 1;
  std::vector<std::string> env = {};  ///< besides PATH and LC_ALL
  std::string preload = {};           ///< ""; the one that all use
  Time until = 100 * kHour;           ///< virtual; what runs longer is killed
  int real_seconds_max = 60;
  bool watch_sleep = false;  ///< whoever is asleep must stay so for some milliseconds of real time
};

struct LockstepEnd {
  int status = -1;  ///< of the command; -1: it was killed
  Time ended = 0;   ///< virtual
  std::string output;
  std::uint64_t wakes = 0;
  std::uint64_t looks = 0;
  double real_ms = 0;
  std::string problem;  ///< why it was killed
};

/// Both outputs of the command come in `output`.
LockstepEnd RunUnderLockstep(const LockstepRun& run);
/// A script of bash.
LockstepEnd RunBash(const std::string& script);

}  // namespace tidegate::test
