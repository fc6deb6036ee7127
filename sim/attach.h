// How an engine is attached to the world: our executor in a rehearsal, or anybody's program behind
// real sockets in the lab. The world performs actions on simulated hosts and answers queries with
// bytes; it records both as boundary events.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "engine/port/port.h"
#include "trace/event.h"

namespace tidegate::sim {

/// What the world offers to whoever runs an engine.
class EngineLink {
 public:
  virtual ~EngineLink() = default;

  virtual Time now() const = 0;
  /// How far the clock of the engine's host is ahead of `now`; may be negative.
  virtual Duration host_clock_ahead() const { return 0; }
  /// Begins an action; its end comes as port::ActionDone. At most one at a time.
  virtual void Perform(std::uint64_t id, const engine::port::Action& action) = 0;
  /// Asks; the answer comes as port::ObservationCame, kTimedOut after `timeout` at the latest.
  virtual void Ask(std::uint64_t id, std::uint32_t incarnation, const engine::port::Query& query,
                   Duration timeout) = 0;
  virtual void WakeAt(Time at) = 0;
  /// Gives an input to the engine at the present time, after what is being done now.
  virtual void Post(const engine::port::Input& input) = 0;
  /// Writes a claim; time is filled in. Only kinds of class claim.
  virtual void Claim(trace::Event event, std::string_view text) = 0;
};

/// Whoever runs an engine, seen from the world.
class AttachedEngine {
 public:
  virtual ~AttachedEngine() = default;
  /// The engine begins (time: RunPlan::engine_start).
  virtual void Start(EngineLink* link) = 0;
  virtual void OnInput(const engine::port::Input& input) = 0;
  /// A fault kills the engine's process now; it may come back by itself through `link`.
  virtual void Crash(trace::CrashPoint point) = 0;
  /// The engine has ended, well or badly.
  virtual bool finished() const = 0;
};

}  // namespace tidegate::sim
