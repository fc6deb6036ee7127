// The executor's state as a fold of its journal.
#include <fmt/format.h>

#include "engine/executor.h"

namespace tidegate::engine {

using Record = port::JournalRecord;

Result<Executor> Executor::Resume(Plan plan, ExecutorOptions options, std::vector<Record> records) {
  Executor executor(std::move(plan), std::move(options));
  if (records.empty()) return executor;
  const Record& begin = records.front();
  if (begin.kind != Record::Kind::kBegin) {
    return Error{ErrorCode::kBadInput, "the journal does not begin with its plan", ""};
  }
  if (begin.name != fmt::format("{:016x}", executor.plan_->digest)) {
    return Error{
        ErrorCode::kRefused,
        fmt::format("the journal is of another plan ({}, this one is {:016x}): resume with "
                    "the options, inventory and site file of then",
                    begin.name, executor.plan_->digest),
        ""};
  }
  const std::string tool =
      fmt::format("{} {}", executor.options_.tool_version, executor.options_.inventory_digest);
  if (begin.value != tool) {
    return Error{ErrorCode::kRefused,
                 fmt::format("the journal is of tool version and inventory '{}', these are '{}'",
                             begin.value, tool),
                 ""};
  }
  for (const Record& record : records) executor.Fold(record);
  ++executor.incarnation_;
  executor.sequence_ = records.back().sequence;
  const auto count = static_cast<int>(executor.plan_->steps.size());
  if (executor.step_ > count || executor.step_ < -1) {
    return Error{ErrorCode::kBadInput, "the journal names steps that the plan has not", ""};
  }
  return executor;
}

bool Executor::Locate(const std::string& task_id) {
  for (std::size_t s = 0; s < plan_->steps.size(); ++s) {
    const Step& step = plan_->steps[s];
    const std::vector<Task>& list = mode_ == Mode::kForward ? step.tasks : step.undo;
    for (std::size_t t = 0; t < list.size(); ++t) {
      if (list[t].id != task_id) continue;
      step_ = static_cast<int>(s);
      task_ = t;
      return true;
    }
  }
  return false;
}

void Executor::Fold(const Record& record) {
  switch (record.kind) {
    case Record::Kind::kBegin: return;
    case Record::Kind::kEnd: abort_asked_ = false; return;
    case Record::Kind::kStep: {
      for (std::size_t s = 0; s < plan_->steps.size(); ++s) {
        if (plan_->steps[s].id == record.name) step_ = static_cast<int>(s);
      }
      task_ = 0;
      in_doubt_ = false;
      step_begun_ = record.value == "started";
      if (step_ >= 0 && step_ < static_cast<int>(plan_->steps.size()) && step().id == record.name) {
        if (step().outage_begins && step_begun_) outage_since_ = record.at;
        if (step().outage_ends && record.value == "done") outage_since_ = -1;
      }
      if (record.value == "done") ++step_;
      if (record.value == "undone") --step_;
      return;
    }
    case Record::Kind::kIntent:
      if (Locate(record.name)) in_doubt_ = true;
      door_open_ = door_open_ || !door_answer_.empty();
      return;
    case Record::Kind::kOutcome:
      if (!Locate(record.name)) return;
      // After a failure the effect may be there all the same.
      in_doubt_ = record.value.rfind("failed", 0) == 0;
      if (!in_doubt_) ++task_;
      return;
    case Record::Kind::kFact:
      if (record.name == "incarnation") {
        const Result<Tso> last = ParseTso(record.value);
        if (last) incarnation_ = static_cast<std::uint32_t>(*last);
        return;
      }
      facts_.Set(record.name, record.value);
      if (record.name == "turn-back") {
        mode_ = Mode::kBack;
        task_ = 0;
        in_doubt_ = false;
      }
      return;
    case Record::Kind::kOperator:
      if (record.name == "one-way-door" && record.value == "yes") {
        door_answer_ = "yes";
        door_open_ = true;
      }
      if (record.name == "abort" && facts_.Find("turn-back") == nullptr) abort_asked_ = true;
      return;
  }
}

}  // namespace tidegate::engine
