// A lab that is kept for people: nobody's program says when it is over, and nothing goes on while
// they think. Here is what people ask for with the `lab` command, and until when they let time
// pass.
//
//   lab advance 10m    simulated time passes; the reply comes when it has
//   lab show           the world: nodes, states, windows, faults
//   lab exit [STATUS]  the end, and the verdict; STATUS as an engine's (0: done)
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "lab/session/control_socket.h"
#include "lab/shell/wire.h"

namespace tidegate::lab {

class Attended {
 public:
  struct Settings {
    bool can_advance = true;            ///< false: the clock is the machine's
    std::function<std::string()> show;  ///< the world as text
    std::function<void()> at_rest;      ///< called now and then while nothing happens
  };
  explicit Attended(Settings settings) : settings_(std::move(settings)) {}

  using Answer = std::function<void(CallId, const Reply&)>;
  /// A `lab` command. The answer comes at once, or by Passed.
  void Take(CallId call, const Request& request, Time now, const Answer& answer);
  /// Who asked has gone; time no longer passes for them.
  void Gone(CallId call) { waiting_.erase(call); }
  /// Time has come to `now`.
  void Passed(Time now, const Answer& answer);

  /// The next moment until which somebody lets time pass; nullopt: it stands still.
  std::optional<Time> until() const;
  /// The exit status with which people ended it; nullopt: they haven't.
  std::optional<int> end() const;
  /// Calls `at_rest`, five times a second of the machine's time at most.
  void Rest();

  /// From now on Ctrl-C, SIGTERM and a terminal that hangs up end the lab as `lab exit` does.
  static void CatchSignals();

 private:
  struct Waiting {
    Time until = 0;
    Duration asked = 0;
  };
  static std::atomic<bool> interrupted_;

  Settings settings_;
  std::map<CallId, Waiting> waiting_;
  std::optional<int> end_;
  std::chrono::steady_clock::time_point rested_at_;
};

}  // namespace tidegate::lab
