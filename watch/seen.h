// What a round shows, as events of a trace: each question and its answer as they crossed, and what
// they show to have changed since the round before: who is up, the registry, windows, checkpoints.
// Such an event has the time at which it was seen, which may be one round after it happened, and a
// process whose port refuses counts as stopped: from outside a crash looks the same.
#pragma once

#include <string>
#include <vector>

#include "engine/port/port.h"
#include "engine/registry.h"
#include "trace/recorder.h"
#include "watch/round.h"

namespace tidegate::watch {

/// A change, for people: who, and what it is now.
struct Change {
  std::string who;
  std::string what;
};

class Seen {
 public:
  /// REQUIRES: `nodes` outlives it. `began`: the host's clock at the first round; a trace counts
  /// from there.
  explicit Seen(const Nodes* nodes) : nodes_(nodes) {}

  void Begin(Time now) { began_ = now; }
  void Asked(const Question& question, std::uint64_t id, Time now);
  void Answered(const Question& question, std::uint64_t id, Time now);

  /// What the whole round shows. Each change once, in an order in which nobody is blamed for what
  /// lies between two looks: old parts go in the order in which they should, before others come.
  std::vector<Change> OnRound(const Round& round, Time now);

  /// No writer has a path to the old side from `barrier` on.
  void BarrierStands(Tso barrier, Time now);
  /// A fact or the gate's state, as the watch sees it.
  void Fact(std::string_view name, Tso value, Time now);
  void Gate(bool open, std::string_view why, Time now);

  /// The whole trace, ended. Leaves this object empty.
  trace::Trace Finish(Time now, Tso pd_now);

 private:
  struct State {
    bool known = false;
    bool up = false;
    std::uint16_t lives = 0;
    std::string version;
    trace::RegistryState registry = trace::RegistryState::kAbsent;
    Tso upper = 0;
    Tso lower = 0;
  };
  struct Saved {
    NodeId sink = kNoNode;
    std::string store;
    Tso commit_ts = 0;
  };

  State& Of(NodeId node);
  trace::Event At(trace::EventKind kind, NodeId node, Time now) const;
  void Liveness(const Round& round, Time now);
  void Move(NodeId node, const engine::port::Answer& answer, Time now);
  void GoesDown(NodeId node, Time now);
  void ComesUp(NodeId node, std::string version, Time now);
  void Registered(const engine::Registry& registry, Time now);
  void Registry(NodeId node, trace::RegistryState state, const std::string& key, Time now);
  void Windows(const Round& round, Time now);
  void Checkpoints(const Round& round, Time now);
  void Tell(NodeId node, std::string what);

  const Nodes* nodes_;
  trace::Trace trace_;
  Time began_ = 0;
  std::vector<State> states_;
  std::vector<Saved> saved_;
  std::vector<Change> changes_;
};

}  // namespace tidegate::watch
