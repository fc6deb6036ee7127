// Locks and condition variables of C11's <threads.h>: libc's go straight to its own inner
// functions, past ours, so all of them are here, on our condition variables.
#include <errno.h>
#include <pthread.h>
#include <threads.h>

#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace {

pthread_cond_t* Of(cnd_t* condition) { return reinterpret_cast<pthread_cond_t*>(condition); }
pthread_mutex_t* Of(mtx_t* mutex) { return reinterpret_cast<pthread_mutex_t*>(mutex); }
static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t));
static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t));

int Said(int error) {
  switch (error) {
    case 0: return thrd_success;
    case ETIMEDOUT: return thrd_timedout;
    case ENOMEM: return thrd_nomem;
    case EBUSY: return thrd_busy;
    default: return thrd_error;
  }
}

}  // namespace

TIDEGATE_EXPORT int cnd_init(cnd_t* condition) {
  return Said(pthread_cond_init(Of(condition), nullptr));
}

TIDEGATE_EXPORT void cnd_destroy(cnd_t* condition) { pthread_cond_destroy(Of(condition)); }

TIDEGATE_EXPORT int cnd_signal(cnd_t* condition) {
  return Said(pthread_cond_signal(Of(condition)));
}

TIDEGATE_EXPORT int cnd_broadcast(cnd_t* condition) {
  return Said(pthread_cond_broadcast(Of(condition)));
}

TIDEGATE_EXPORT int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return Said(pthread_cond_wait(Of(condition), Of(mutex)));
}

TIDEGATE_EXPORT int cnd_timedwait(cnd_t* __restrict condition, mtx_t* __restrict mutex,
                                  const timespec* __restrict at) {
  return Said(pthread_cond_timedwait(Of(condition), Of(mutex), at));
}

TIDEGATE_EXPORT int mtx_timedlock(mtx_t* __restrict mutex, const timespec* __restrict at) {
  return Said(pthread_mutex_timedlock(Of(mutex), at));
}
