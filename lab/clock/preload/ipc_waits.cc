// Timed waits of queues and semaphores of the kernel's own: POSIX message queues are fds that can
// be polled; for System V's semaphores we look again and again, ever less often.
#include <alloca.h>
#include <errno.h>
#include <mqueue.h>
#include <poll.h>
#include <string.h>
#include <sys/sem.h>

#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace {

bool Valid(const timespec& at) { return at.tv_nsec >= 0 && at.tv_nsec < kNsPerSecond; }

// `attempt` of a call with a limit that has passed: it never waits.
template <typename Attempt>
long OnQueue(mqd_t queue, short events, Time deadline, Attempt attempt) {
  constexpr timespec kPast = {0, 0};
  for (;;) {
    const long result = attempt(&kPast);
    if (result >= 0 || errno != ETIMEDOUT) return result;
    const Time left = deadline - Now();
    if (left <= 0) {
      errno = ETIMEDOUT;
      return -1;
    }
    pollfd fds = {queue, events, 0};
    const timespec limit = ToTimespec(left);
    if (ppoll(&fds, 1, &limit, nullptr) < 0) return -1;
  }
}

}  // namespace

TIDEGATE_EXPORT ssize_t mq_timedreceive(mqd_t queue, char* __restrict text, std::size_t size,
                                        unsigned* __restrict priority,
                                        const timespec* __restrict at) {
  auto* const real = TIDEGATE_REAL(mq_timedreceive);
  if (ThePage() == nullptr || at == nullptr || !Valid(*at)) {
    return real(queue, text, size, priority, at);
  }
  return OnQueue(queue, POLLIN, FromClock(CLOCK_REALTIME, *at),
                 [&](const timespec* past) { return real(queue, text, size, priority, past); });
}

TIDEGATE_EXPORT int mq_timedsend(mqd_t queue, const char* text, std::size_t size, unsigned priority,
                                 const timespec* at) {
  auto* const real = TIDEGATE_REAL(mq_timedsend);
  if (ThePage() == nullptr || at == nullptr || !Valid(*at)) {
    return real(queue, text, size, priority, at);
  }
  return static_cast<int>(
      OnQueue(queue, POLLOUT, FromClock(CLOCK_REALTIME, *at), [&](const timespec* past) {
        return static_cast<long>(real(queue, text, size, priority, past));
      }));
}

TIDEGATE_EXPORT int semtimedop(int set, sembuf* operations, std::size_t count,
                               const timespec* limit) noexcept {
  constexpr std::size_t kOperationsMax = 500;  // Linux's own bound (SEMOPM): E2BIG beyond it
  if (ThePage() == nullptr || limit == nullptr || !Valid(*limit) || count > kOperationsMax) {
    return TIDEGATE_REAL(semtimedop)(set, operations, count, limit);
  }
  auto* at_once = static_cast<sembuf*>(alloca(count * sizeof(sembuf)));
  memcpy(at_once, operations, count * sizeof(sembuf));
  bool may_wait = true;
  for (std::size_t i = 0; i < count; ++i) {
    may_wait = may_wait && (operations[i].sem_flg & IPC_NOWAIT) == 0;
    at_once[i].sem_flg = static_cast<short>(at_once[i].sem_flg | IPC_NOWAIT);
  }
  const Time deadline = After(Length(*limit));
  const int error = TryUntil(may_wait ? deadline : Now(), EAGAIN, EAGAIN,
                             [&] { return semop(set, at_once, count) == 0 ? 0 : errno; });
  if (error == 0) return 0;
  errno = error;
  return -1;
}
