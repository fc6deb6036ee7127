// How the clock of outside programs and the world's are kept together: what differs between the
// clocks of the lab. The session asks it when the world may go on, and until when.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "lab/front/http_front.h"

namespace tidegate::lab {

/// The program to be judged. Its output goes to `log_path`.
struct Program {
  std::vector<std::string> argv;  ///< argv[0] is looked up on PATH
  std::vector<std::string> environment;
  std::string folder;
  std::string log_path;
  int input_fd = -1;  ///< its standard input; -1: empty
};

class Pace {
 public:
  virtual ~Pace() = default;

  /// Starts it as the first process of a PID namespace of its own. Once more after KillAll: in a
  /// new one.
  virtual Status Spawn(const Program& program) = 0;
  /// Of the program; nullopt while it runs. 128+n: it died of signal n.
  virtual std::optional<int> ExitStatus() = 0;
  virtual void KillAll() = 0;

  /// The world's time is now `now`.
  virtual void Set(Time now) = 0;
  /// Has everything come that comes at this time? Waits a little when not, and then has to be asked
  /// again. `worked`: something came, or was sent, since the last question; `waiting`: inputs wait.
  virtual bool Settled(bool worked, bool waiting, HttpFront* front) = 0;
  /// Before Settled: does somebody outside wait for an answer of the world's?
  virtual void Owes(bool) {}
  /// Are two runs one? Then what has come at the same time is taken in an order of its own.
  virtual bool Repeats() const { return true; }
  /// Was there a look at what has come so lately that answers can go out without another?
  virtual bool Hurries() const { return false; }
  /// When the program has to be looked at again at the latest; nullopt: not for its own sake.
  virtual std::optional<Time> NextWake() = 0;
  /// Wakes one sleeper whose time has come; false: there is none.
  virtual bool WakeOne() = 0;
  /// Tells processes apart that do the same; the same in every run where time is virtual. By pid as
  /// this process sees it, or by the port that a connection comes from.
  virtual std::uint64_t LineageOfProcess(int pid) = 0;
  virtual std::uint64_t LineageOfPort(std::uint16_t port) = 0;
  /// Why the run can't go on; empty: it can.
  virtual const std::string& trouble() const = 0;
};

struct LockstepSettings {
  std::string folder;   ///< exists; for the shared page
  std::string preload;  ///< path of libtidegate_clock.so
  std::int64_t epoch_ms = 0;
  std::uint64_t seed = 0;
};

/// Errors: kIo where this machine can't do it.
Result<std::unique_ptr<Pace>> MakeLockstepPace(const LockstepSettings& settings);

/// No tricks: the world keeps step with the machine's clock.
std::unique_ptr<Pace> MakeRealPace();

/// Path of libfaketime's library for programs with threads. Errors: kNotFound.
Result<std::string> FindFaketime();

struct FaketimeSettings {
  std::string folder;   ///< exists; for what a probe prints
  std::string library;  ///< of FindFaketime
  std::string waits;    ///< path of libtidegate_multiplied.so: what the library leaves out
  std::int64_t epoch_ms = 0;
};

/// libfaketime in every process, its clock a multiple of the machine's and the world in step. How
/// often as fast is found by a probe: on a slow or busy machine time passes slower, so that
/// starting a program costs little of it. Errors: kIo where this machine can't do it.
Result<std::unique_ptr<Pace>> MakeFaketimePace(const FaketimeSettings& settings);

/// For people: processes live in the machine's time, and the world stands still but for answers to
/// what they ask and for time that they let pass.
std::unique_ptr<Pace> MakeStoppedPace();

}  // namespace tidegate::lab
