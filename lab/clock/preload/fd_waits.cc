// Timed waits on file descriptors: poll, select, epoll. The wait is without limit on the fds and
// one more, an eventfd that lives as long as the wait and that the clock's owner writes at the
// deadline.
#include <alloca.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace {

constexpr timespec kAtOnce = {0, 0};
constexpr nfds_t kOnStackMax = 512;

int RealPoll(pollfd* fds, nfds_t count, const timespec* limit, const sigset_t* mask) {
  return TIDEGATE_REAL(ppoll)(fds, count, limit, mask);
}

// What a look that may not wait came to.
int Looked(int ready) {
  if (ready == 0) {
    LookedInVain();
  } else {
    t_self.looks = 0;
  }
  return ready;
}

// `both` has room for one more than `count`.
int PollWithEvent(pollfd* fds, nfds_t count, pollfd* both, Time deadline, const sigset_t* mask) {
  const long event = RawSyscall(SYS_eventfd2, 0, EFD_CLOEXEC);
  if (event < 0) {
    errno = ENOMEM;  // no fd is free: poll has no error that says so
    return -1;
  }
  if (count > 0) memcpy(both, fds, count * sizeof(pollfd));
  both[count] = {static_cast<int>(event), POLLIN, 0};
  Slot* slot = ClaimSlot(SlotKind::kEvent);
  slot->fd = static_cast<std::int32_t>(event);
  ArmSlot(slot, deadline);
  int ready = RealPoll(both, count + 1, nullptr, mask);
  const int error = errno;
  FreeSlot(slot);
  RawSyscall(SYS_close, event);
  if (ready > 0 && both[count].revents != 0) --ready;
  for (nfds_t i = 0; ready >= 0 && i < count; ++i) fds[i].revents = both[i].revents;
  errno = error;
  return ready;
}

// ppoll until a Time: the number of ready fds, 0 at the deadline, -1 with errno.
int PollUntil(pollfd* fds, nfds_t count, Time deadline, const sigset_t* mask) {
  if (deadline == kNever) return RealPoll(fds, count, nullptr, mask);
  const int ready = RealPoll(fds, count, &kAtOnce, mask);
  if (ready != 0 || deadline <= Now()) return ready;
  if (count <= kOnStackMax) {
    auto* both = static_cast<pollfd*>(alloca((count + 1) * sizeof(pollfd)));
    return PollWithEvent(fds, count, both, deadline, mask);
  }
  auto* both = static_cast<pollfd*>(malloc((count + 1) * sizeof(pollfd)));
  if (both == nullptr) return -1;
  const int result = PollWithEvent(fds, count, both, deadline, mask);
  const int error = errno;
  free(both);
  errno = error;
  return result;
}

// poll(nullptr, 0, n) and select(0, …) are sleeps.
int SleepInstead(Time deadline) {
  const int result = SleepUntil(deadline);
  if (result == 0) return 0;
  errno = result;
  return -1;
}

Time Milliseconds(int timeout) { return timeout < 0 ? kNever : After(timeout * 1'000'000LL); }

// The three sets of select as the words they are, whatever the number of fds.
struct Sets {
  fd_set* sets[3];
  fd_set* copies[3];
  std::size_t bytes;
};
constexpr short kSelectEvents[3] = {POLLIN | POLLRDNORM | POLLRDBAND,
                                    POLLOUT | POLLWRNORM | POLLWRBAND, POLLPRI};
// What each of them counts as ready (fs/select.c POLLIN_SET and so on).
constexpr short kSelectReady[3] = {POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
                                   POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR, POLLPRI};

bool Has(const fd_set* set, int fd) {
  constexpr int kBits = 8 * sizeof(long);
  const auto* words = reinterpret_cast<const unsigned long*>(set);
  return set != nullptr && (words[fd / kBits] >> (fd % kBits) & 1) != 0;
}

void Restore(const Sets& sets) {
  for (int i = 0; i < 3; ++i) {
    if (sets.sets[i] != nullptr) memcpy(sets.sets[i], sets.copies[i], sets.bytes);
  }
}

nfds_t ToPollFds(const Sets& sets, int count, pollfd* fds) {
  nfds_t used = 0;
  for (int fd = 0; fd < count; ++fd) {
    short events = 0;
    for (int i = 0; i < 3; ++i) {
      if (Has(sets.copies[i], fd)) events = static_cast<short>(events | kSelectEvents[i]);
    }
    if (events != 0) fds[used++] = {fd, events, 0};
  }
  return used;
}

// poll tells of a hang-up even where select would not: such fds are left out from then on.
void DropHungUp(const Sets& sets, pollfd* fds, nfds_t count) {
  for (nfds_t k = 0; k < count; ++k) {
    bool counts = (fds[k].revents & POLLNVAL) != 0;
    for (int i = 0; i < 3; ++i) {
      counts =
          counts || (Has(sets.copies[i], fds[k].fd) && (fds[k].revents & kSelectReady[i]) != 0);
    }
    if (fds[k].revents != 0 && !counts) fds[k].fd = -1;
  }
}

int SelectUntil(int count, const Sets& sets, Time deadline, const sigset_t* mask) {
  auto* fds = static_cast<pollfd*>(alloca(static_cast<std::size_t>(count + 1) * sizeof(pollfd)));
  const nfds_t used = ToPollFds(sets, count, fds);
  for (;;) {
    const int ready = PollUntil(fds, used, deadline, mask);
    if (ready < 0) return ready;
    Restore(sets);
    const int result =
        TIDEGATE_REAL(pselect)(count, sets.sets[0], sets.sets[1], sets.sets[2], &kAtOnce, nullptr);
    if (result != 0 || ready == 0) return result;
    DropHungUp(sets, fds, used);
  }
}

int Select(int count, fd_set* reads, fd_set* writes, fd_set* others, Time deadline,
           const sigset_t* mask) {
  if (count == 0 && mask == nullptr) return SleepInstead(deadline);
  if (count < 0 || count > 1 << 20) {
    errno = EINVAL;
    return -1;
  }
  const std::size_t bytes = (static_cast<std::size_t>(count) + 63) / 64 * 8;
  Sets sets = {{reads, writes, others}, {nullptr, nullptr, nullptr}, bytes};
  for (int i = 0; i < 3; ++i) {
    if (sets.sets[i] == nullptr) continue;
    sets.copies[i] = static_cast<fd_set*>(alloca(bytes + 8));
    memcpy(sets.copies[i], sets.sets[i], bytes);
  }
  return SelectUntil(count, sets, deadline, mask);
}

int EpollUntil(int epoll, epoll_event* events, int count, Time deadline, const sigset_t* mask) {
  for (;;) {
    const int ready = TIDEGATE_REAL(epoll_pwait)(epoll, events, count, 0, mask);
    if (ready != 0 || deadline <= Now()) return ready;
    pollfd fd = {epoll, POLLIN, 0};
    if (PollUntil(&fd, 1, deadline, mask) < 0) return -1;
  }
}

}  // namespace

TIDEGATE_EXPORT int poll(pollfd* fds, nfds_t count, int timeout) {
  if (ThePage() == nullptr) return TIDEGATE_REAL(poll)(fds, count, timeout);
  if (timeout == 0) return Looked(TIDEGATE_REAL(poll)(fds, count, 0));
  if (count == 0) return SleepInstead(Milliseconds(timeout));
  return PollUntil(fds, count, Milliseconds(timeout), nullptr);
}

TIDEGATE_EXPORT int __poll(pollfd* fds, nfds_t count, int timeout) {
  return poll(fds, count, timeout);
}

TIDEGATE_EXPORT int __poll_chk(pollfd* fds, nfds_t count, int timeout, std::size_t size) {
  if (size / sizeof(pollfd) < count) Fatal("poll: more fds than the array holds");
  return poll(fds, count, timeout);
}

TIDEGATE_EXPORT int ppoll(pollfd* fds, nfds_t count, const timespec* timeout,
                          const sigset_t* mask) {
  if (ThePage() == nullptr || timeout == nullptr) return RealPoll(fds, count, timeout, mask);
  const Time length = Length(*timeout);
  if (length < 0) return RealPoll(fds, count, timeout, mask);
  if (length == 0) return Looked(RealPoll(fds, count, timeout, mask));
  return PollUntil(fds, count, After(length), mask);
}

TIDEGATE_EXPORT int __ppoll_chk(pollfd* fds, nfds_t count, const timespec* timeout,
                                const sigset_t* mask, std::size_t size) {
  if (size / sizeof(pollfd) < count) Fatal("ppoll: more fds than the array holds");
  return ppoll(fds, count, timeout, mask);
}

TIDEGATE_EXPORT int select(int count, fd_set* reads, fd_set* writes, fd_set* others,
                           timeval* timeout) {
  if (ThePage() == nullptr || timeout == nullptr || timeout->tv_sec < 0 || timeout->tv_usec < 0) {
    return TIDEGATE_REAL(select)(count, reads, writes, others, timeout);
  }
  const Time deadline = timeout->tv_sec > kNever / kNsPerSecond / 4
                            ? kNever
                            : Now() + timeout->tv_sec * kNsPerSecond + timeout->tv_usec * 1000LL;
  int result = Select(count, reads, writes, others, deadline, nullptr);
  if (deadline <= Now() && timeout->tv_sec == 0 && timeout->tv_usec == 0) result = Looked(result);
  const int error = errno;
  // Linux tells what was left of the time.
  const Time left = deadline == kNever ? 0 : deadline - Now();
  const timespec rest = ToTimespec(left > 0 ? left : 0);
  *timeout = {rest.tv_sec, rest.tv_nsec / 1000};
  errno = error;
  return result;
}

TIDEGATE_EXPORT int __select(int count, fd_set* reads, fd_set* writes, fd_set* others,
                             timeval* timeout) {
  return select(count, reads, writes, others, timeout);
}

TIDEGATE_EXPORT int pselect(int count, fd_set* reads, fd_set* writes, fd_set* others,
                            const timespec* timeout, const sigset_t* mask) {
  if (ThePage() == nullptr || timeout == nullptr || Length(*timeout) < 0) {
    return TIDEGATE_REAL(pselect)(count, reads, writes, others, timeout, mask);
  }
  return Select(count, reads, writes, others, After(Length(*timeout)), mask);
}

TIDEGATE_EXPORT int epoll_pwait(int epoll, epoll_event* events, int count, int timeout,
                                const sigset_t* mask) {
  if (ThePage() == nullptr || timeout < 0) {
    return TIDEGATE_REAL(epoll_pwait)(epoll, events, count, timeout, mask);
  }
  if (timeout == 0) return Looked(TIDEGATE_REAL(epoll_pwait)(epoll, events, count, 0, mask));
  return EpollUntil(epoll, events, count, Milliseconds(timeout), mask);
}

TIDEGATE_EXPORT int epoll_wait(int epoll, epoll_event* events, int count, int timeout) {
  return epoll_pwait(epoll, events, count, timeout, nullptr);
}

TIDEGATE_EXPORT int epoll_pwait2(int epoll, epoll_event* events, int count, const timespec* timeout,
                                 const sigset_t* mask) {
  if (ThePage() == nullptr || timeout == nullptr || Length(*timeout) <= 0) {
    return TIDEGATE_REAL(epoll_pwait2)(epoll, events, count, timeout, mask);
  }
  return EpollUntil(epoll, events, count, After(Length(*timeout)), mask);
}

// The signals of `set` are blocked, as its callers must see to: a signalfd tells when one is there.
TIDEGATE_EXPORT int sigtimedwait(const sigset_t* __restrict set, siginfo_t* __restrict info,
                                 const timespec* __restrict timeout) {
  if (ThePage() == nullptr || timeout == nullptr || Length(*timeout) < 0) {
    return TIDEGATE_REAL(sigtimedwait)(set, info, timeout);
  }
  const Time deadline = After(Length(*timeout));
  for (;;) {
    const int signal = TIDEGATE_REAL(sigtimedwait)(set, info, &kAtOnce);
    if (signal >= 0 || errno != EAGAIN || deadline <= Now()) return signal;
    pollfd fd = {signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK), POLLIN, 0};
    if (fd.fd < 0) return -1;
    const int ready = PollUntil(&fd, 1, deadline, nullptr);
    const int error = errno;
    RawSyscall(SYS_close, fd.fd);
    if (ready < 0) {
      errno = error;
      return -1;
    }
  }
}
