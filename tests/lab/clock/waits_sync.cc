#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <future>
#include <mutex>
#include <semaphore>
#include <thread>

#include "tests/lab/clock/waits.h"

namespace tidegate::test {
namespace {

using std::chrono::seconds;

const char* Said(int error) {
  return error == ETIMEDOUT ? "timed out" : (error == 0 ? "got it" : "failed");
}

struct Condition {
  explicit Condition(clockid_t clock) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, clock);
    pthread_cond_init(&condition, &attributes);
    pthread_mutex_lock(&mutex);
  }
  pthread_cond_t condition;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
};

template <clockid_t kClock>
const char* CondTimedwait() {
  Condition own(kClock);
  const timespec at = In(kClock, kSeconds);
  return Said(pthread_cond_timedwait(&own.condition, &own.mutex, &at));
}

template <clockid_t kClock>
const char* CondClockwait() {
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  const timespec at = In(kClock, kSeconds);
  return Said(pthread_cond_clockwait(&condition, &mutex, kClock, &at));
}

template <typename Acts>
std::thread Early(Acts acts) {
  return std::thread([acts] {
    sleep(kEarly);
    acts();
  });
}

const char* CondWoken() {
  static Condition own(CLOCK_MONOTONIC);
  std::thread other = Early([] {
    pthread_mutex_lock(&own.mutex);
    pthread_cond_signal(&own.condition);
    pthread_mutex_unlock(&own.mutex);
  });
  const timespec at = In(CLOCK_MONOTONIC, kSeconds);
  const char* said = Said(pthread_cond_timedwait(&own.condition, &own.mutex, &at));
  pthread_mutex_unlock(&own.mutex);
  other.join();
  return said;
}

// Ten threads wait without a limit; one broadcast wakes them all.
const char* CondBroadcast() {
  std::mutex mutex;
  std::condition_variable changed;
  bool go = false;
  std::vector<std::thread> waiters;
  for (int i = 0; i < 10; ++i) {
    waiters.emplace_back([&] {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return go; });
    });
  }
  sleep(kSeconds);
  {
    const std::lock_guard lock(mutex);
    go = true;
  }
  changed.notify_all();
  for (std::thread& waiter : waiters) waiter.join();
  return "all woke";
}

template <typename Waits>
const char* OnSemaphore(bool post, Waits waits) {
  static sem_t semaphore;
  sem_init(&semaphore, 0, 0);
  std::thread other = Early([post] {
    if (post) sem_post(&semaphore);
  });
  const int result = waits(&semaphore);
  const char* said = Said(result == 0 ? 0 : errno);
  other.join();
  int value = -1;
  sem_getvalue(&semaphore, &value);
  return value == 0 ? said : "a wrong value is left";
}

int SemTimedwait(sem_t* semaphore) {
  const timespec at = In(CLOCK_REALTIME, kSeconds);
  return sem_timedwait(semaphore, &at);
}
int SemClockwait(sem_t* semaphore) {
  const timespec at = In(CLOCK_MONOTONIC, kSeconds);
  return sem_clockwait(semaphore, CLOCK_MONOTONIC, &at);
}

// Another thread holds the mutex, for ever or for 200 s.
template <typename Locks>
const char* OnMutex(bool unlocks, Locks locks) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static bool unlocked_early;
  unlocked_early = unlocks;
  static sem_t held;
  sem_init(&held, 0, 0);
  std::thread holder([] {
    pthread_mutex_lock(&mutex);
    sem_post(&held);
    sleep(unlocked_early ? kEarly : kSeconds + 1);
    pthread_mutex_unlock(&mutex);
  });
  sem_wait(&held);
  const int result = locks(&mutex);
  const char* said = Said(result);
  if (result == 0) pthread_mutex_unlock(&mutex);
  holder.detach();
  return said;
}

int Timedlock(pthread_mutex_t* mutex) {
  const timespec at = In(CLOCK_REALTIME, kSeconds);
  return pthread_mutex_timedlock(mutex, &at);
}
int Clocklock(pthread_mutex_t* mutex) {
  const timespec at = In(CLOCK_MONOTONIC, kSeconds);
  return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &at);
}

// Three wait for one lock, two of them without a limit: nobody is forgotten.
const char* MutexCrowd() {
  static std::timed_mutex mutex;
  mutex.lock();
  std::thread first([] { const std::lock_guard lock(mutex); });
  std::thread second([] {
    if (mutex.try_lock_for(seconds(10 * kSeconds))) mutex.unlock();
  });
  std::thread third([] { const std::lock_guard lock(mutex); });
  sleep(kSeconds);
  mutex.unlock();
  first.join();
  second.join();
  third.join();
  return "all had it";
}

const char* Rwlock() {
  pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
  pthread_rwlock_rdlock(&lock);
  const timespec at = In(CLOCK_REALTIME, kSeconds);
  return Said(pthread_rwlock_timedwrlock(&lock, &at));
}

const char* Timedjoin() {
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        sleep(10 * kSeconds);
        return nullptr;
      },
      nullptr);
  const timespec at = In(CLOCK_REALTIME, kSeconds);
  return Said(pthread_timedjoin_np(thread, nullptr, &at));
}

const char* CvWaitFor() {
  std::mutex mutex;
  std::condition_variable changed;
  std::unique_lock lock(mutex);
  return changed.wait_for(lock, seconds(kSeconds)) == std::cv_status::timeout ? "timed out"
                                                                              : "woken";
}

const char* CvWaitUntil() {
  std::mutex mutex;
  std::condition_variable changed;
  std::unique_lock lock(mutex);
  const auto at = std::chrono::system_clock::now() + seconds(kSeconds);
  return changed.wait_until(lock, at) == std::cv_status::timeout ? "timed out" : "woken";
}

const char* FutureWaitFor() {
  std::promise<int> promise;
  return promise.get_future().wait_for(seconds(kSeconds)) == std::future_status::timeout
             ? "timed out"
             : "ready";
}

const char* FutureWaitUntil() {
  std::promise<int> promise;
  const auto at = std::chrono::system_clock::now() + seconds(kSeconds);
  return promise.get_future().wait_until(at) == std::future_status::timeout ? "timed out" : "ready";
}

const char* FutureWoken() {
  static std::promise<int> promise;
  std::thread other = Early([] { promise.set_value(1); });
  const auto said = promise.get_future().wait_for(seconds(kSeconds));
  other.join();
  return said == std::future_status::ready ? "ready" : "timed out";
}

const char* CountingSemaphore() {
  std::counting_semaphore<4> semaphore(0);
  return semaphore.try_acquire_for(seconds(kSeconds)) ? "got it" : "timed out";
}

}  // namespace

std::vector<Wait> SyncWaits() {
  return {
      {"cond_timedwait_real", CondTimedwait<CLOCK_REALTIME>},
      {"cond_timedwait_mono", CondTimedwait<CLOCK_MONOTONIC>},
      {"cond_clockwait_real", CondClockwait<CLOCK_REALTIME>},
      {"cond_clockwait_mono", CondClockwait<CLOCK_MONOTONIC>},
      {"cond_timedwait_woken", CondWoken},
      {"cond_broadcast", CondBroadcast},
      {"sem_timedwait", [] { return OnSemaphore(false, SemTimedwait); }},
      {"sem_timedwait_woken", [] { return OnSemaphore(true, SemTimedwait); }},
      {"sem_clockwait", [] { return OnSemaphore(false, SemClockwait); }},
      {"sem_clockwait_woken", [] { return OnSemaphore(true, SemClockwait); }},
      {"mutex_timedlock", [] { return OnMutex(false, Timedlock); }},
      {"mutex_timedlock_woken", [] { return OnMutex(true, Timedlock); }},
      {"mutex_clocklock", [] { return OnMutex(false, Clocklock); }},
      {"mutex_crowd", MutexCrowd},
      {"rwlock_timedwrlock", Rwlock},
      {"timedjoin", Timedjoin},
      {"cv_wait_for", CvWaitFor},
      {"cv_wait_until", CvWaitUntil},
      {"future_wait_for", FutureWaitFor},
      {"future_wait_until", FutureWaitUntil},
      {"future_woken", FutureWoken},
      {"counting_semaphore", CountingSemaphore},
  };
}

}  // namespace tidegate::test
