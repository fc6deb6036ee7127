// Waits on locks, conditions, semaphores, threads, queues and signals. Programs of threads wait so:
// Python's threading, queue and concurrent.futures (sem_clockwait), C++'s condition_variable
// (pthread_cond_clockwait) and future (futex).
#include <errno.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <threads.h>
#include <unistd.h>

#include "lab/clock/multiplied/multiplied.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace {

bool Valid(const timespec& at) { return at.tv_nsec >= 0 && at.tv_nsec < kNsPerSecond; }

int Said(int error) {
  switch (error) {
    case 0: return thrd_success;
    case ETIMEDOUT: return thrd_timedout;
    default: return thrd_error;
  }
}

long RawFutex(const long* a, const timespec* limit, long operation) {
  return TIDEGATE_LIBC(syscall)(SYS_futex, a[0], operation, a[2], limit, a[4], a[5]);
}

// The limit of FUTEX_WAIT is a length, that of FUTEX_WAIT_BITSET a moment.
long Futex(const long* a) {
  const auto* limit = reinterpret_cast<const timespec*>(a[3]);
  const int command = static_cast<int>(a[1]) & FUTEX_CMD_MASK;
  const bool waits = command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET;
  if (!waits || limit == nullptr || !Valid(*limit)) return RawFutex(a, limit, a[1]);
  if (command == FUTEX_WAIT) {
    const timespec shorter = Shorter(*limit);
    return RawFutex(a, &shorter, a[1]);
  }
  const bool realtime = (a[1] & FUTEX_CLOCK_REALTIME) != 0;
  const int error = WaitUntil(realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, *limit, ETIMEDOUT,
                              [&](const timespec* machine) {
                                const long operation = a[1] & ~long{FUTEX_CLOCK_REALTIME};
                                return RawFutex(a, machine, operation) < 0 ? errno : 0;
                              });
  if (error == 0) return 0;
  errno = error;
  return -1;
}

}  // namespace

TIDEGATE_EXPORT int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                           clockid_t clock, const timespec* at) {
  if (!IsFaked(clock) || !Valid(*at)) {
    return TIDEGATE_LIBC(pthread_cond_clockwait)(condition, mutex, clock, at);
  }
  return WaitUntil(clock, *at, ETIMEDOUT, [&](const timespec* machine) {
    return TIDEGATE_LIBC(pthread_cond_clockwait)(condition, mutex, CLOCK_MONOTONIC, machine);
  });
}

// glibc keeps the clock of a condition in its second bit (nptl/pthread_cond_common.c
// __PTHREAD_COND_CLOCK_MONOTONIC_MASK). libfaketime's own wait goes round under a lock that a
// thread which makes a condition then waits for (its issue 419).
TIDEGATE_EXPORT int pthread_cond_timedwait(pthread_cond_t* __restrict condition,
                                           pthread_mutex_t* __restrict mutex,
                                           const timespec* __restrict at) {
  constexpr unsigned kMonotonic = 2;
  const bool monotonic = (condition->__data.__wrefs & kMonotonic) != 0;
  return pthread_cond_clockwait(condition, mutex, monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME, at);
}

TIDEGATE_EXPORT int cnd_timedwait(cnd_t* __restrict condition, mtx_t* __restrict mutex,
                                  const timespec* __restrict at) {
  return Said(pthread_cond_clockwait(reinterpret_cast<pthread_cond_t*>(condition),
                                     reinterpret_cast<pthread_mutex_t*>(mutex), CLOCK_REALTIME,
                                     at));
}

TIDEGATE_EXPORT int sem_clockwait(sem_t* semaphore, clockid_t clock, const timespec* at) {
  if (!IsFaked(clock) || !Valid(*at)) return TIDEGATE_LIBC(sem_clockwait)(semaphore, clock, at);
  const int error = WaitUntil(clock, *at, ETIMEDOUT, [&](const timespec* machine) {
    const int waited = TIDEGATE_LIBC(sem_clockwait)(semaphore, CLOCK_MONOTONIC, machine);
    return waited == 0 ? 0 : errno;
  });
  if (error == 0) return 0;
  errno = error;
  return -1;
}

TIDEGATE_EXPORT int sem_timedwait(sem_t* __restrict semaphore, const timespec* __restrict at) {
  return sem_clockwait(semaphore, CLOCK_REALTIME, at);
}

TIDEGATE_EXPORT int pthread_mutex_clocklock(pthread_mutex_t* __restrict mutex, clockid_t clock,
                                            const timespec* __restrict at) noexcept {
  if (!IsFaked(clock) || !Valid(*at)) {
    return TIDEGATE_LIBC(pthread_mutex_clocklock)(mutex, clock, at);
  }
  return WaitUntil(clock, *at, ETIMEDOUT, [&](const timespec* machine) {
    return TIDEGATE_LIBC(pthread_mutex_clocklock)(mutex, CLOCK_MONOTONIC, machine);
  });
}

TIDEGATE_EXPORT int pthread_mutex_timedlock(pthread_mutex_t* __restrict mutex,
                                            const timespec* __restrict at) noexcept {
  return pthread_mutex_clocklock(mutex, CLOCK_REALTIME, at);
}

TIDEGATE_EXPORT int mtx_timedlock(mtx_t* __restrict mutex, const timespec* __restrict at) {
  return Said(
      pthread_mutex_clocklock(reinterpret_cast<pthread_mutex_t*>(mutex), CLOCK_REALTIME, at));
}

TIDEGATE_EXPORT int pthread_rwlock_clockrdlock(pthread_rwlock_t* __restrict lock, clockid_t clock,
                                               const timespec* __restrict at) noexcept {
  if (!IsFaked(clock) || !Valid(*at)) {
    return TIDEGATE_LIBC(pthread_rwlock_clockrdlock)(lock, clock, at);
  }
  return WaitUntil(clock, *at, ETIMEDOUT, [&](const timespec* machine) {
    return TIDEGATE_LIBC(pthread_rwlock_clockrdlock)(lock, CLOCK_MONOTONIC, machine);
  });
}

TIDEGATE_EXPORT int pthread_rwlock_clockwrlock(pthread_rwlock_t* __restrict lock, clockid_t clock,
                                               const timespec* __restrict at) noexcept {
  if (!IsFaked(clock) || !Valid(*at)) {
    return TIDEGATE_LIBC(pthread_rwlock_clockwrlock)(lock, clock, at);
  }
  return WaitUntil(clock, *at, ETIMEDOUT, [&](const timespec* machine) {
    return TIDEGATE_LIBC(pthread_rwlock_clockwrlock)(lock, CLOCK_MONOTONIC, machine);
  });
}

TIDEGATE_EXPORT int pthread_rwlock_timedrdlock(pthread_rwlock_t* __restrict lock,
                                               const timespec* __restrict at) noexcept {
  return pthread_rwlock_clockrdlock(lock, CLOCK_REALTIME, at);
}

TIDEGATE_EXPORT int pthread_rwlock_timedwrlock(pthread_rwlock_t* __restrict lock,
                                               const timespec* __restrict at) noexcept {
  return pthread_rwlock_clockwrlock(lock, CLOCK_REALTIME, at);
}

TIDEGATE_EXPORT int pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock,
                                         const timespec* at) {
  if (at == nullptr || !IsFaked(clock) || !Valid(*at)) {
    return TIDEGATE_LIBC(pthread_clockjoin_np)(thread, result, clock, at);
  }
  return WaitUntil(clock, *at, ETIMEDOUT, [&](const timespec* machine) {
    return TIDEGATE_LIBC(pthread_clockjoin_np)(thread, result, CLOCK_MONOTONIC, machine);
  });
}

TIDEGATE_EXPORT int pthread_timedjoin_np(pthread_t thread, void** result, const timespec* at) {
  return pthread_clockjoin_np(thread, result, CLOCK_REALTIME, at);
}

TIDEGATE_EXPORT int thrd_sleep(const timespec* length, timespec* left) {
  const int result = clock_nanosleep(CLOCK_REALTIME, 0, length, left);  // libfaketime's
  return result == 0 ? 0 : (result == EINTR ? -1 : -2);
}

TIDEGATE_EXPORT int sigtimedwait(const sigset_t* __restrict set, siginfo_t* __restrict info,
                                 const timespec* __restrict timeout) {
  if (timeout == nullptr) return TIDEGATE_LIBC(sigtimedwait)(set, info, timeout);
  const timespec shorter = Shorter(*timeout);
  return TIDEGATE_LIBC(sigtimedwait)(set, info, &shorter);
}

TIDEGATE_EXPORT int epoll_pwait2(int epoll, epoll_event* events, int count, const timespec* timeout,
                                 const sigset_t* mask) {
  if (timeout == nullptr) return TIDEGATE_LIBC(epoll_pwait2)(epoll, events, count, timeout, mask);
  const timespec shorter = Shorter(*timeout);
  return TIDEGATE_LIBC(epoll_pwait2)(epoll, events, count, &shorter, mask);
}

TIDEGATE_EXPORT int semtimedop(int id, sembuf* operations, size_t count,
                               const timespec* timeout) noexcept {
  if (timeout == nullptr) return TIDEGATE_LIBC(semtimedop)(id, operations, count, timeout);
  const timespec shorter = Shorter(*timeout);
  return TIDEGATE_LIBC(semtimedop)(id, operations, count, &shorter);
}

TIDEGATE_EXPORT ssize_t mq_timedreceive(mqd_t queue, char* __restrict message, size_t size,
                                        unsigned* __restrict priority,
                                        const timespec* __restrict at) {
  if (!Valid(*at)) return TIDEGATE_LIBC(mq_timedreceive)(queue, message, size, priority, at);
  const timespec machine = Moment(CLOCK_REALTIME, *at, CLOCK_REALTIME);
  return TIDEGATE_LIBC(mq_timedreceive)(queue, message, size, priority, &machine);
}

TIDEGATE_EXPORT int mq_timedsend(mqd_t queue, const char* message, size_t size, unsigned priority,
                                 const timespec* at) {
  if (!Valid(*at)) return TIDEGATE_LIBC(mq_timedsend)(queue, message, size, priority, at);
  const timespec machine = Moment(CLOCK_REALTIME, *at, CLOCK_REALTIME);
  return TIDEGATE_LIBC(mq_timedsend)(queue, message, size, priority, &machine);
}

TIDEGATE_EXPORT long syscall(long number, ...) noexcept {
  va_list list;
  va_start(list, number);
  long a[6];
  for (long& each : a) each = va_arg(list, long);
  va_end(list);
  if (number == SYS_futex) return Futex(a);
  return TIDEGATE_LIBC(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
