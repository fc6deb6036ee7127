#include "tests/contract/script.h"

#include <algorithm>
#include <utility>

namespace tidegate::test {

namespace port = engine::port;

port::Output Keep(std::string name, std::string value) {
  port::JournalRecord record;
  record.kind = port::JournalRecord::Kind::kFact;
  record.name = std::move(name);
  record.value = std::move(value);
  return port::Persist{std::move(record)};
}
port::Output Do(port::Action action) { return port::Perform{0, std::move(action), 3 * kSecond}; }
port::Output Look(port::Query query, Duration timeout) {
  return port::Ask{0, 0, std::move(query), timeout};
}
port::Output Wake(Duration delay) { return port::WakeAt{delay}; }
port::Output Say(std::string text) {
  port::Tell tell;
  tell.kind = port::Tell::Kind::kWarning;
  tell.text = std::move(text);
  return tell;
}
port::Output AskOperator(std::string question) {
  port::Tell tell;
  tell.kind = port::Tell::Kind::kQuestion;
  tell.name = std::move(question);
  tell.text = "really?";
  return tell;
}
port::Output End() {
  port::Tell tell;
  tell.kind = port::Tell::Kind::kFinished;
  tell.name = "done";
  tell.text = "the script is over";
  return tell;
}

ScriptedEngine::ScriptedEngine(Script script, std::vector<port::JournalRecord> records,
                               std::uint32_t incarnation, Incarnation* seen)
    : script_(std::move(script)), seen_(seen), incarnation_(incarnation) {
  if (!records.empty()) sequence_ = records.back().sequence;
  // As the executor's: those of one incarnation never meet those of another.
  next_id_ = (std::uint64_t{incarnation} << 32) + 1;
  seen_->resumed_with = std::move(records);
}

void ScriptedEngine::Handle(const port::Input& input, std::vector<port::Output>* outputs) {
  seen_->inputs.push_back(input);
  const bool first = seen_->inputs.size() == 1;
  if (!first && !TakeIn(input)) return;
  while (open_ == 0 && !finished_ && turn_ < script_.size()) PutOut(input.now, outputs);
}

// True when it is one of those that the turn waits for.
bool ScriptedEngine::TakeIn(const port::Input& input) {
  const auto is_of = [](const std::vector<std::uint64_t>& ids, std::uint64_t id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  if (const auto* done = std::get_if<port::ActionDone>(&input.what)) {
    if (!is_of(seen_->performed, done->id)) return false;
  } else if (const auto* came = std::get_if<port::ObservationCame>(&input.what)) {
    if (came->incarnation != incarnation_ || !is_of(seen_->asked, came->id)) return false;
  } else if (std::holds_alternative<port::ClockReached>(input.what)) {
    const auto due =
        std::find_if(wakes_.begin(), wakes_.end(), [&](Time at) { return at <= input.now; });
    if (due == wakes_.end()) return false;
    wakes_.erase(due);
  }
  if (open_ > 0) --open_;
  return true;
}

void ScriptedEngine::PutOut(Time now, std::vector<port::Output>* outputs) {
  for (port::Output& output : script_[turn_++]) {
    if (auto* persist = std::get_if<port::Persist>(&output)) {
      persist->record.sequence = ++sequence_;
      persist->record.at = now;
      seen_->kept.push_back(persist->record);
    } else if (auto* perform = std::get_if<port::Perform>(&output)) {
      perform->id = next_id_++;
      seen_->performed.push_back(perform->id);
      ++open_;
    } else if (auto* ask = std::get_if<port::Ask>(&output)) {
      ask->id = next_id_++;
      ask->incarnation = incarnation_;
      seen_->asked.push_back(ask->id);
      seen_->asked_at.push_back(now);
      ++open_;
    } else if (auto* wake = std::get_if<port::WakeAt>(&output)) {
      wake->at += now;
      seen_->wakes.push_back(wake->at);
      wakes_.push_back(wake->at);
      ++open_;
    } else if (const auto* tell = std::get_if<port::Tell>(&output)) {
      if (tell->kind == port::Tell::Kind::kQuestion) ++open_;
      if (tell->kind == port::Tell::Kind::kFinished) finished_ = true;
    }
    outputs->push_back(std::move(output));
  }
}

namespace {

template <typename What>
std::vector<port::Answer> InOrderOf(const std::vector<std::uint64_t>& ids,
                                    const std::vector<port::Input>& inputs) {
  std::vector<port::Answer> answers;
  for (const std::uint64_t id : ids) {
    for (const port::Input& input : inputs) {
      const auto* what = std::get_if<What>(&input.what);
      if (what != nullptr && what->id == id) answers.push_back(what->answer);
    }
  }
  return answers;
}

}  // namespace

std::vector<port::Answer> Outcomes(const Incarnation& seen) {
  return InOrderOf<port::ActionDone>(seen.performed, seen.inputs);
}
std::vector<port::Answer> Answers(const Incarnation& seen) {
  return InOrderOf<port::ObservationCame>(seen.asked, seen.inputs);
}

}  // namespace tidegate::test
