// The watch: looks at a cluster round after round while somebody else upgrades it, and holds the
// gate. An engine in the sense of engine/engine.h that only ever asks: it performs nothing and
// persists nothing, so a host of it changes nothing.
//
// The gate is the one of our own engine (engine/gates.h), on every old Drainer of the files and of
// the registry. What that engine knows because it did it itself, the watch must see or be told:
//  - the barrier T0: a timestamp of PD that was taken in a round that saw every TiDB stopped (its
//    unit inactive, its ports refusing: its connection to the old socket ended with it) after
//    another round had seen the same. A TiDB of an old version that comes up later voids it.
//  - the marker M: told. Whether clients wrote after it can't be seen, so the Drainers' queues must
//    have been empty for a while too. Without it there is only that: evidence.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/condition.h"
#include "engine/engine.h"
#include "watch/nodes.h"
#include "watch/round.h"
#include "watch/seen.h"

namespace tidegate::watch {

enum class Goal : std::uint8_t {
  kObserve,  ///< until it is interrupted, or for `at_most`
  kBarrier,  ///< until the barrier was taken
  kProof,    ///< until the drain is proven
};

struct WatchOptions {
  Goal goal = Goal::kObserve;
  bool wait = false;  ///< kBarrier, kProof: go on looking while it is not so
  Duration interval = 5 * kSecond;
  Duration at_most = 0;  ///< 0: no bound. It counts from the first round
  Tso barrier = 0;       ///< 0: it takes its own
  Tso marker = 0;        ///< 0: none was run
  bool accept_evidence = false;
  LookOptions look;
};

class Watcher final : public engine::Engine {
 public:
  Watcher(Nodes nodes, WatchOptions options);
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  void Handle(const engine::port::Input& input,
              std::vector<engine::port::Output>* outputs) override;
  bool finished() const override { return end_ != End::kNone; }

  enum class End : std::uint8_t {
    kNone,
    kHolds,        ///< the goal was reached; of kObserve: the time is over
    kShut,         ///< it was not, and waiting was not asked for or is over: why() says why
    kInterrupted,  ///< by the operator
  };
  End end() const { return end_; }
  const std::string& why() const { return why_; }
  /// The barrier that stands; 0: none.
  Tso barrier() const { return barrier_; }
  /// All that was seen. REQUIRES: finished; call once.
  trace::Trace TakeTrace() { return seen_.Finish(now_, pd_now_); }

 private:
  using Outputs = std::vector<engine::port::Output>;

  void StartRound(Outputs* outputs);
  void OnRound(Outputs* outputs);
  bool Adopt(Outputs* outputs);
  Result<engine::Registry> Registered() const;
  void LearnBaseline();
  void JudgeBarrier(Outputs* outputs);
  bool TidbsStopped() const;
  engine::Verdict JudgeStopped(const engine::Tidb& tidb) const;
  std::string OldWriter() const;
  engine::Verdict JudgeGoal();
  engine::Verdict JudgeProof();
  engine::Verdict AskGate(const engine::Drained& gate, const engine::Cluster& cluster);
  std::string WhyNoBarrier() const;
  void Decide(const engine::Verdict& verdict, Outputs* outputs);
  void Finish(End end, std::string why, Outputs* outputs);
  void Tell(engine::port::Tell::Kind kind, std::string name, std::string text, Outputs* outputs);

  Nodes nodes_;
  WatchOptions options_;
  Seen seen_;
  Round round_;
  std::size_t waiting_ = 0;  ///< for so many answers
  std::uint64_t next_id_ = 1;
  std::uint64_t first_id_ = 1;  ///< of this round
  Time now_ = 0;
  Time began_ = 0;
  Time round_began_ = 0;
  std::uint64_t rounds_ = 0;
  Tso pd_now_ = 0;
  std::size_t pump_with_time_ = 0;
  bool stopped_before_ = false;  ///< the round before saw every TiDB stopped
  Tso barrier_ = 0;
  bool barrier_recorded_ = false;
  std::string barrier_void_;  ///< why it fell, until a new one stands
  bool baseline_ = false;     ///< the first registry listing was taken down
  engine::Facts facts_;
  engine::GateMemory memory_;
  int shut_clause_ = -1;
  Time shut_since_ = 0;
  End end_ = End::kNone;
  std::string why_;
};

}  // namespace tidegate::watch
