#include "rehearsal/in_process_host.h"

#include <algorithm>

#include "base/check.h"
#include "base/redact.h"
#include "engine/journal.h"

namespace tidegate::rehearsal {
namespace {

namespace port = engine::port;
using trace::CrashPoint;
using trace::EventKind;

// The executor's ids hold its incarnation in their upper half, so that those of different ones
// never meet; in a trace they are shown in a form that people can read.
constexpr int kIncarnationBits = 32;
constexpr std::uint64_t kIdsOfOneIncarnation = 1'000'000;
constexpr std::uint64_t kRepeated = 500'000;  // of the host that performs actions twice

std::uint64_t ShownId(std::uint64_t id) {
  return (id >> kIncarnationBits) * kIdsOfOneIncarnation + (id & ((1ULL << kIncarnationBits) - 1));
}
std::uint64_t ExecutorId(std::uint64_t shown) {
  return (shown / kIdsOfOneIncarnation) << kIncarnationBits | (shown % kIdsOfOneIncarnation);
}

trace::EngineEnd EndOf(const std::string& outcome) {
  if (outcome == "done") return trace::EngineEnd::kDone;
  if (outcome == "refused") return trace::EngineEnd::kRefused;
  if (outcome == "aborted") return trace::EngineEnd::kAborted;
  return trace::EngineEnd::kFailed;
}

// Repeating these does harm or may do it; stopping what is stopped does not.
bool WorthRepeating(const port::Action& action) {
  return std::holds_alternative<port::WriteFile>(action) ||
         std::holds_alternative<port::RunSql>(action) ||
         std::holds_alternative<port::RunHook>(action);
}

}  // namespace

InProcessHost::InProcessHost(engine::Plan plan, engine::ExecutorOptions executor_options,
                             HostOptions options, const std::vector<sim::FaultPlan>& crashes)
    : InProcessHost(EngineMaker(), std::move(options), crashes) {
  plan_ = std::move(plan);
  make_ = [this, executor_options](const std::vector<port::JournalRecord>& records)
      -> Result<std::unique_ptr<engine::Engine>> {
    if (records.empty()) return {std::make_unique<engine::Executor>(plan_, executor_options)};
    TRY_ASSIGN(engine::Executor executor,
               engine::Executor::Resume(plan_, executor_options, records));
    return {std::make_unique<engine::Executor>(std::move(executor))};
  };
}

InProcessHost::InProcessHost(EngineMaker make, HostOptions options,
                             const std::vector<sim::FaultPlan>& crashes)
    : make_(std::move(make)), options_(std::move(options)) {
  for (std::size_t i = 0; i < crashes.size(); ++i) {
    if (crashes[i].kind != sim::FaultKind::kEngineCrash || crashes[i].amount <= 0) continue;
    crashes_.push_back({static_cast<std::uint64_t>(crashes[i].amount),
                        static_cast<CrashPoint>(crashes[i].detail), i, false});
  }
}

InProcessHost::~InProcessHost() = default;

void InProcessHost::Claim(EventKind kind, std::string_view text, std::uint16_t code,
                          std::uint32_t n, std::int64_t a) {
  trace::Event event{.kind = kind, .code = code, .a = a, .n = n};
  link_->Claim(event, text);
}

void InProcessHost::Start(sim::EngineLink* link) {
  link_ = link;
  clock_ahead_ = link->host_clock_ahead();
  Claim(EventKind::kEngineStarted, options_.name, 0, incarnation_);
  ClaimPlan();
  Result<std::unique_ptr<engine::Engine>> made = make_({});
  CHECK(made.has_value());
  engine_ = *std::move(made);
  Handle({link_->now(), port::ClockReached{}});
}

void InProcessHost::ClaimPlan() {
  std::uint32_t place = 0;
  const auto claim = [&](const std::vector<engine::Task>& tasks, bool undo) {
    for (const engine::Task& task : tasks) {
      const auto* act = std::get_if<engine::Act>(&task.what);
      if (act == nullptr) continue;
      Claim(EventKind::kActionPlanned, port::Describe(act->action),
            static_cast<std::uint16_t>(act->action.index()), place++, undo ? 1 : 0);
    }
  };
  for (const engine::Step& step : plan_.steps) {
    claim(step.tasks, false);
    claim(step.undo, true);
  }
}

void InProcessHost::OnInput(const port::Input& input) {
  if (finished_) return;
  if (dead_) {
    if (input.now >= back_at_) Resume();
    return;
  }
  port::Input mine = input;
  if (auto* done = std::get_if<port::ActionDone>(&mine.what); done != nullptr) {
    done->id = ExecutorId(done->id);
  } else if (auto* came = std::get_if<port::ObservationCame>(&mine.what); came != nullptr) {
    came->id = ExecutorId(came->id);
    if (options_.faults.null_is_synced && came->answer.body.rfind("null", 0) == 0) {
      came->answer.body = R"({"PumpPos":{},"Synced":true,"DepositWindow":{"Upper":0,"Lower":0}})";
    }
  }
  if (!late_.empty() && mine.now >= late_at_) {
    const std::vector<port::Output> late = std::move(late_);
    late_.clear();
    for (const port::Output& output : late) Output(output);
  }
  Handle(std::move(mine));
}

// Wall time was taken when the process started; it is steady time that goes on from there.
void InProcessHost::Handle(port::Input input) {
  outputs_.clear();
  input.now += clock_ahead_;
  engine_->Handle(input, &outputs_);
  std::vector<port::Output> outputs = std::move(outputs_);
  for (const port::Output& output : outputs) {
    if (dead_ || finished_) return;
    if (options_.faults.decides_late && late_at_ == 0 && StopsOldDrainer(output)) {
      late_at_ = link_->now() + kMinute;
      late_.push_back(output);
      link_->WakeAt(late_at_);
    } else {
      Output(output);
    }
  }
  outputs_ = std::move(outputs);  // for its memory
}

bool InProcessHost::StopsOldDrainer(const port::Output& output) const {
  const auto* perform = std::get_if<port::Perform>(&output);
  if (perform == nullptr) return false;
  const auto* stop = std::get_if<port::StopProcess>(&perform->action);
  if (stop == nullptr) return false;
  const auto& old = plan_.cluster->old_drainers;
  return std::any_of(old.begin(), old.end(), [&](const engine::Drainer& drainer) {
    return drainer.process.host == stop->host && drainer.process.unit == stop->unit;
  });
}

bool InProcessHost::CrashesHere(bool before, bool is_persist) {
  for (CrashAt& crash : crashes_) {
    if (crash.done || crash.output != output_count_) continue;
    const bool falls_before = crash.point == CrashPoint::kBeforePersist;
    if (falls_before != before) continue;
    crash.done = true;
    // Only a record can be torn.
    Crash(crash.point == CrashPoint::kTornTail && !is_persist ? CrashPoint::kAfterAction
                                                              : crash.point);
    return true;
  }
  return false;
}

void InProcessHost::Output(const port::Output& output) {
  const auto* persist = std::get_if<port::Persist>(&output);
  const auto* perform = std::get_if<port::Perform>(&output);
  if (persist != nullptr || perform != nullptr) {
    ++output_count_;
    if (!options_.operator_answers.empty()) AbortIf("output:" + std::to_string(output_count_));
    if (CrashesHere(true, persist != nullptr)) return;
  }
  if (persist != nullptr) {
    Keep(persist->record);
  } else if (perform != nullptr) {
    const std::uint64_t id = ShownId(perform->id);
    link_->Perform(id, perform->action);
    if (options_.faults.repeats_actions && WorthRepeating(perform->action)) {
      link_->Perform(id + kRepeated, perform->action);
    }
  } else if (const auto* ask = std::get_if<port::Ask>(&output); ask != nullptr) {
    link_->Ask(ShownId(ask->id), ask->incarnation, ask->query, ask->timeout);
  } else if (const auto* wake = std::get_if<port::WakeAt>(&output); wake != nullptr) {
    link_->WakeAt(wake->at - clock_ahead_);
  } else {
    Tell(std::get<port::Tell>(output));
  }
  if (persist != nullptr || perform != nullptr) CrashesHere(false, persist != nullptr);
}

void InProcessHost::Keep(const port::JournalRecord& record) { journal_.push_back(record); }

std::string InProcessHost::AnswerTo(const std::string& question) const {
  for (const std::string& answer : options_.operator_answers) {
    const std::size_t equals = answer.find('=');
    if (answer.substr(0, equals) == question) return answer.substr(equals + 1);
  }
  return "yes";
}

void InProcessHost::AbortIf(const std::string& when) {
  if (AnswerTo(when) != "abort") return;
  Claim(EventKind::kOperatorSaid, "abort");
  link_->Post({link_->now(), port::OperatorSaid{when, "abort"}});
}

void InProcessHost::Tell(const port::Tell& tell) {
  using Kind = port::Tell::Kind;
  const auto place = [&] {
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      if (plan_.steps[i].id == tell.step) return static_cast<std::uint32_t>(i);
    }
    return std::uint32_t{0};
  };
  switch (tell.kind) {
    case Kind::kStepStarted:
      Claim(EventKind::kStepStarted, tell.step, 0, place());
      AbortIf("step:" + tell.step);
      break;
    case Kind::kStepDone: Claim(EventKind::kStepDone, tell.step, 0, place()); break;
    case Kind::kProven:
    case Kind::kWarning:
      Claim(EventKind::kEngineSaid, Redact(tell.text),
            static_cast<std::uint16_t>(tell.kind == Kind::kProven ? trace::Said::kProven
                                                                  : trace::Said::kWarning),
            place());
      break;
    case Kind::kGateShut: Claim(EventKind::kGateJudged, tell.text, 0); break;
    case Kind::kGateOpened: Claim(EventKind::kGateJudged, tell.text, 1); break;
    case Kind::kFact: Claim(EventKind::kFactJournaled, tell.name, 0, 0, tell.value); break;
    case Kind::kQuestion: {
      Claim(EventKind::kOperatorAsked, tell.name);
      const std::string answer = AnswerTo(tell.name);
      Claim(EventKind::kOperatorSaid, answer);
      link_->Post({link_->now(), port::OperatorSaid{tell.name, answer}});
      break;
    }
    case Kind::kFinished:
      finished_ = true;
      // A hold that was asked for is no finished upgrade.
      Claim(EventKind::kEngineFinished, Redact(tell.text),
            static_cast<std::uint16_t>(tell.text.rfind("held after ", 0) == 0
                                           ? trace::EngineEnd::kAborted
                                           : EndOf(tell.name)));
      break;
  }
}

void InProcessHost::Crash(CrashPoint point) {
  if (dead_ || finished_ || link_ == nullptr) return;
  dead_ = true;
  torn_ = point == CrashPoint::kTornTail;
  back_at_ = link_->now() + options_.restart_after;
  Claim(EventKind::kEngineCrashed, "", static_cast<std::uint16_t>(point), incarnation_,
        static_cast<std::int64_t>(output_count_));
  link_->WakeAt(back_at_);
}

// What is left on disk is text: a record that was half written ends in the middle of a line.
void InProcessHost::Resume() {
  std::string text;
  for (const port::JournalRecord& record : journal_) text += engine::EncodeRecord(record);
  if (torn_ && !text.empty()) text.resize(text.size() - 10);
  if (options_.faults.loses_journal) text.clear();
  if (options_.faults.loses_journal_tail) {
    text.clear();
    const std::size_t kept = journal_.size() - std::min<std::size_t>(journal_.size(), 6);
    for (std::size_t i = 0; i < kept; ++i) text += engine::EncodeRecord(journal_[i]);
  }
  Result<engine::Journal> journal = engine::DecodeJournal(text, "journal");
  dead_ = false;
  ++incarnation_;
  clock_ahead_ = link_->host_clock_ahead();
  Claim(EventKind::kEngineStarted, options_.name, 0, incarnation_);
  const auto fail = [&](const std::string& why) {
    finished_ = true;
    Claim(EventKind::kEngineFinished, why, static_cast<std::uint16_t>(trace::EngineEnd::kFailed));
  };
  if (!journal.has_value()) return fail(journal.error().ToString());
  journal_ = std::move(journal->records);
  Result<std::unique_ptr<engine::Engine>> resumed = make_(journal_);
  if (!resumed.has_value()) return fail(resumed.error().ToString());
  engine_ = *std::move(resumed);
  Handle({link_->now(), port::ClockReached{}});
}

}  // namespace tidegate::rehearsal
