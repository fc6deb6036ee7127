// Processor time costs nothing under the clock, and says so: what `time` prints is the same in
// every run. The clocks of processor time stay the kernel's, for programs that wait until some has
// passed.
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <unistd.h>

#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

TIDEGATE_EXPORT int getrusage(__rusage_who_t who, rusage* to) noexcept {
  const int result = TIDEGATE_REAL(getrusage)(who, to);
  if (ThePage() != nullptr && result == 0) *to = {};
  return result;
}

TIDEGATE_EXPORT clock_t times(tms* to) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(times)(to);
  if (to != nullptr) *to = {};
  return (Now() + kMonotonicAtZero) / (kNsPerSecond / sysconf(_SC_CLK_TCK));
}
