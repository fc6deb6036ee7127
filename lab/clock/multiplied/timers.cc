// Alarms and timers: the kernel's own run in the machine's time, so they are set for less of it.
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lab/clock/multiplied/multiplied.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace {

// What a timer was made with, for those that are set for a moment. Few programs have many.
constexpr std::size_t kTimersMax = 256;
struct Known {
  std::atomic<std::uintptr_t> timer;  // plus 1; 0: free
  std::atomic<int> clock;
};
Known g_timers[kTimersMax];
std::atomic<signed char> g_clock_of_fd[1024];  // plus 1; 0: none of ours

std::uintptr_t KeyOf(timer_t timer) { return reinterpret_cast<std::uintptr_t>(timer) + 1; }

void Remember(timer_t timer, clockid_t clock) {
  for (Known& known : g_timers) {
    std::uintptr_t free = 0;
    if (!known.timer.compare_exchange_strong(free, KeyOf(timer))) continue;
    known.clock.store(clock);
    return;
  }
}

Known* Find(timer_t timer) {
  for (Known& known : g_timers) {
    if (known.timer.load() == KeyOf(timer)) return &known;
  }
  return nullptr;
}

bool FitsTable(int fd) {
  return fd >= 0 && static_cast<std::size_t>(fd) < sizeof g_clock_of_fd / sizeof g_clock_of_fd[0];
}

bool IsNone(const timespec& time) { return time.tv_sec == 0 && time.tv_nsec == 0; }

// A moment that has passed is due at once, and not never.
timespec Due(clockid_t clock, const timespec& at) {
  const timespec left = Until(clock, at);
  return IsNone(left) ? timespec{0, 1} : left;
}

itimerspec OnMachine(const itimerspec& value, bool absolute, clockid_t clock) {
  const bool off = IsNone(value.it_value);
  return {Shorter(value.it_interval), off        ? value.it_value
                                      : absolute ? Due(clock, value.it_value)
                                                 : Shorter(value.it_value)};
}

void FromMachine(itimerspec* value) {
  if (value == nullptr) return;
  *value = {Longer(value->it_interval), Longer(value->it_value)};
}

timespec ToTimespec(const timeval& time) { return {time.tv_sec, time.tv_usec * 1000}; }
// Never 0 for what is not.
timeval ToTimeval(const timespec& time) {
  const long micros = (time.tv_nsec + 999) / 1000;
  return {time.tv_sec + micros / 1'000'000, micros % 1'000'000};
}

bool Valid(const timeval& time) { return time.tv_usec >= 0 && time.tv_usec < 1'000'000; }

}  // namespace

TIDEGATE_EXPORT int setitimer(__itimer_which_t which, const itimerval* __restrict value,
                              itimerval* __restrict before) noexcept {
  if (which != ITIMER_REAL || value == nullptr || !Valid(value->it_value) ||
      !Valid(value->it_interval)) {
    return TIDEGATE_LIBC(setitimer)(which, value, before);
  }
  const itimerval machine = {ToTimeval(Shorter(ToTimespec(value->it_interval))),
                             ToTimeval(Shorter(ToTimespec(value->it_value)))};
  itimerval was = {};
  const int result = TIDEGATE_LIBC(setitimer)(which, &machine, &was);
  if (before != nullptr) {
    *before = {ToTimeval(Longer(ToTimespec(was.it_interval))),
               ToTimeval(Longer(ToTimespec(was.it_value)))};
  }
  return result;
}

TIDEGATE_EXPORT int getitimer(__itimer_which_t which, itimerval* to) noexcept {
  const int result = TIDEGATE_LIBC(getitimer)(which, to);
  if (which != ITIMER_REAL || result != 0) return result;
  *to = {ToTimeval(Longer(ToTimespec(to->it_interval))),
         ToTimeval(Longer(ToTimespec(to->it_value)))};
  return result;
}

TIDEGATE_EXPORT unsigned alarm(unsigned seconds) noexcept {
  const itimerval value = {{0, 0}, {static_cast<time_t>(seconds), 0}};
  itimerval before = {};
  setitimer(ITIMER_REAL, &value, &before);
  return static_cast<unsigned>(before.it_value.tv_sec + (before.it_value.tv_usec > 0 ? 1 : 0));
}

TIDEGATE_EXPORT useconds_t ualarm(useconds_t value, useconds_t interval) noexcept {
  const auto length = [](useconds_t all) {
    return timeval{all / 1'000'000, static_cast<suseconds_t>(all % 1'000'000)};
  };
  const itimerval asked = {length(interval), length(value)};
  itimerval before = {};
  setitimer(ITIMER_REAL, &asked, &before);
  return static_cast<useconds_t>(before.it_value.tv_sec * 1'000'000 + before.it_value.tv_usec);
}

TIDEGATE_EXPORT int timer_create(clockid_t clock, sigevent* __restrict event,
                                 timer_t* __restrict timer) noexcept {
  const int result = TIDEGATE_LIBC(timer_create)(clock, event, timer);
  if (result == 0 && IsFaked(clock)) Remember(*timer, clock);
  return result;
}

TIDEGATE_EXPORT int timer_settime(timer_t timer, int flags, const itimerspec* __restrict value,
                                  itimerspec* __restrict before) noexcept {
  const Known* known = Find(timer);
  if (known == nullptr) return TIDEGATE_LIBC(timer_settime)(timer, flags, value, before);
  const bool absolute = (flags & TIMER_ABSTIME) != 0;
  const itimerspec machine = OnMachine(*value, absolute, known->clock.load());
  const int result = TIDEGATE_LIBC(timer_settime)(timer, flags & ~TIMER_ABSTIME, &machine, before);
  if (result == 0) FromMachine(before);
  return result;
}

TIDEGATE_EXPORT int timer_gettime(timer_t timer, itimerspec* to) noexcept {
  const int result = TIDEGATE_LIBC(timer_gettime)(timer, to);
  if (result == 0 && Find(timer) != nullptr) FromMachine(to);
  return result;
}

TIDEGATE_EXPORT int timer_delete(timer_t timer) noexcept {
  if (Known* known = Find(timer); known != nullptr) known->timer.store(0);
  return TIDEGATE_LIBC(timer_delete)(timer);
}

TIDEGATE_EXPORT int timerfd_create(__clockid_t clock, int flags) noexcept {
  const int fd = TIDEGATE_LIBC(timerfd_create)(clock, flags);
  if (FitsTable(fd)) g_clock_of_fd[fd].store(static_cast<signed char>(clock + 1));
  return fd;
}

TIDEGATE_EXPORT int timerfd_settime(int fd, int flags, const itimerspec* value,
                                    itimerspec* before) noexcept {
  const int known = FitsTable(fd) ? g_clock_of_fd[fd].load() : 0;
  const clockid_t clock = known == 0 ? CLOCK_MONOTONIC : known - 1;
  const itimerspec machine = OnMachine(*value, (flags & TFD_TIMER_ABSTIME) != 0, clock);
  const int result =
      TIDEGATE_LIBC(timerfd_settime)(fd, flags & ~TFD_TIMER_ABSTIME, &machine, before);
  if (result == 0) FromMachine(before);
  return result;
}

TIDEGATE_EXPORT int timerfd_gettime(int fd, itimerspec* to) noexcept {
  const int result = TIDEGATE_LIBC(timerfd_gettime)(fd, to);
  if (result == 0) FromMachine(to);
  return result;
}
