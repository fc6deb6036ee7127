// The in-process host of our executor: hands the world's answers in, performs its outputs in order,
// keeps its journal, tells the trace what it claims, and dies and comes back where a scenario says.
// A known-bad engine is this host with one of its duties done wrong (HostFaults), or a plan with
// one thing changed (variants.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/executor.h"
#include "engine/plan.h"
#include "engine/port/port.h"
#include "sim/attach.h"
#include "sim/run_plan.h"

namespace tidegate::rehearsal {

/// What a bad host does wrong. All off: a good one.
struct HostFaults {
  bool loses_journal_tail = false;  ///< after a crash the last records are gone
  bool loses_journal = false;       ///< after a crash all of them are: it begins anew
  bool repeats_actions = false;     ///< performs each file or SQL action twice
  bool decides_late = false;        ///< acts on the gate's word a minute after it was given
  bool null_is_synced = false;      ///< takes a status of the word null for one of nothing to do
};

struct HostOptions {
  std::string name = "ours";
  HostFaults faults;
  /// Answers by question; others are answered yes. "step:ID=abort": the operator aborts when that
  /// step begins; "output:N=abort": when the engine's Nth record or action comes.
  std::vector<std::string> operator_answers;
  Duration restart_after = 20 * kSecond;  ///< from a crash to the resumed engine
};

/// An engine whose state is that of `records`; a new one when there are none.
using EngineMaker = std::function<Result<std::unique_ptr<engine::Engine>>(
    const std::vector<engine::port::JournalRecord>& records)>;

class InProcessHost final : public sim::AttachedEngine {
 public:
  /// `crashes`: the RunPlan's faults; those of kind kEngineCrash with an amount are carried out
  /// here.
  InProcessHost(engine::Plan plan, engine::ExecutorOptions executor_options, HostOptions options,
                const std::vector<sim::FaultPlan>& crashes);
  /// The same for any engine: no plan is claimed.
  InProcessHost(EngineMaker make, HostOptions options, const std::vector<sim::FaultPlan>& crashes);
  ~InProcessHost() override;

  void Start(sim::EngineLink* link) override;
  void OnInput(const engine::port::Input& input) override;
  void Crash(trace::CrashPoint point) override;
  bool finished() const override { return finished_; }

  const std::vector<engine::port::JournalRecord>& journal() const { return journal_; }
  /// How many outputs were performed that a crash can fall on (persists and actions).
  std::uint64_t crash_points() const { return output_count_; }

 private:
  struct CrashAt {
    std::uint64_t output = 0;
    trace::CrashPoint point = trace::CrashPoint::kBeforePersist;
    std::size_t fault = 0;
    bool done = false;
  };

  void ClaimPlan();
  void Handle(engine::port::Input input);
  void Output(const engine::port::Output& output);
  bool StopsOldDrainer(const engine::port::Output& output) const;
  bool CrashesHere(bool before, bool is_persist);
  void Resume();
  void Keep(const engine::port::JournalRecord& record);
  void Tell(const engine::port::Tell& tell);
  void Claim(trace::EventKind kind, std::string_view text, std::uint16_t code = 0,
             std::uint32_t n = 0, std::int64_t a = 0);
  std::string AnswerTo(const std::string& question) const;
  void AbortIf(const std::string& when);

  engine::Plan plan_;
  EngineMaker make_;
  HostOptions options_;
  std::unique_ptr<engine::Engine> engine_;
  sim::EngineLink* link_ = nullptr;
  std::vector<engine::port::JournalRecord> journal_;
  std::vector<engine::port::Output> outputs_;
  std::vector<CrashAt> crashes_;
  std::vector<engine::port::Output> late_;  // of decides_late: waits until late_at_
  Time late_at_ = 0;
  std::uint64_t output_count_ = 0;
  std::uint32_t incarnation_ = 1;
  bool dead_ = false;
  bool torn_ = false;  // the journal's last record is half written
  Time back_at_ = 0;
  Duration clock_ahead_ = 0;  // of the engine's host, as it was when the engine started
  bool finished_ = false;
};

}  // namespace tidegate::rehearsal
