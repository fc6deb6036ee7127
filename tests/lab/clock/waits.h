// The waits of the program `waits`: each takes 500 s of virtual time, or 200 s when another thread
// ends it early.
#pragma once

#include <cstdint>
#include <ctime>
#include <vector>

namespace tidegate::test {

struct Wait {
  const char* name;
  const char* (*run)();  ///< how it ended
};

std::vector<Wait> SleepWaits();
std::vector<Wait> FdWaits();
std::vector<Wait> SyncWaits();
std::vector<Wait> TimerWaits();
std::vector<Wait> C11AndIpcWaits();

inline constexpr int kSeconds = 500;
inline constexpr int kEarly = 200;

std::int64_t NowOn(clockid_t clock);
/// That many seconds from now, as the clock will show it.
timespec In(clockid_t clock, int seconds);

}  // namespace tidegate::test
