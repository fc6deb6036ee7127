#include "engine/executor.h"

#include <fmt/format.h>

namespace tidegate::engine {

using Record = port::JournalRecord;
using port::Tell;

Executor::Executor(Plan plan, ExecutorOptions options)
    : plan_(std::make_shared<const Plan>(std::move(plan))), options_(std::move(options)) {}

void Executor::Handle(const port::Input& input, std::vector<port::Output>* outputs) {
  if (finished()) return;
  now_ = input.now;
  out_ = outputs;
  if (phase_ == Phase::kNew) Begin();
  if (const auto* came = std::get_if<port::ObservationCame>(&input.what)) {
    OnAnswer(*came);
  } else if (const auto* done = std::get_if<port::ActionDone>(&input.what)) {
    OnActionDone(*done);
  } else if (const auto* said = std::get_if<port::OperatorSaid>(&input.what)) {
    OnOperator(*said);
  } else if (phase_ == Phase::kSleeping && now_ >= wake_at_) {
    if (!probing_ && std::holds_alternative<Act>(task().what)) {
      StartAct();
    } else {
      AskRound();
    }
  } else if (phase_ == Phase::kActing && now_ >= wake_at_) {
    Finish("failed", fmt::format("{} has not ended within its time-out; resume looks whether its "
                                 "effect is there",
                                 Describe(task())));
  }
  CheckBudget();
  out_ = nullptr;
}

void Executor::Begin() {
  if (sequence_ == 0) {
    Persist(Record::Kind::kBegin, fmt::format("{:016x}", plan_->digest),
            fmt::format("{} {}", options_.tool_version, options_.inventory_digest));
  } else {
    Persist(Record::Kind::kFact, "incarnation", std::to_string(incarnation_));
  }
  // Ids of one incarnation never meet those of another: a late end of an action is told apart, too.
  next_id_ = (static_cast<std::uint64_t>(incarnation_) << 32) + 1;
  Run();
}

// Goes on from the position until something must be waited for.
void Executor::Run() {
  const auto count = static_cast<int>(plan_->steps.size());
  if (mode_ == Mode::kForward && step_ >= count) {
    Finish("done", "every step is done");
    return;
  }
  if (mode_ == Mode::kBack && step_ < 0) {
    const std::string* reason = facts_.Find("turn-back");
    const std::size_t colon = reason == nullptr ? 0 : reason->find(": ");
    Finish(reason != nullptr && reason->rfind("refused", 0) == 0 ? "refused" : "aborted",
           (reason == nullptr ? std::string() : reason->substr(colon + 2) + "; ") +
               "what was done is undone, " + std::string(WhenUndone(plan_->options.procedure)));
    return;
  }
  if (!step_begun_ && !BeginStep()) return;
  if (task_ == tasks().size()) {
    EndStep();
    return;
  }
  BeginTask();
}

bool Executor::BeginStep() {
  if (mode_ == Mode::kBack) {
    step_begun_ = true;
    return true;
  }
  if (!options_.until.empty() && step_ > 0 &&
      plan_->steps[static_cast<std::size_t>(step_ - 1)].id == options_.until) {
    Finish("done", fmt::format("held after {} as asked; resume goes on", options_.until), true);
    return false;
  }
  step_begun_ = true;
  Persist(Record::Kind::kStep, step().id, "started");
  Say(Tell::Kind::kStepStarted, "", step().manual);
  if (step().outage_begins) {
    outage_since_ = now_;
    const Duration budget = plan_->cluster->write_outage_max;
    if (budget > 0) Wake(now_ + budget);
  }
  return true;
}

void Executor::EndStep() {
  if (mode_ == Mode::kBack) {
    Persist(Record::Kind::kStep, step().id, "undone");
    --step_;
  } else {
    Persist(Record::Kind::kStep, step().id, "done");
    Say(Tell::Kind::kStepDone, "", step().proof);
    if (step().outage_ends) outage_since_ = -1;
    ++step_;
  }
  task_ = 0;
  step_begun_ = false;
  Run();
}

void Executor::BeginTask() {
  if (abort_asked_ && mode_ == Mode::kForward) {
    abort_asked_ = false;
    if (CanTurnBack()) {
      TurnBack("aborted", "the operator aborted");
    } else {
      Finish("aborted", "the operator aborted; " + WhoServes());
    }
    return;
  }
  if (!task().needs.empty() && facts_.Find(task().needs) == nullptr) {
    NextTask();
    return;
  }
  task_began_ = now_;
  attempt_ = 0;
  acts_ = 0;
  round_ = 0;
  probing_ = false;
  shut_clause_ = -1;
  if (std::holds_alternative<Act>(task().what)) {
    BeginAct();
    return;
  }
  if (std::holds_alternative<Look>(task().what)) {
    BeginLook();
    return;
  }
  if (door_answer_ == "yes") {
    door_answer_.clear();
    door_open_ = true;
    NextTask();
    return;
  }
  const Confirm& confirm = std::get<Confirm>(task().what);
  phase_ = Phase::kAsking;
  Say(Tell::Kind::kQuestion, confirm.question, confirm.text);
}

void Executor::NextTask() {
  in_doubt_ = false;
  ++task_;
  Run();
}

bool Executor::CanTurnBack() const {
  return mode_ == Mode::kForward && !door_open_ && plan_->options.style == Style::kOurs;
}

void Executor::FailTask(const char* outcome, std::string text) {
  if (CanTurnBack() && step().id != "preflight") {
    TurnBack(outcome, std::move(text));
    return;
  }
  if (step().id == "preflight") {
    Finish(outcome, text + "; nothing was changed");
    return;
  }
  Finish(outcome, text + "; " + WhoServes());
}

void Executor::TurnBack(const char* outcome, std::string reason) {
  Say(Tell::Kind::kWarning, "turn-back", fmt::format("turning back: {}", reason));
  std::string value = fmt::format("{}: {}", outcome, reason);
  Persist(Record::Kind::kFact, "turn-back", value);
  facts_.Set("turn-back", std::move(value));
  mode_ = Mode::kBack;
  task_ = 0;
  in_doubt_ = false;
  Run();
}

std::string Executor::WhoServes() const {
  if (mode_ == Mode::kBack) {
    return fmt::format("the way back of {} is open; resume goes on with it", step().id);
  }
  if (!door_open_) return fmt::format("{} is open; resume goes on", step().id);
  if (step().id == "start-tidb") {
    return "the service may be detached still and writes go to the new Pumps; the old side keeps "
           "running; resume goes on with start-tidb";
  }
  if (plan_->options.procedure == Procedure::kFullImport) {
    return fmt::format(
        "TiDB writes to the new Pumps, which keep it until the import is done; resume goes on with "
        "{}",
        step().id);
  }
  return fmt::format(
      "TiDB writes to the new Pumps; the old side keeps running until it is drained; "
      "resume goes on with {}",
      step().id);
}

void Executor::Finish(const char* outcome, std::string text, bool held) {
  Persist(Record::Kind::kEnd, held ? "held" : outcome, text);
  Say(Tell::Kind::kFinished, outcome, text);
  outcome_ = outcome;
  why_ = std::move(text);
  phase_ = Phase::kFinished;
}

// Turns back while there is time left to bring TiDB up again within the budget.
void Executor::CheckBudget() {
  const Duration budget = plan_->cluster->write_outage_max;
  if (budget <= 0 || outage_since_ < 0 || finished() || phase_ == Phase::kActing) return;
  if (!CanTurnBack()) return;
  Duration back = 0;
  bool out = false;
  for (int i = 0; i <= step_ && i < static_cast<int>(plan_->steps.size()); ++i) {
    const Step& begun = plan_->steps[static_cast<std::size_t>(i)];
    out = out || begun.outage_begins;
    if (out) back += begun.undo_expected;
  }
  if (now_ + back < outage_since_ + budget) {
    if (phase_ == Phase::kAsking) Wake(outage_since_ + budget - back);
    return;
  }
  TurnBack("aborted",
           fmt::format("writers have been down for {} and the budget is {}: there is just "
                       "time to go back (about {})",
                       FormatDuration(now_ - outage_since_), FormatDuration(budget),
                       FormatDuration(back)));
}

void Executor::OnOperator(const port::OperatorSaid& said) {
  if (said.answer == "abort") {
    if (mode_ == Mode::kBack) return;
    abort_asked_ = true;
    Persist(Record::Kind::kOperator, "abort", "abort");
    if (phase_ != Phase::kActing) BeginTask();
    return;
  }
  if (phase_ != Phase::kAsking) return;
  if (const Confirm* confirm = std::get_if<Confirm>(&task().what)) {
    if (said.question != confirm->question) return;
    Persist(Record::Kind::kOperator, said.question, said.answer);
    if (said.answer == "yes") {
      door_open_ = true;
      NextTask();
    } else {
      TurnBack("aborted", "the operator said no before the one-way door");
    }
    return;
  }
  if (said.question != "again:" + task().id) return;
  Persist(Record::Kind::kOperator, said.question, said.answer);
  if (said.answer == "yes") {
    StartAct();
  } else {
    Persist(Record::Kind::kOutcome, task().id, "already");
    NextTask();
  }
}

void Executor::Persist(Record::Kind kind, std::string name, std::string value) {
  Record& record = out_->emplace_back().emplace<port::Persist>().record;
  record.sequence = ++sequence_;
  record.at = now_;
  record.kind = kind;
  record.name = std::move(name);
  record.value = std::move(value);
}

void Executor::Say(Tell::Kind kind, std::string name, std::string text, std::int64_t value) {
  Tell& tell = out_->emplace_back().emplace<Tell>();
  tell.kind = kind;
  if (step_ >= 0 && step_ < static_cast<int>(plan_->steps.size())) tell.step = step().id;
  tell.name = std::move(name);
  tell.text = std::move(text);
  tell.value = value;
}

void Executor::Wake(Time at) { out_->emplace_back().emplace<port::WakeAt>().at = at; }

void Executor::Ask(port::Query query) {
  port::Ask& ask = out_->emplace_back().emplace<port::Ask>();
  ask.id = next_id_++;
  ask.incarnation = incarnation_;
  ask.query = std::move(query);
}

}  // namespace tidegate::engine
