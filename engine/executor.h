// The executor: carries out a plan. It does no I/O and has no clock: inputs go in, outputs come
// out, and its state is a fold of the journal, so that a crashed one goes on where it was. It
// persists what it is about to do before it does it, one action at a time, and after a crash looks
// whether the effect is there before it acts again.
//
// Before the one-way door a failure, a time-out, "no", "abort" or a spent write-outage budget turns
// back: each begun step is undone, last first. Behind the door it stops, says what is open, and a
// resumed executor goes on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/facts.h"
#include "engine/plan.h"
#include "engine/port/port.h"

namespace tidegate::engine {

struct ExecutorOptions {
  std::string tool_version = "0.1.0";
  std::string inventory_digest = {};
  std::string until = {};  ///< hold after this step; "" for none
};

class Executor final : public Engine {
 public:
  Executor(Plan plan, ExecutorOptions options);

  /// The state after `records`. Errors: kRefused when they are of another plan, inventory or tool
  /// version; kBadInput when they can't be of this engine at all.
  static Result<Executor> Resume(Plan plan, ExecutorOptions options,
                                 std::vector<port::JournalRecord> records);

  void Handle(const port::Input& input, std::vector<port::Output>* outputs) override;

  bool finished() const override { return phase_ == Phase::kFinished; }
  /// "done", "refused", "aborted" or "failed"; "" until finished.
  const std::string& outcome() const { return outcome_; }
  const std::string& why() const { return why_; }
  const Facts& facts() const { return facts_; }
  const Plan& plan() const { return *plan_; }

 private:
  enum class Phase : std::uint8_t {
    kNew,
    kLooking,
    kSleeping,
    kSourcing,
    kActing,
    kAsking,
    kFinished
  };
  enum class Mode : std::uint8_t { kForward, kBack };

  // -- the walk through the plan (executor.cc)
  void Begin();
  void Run();
  bool BeginStep();
  void EndStep();
  void BeginTask();
  void NextTask();
  void FailTask(const char* outcome, std::string text);
  void TurnBack(const char* outcome, std::string reason);
  bool CanTurnBack() const;
  void Finish(const char* outcome, std::string text, bool held = false);
  std::string WhoServes() const;
  void CheckBudget();
  void OnOperator(const port::OperatorSaid& said);

  // -- looking (executor_look.cc)
  void BeginLook();
  void AskRound();
  void OnAnswer(const port::ObservationCame& came);
  void Judge();
  void JudgeTask(Verdict verdict);
  void JudgeProbe(const Verdict& verdict);
  void Sleep(Time until);
  void Learn(std::vector<Fact> facts);
  LookContext Context();

  // -- acting (executor_act.cc)
  void BeginAct();
  void StartAct();
  void OnSource();
  void Commit(port::Action action);
  void OnActionDone(const port::ActionDone& done);
  void AskAgain(const std::string& why);
  /// The act's action as it is performed: with the facts filled in.
  const port::Action& Filled(const Act& act);

  void Fold(const port::JournalRecord& record);
  bool Locate(const std::string& task_id);

  void Persist(port::JournalRecord::Kind kind, std::string name, std::string value);
  void Say(port::Tell::Kind kind, std::string name, std::string text, std::int64_t value = 0);
  void Ask(port::Query query);
  void Wake(Time at);

  const Step& step() const { return plan_->steps[static_cast<std::size_t>(step_)]; }
  const std::vector<Task>& tasks() const {
    return mode_ == Mode::kForward ? step().tasks : step().undo;
  }
  const Task& task() const { return tasks()[task_]; }

  std::shared_ptr<const Plan> plan_;
  ExecutorOptions options_;
  Facts facts_;
  std::string outcome_;
  std::string why_;

  Phase phase_ = Phase::kNew;
  Mode mode_ = Mode::kForward;
  int step_ = 0;
  std::size_t task_ = 0;
  bool step_begun_ = false;
  bool door_open_ = false;   // past the one-way door
  bool in_doubt_ = false;    // the action at the position may have been performed
  std::string door_answer_;  // the journaled answer to the question at the position
  bool abort_asked_ = false;
  Time outage_since_ = -1;

  Time now_ = 0;
  std::vector<port::Output>* out_ = nullptr;
  std::uint64_t sequence_ = 0;
  std::uint32_t incarnation_ = 1;
  std::uint64_t next_id_ = 1;

  port::Action filled_;
  bool probing_ = false;  // the look is the probe of an act
  Time task_began_ = 0;
  std::uint32_t attempt_ = 0;
  int acts_ = 0;  // attempts to perform the act
  int round_ = 0;
  GateMemory memory_;
  std::uint64_t first_ask_ = 0;
  std::vector<port::Query> queries_;
  std::vector<port::Answer> answers_;
  std::vector<bool> answered_;
  std::size_t open_answers_ = 0;
  Time wake_at_ = 0;
  std::uint64_t action_id_ = 0;
  int shut_clause_ = -1;
  Time shut_since_ = 0;
  std::string shut_text_;
  Time gate_held_at_ = -1;  // when the drain gate last stood, in this incarnation
};

}  // namespace tidegate::engine
