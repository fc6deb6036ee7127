// Timed waits on condition variables, semaphores and locks. Each sleeps on two words at once
// (futex_waitv): the object's own and the slot's, so that it is truly asleep until either changes.
//
// Condition variables are ours altogether, because glibc's inner words can't be waited for from
// outside: a sequence number that every signal increments. Semaphores and mutexes stay glibc's; the
// waits here keep to their layouts.
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>

#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace {

// In the place of a pthread_cond_t; all zero is PTHREAD_COND_INITIALIZER.
struct Condition {
  std::uint32_t sequence;
  std::uint32_t monotonic;
  std::uint32_t shared;
};
static_assert(sizeof(Condition) <= sizeof(pthread_cond_t));

Condition* Of(pthread_cond_t* condition) { return reinterpret_cast<Condition*>(condition); }

int Wait(Condition* condition, pthread_mutex_t* mutex, Time deadline) {
  const std::uint32_t sequence = __atomic_load_n(&condition->sequence, __ATOMIC_ACQUIRE);
  const int unlocked = pthread_mutex_unlock(mutex);
  if (unlocked != 0) return unlocked;
  const int waited = WaitOnWord(&condition->sequence, sequence, condition->shared != 0, deadline);
  const int locked = pthread_mutex_lock(mutex);
  if (locked != 0) return locked;
  return waited == ETIMEDOUT ? ETIMEDOUT : 0;
}

int Notify(Condition* condition, int count) {
  const bool shared = condition->shared != 0;
  __atomic_add_fetch(&condition->sequence, 1, __ATOMIC_RELEASE);
  WakeWord(&condition->sequence, count, shared);
  return 0;
}

bool Valid(const timespec& at) { return at.tv_nsec >= 0 && at.tv_nsec < kNsPerSecond; }

// glibc's semaphore of 64-bit machines (nptl/sem_waitcommon.c since 2.21): the value in the low
// half, the number of waiters in the high half, then whether it is shared.
struct Semaphore {
  std::uint64_t data;
  std::int32_t shared;
};
constexpr std::uint64_t kOneWaiter = 1ULL << 32;
static_assert(sizeof(Semaphore) <= sizeof(sem_t));
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half lies first");

int WaitForSemaphore(sem_t* semaphore, Time deadline) {
  auto* own = reinterpret_cast<Semaphore*>(semaphore);
  const auto* value = reinterpret_cast<const std::uint32_t*>(&own->data);
  std::uint64_t data = __atomic_add_fetch(&own->data, kOneWaiter, __ATOMIC_RELAXED);
  for (;;) {
    if ((data & UINT32_MAX) == 0) {
      const int waited = WaitOnWord(value, 0, own->shared != 0, deadline);
      if (waited != 0) {
        __atomic_sub_fetch(&own->data, kOneWaiter, __ATOMIC_RELAXED);
        errno = waited;
        return -1;
      }
      data = __atomic_load_n(&own->data, __ATOMIC_RELAXED);
    } else if (__atomic_compare_exchange_n(&own->data, &data, data - 1 - kOneWaiter, true,
                                           __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
      return 0;
    }
  }
}

// For the locks whose words are nobody's business.
template <typename Try>
int Retry(Time deadline, Try attempt) {
  return TryUntil(deadline, EBUSY, ETIMEDOUT, attempt);
}

// A mutex of the plain kinds is a word: 0 free, 1 locked, 2 locked and waited for
// (nptl/lowlevellock). Whoever was asleep locks with 2, since others may be asleep still.
int LockPlain(pthread_mutex_t* mutex, Time deadline) {
  auto* word = reinterpret_cast<std::uint32_t*>(&mutex->__data.__lock);
  const bool shared = (mutex->__data.__kind & 128) != 0;
  bool slept = false;
  for (;;) {
    const int tried = pthread_mutex_trylock(mutex);
    std::uint32_t locked = 1;
    if (tried == 0) {
      if (slept) {
        __atomic_compare_exchange_n(word, &locked, 2U, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
      }
      return 0;
    }
    if (tried != EBUSY) return tried;
    if (!__atomic_compare_exchange_n(word, &locked, 2U, false, __ATOMIC_RELAXED,
                                     __ATOMIC_RELAXED) &&
        locked != 2) {
      continue;
    }
    if (WaitOnWord(word, 2, shared, deadline) == ETIMEDOUT) return ETIMEDOUT;
    slept = true;
  }
}

}  // namespace

TIDEGATE_EXPORT int pthread_cond_init(pthread_cond_t* condition,
                                      const pthread_condattr_t* attributes) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(pthread_cond_init)(condition, attributes);
  clockid_t clock = CLOCK_REALTIME;
  int shared = PTHREAD_PROCESS_PRIVATE;
  if (attributes != nullptr) {
    pthread_condattr_getclock(attributes, &clock);
    pthread_condattr_getpshared(attributes, &shared);
  }
  *Of(condition) = {0, clock == CLOCK_MONOTONIC ? 1U : 0U,
                    shared == PTHREAD_PROCESS_SHARED ? 1U : 0U};
  return 0;
}

TIDEGATE_EXPORT int pthread_cond_destroy(pthread_cond_t* condition) noexcept {
  return ThePage() == nullptr ? TIDEGATE_REAL(pthread_cond_destroy)(condition) : 0;
}

TIDEGATE_EXPORT int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  if (ThePage() == nullptr) return TIDEGATE_REAL(pthread_cond_wait)(condition, mutex);
  return Wait(Of(condition), mutex, kNever);
}

TIDEGATE_EXPORT int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                           clockid_t clock, const timespec* at) {
  if (ThePage() == nullptr) {
    return TIDEGATE_REAL(pthread_cond_clockwait)(condition, mutex, clock, at);
  }
  if (!Valid(*at)) return EINVAL;
  return Wait(Of(condition), mutex, FromClock(clock, *at));
}

TIDEGATE_EXPORT int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                           const timespec* at) {
  if (ThePage() == nullptr) return TIDEGATE_REAL(pthread_cond_timedwait)(condition, mutex, at);
  const bool monotonic = Of(condition)->monotonic != 0;
  return pthread_cond_clockwait(condition, mutex, monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME, at);
}

TIDEGATE_EXPORT int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(pthread_cond_signal)(condition);
  return Notify(Of(condition), 1);
}

TIDEGATE_EXPORT int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(pthread_cond_broadcast)(condition);
  return Notify(Of(condition), INT_MAX);
}

TIDEGATE_EXPORT int sem_clockwait(sem_t* semaphore, clockid_t clock, const timespec* at) {
  if (ThePage() == nullptr) return TIDEGATE_REAL(sem_clockwait)(semaphore, clock, at);
  if (sem_trywait(semaphore) == 0) return 0;
  if (!Valid(*at)) {
    errno = EINVAL;
    return -1;
  }
  return WaitForSemaphore(semaphore, FromClock(clock, *at));
}

TIDEGATE_EXPORT int sem_timedwait(sem_t* __restrict semaphore, const timespec* __restrict at) {
  if (ThePage() == nullptr) return TIDEGATE_REAL(sem_timedwait)(semaphore, at);
  return sem_clockwait(semaphore, CLOCK_REALTIME, at);
}

TIDEGATE_EXPORT int pthread_mutex_clocklock(pthread_mutex_t* __restrict mutex, clockid_t clock,
                                            const timespec* __restrict at) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(pthread_mutex_clocklock)(mutex, clock, at);
  constexpr int kPlainMask = 0x70;  // robust, priority inheritance, priority protection
  if (!Valid(*at)) return EINVAL;
  const Time deadline = FromClock(clock, *at);
  if ((mutex->__data.__kind & kPlainMask) == 0) {
    // A thread that waits for itself: EDEADLK for the kind that checks.
    return LockPlain(mutex, deadline);
  }
  return Retry(deadline, [&] { return pthread_mutex_trylock(mutex); });
}

TIDEGATE_EXPORT int pthread_mutex_timedlock(pthread_mutex_t* __restrict mutex,
                                            const timespec* __restrict at) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(pthread_mutex_timedlock)(mutex, at);
  return pthread_mutex_clocklock(mutex, CLOCK_REALTIME, at);
}

TIDEGATE_EXPORT int pthread_rwlock_clockrdlock(pthread_rwlock_t* __restrict lock, clockid_t clock,
                                               const timespec* __restrict at) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(pthread_rwlock_clockrdlock)(lock, clock, at);
  return Retry(FromClock(clock, *at), [&] { return pthread_rwlock_tryrdlock(lock); });
}

TIDEGATE_EXPORT int pthread_rwlock_clockwrlock(pthread_rwlock_t* __restrict lock, clockid_t clock,
                                               const timespec* __restrict at) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(pthread_rwlock_clockwrlock)(lock, clock, at);
  return Retry(FromClock(clock, *at), [&] { return pthread_rwlock_trywrlock(lock); });
}

TIDEGATE_EXPORT int pthread_rwlock_timedrdlock(pthread_rwlock_t* __restrict lock,
                                               const timespec* __restrict at) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(pthread_rwlock_timedrdlock)(lock, at);
  return pthread_rwlock_clockrdlock(lock, CLOCK_REALTIME, at);
}

TIDEGATE_EXPORT int pthread_rwlock_timedwrlock(pthread_rwlock_t* __restrict lock,
                                               const timespec* __restrict at) noexcept {
  if (ThePage() == nullptr) return TIDEGATE_REAL(pthread_rwlock_timedwrlock)(lock, at);
  return pthread_rwlock_clockwrlock(lock, CLOCK_REALTIME, at);
}

TIDEGATE_EXPORT int pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock,
                                         const timespec* at) {
  if (ThePage() == nullptr) return TIDEGATE_REAL(pthread_clockjoin_np)(thread, result, clock, at);
  return Retry(FromClock(clock, *at), [&] { return pthread_tryjoin_np(thread, result); });
}

TIDEGATE_EXPORT int pthread_timedjoin_np(pthread_t thread, void** result, const timespec* at) {
  if (ThePage() == nullptr) return TIDEGATE_REAL(pthread_timedjoin_np)(thread, result, at);
  return pthread_clockjoin_np(thread, result, CLOCK_REALTIME, at);
}
