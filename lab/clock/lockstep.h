// The lockstep clock: an engine's whole process tree lives in virtual time, unmodified. Every clock
// that its processes read answers from one shared page, every timed wait becomes "register a
// deadline, sleep until woken", and whoever owns the Lockstep moves the time: only when it is
// proven that every process is asleep and nothing is on its way. CPU time costs no virtual time,
// which is what makes two runs equal.
//
// How to drive it, in one thread:
//
//     settle: do { worked = io.poll() > 0; } while (!clock->Quiescent(worked));
//             apply ONE queued input if there is one, else go to NextDeadline() (or the world's own
//             next event, if earlier): Set(then), WakeOne(), and settle again. More than one
//             sleeper may be due at a time: WakeOne() again after the next settling, before time
//             goes on.
//
// What it can't reach: programs without libc (static ones, Go), set-user-id programs, waits inside
// the kernel (SO_RCVTIMEO), a processor that spins until the clock has moved (time stands still
// while anything runs: whoever drives it needs a limit of its own in real time; see Awake()).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tidegate::lab {

/// What Spawn starts.
struct Command {
  std::vector<std::string> argv;  ///< argv[0] is looked up on the PATH of `env`
  std::vector<std::string> env;   ///< "NAME=value"; the clock adds what it needs
  std::string cwd;                ///< "" = the caller's
  int stdin_fd = -1;              ///< -1 = /dev/null
  int stdout_fd = 1;
  int stderr_fd = 2;
};

class Lockstep {
 public:
  struct Options {
    std::string directory;      ///< exists; the shared page lies in it while the Lockstep lives
    std::string preload;        ///< path of libtidegate_clock.so, absolute
    std::int64_t epoch_ns = 0;  ///< CLOCK_REALTIME at Time 0
    std::uint64_t seed = 1;     ///< of getrandom, /dev/urandom, mktemp, PYTHONHASHSEED, process ids
  };

  /// kIo where this machine can't do it (no futex_waitv, no namespaces): the message says what.
  static Result<std::unique_ptr<Lockstep>> Create(const Options& options);
  virtual ~Lockstep() = default;  ///< kills what is left, as KillAll

  /// Starts the command under the clock, as the first child of a PID namespace of its own whose
  /// process 1 only reaps. Standard streams are /dev/null or the given fds; all other fds stay
  /// behind. Not root: also a user namespace, in which the caller is root. kNotFound: no such
  /// program. REQUIRES: the first call, or KillAll since the last one; then it has a namespace and
  /// lineages of its own.
  virtual Status Spawn(const Command& command) = 0;
  /// Of the command, not of what it left running; nullopt while it runs (128+n: by signal n).
  virtual std::optional<int> ExitStatus() = 0;
  /// Ends every process of the namespace and returns when all are gone.
  virtual void KillAll() = 0;

  /// All reads answer `now` from here on; wakes nobody. REQUIRES: not before the last one.
  virtual void Set(Time now) = 0;
  virtual Time now() const = 0;
  /// The least deadline of living sleepers and timers; nullopt: none. Exact after Quiescent().
  virtual std::optional<Time> NextDeadline() = 0;
  /// Wakes the one that is due, least by (deadline, lineage); false: none is due. A timer that is
  /// due (alarm, timer_settime, timerfd) counts as one sleeper.
  virtual bool WakeOne() = 0;

  /// One look: true when every process of the namespace is asleep and nothing has changed since the
  /// last look, which was the same. False also when `world_had_work` (the caller found something to
  /// do since the last look), and then the proof begins again. Naps for 20 to 2000
  /// microseconds itself when it found somebody awake, so that the caller can simply loop.
  ///
  /// The caller's part of the proof: bytes that it wrote to a socket have arrived (SIOCOUTQ is 0).
  virtual bool Quiescent(bool world_had_work) = 0;
  /// Who was awake at the last look that failed, as "4242 bash", for a message when nothing
  /// settles.
  virtual std::vector<std::string> Awake() const = 0;

  /// Stable between runs: a hash of the path of fork and spawn numbers from the command. `pid` as
  /// the processes themselves see it (getpid()). 0: unknown.
  virtual std::uint64_t LineageOf(pid_t pid) = 0;
  /// Of the thread that last called connect() from this local TCP port; 0: unknown. A client's
  /// request comes from its port, and its pid is hard to find.
  virtual std::uint64_t LineageOfPort(std::uint16_t port) = 0;
  /// As the processes see it, of a pid as this process sees it (SO_PEERCRED); 0: not of the
  /// namespace.
  virtual pid_t InnerPid(pid_t pid) = 0;
};

}  // namespace tidegate::lab
