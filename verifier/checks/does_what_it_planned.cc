// does-what-it-planned: the one check that reads claims. What the engine printed as its plan,
// against the actions that crossed the boundary. Skipping is legal (the effect was there already);
// going back is not, but to repeat what failed, or what was in doubt after a crash and was probed.
#include <fmt/format.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "verifier/checks/report.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;

enum Wrong : std::uint64_t { kNotPlanned = 1, kOutOfOrder, kRepeated, kNotProbed, kWentBack };

class DoesWhatItPlanned final : public Check {
 public:
  using Check::Check;

  std::string_view Id() const override { return "does-what-it-planned"; }
  std::string_view Statement() const override {
    return "Actions happen in plan order; nothing that `plan` did not print; repeated only after a "
           "crash and a probe of the effect.";
  }
  Section InSection() const override { return Section::kService; }
  KindSet Subscribes() const override {
    return {EventKind::kActionPlanned, EventKind::kActionStarted, EventKind::kActionDone,
            EventKind::kAsked,         EventKind::kOperatorAsked, EventKind::kEngineStarted};
  }

  void OnEvent(const Event& event, std::uint64_t index) override {
    const Evidence now = {.index = index, .event = event};
    switch (event.kind) {
      case EventKind::kActionPlanned: OnPlanned(event); break;
      case EventKind::kActionStarted: OnStarted(now); break;
      case EventKind::kActionDone: OnDone(event); break;
      case EventKind::kAsked: asked_since_start_ = true; break;
      case EventKind::kOperatorAsked:
        // Nothing can be seen of it, and the operator decides. No other question is about that.
        if (texts().Get(event.text).starts_with("again:")) asked_since_start_ = true;
        break;
      default:
        ++life_;
        asked_since_start_ = false;
        break;
    }
  }

  void OnEnd() override {
    if (plan_.empty()) not_judged_ = "the engine printed no plan";
  }

 private:
  struct Planned {
    std::uint32_t place = 0;
    std::uint16_t code = 0;
    bool undo = false;
    trace::TextId what = 0;
    int started_in = -1;  // the engine's life in which it was last started; -1: never
    bool failed = false;  // and how that ended
    Evidence started;
  };

  // A resumed engine prints its plan again.
  void OnPlanned(const Event& event) {
    const bool undo = event.a != 0;
    for (const Planned& planned : plan_) {
      if (planned.place == event.n && planned.undo == undo && planned.what == event.text &&
          planned.code == event.code) {
        return;
      }
    }
    plan_.push_back({.place = event.n,
                     .code = event.code,
                     .undo = undo,
                     .what = event.text,
                     .started_in = -1,
                     .failed = false,
                     .started = {}});
  }

  void OnStarted(const Evidence& now) {
    if (plan_.empty()) return;
    ++premise_count_;
    Planned* planned = Find(now.event);
    running_ = planned;
    if (planned == nullptr) {
      Report(kNotPlanned, {now},
             fmt::format("the engine did '{}', which is not in its plan",
                         texts().Get(now.event.text)));
      return;
    }
    JudgeRepeat(*planned, now);
    JudgeOrder(*planned, now);
    planned->started_in = life_;
    planned->failed = false;
    planned->started = now;
    if (planned->undo || (last_ != nullptr && planned->place < last_->place)) return;
    last_ = planned;
  }

  // The entry that `event` carries out: the first one ahead, else the last one behind, else an
  // undo.
  Planned* Find(const Event& event) {
    Planned* behind = nullptr;
    Planned* undo = nullptr;
    for (Planned& planned : plan_) {
      if (planned.what != event.text || planned.code != event.code) continue;
      if (planned.undo) {
        if (undo == nullptr || undo->started_in >= 0) undo = &planned;
      } else if (last_ == nullptr || planned.place > last_->place) {
        return &planned;
      } else {
        behind = &planned;
      }
    }
    if (behind == nullptr) return undo;
    // Both an earlier step and an undo say so: whoever had its turn already is turning back.
    const bool this_life = behind->started_in == life_;
    const bool long_done = behind->started_in >= 0 && behind->place < last_->place;
    const bool had_its_turn = (this_life || long_done) && !behind->failed;
    return undo != nullptr && had_its_turn ? undo : behind;
  }

  void JudgeRepeat(const Planned& planned, const Evidence& now) {
    if (planned.started_in < 0 || planned.failed) return;
    if (planned.started_in == life_) {
      Report(kRepeated, {planned.started, now},
             fmt::format("the engine did '{}' twice without a crash between",
                         texts().Get(planned.what)));
    } else if (!asked_since_start_) {
      Report(kNotProbed, {planned.started, now},
             fmt::format("after its crash the engine did '{}' again without a look at its effect",
                         texts().Get(planned.what)));
    }
  }

  void JudgeOrder(const Planned& planned, const Evidence& now) {
    // What is in doubt after a crash is the last thing that was begun, and nothing before it.
    const bool again = planned.started_in >= 0 && planned.started_in < life_ && !planned.failed;
    if (again && !planned.undo && last_ != nullptr && planned.place < last_->place) {
      Report(kWentBack, {planned.started, last_->started, now},
             fmt::format("after its crash the engine went back to '{}', though it had got to '{}'",
                         texts().Get(planned.what), texts().Get(last_->what)));
      return;
    }
    if (planned.undo || planned.started_in >= 0 || last_ == nullptr) return;
    if (planned.place >= last_->place) return;
    Report(kOutOfOrder, {last_->started, now},
           fmt::format("the engine did '{}', number {} of its plan, after number {}, '{}'",
                       texts().Get(planned.what), planned.place, last_->place,
                       texts().Get(last_->what)));
  }

  void OnDone(const Event& event) {
    if (running_ != nullptr) running_->failed = event.code != kAnswerOk;
    running_ = nullptr;
  }

  void Report(std::uint64_t wrong, std::vector<Evidence> evidence, std::string why) {
    std::vector<NodeId> nodes;
    if (model().IsNode(evidence.back().event.node)) nodes.push_back(evidence.back().event.node);
    ReportOnce(findings(), *this, wrong,
               {.kind = FindingKind::kOrder,
                .cause = Cause::kEngine,
                .why = std::move(why),
                .evidence = std::move(evidence),
                .nodes = std::move(nodes)});
  }

  std::deque<Planned> plan_;       // a deque: pointers into it stay valid
  const Planned* last_ = nullptr;  // the furthest that was started
  Planned* running_ = nullptr;
  int life_ = 0;
  bool asked_since_start_ = false;
};

}  // namespace

std::unique_ptr<Check> MakeDoesWhatItPlanned(const Context& context) {
  return std::make_unique<DoesWhatItPlanned>(context);
}

}  // namespace tidegate::verifier
