// The part of the executor that acts: intent, action, outcome, and the probe in between where
// something is in doubt.
#include <fmt/format.h>

#include <algorithm>

#include "engine/executor.h"
#include "engine/status_body.h"

namespace tidegate::engine {
namespace {

constexpr Duration kRetryPause = 5 * kSecond;

// Replaces each ${FACT} whose fact is known.
void FillFacts(const Facts& facts, std::string* text) {
  std::size_t at = 0;
  while ((at = text->find("${", at)) != std::string::npos) {
    const std::size_t end = text->find('}', at);
    if (end == std::string::npos) return;
    const std::string* fact = facts.Find(std::string_view(*text).substr(at + 2, end - at - 2));
    if (fact == nullptr) {
      at = end;
      continue;
    }
    text->replace(at, end - at + 1, *fact);
    at += fact->size();
  }
}

// The bytes that the action writes or runs, or null.
std::string* BytesOf(port::Action* action) {
  if (auto* write = std::get_if<port::WriteFile>(action)) return &write->content;
  if (auto* keep = std::get_if<port::KeepBackup>(action)) return &keep->bytes;
  if (auto* sql = std::get_if<port::RunSql>(action)) return &sql->statement;
  return nullptr;
}

}  // namespace

const port::Action& Executor::Filled(const Act& act) {
  if (!act.fill) return act.action;
  filled_ = act.action;
  std::string* bytes = BytesOf(&filled_);
  if (bytes != nullptr) FillFacts(facts_, bytes);
  if (auto* hook = std::get_if<port::RunHook>(&filled_)) {
    for (std::string& word : hook->argv) FillFacts(facts_, &word);
  }
  return filled_;
}

void Executor::BeginAct() {
  const Act& act = std::get<Act>(task().what);
  if (in_doubt_ || act.probe_first) {
    probing_ = true;
    AskRound();
    return;
  }
  StartAct();
}

void Executor::StartAct() {
  const Act& act = std::get<Act>(task().what);
  probing_ = false;
  if (act.source) {
    answers_.assign(1, {});
    answered_.assign(1, false);
    open_answers_ = 1;
    first_ask_ = next_id_;
    phase_ = Phase::kSourcing;
    Ask(*act.source);
    return;
  }
  Commit(Filled(act));
}

void Executor::OnSource() {
  const Act& act = std::get<Act>(task().what);
  const port::Answer& answer = answers_[0];
  const bool missing = answer.code == port::AnswerCode::kNotFound;
  if (missing && act.missing_source_is_done) {
    Persist(port::JournalRecord::Kind::kOutcome, task().id, "already");
    NextTask();
    return;
  }
  if (!answer.ok() && !(missing && act.edit == Edit::kTidbConfigToCluster)) {
    if (++acts_ >= act.attempts_max) {
      FailTask("refused", fmt::format("{}: {}", Describe(*act.source), AnswerText(answer)));
      return;
    }
    Sleep(now_ + kRetryPause);
    return;
  }
  port::Action action = act.action;
  std::string* bytes = BytesOf(&action);
  CHECK(bytes != nullptr);
  *bytes = ApplyEdit(act.edit, answer.body);
  Commit(std::move(action));
}

void Executor::Commit(port::Action action) {
  std::string intent = Describe(action);
  const std::string* bytes = BytesOf(&action);
  if (bytes != nullptr) intent += fmt::format(" digest {:016x}", Digest(*bytes));
  Persist(port::JournalRecord::Kind::kIntent, task().id, std::move(intent));
  in_doubt_ = true;
  action_id_ = next_id_++;
  phase_ = Phase::kActing;
  wake_at_ = now_ + std::get<Act>(task().what).timeout;
  port::Perform& perform = out_->emplace_back().emplace<port::Perform>();
  perform.id = action_id_;
  perform.action = std::move(action);
  perform.timeout = std::get<Act>(task().what).timeout;
  Wake(wake_at_);
}

void Executor::OnActionDone(const port::ActionDone& done) {
  if (phase_ != Phase::kActing || done.id != action_id_) return;
  const Act& act = std::get<Act>(task().what);
  if (done.answer.ok()) {
    Persist(port::JournalRecord::Kind::kOutcome, task().id, "done");
    NextTask();
    return;
  }
  // Only the code: an error's text may quote what the statement or file held.
  const std::string text = AnswerText(done.answer);
  Persist(port::JournalRecord::Kind::kOutcome, task().id, "failed: " + text);
  if (++acts_ >= act.attempts_max) {
    FailTask("failed", fmt::format("{}: {} ({} attempts)", Describe(act.action), text, acts_));
    return;
  }
  probing_ = true;
  task_began_ = now_;
  Sleep(now_ + kRetryPause);
}

void Executor::AskAgain(const std::string& why) {
  phase_ = Phase::kAsking;
  Say(port::Tell::Kind::kQuestion, "again:" + task().id,
      fmt::format(
          "Whether this was done can't be seen: {} ({}). Do it again? \"no\" takes it as done.",
          Describe(std::get<Act>(task().what).action), why));
}

}  // namespace tidegate::engine
