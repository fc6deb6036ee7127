// A PID namespace of its own for a command and all that it starts: ids repeat, nothing outlives the
// run, and who belongs to it is beyond doubt.
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "lab/clock/lockstep.h"
#include "lab/clock/page.h"

namespace tidegate::lab {

/// Starts `command` with exactly `environment`, address space layout not randomised. Returns the
/// pid of the namespace's process 1 as seen here: our child, which reaps, stores the command's end
/// in `page`, and takes everything with it when it is killed or when this thread ends.
Result<pid_t> StartInNamespace(const Command& command, const std::vector<std::string>& environment,
                               Page* page);

/// The command's id within it: the first that process 1 starts.
inline constexpr std::int32_t kCommandPid = 2;

}  // namespace tidegate::lab
