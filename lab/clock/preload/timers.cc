// Timers: no thread and no kernel timer runs. A timer is a slot; at its deadline the clock's owner
// sends the signal itself (SIGALRM, or what timer_create asked for), or writes the eventfd that
// plays a timerfd, whose count of expirations is then right by itself. An alarm's slot belongs to
// the process id, so that it survives exec and does not pass to a forked child, as POSIX has it.
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace {

std::atomic<int> g_timer_fds{0};  // so that close() is cheap in programs that have none

template <typename Matches>
Slot* FindSlot(SlotKind kind, Matches matches) {
  Page* page = ThePage();
  const std::uint32_t top = page->slots_top.load();
  const pid_t pid = getpid();
  for (std::uint32_t i = 0; i < top; ++i) {
    Slot& slot = page->slots[i];
    const SlotState state = slot.state.load(std::memory_order_acquire);
    if (state == SlotState::kFree || state == SlotState::kClaimed) continue;
    if (slot.pid == pid && slot.kind == kind && matches(slot)) return &slot;
  }
  return nullptr;
}

Slot* FindAlarm() {
  return FindSlot(SlotKind::kAlarm, [](const Slot&) { return true; });
}
Slot* FindTimer(timer_t timer) {
  const auto same = [&](const Slot& slot) {
    return slot.timer == reinterpret_cast<std::uint64_t>(timer);
  };
  Slot* slot = FindSlot(SlotKind::kTimer, same);
  return slot != nullptr ? slot : FindSlot(SlotKind::kTimerThread, same);
}
Slot* FindTimerFd(int fd) {
  return FindSlot(SlotKind::kTimerFd, [&](const Slot& slot) { return slot.fd == fd; });
}

void Idle(Slot* slot) {
  SlotState armed = SlotState::kArmed;
  while (!slot->state.compare_exchange_weak(armed, SlotState::kIdle) && armed != SlotState::kIdle &&
         armed != SlotState::kClaimed) {
    if (armed == SlotState::kFired) slot->state.store(SlotState::kIdle);
    armed = SlotState::kArmed;
  }
  slot->state.store(SlotState::kIdle);
  ThePage()->activity.fetch_add(1);
}

Time LeftOf(const Slot* slot) {
  if (slot == nullptr || slot->state.load() != SlotState::kArmed) return 0;
  const Time left = slot->deadline - Now();
  return left > 0 ? left : 1;
}

void ToItimerspec(const Slot* slot, itimerspec* to) {
  const Time left = LeftOf(slot);
  *to = {ToTimespec(left == 0 ? Time{0} : slot->interval), ToTimespec(left)};
}

bool Valid(const timespec& time) {
  return time.tv_sec >= 0 && time.tv_nsec >= 0 && time.tv_nsec < kNsPerSecond;
}

// Disarms, or arms for the value given; a deadline that has passed is due at once.
void SetTimer(Slot* slot, bool absolute, const itimerspec& value) {
  Idle(slot);
  if (value.it_value.tv_sec == 0 && value.it_value.tv_nsec == 0) return;
  const Time deadline =
      absolute ? FromClock(slot->clock, value.it_value) : After(Length(value.it_value));
  slot->interval = Length(value.it_interval);
  ArmSlot(slot, deadline > Now() ? deadline : Now());
}

// Sets the process's one real-time timer and tells what was left of it.
Time SetAlarm(Time length, Time interval, Time* interval_before) {
  Slot* slot = FindAlarm();
  const Time left = LeftOf(slot);
  if (interval_before != nullptr) *interval_before = left == 0 ? Time{0} : slot->interval;
  if (slot != nullptr) FreeSlot(slot);
  if (length == 0) return left;
  slot = ClaimSlot(SlotKind::kAlarm);
  slot->signal = SIGALRM;
  slot->interval = interval;
  ArmSlot(slot, After(length));
  return left;
}

Time ToLength(const timeval& time) { return Length({time.tv_sec, time.tv_usec * 1000L}); }
timeval ToTimeval(Time length) {
  const timespec exact = ToTimespec(length);
  return {exact.tv_sec, exact.tv_nsec / 1000};
}

// A timer of SIGEV_THREAD: one thread calls the function at every expiration.
struct Notify {
  Slot* slot;
  void (*function)(sigval);
  sigval value;
};

void* RunTimerThread(void* argument) {
  const Notify notify = *static_cast<Notify*>(argument);
  free(argument);
  Slot* slot = notify.slot;
  for (;;) {
    // Taken before the look whether it was the last: timer_delete may say so at any time.
    while (slot->wake.exchange(0) == 0) {
      WaitOnWord(reinterpret_cast<const std::uint32_t*>(&slot->wake), 0, true, kNever);
    }
    if (slot->signal != 0) break;  // timer_delete
    notify.function(notify.value);
  }
  FreeSlot(slot);
  return nullptr;
}

int StartTimerThread(const sigevent& event, Slot* slot) {
  auto* notify = static_cast<Notify*>(malloc(sizeof(Notify)));
  if (notify == nullptr) return EAGAIN;
  *notify = {slot, event.sigev_notify_function, event.sigev_value};
  pthread_t thread;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int result = pthread_create(&thread, nullptr, RunTimerThread, notify);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (result == 0) pthread_detach(thread);
  return result;
}

// "eventfd-id:  12" of /proc/self/fdinfo/FD, plus 1: tells a number that is another file by now,
// though not from an eventfd that was made after the first one had been closed behind our back.
std::uint64_t EventIdOf(int fd) {
  char path[32] = "/proc/self/fdinfo/";
  char digits[12];
  int count = 0;
  for (int rest = fd; rest > 0 || count == 0; rest /= 10) {
    digits[count++] = static_cast<char>('0' + rest % 10);
  }
  std::size_t length = strlen(path);
  while (count > 0) path[length++] = digits[--count];
  path[length] = '\0';
  const long file = RawSyscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (file < 0) return 0;
  char text[512];
  const long size = RawSyscall(SYS_read, file, text, sizeof text - 1);
  RawSyscall(SYS_close, file);
  if (size <= 0) return 0;
  text[size] = '\0';
  const char* id = strstr(text, "eventfd-id:");
  return id == nullptr ? 0 : strtoull(id + strlen("eventfd-id:"), nullptr, 10) + 1;
}

// An eventfd that something else made may lie at the number by now.
Slot* LivingTimerFd(int fd) {
  if (g_timer_fds == 0) return nullptr;
  Slot* slot = FindTimerFd(fd);
  if (slot == nullptr || slot->value == EventIdOf(fd)) return slot;
  FreeSlot(slot);
  --g_timer_fds;
  return nullptr;
}

void ForgetTimerFd(int fd) {
  if (g_timer_fds == 0 || ThePage() == nullptr) return;
  Slot* slot = FindTimerFd(fd);
  if (slot == nullptr) return;
  FreeSlot(slot);
  --g_timer_fds;
}

void ForgetTimerFds(unsigned first, unsigned last) {
  const auto within = [&](const Slot& slot) {
    return static_cast<unsigned>(slot.fd) >= first && static_cast<unsigned>(slot.fd) <= last;
  };
  while (g_timer_fds > 0) {
    Slot* slot = FindSlot(SlotKind::kTimerFd, within);
    if (slot == nullptr) return;
    FreeSlot(slot);
    --g_timer_fds;
  }
}

// Setting a timer makes its fd unreadable again.
void Drain(int fd) {
  pollfd ready = {fd, POLLIN, 0};
  const timespec at_once = {0, 0};
  std::uint64_t count = 0;
  if (RawSyscall(SYS_ppoll, &ready, 1, &at_once, 0, 0) == 1) {
    RawSyscall(SYS_read, fd, &count, sizeof count);
  }
}

}  // namespace

namespace tidegate::lab {

void DropSlotsOfOldImage() {
  Page* page = ThePage();
  const std::uint32_t top = page->slots_top.load();
  const pid_t pid = getpid();
  for (std::uint32_t i = 0; i < top; ++i) {
    Slot& slot = page->slots[i];
    if (slot.state.load() == SlotState::kFree || slot.pid != pid) continue;
    if (slot.kind == SlotKind::kAlarm) continue;
    // A timerfd without close-on-exec goes on.
    if (slot.kind == SlotKind::kTimerFd && slot.value == EventIdOf(slot.fd)) {
      ++g_timer_fds;
      continue;
    }
    FreeSlot(&slot);
  }
}

void BeginSlotsOfChild(pid_t parent) {
  Page* page = ThePage();
  const std::uint32_t top = page->slots_top.load();
  const pid_t pid = getpid();
  for (std::uint32_t i = 0; i < top; ++i) {
    Slot& slot = page->slots[i];
    if (slot.state.load() != SlotState::kFree && slot.pid == pid) FreeSlot(&slot);
  }
  if (g_timer_fds == 0) return;
  for (std::uint32_t i = 0; i < top; ++i) {
    const Slot& old = page->slots[i];
    if (old.state.load() == SlotState::kFree || old.pid != parent) continue;
    if (old.kind != SlotKind::kTimerFd) continue;
    Slot* slot = ClaimSlot(SlotKind::kTimerFd);
    slot->fd = old.fd;
    slot->value = old.value;
    slot->clock = old.clock;
    slot->state.store(SlotState::kIdle);
  }
}

}  // namespace tidegate::lab

TIDEGATE_EXPORT unsigned alarm(unsigned seconds) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(alarm)(seconds);
  const Time left = SetAlarm(seconds * kNsPerSecond, 0, nullptr);
  return static_cast<unsigned>((left + kNsPerSecond - 1) / kNsPerSecond);
}

TIDEGATE_EXPORT int setitimer(__itimer_which_t which, const itimerval* __restrict value,
                              itimerval* __restrict before) noexcept {
  if (ThePage() == nullptr || which != ITIMER_REAL || value == nullptr) {
    return TIDEGATE_REAL(setitimer)(which, value, before);
  }
  const Time length = ToLength(value->it_value);
  const Time interval = ToLength(value->it_interval);
  if (length < 0 || interval < 0) {
    errno = EINVAL;
    return -1;
  }
  Time interval_before = 0;
  const Time left = SetAlarm(length, interval, &interval_before);
  if (before != nullptr) *before = {ToTimeval(interval_before), ToTimeval(left)};
  return 0;
}

TIDEGATE_EXPORT int getitimer(__itimer_which_t which, itimerval* to) noexcept {
  if (ThePage() == nullptr || which != ITIMER_REAL) return TIDEGATE_REAL(getitimer)(which, to);
  const Slot* slot = FindAlarm();
  const Time left = LeftOf(slot);
  *to = {ToTimeval(left == 0 ? Time{0} : slot->interval), ToTimeval(left)};
  return 0;
}

TIDEGATE_EXPORT useconds_t ualarm(useconds_t value, useconds_t interval) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(ualarm)(value, interval);
  return static_cast<useconds_t>(SetAlarm(value * 1000LL, interval * 1000LL, nullptr) / 1000);
}

// libc's timer is made for its number alone and never set.
TIDEGATE_EXPORT int timer_create(clockid_t clock, sigevent* __restrict event,
                                 timer_t* __restrict timer) noexcept {
  if (ThePage() == nullptr || !IsVirtual(clock)) {
    return TIDEGATE_REAL(timer_create)(clock, event, timer);
  }
  sigevent none = {};
  none.sigev_notify = SIGEV_NONE;
  if (TIDEGATE_REAL(timer_create)(CLOCK_MONOTONIC, &none, timer) != 0) return -1;
  const int how = event == nullptr ? SIGEV_SIGNAL : event->sigev_notify;
  Slot* slot = ClaimSlot(how == SIGEV_THREAD ? SlotKind::kTimerThread : SlotKind::kTimer);
  slot->timer = reinterpret_cast<std::uint64_t>(*timer);
  slot->clock = clock;
  if (how == SIGEV_SIGNAL || how == SIGEV_THREAD_ID) {
    slot->signal = event == nullptr ? SIGALRM : event->sigev_signo;
    slot->value = event == nullptr ? slot->timer
                                   : reinterpret_cast<std::uint64_t>(event->sigev_value.sival_ptr);
    if (how == SIGEV_THREAD_ID) slot->target = event->_sigev_un._tid;
  }
  slot->state.store(SlotState::kIdle);
  const int error = how == SIGEV_THREAD ? StartTimerThread(*event, slot) : 0;
  if (error == 0) return 0;
  FreeSlot(slot);
  TIDEGATE_REAL(timer_delete)(*timer);
  errno = error;
  return -1;
}

TIDEGATE_EXPORT int timer_settime(timer_t timer, int flags, const itimerspec* __restrict value,
                                  itimerspec* __restrict before) noexcept {
  Slot* slot = ThePage() == nullptr ? nullptr : FindTimer(timer);
  if (slot == nullptr) return TIDEGATE_REAL(timer_settime)(timer, flags, value, before);
  if (!Valid(value->it_value) || !Valid(value->it_interval)) {
    errno = EINVAL;
    return -1;
  }
  if (before != nullptr) ToItimerspec(slot, before);
  SetTimer(slot, (flags & TIMER_ABSTIME) != 0, *value);
  return 0;
}

TIDEGATE_EXPORT int timer_gettime(timer_t timer, itimerspec* to) noexcept {
  const Slot* slot = ThePage() == nullptr ? nullptr : FindTimer(timer);
  if (slot == nullptr) return TIDEGATE_REAL(timer_gettime)(timer, to);
  ToItimerspec(slot, to);
  return 0;
}

TIDEGATE_EXPORT int timer_delete(timer_t timer) noexcept {
  Slot* slot = ThePage() == nullptr ? nullptr : FindTimer(timer);
  if (slot != nullptr && slot->kind == SlotKind::kTimerThread) {
    Idle(slot);
    slot->timer = UINT64_MAX;  // nobody finds it any more; its thread frees it
    slot->signal = 1;
    slot->wake.store(1);
    WakeWord(reinterpret_cast<const std::uint32_t*>(&slot->wake), 1, true);
  } else if (slot != nullptr) {
    FreeSlot(slot);
  }
  return TIDEGATE_REAL(timer_delete)(timer);
}

TIDEGATE_EXPORT int timerfd_create(__clockid_t clock, int flags) noexcept {
  if (ThePage() == nullptr || !IsVirtual(clock)) return TIDEGATE_REAL(timerfd_create)(clock, flags);
  // Their flags have the same values (linux/eventfd.h, linux/timerfd.h: both are those of open).
  const int fd = static_cast<int>(RawSyscall(SYS_eventfd2, 0, flags));
  if (fd < 0) return fd;
  ForgetTimerFd(fd);
  Slot* slot = ClaimSlot(SlotKind::kTimerFd);
  slot->fd = fd;
  slot->clock = clock;
  slot->value = EventIdOf(fd);
  slot->state.store(SlotState::kIdle);
  ++g_timer_fds;
  return fd;
}

TIDEGATE_EXPORT int timerfd_settime(int fd, int flags, const itimerspec* value,
                                    itimerspec* before) noexcept {
  Slot* slot = ThePage() == nullptr ? nullptr : LivingTimerFd(fd);
  if (slot == nullptr) return TIDEGATE_REAL(timerfd_settime)(fd, flags, value, before);
  if (!Valid(value->it_value) || !Valid(value->it_interval)) {
    errno = EINVAL;
    return -1;
  }
  if (before != nullptr) ToItimerspec(slot, before);
  Idle(slot);
  Drain(fd);
  SetTimer(slot, (flags & TFD_TIMER_ABSTIME) != 0, *value);
  return 0;
}

TIDEGATE_EXPORT int timerfd_gettime(int fd, itimerspec* to) noexcept {
  const Slot* slot = ThePage() == nullptr ? nullptr : LivingTimerFd(fd);
  if (slot == nullptr) return TIDEGATE_REAL(timerfd_gettime)(fd, to);
  ToItimerspec(slot, to);
  return 0;
}

TIDEGATE_EXPORT int close(int fd) {
  ForgetTimerFd(fd);
  return TIDEGATE_REAL(close)(fd);
}

TIDEGATE_EXPORT int close_range(unsigned first, unsigned last, int flags) noexcept {
  if (ThePage() != nullptr && flags == 0) ForgetTimerFds(first, last);
  return TIDEGATE_REAL(close_range)(first, last, flags);
}

TIDEGATE_EXPORT void closefrom(int first) noexcept {
  if (ThePage() != nullptr) ForgetTimerFds(static_cast<unsigned>(first), ~0U);
  TIDEGATE_REAL(closefrom)(first);
}

TIDEGATE_EXPORT int dup2(int from, int to) noexcept {
  if (from != to) ForgetTimerFd(to);
  return TIDEGATE_REAL(dup2)(from, to);
}

TIDEGATE_EXPORT int dup3(int from, int to, int flags) noexcept {
  ForgetTimerFd(to);
  return TIDEGATE_REAL(dup3)(from, to, flags);
}
