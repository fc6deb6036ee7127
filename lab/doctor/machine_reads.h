// What a script reads of the machine itself: times, counters and random numbers that no preloaded
// clock stands in front of, because the kernel gives them as files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidegate::lab {

struct MachineRead {
  int line = 1;
  std::string what;  ///< "/proc/uptime"
  std::string says;  ///< what that is
};

/// Each of them once, where it first stands in `text`; lines of comment are left out. A text that
/// puts a name together while it runs hides it.
std::vector<MachineRead> MachineReadsIn(std::string_view text);

}  // namespace tidegate::lab
