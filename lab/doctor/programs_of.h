// The programs that a command of a shell starts, as far as its text and the scripts that it names
// tell, and whether a preloaded library gets into each. Nothing is run.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "lab/doctor/reach.h"

namespace tidegate::lab {

struct StartedProgram {
  std::string path;
  std::string where;  ///< "FILE:LINE" of the script that names it; "": the command itself
  Reach reach = Reach::kReached;
};

/// Each program once, where it was first named; scripts are read and named themselves. What the lab
/// has in place of the machine's own (ssh, systemctl, …) is left out. Errors: kNotFound when a file
/// that the command itself names by its path is not there (a relative one behind a `cd` may be, and
/// is not looked into), kBadInput when it can't be executed.
Result<std::vector<StartedProgram>> ProgramsOf(const std::string& command);

}  // namespace tidegate::lab
