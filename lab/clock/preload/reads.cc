// Reading clocks, and the sleeps. CPU-time clocks stay the kernel's.
#include <errno.h>
#include <sys/time.h>
#include <sys/timeb.h>
#include <threads.h>
#include <unistd.h>

#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace {

// What is left of a sleep that a handler cut short.
void Remaining(Time deadline, timespec* left) {
  const Time now = Now();
  *left = ToTimespec(deadline > now ? deadline - now : 0);
}

}  // namespace

TIDEGATE_EXPORT int clock_gettime(clockid_t clock, timespec* to) noexcept {
  if (ThePage() == nullptr || !IsVirtual(clock)) return TIDEGATE_REAL(clock_gettime)(clock, to);
  *to = OnClock(clock, Now());
  return 0;
}

TIDEGATE_EXPORT int __clock_gettime(clockid_t clock, timespec* to) {
  return clock_gettime(clock, to);
}

TIDEGATE_EXPORT int gettimeofday(timeval* __restrict to, void* __restrict zone) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(gettimeofday)(to, zone);
  const timespec now = OnClock(CLOCK_REALTIME, Now());
  if (to != nullptr) *to = {now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

TIDEGATE_EXPORT time_t time(time_t* to) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(time)(to);
  const time_t now = OnClock(CLOCK_REALTIME, Now()).tv_sec;
  if (to != nullptr) *to = now;
  return now;
}

TIDEGATE_EXPORT int timespec_get(timespec* to, int base) noexcept {
  if (ThePage() == nullptr || base != TIME_UTC) return TIDEGATE_REAL(timespec_get)(to, base);
  *to = OnClock(CLOCK_REALTIME, Now());
  return base;
}

TIDEGATE_EXPORT int clock_nanosleep(clockid_t clock, int flags, const timespec* length,
                                    timespec* left) {
  if (ThePage() == nullptr || !IsVirtual(clock)) {
    return TIDEGATE_REAL(clock_nanosleep)(clock, flags, length, left);
  }
  if (Length(*length) < 0) return EINVAL;
  if ((flags & TIMER_ABSTIME) != 0) return SleepUntil(FromClock(clock, *length));
  const Time deadline = After(Length(*length));
  const int result = SleepUntil(deadline);
  if (result != 0 && left != nullptr) Remaining(deadline, left);
  return result;
}

TIDEGATE_EXPORT int nanosleep(const timespec* length, timespec* left) {
  if (ThePage() == nullptr) return TIDEGATE_REAL(nanosleep)(length, left);
  const int result = clock_nanosleep(CLOCK_MONOTONIC, 0, length, left);
  if (result == 0) return 0;
  errno = result;
  return -1;
}

TIDEGATE_EXPORT int __nanosleep(const timespec* length, timespec* left) {
  return nanosleep(length, left);
}

TIDEGATE_EXPORT unsigned sleep(unsigned seconds) {
  if (ThePage() == nullptr) return TIDEGATE_REAL(sleep)(seconds);
  const int before = errno;
  const timespec length = {static_cast<time_t>(seconds), 0};
  timespec left = {};
  if (nanosleep(&length, &left) == 0) return 0;
  errno = before;
  return static_cast<unsigned>(left.tv_sec);
}

TIDEGATE_EXPORT int usleep(useconds_t microseconds) {
  const timespec length = {microseconds / 1'000'000, (microseconds % 1'000'000) * 1000L};
  return nanosleep(&length, nullptr);
}

TIDEGATE_EXPORT int thrd_sleep(const timespec* length, timespec* left) {
  if (ThePage() == nullptr) return TIDEGATE_REAL(thrd_sleep)(length, left);
  const int result = clock_nanosleep(CLOCK_REALTIME, 0, length, left);
  return result == 0 ? 0 : (result == EINTR ? -1 : -2);
}
