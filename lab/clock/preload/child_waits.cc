// Looks at a child that may not wait (WNOHANG), between which programs sleep: Python's
// wait(timeout), our own engine's. Whether a child that has said its last has already ended is
// a race in real time, and the sleep that follows is one in virtual time. So such a look waits
// until everybody else sleeps, and looks again.
#include <sys/resource.h>
#include <sys/wait.h>

#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace {

// Once a child and time: who looks over and over without a sleep goes on without one. And who has
// slept since the last look was woken alone: all others have been seen at rest.
struct LastLook {
  pid_t pid = 0;
  Time at = 0;
};
__thread LastLook t_last __attribute__((tls_model("initial-exec")));

bool MayLookAgain(pid_t pid, int options, pid_t ended) {
  if (ThePage() == nullptr || ended != 0 || pid <= 0 || (options & WNOHANG) == 0) return false;
  const Time now = Now();
  if (t_last.pid == pid && (t_last.at == now || t_self.streak_ended == now)) return false;
  t_last = {pid, now};
  LetOthersRest();
  return true;
}

}  // namespace

TIDEGATE_EXPORT pid_t waitpid(pid_t pid, int* status, int options) {
  const pid_t ended = TIDEGATE_REAL(waitpid)(pid, status, options);
  return MayLookAgain(pid, options, ended) ? TIDEGATE_REAL(waitpid)(pid, status, options) : ended;
}

TIDEGATE_EXPORT pid_t wait4(pid_t pid, int* status, int options, rusage* used) {
  pid_t ended = TIDEGATE_REAL(wait4)(pid, status, options, used);
  if (MayLookAgain(pid, options, ended)) ended = TIDEGATE_REAL(wait4)(pid, status, options, used);
  // Processor time costs nothing (cpu_time.cc).
  if (ThePage() != nullptr && ended > 0 && used != nullptr) *used = {};
  return ended;
}

TIDEGATE_EXPORT pid_t wait3(int* status, int options, rusage* used) noexcept {
  return wait4(-1, status, options, used);
}
