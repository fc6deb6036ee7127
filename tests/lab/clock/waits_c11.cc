// C11's threads, and what the kernel has of queues and semaphores.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/sem.h>
#include <threads.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "tests/lab/clock/waits.h"

namespace tidegate::test {
namespace {

const char* Said(int result) {
  return result == thrd_timedout ? "timed out" : (result == thrd_success ? "got it" : "failed");
}

struct Lock {
  Lock() {
    if (mtx_init(&mutex, mtx_timed) != thrd_success || cnd_init(&changed) != thrd_success) abort();
  }
  mtx_t mutex;
  cnd_t changed;
};

// `wake` by another thread after 200 s.
const char* OnCondition(int (*wake)(cnd_t*)) {
  static Lock lock;
  std::thread other([wake] {
    sleep(kEarly);
    mtx_lock(&lock.mutex);
    if (wake != nullptr) wake(&lock.changed);
    mtx_unlock(&lock.mutex);
  });
  mtx_lock(&lock.mutex);
  const timespec at = In(CLOCK_REALTIME, kSeconds);
  const char* said = Said(cnd_timedwait(&lock.changed, &lock.mutex, &at));
  mtx_unlock(&lock.mutex);
  other.join();
  return said;
}

// Another thread holds it for `seconds`.
const char* OnMutex(int seconds) {
  static Lock lock;
  static std::atomic<bool> held = false;
  std::thread holder([seconds] {
    mtx_lock(&lock.mutex);
    held = true;
    sleep(static_cast<unsigned>(seconds));
    mtx_unlock(&lock.mutex);
  });
  while (!held) thrd_yield();  // time stands still meanwhile
  const timespec at = In(CLOCK_REALTIME, kSeconds);
  const char* said = Said(mtx_timedlock(&lock.mutex, &at));
  holder.detach();
  return said;
}

// A queue of one message that nobody else sees.
mqd_t Queue() {
  char name[64];
  std::snprintf(name, sizeof name, "/tidegate-waits-%d", getpid());
  mq_attr size = {};
  size.mq_maxmsg = 1;
  size.mq_msgsize = 8;
  const mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, &size);
  if (queue < 0) abort();
  mq_unlink(name);
  return queue;
}

const char* SaidOfQueue(long result) {
  if (result >= 0) return "got it";
  return errno == ETIMEDOUT ? "timed out" : "failed";
}

const char* Receive(bool woken) {
  const mqd_t queue = Queue();
  std::thread other([=] {
    sleep(kEarly);
    if (woken) mq_send(queue, "x", 1, 0);
  });
  char text[8];
  const timespec at = In(CLOCK_REALTIME, kSeconds);
  const char* said = SaidOfQueue(mq_timedreceive(queue, text, sizeof text, nullptr, &at));
  other.join();
  return said;
}

const char* Send(bool woken) {
  const mqd_t queue = Queue();
  mq_send(queue, "x", 1, 0);
  std::thread other([=] {
    char text[8];
    sleep(kEarly);
    if (woken) mq_receive(queue, text, sizeof text, nullptr);
  });
  const timespec at = In(CLOCK_REALTIME, kSeconds);
  const char* said = SaidOfQueue(mq_timedsend(queue, "y", 1, 0, &at));
  other.join();
  return said;
}

const char* SystemVSemaphore() {
  const int set = semget(IPC_PRIVATE, 1, 0600);
  if (set < 0) abort();
  sembuf take = {0, -1, 0};
  const timespec limit = {kSeconds, 0};
  const int result = semtimedop(set, &take, 1, &limit);
  const bool late = result < 0 && errno == EAGAIN;
  semctl(set, 0, IPC_RMID);
  return late ? "timed out" : "failed";
}

}  // namespace

std::vector<Wait> C11AndIpcWaits() {
  return {
      {"cnd_timedwait", [] { return OnCondition(nullptr); }},
      {"cnd_timedwait_woken", [] { return OnCondition(cnd_signal); }},
      {"cnd_broadcast", [] { return OnCondition(cnd_broadcast); }},
      {"mtx_timedlock", [] { return OnMutex(kSeconds + 1); }},
      {"mtx_timedlock_woken", [] { return OnMutex(kEarly); }},
      {"mq_timedreceive", [] { return Receive(false); }},
      {"mq_timedreceive_woken", [] { return Receive(true); }},
      {"mq_timedsend", [] { return Send(false); }},
      {"mq_timedsend_woken", [] { return Send(true); }},
      {"semtimedop", SystemVSemaphore},
  };
}

}  // namespace tidegate::test
