// syscall(): libstdc++'s futures and atomics wait on futexes through it, some programs read clocks
// and entropy so.
#include <errno.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace {

long Futex(const long* a) {
  const auto* word = reinterpret_cast<const std::uint32_t*>(a[0]);
  const int operation = static_cast<int>(a[1]);
  const auto* limit = reinterpret_cast<const timespec*>(a[3]);
  const int command = operation & FUTEX_CMD_MASK;
  const bool waits = command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET;
  if (!waits || limit == nullptr) {
    return RawSyscall(SYS_futex, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
  if (__atomic_load_n(word, __ATOMIC_ACQUIRE) != static_cast<std::uint32_t>(a[2])) {
    errno = EAGAIN;
    return -1;
  }
  const bool realtime = (operation & FUTEX_CLOCK_REALTIME) != 0;
  const Time deadline = command == FUTEX_WAIT
                            ? After(Length(*limit))
                            : FromClock(realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, *limit);
  const int result = WaitOnWord(word, static_cast<std::uint32_t>(a[2]),
                                (operation & FUTEX_PRIVATE_FLAG) == 0, deadline);
  if (result == 0) return 0;
  errno = result;
  return -1;
}

long Negative(int error) {
  if (error == 0) return 0;
  errno = error;
  return -1;
}

}  // namespace

TIDEGATE_EXPORT long syscall(long number, ...) noexcept {
  va_list list;
  va_start(list, number);
  long a[6];
  for (long& each : a) each = va_arg(list, long);
  va_end(list);
  if (ThePage() != nullptr) {
    const auto clock = static_cast<clockid_t>(a[0]);
    switch (number) {
      case SYS_futex: return Futex(a);
      case SYS_clock_gettime: return clock_gettime(clock, reinterpret_cast<timespec*>(a[1]));
      case SYS_clock_nanosleep:
        return Negative(clock_nanosleep(clock, static_cast<int>(a[1]),
                                        reinterpret_cast<const timespec*>(a[2]),
                                        reinterpret_cast<timespec*>(a[3])));
      case SYS_close: return close(static_cast<int>(a[0]));
      case SYS_getrandom:
        return getrandom(reinterpret_cast<void*>(a[0]), static_cast<std::size_t>(a[1]),
                         static_cast<unsigned>(a[2]));
      default: break;
    }
  }
  return RawSyscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
