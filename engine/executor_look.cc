// The part of the executor that looks: rounds of queries, verdicts, waits and what they learn.
#include <fmt/format.h>

#include <algorithm>

#include "engine/executor.h"
#include "engine/status_body.h"

namespace tidegate::engine {
namespace {

/// A probe that stays undecided this long is put to the operator.
constexpr Duration kProbeTimeout = kMinute;
constexpr Duration kProbePoll = 2 * kSecond;

bool IsGate(const Look& look) { return std::holds_alternative<Drained>(look.condition); }

bool LooksAtGate(const Task& task) {
  const Look* look = std::get_if<Look>(&task.what);
  return look != nullptr && (IsGate(*look) || std::holds_alternative<PumpsServe>(look->condition));
}

}  // namespace

LookContext Executor::Context() {
  LookContext context{*plan_->cluster, facts_};
  context.now = now_;
  context.attempt = attempt_;
  context.round = round_;
  context.memory = &memory_;
  if (const Act* act = std::get_if<Act>(&task().what)) {
    context.action = &Filled(*act);
    context.source = act->source ? &*act->source : nullptr;
    context.edit = act->edit;
  }
  return context;
}

void Executor::BeginLook() {
  const Look& look = std::get<Look>(task().what);
  if (!look.learns.empty() && facts_.Find(look.learns) != nullptr) {
    NextTask();
    return;
  }
  if (look.fresh_for > 0 && gate_held_at_ >= 0 && now_ - gate_held_at_ <= look.fresh_for) {
    NextTask();
    return;
  }
  memory_.drainers.clear();
  AskRound();
}

// Asks the queries of the current round; judges at once where there are none.
void Executor::AskRound() {
  const Act* act = std::get_if<Act>(&task().what);
  const Condition& condition = act != nullptr ? act->probe : std::get<Look>(task().what).condition;
  queries_.clear();
  answers_.clear();
  AppendQueries(condition, Context(), &queries_);
  answers_.resize(queries_.size());
  answered_.assign(queries_.size(), false);
  open_answers_ = queries_.size();
  first_ask_ = next_id_;
  phase_ = Phase::kLooking;
  for (port::Query& query : queries_) Ask(std::move(query));
  if (open_answers_ == 0) Judge();
}

void Executor::OnAnswer(const port::ObservationCame& came) {
  if (phase_ != Phase::kLooking && phase_ != Phase::kSourcing) return;
  if (came.incarnation != incarnation_ || came.id < first_ask_) return;
  const std::uint64_t index = came.id - first_ask_;
  if (index >= answers_.size() || answered_[index]) return;
  answered_[index] = true;
  answers_[index] = came.answer;
  if (--open_answers_ > 0) return;
  if (phase_ == Phase::kSourcing) {
    OnSource();
  } else {
    Judge();
  }
}

void Executor::Judge() {
  const Act* act = std::get_if<Act>(&task().what);
  const Condition& condition = act != nullptr ? act->probe : std::get<Look>(task().what).condition;
  Verdict verdict = Evaluate(condition, Context(), answers_);
  if (verdict.state == Verdict::State::kAskMore) {
    ++round_;
    AskRound();
    return;
  }
  round_ = 0;
  ++attempt_;
  if (act != nullptr) {
    JudgeProbe(verdict);
  } else {
    JudgeTask(std::move(verdict));
  }
}

void Executor::JudgeTask(Verdict verdict) {
  const Look& look = std::get<Look>(task().what);
  if (verdict.state == Verdict::State::kHolds) {
    Learn(std::move(verdict.facts));
    if (IsGate(look)) gate_held_at_ = now_;
    Say(IsGate(look) ? port::Tell::Kind::kGateOpened : port::Tell::Kind::kProven, "",
        std::move(verdict.text));
    NextTask();
    return;
  }
  if (verdict.state == Verdict::State::kNever) {
    FailTask("refused", std::move(verdict.text));
    return;
  }
  if (verdict.clause != shut_clause_) {
    shut_clause_ = verdict.clause;
    shut_since_ = now_;
    if (IsGate(look)) {
      Say(port::Tell::Kind::kGateShut, "",
          fmt::format("{}; since {}", verdict.text, FormatClock(shut_since_)));
    }
  }
  shut_text_ = std::move(verdict.text);
  if (now_ - task_began_ >= look.timeout) {
    FailTask("refused", fmt::format("waited {} for this: {}; it is not so: {} (since {})",
                                    FormatDuration(look.timeout), Describe(look.condition),
                                    shut_text_, FormatClock(shut_since_)));
    return;
  }
  Sleep(std::min(now_ + look.poll, task_began_ + look.timeout));
}

void Executor::JudgeProbe(const Verdict& verdict) {
  if (verdict.state == Verdict::State::kHolds) {
    Persist(port::JournalRecord::Kind::kOutcome, task().id, "already");
    NextTask();
    return;
  }
  // What was decided by a gate before a crash, and not done, is decided anew.
  if (verdict.state == Verdict::State::kFails && in_doubt_ && acts_ == 0 && task_ > 0 &&
      LooksAtGate(tasks()[task_ - 1])) {
    in_doubt_ = false;
    --task_;
    BeginTask();
    return;
  }
  // Where nothing is in doubt nothing was done yet: to act is no repetition, whatever can be seen.
  if (verdict.state == Verdict::State::kFails || !in_doubt_) {
    StartAct();
    return;
  }
  if (now_ - task_began_ < kProbeTimeout && !queries_.empty()) {
    Sleep(now_ + kProbePoll);
    return;
  }
  AskAgain(verdict.text);
}

void Executor::Sleep(Time until) {
  phase_ = Phase::kSleeping;
  wake_at_ = until;
  Wake(until);
}

void Executor::Learn(std::vector<Fact> facts) {
  for (Fact& fact : facts) {
    Persist(port::JournalRecord::Kind::kFact, fact.first, fact.second);
    const Result<Tso> tso = ParseTso(fact.second);
    if (tso) Say(port::Tell::Kind::kFact, fact.first, fact.second, *tso);
    facts_.Set(std::move(fact.first), std::move(fact.second));
  }
}

}  // namespace tidegate::engine
