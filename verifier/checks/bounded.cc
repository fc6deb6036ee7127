// bounded: an engine that waits says for what, and gives up in time. Looked at from outside: it is
// never silent (no question, no action) for longer than the run's bound, it does not leave its
// steps without an end, and when it gives up it says why.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::EngineEnd;
using trace::Event;
using trace::EventKind;

enum Wrong : std::uint64_t { kSilent = 1, kNoEnd, kUnnamed };

constexpr Duration kSilenceDefault = kHour;

class Bounded final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "bounded"; }
  std::string_view Statement() const override {
    return "Every wait ends by success or by a time-out that names what was waited for.";
  }
  Section InSection() const override { return Section::kService; }
  KindSet Subscribes() const override {
    return {EventKind::kAsked,         EventKind::kAnswered,      EventKind::kActionStarted,
            EventKind::kActionDone,    EventKind::kEngineStarted, EventKind::kEngineCrashed,
            EventKind::kStepStarted,   EventKind::kOperatorAsked, EventKind::kOperatorSaid,
            EventKind::kEngineFinished};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const Evidence now = {.index = index, .event = event};
    if (alive_ && !asks_operator_ && !program_runs_) JudgeSilence(now);
    last_ = now;
    switch (event.kind) {
      case EventKind::kEngineStarted:
        alive_ = true;
        program_runs_ = false;
        started_ = true;
        asks_operator_ = false;
        break;
      case EventKind::kEngineCrashed: alive_ = false; break;
      // A program of the operator's takes the time that it takes; the engine gives up on it itself.
      case EventKind::kActionStarted: program_runs_ = event.code == kActRunHook; break;
      case EventKind::kActionDone: program_runs_ = false; break;
      case EventKind::kOperatorAsked: asks_operator_ = true; break;
      case EventKind::kOperatorSaid: asks_operator_ = false; break;
      case EventKind::kStepStarted: step_ = now; break;
      case EventKind::kAsked: ++premise_count_; break;
      case EventKind::kEngineFinished:
        alive_ = false;
        JudgeEnding(now);
        break;
      default: break;
    }
  }

  void OnEnd() override {
    if (!started_) {
      not_judged_ = "the engine does not say when it begins and ends";
      return;
    }
    ++premise_count_;
    if (!alive_ || asks_operator_ || !model().run().ended) return;
    const Evidence& end = model().run().end_evidence;
    JudgeSilence(end);
    if (model().run().end != trace::RunEnd::kQuiet) return;
    Report(
        kNoEnd, {last_, end},
        fmt::format("nothing was going on any more and the engine had neither finished nor given "
                    "up{}",
                    Step()));
  }

 private:
  Duration Bound() const { return header().drain_max > 0 ? header().drain_max : kSilenceDefault; }

  std::string Step() const {
    if (step_.event.kind == EventKind::kCount) return "";
    return fmt::format(" (in step {})", texts().Get(step_.event.text));
  }

  void JudgeSilence(const Evidence& now) {
    const Duration silence = now.event.time - last_.event.time;
    if (silence <= Bound()) return;
    Report(kSilent, {last_, now},
           fmt::format("the engine asked nothing and did nothing for {}, longer than {}{}",
                       FormatDuration(silence), FormatDuration(Bound()), Step()));
  }

  void JudgeEnding(const Evidence& now) {
    if (static_cast<EngineEnd>(now.event.code) == EngineEnd::kDone || now.event.text != 0) return;
    Report(kUnnamed, {now},
           fmt::format("the engine ended as {} without a word of what it had waited for{}",
                       trace::kEngineEndNames[now.event.code], Step()));
  }

  void Report(std::uint64_t wrong, std::vector<Evidence> evidence, std::string why) {
    ReportOnce(findings(), *this, wrong,
               {.kind = FindingKind::kLiveness,
                .cause = Cause::kEngine,
                .why = std::move(why),
                .evidence = std::move(evidence),
                .nodes = {}});
  }

  bool started_ = false;
  bool alive_ = false;
  bool program_runs_ = false;
  bool asks_operator_ = false;
  Evidence last_;  // of what crossed the boundary
  Evidence step_;
};

}  // namespace

std::unique_ptr<Check> MakeBounded(const Context& context) {
  return std::make_unique<Bounded>(context);
}

}  // namespace tidegate::verifier
