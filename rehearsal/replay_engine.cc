#include "rehearsal/replay_engine.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "rehearsal/captures.h"
#include "sim/world/control.h"
#include "trace/event_rules.h"
#include "trace/story.h"

namespace tidegate::rehearsal {
namespace {

using trace::EventKind;

// The value of an input stands in the trace for replays, and says no more than its text.
std::string ValueOf(const trace::Event& event, const trace::Trace& trace) {
  const bool has = event.kind == EventKind::kActionStarted || event.kind == EventKind::kAsked;
  return has ? fmt::format(", by value '{}'", trace.texts.Get(event.n)) : "";
}

std::string SentenceOf(const trace::Event& event, const trace::Trace& trace) {
  return fmt::format("at {} {}", FormatDuration(event.time),
                     trace::Sentence(event, trace.header, trace.texts));
}

}  // namespace

void ReplayEngine::Watch(sim::World* world, std::vector<Taken>* taken) {
  world_ = world;
  world->LookEach(0, [this, taken](sim::World&) { Look(taken); });
}

// Whoever took statuses did so at the end of a step, before the engine was heard again.
void ReplayEngine::Look(std::vector<Taken>* taken) {
  const bool aside = std::exchange(steps_, world_->kernel().steps()) == world_->kernel().steps();
  if (taken != nullptr && !aside && world_->now() >= take_at_) {
    take_at_ = world_->now() + kCaptureEvery;
    TakeStatuses(world_, true, taken);
  }
  if (!started_) return;
  Act();
  world_->control().NoteEnd();
}

// All wake-ups are asked for now, so that each comes before whatever the recorded engine came
// before: entries of one time are delivered in the order in which they were made.
void ReplayEngine::Start(sim::EngineLink* link) {
  CHECK(world_ != nullptr);
  started_ = true;
  Time last = link->now();
  for (const RecordedInput& input : inputs_) {
    if (input.event.time <= last) continue;
    last = input.event.time;
    link->WakeAt(last);
  }
  Act();
}

// Whatever is due where the world is now.
void ReplayEngine::Act() {
  while (!finished_ && next_ < inputs_.size()) {
    const RecordedInput& input = inputs_[next_];
    const std::uint64_t steps = world_->kernel().steps();
    const Time now = world_->now();
    if (now < input.event.time || (now == input.event.time && steps < input.after())) return;
    if (now > input.event.time || steps > input.after()) {
      return Diverge(event_count_,
                     fmt::format("at {} the world is already past the place of what "
                                 "the engine did at {}",
                                 FormatDuration(now), FormatDuration(input.event.time)));
    }
    ++next_;
    Do(input);
  }
}

void ReplayEngine::Do(const RecordedInput& input) {
  const trace::Event& event = input.event;
  const auto id = static_cast<std::uint64_t>(event.a);
  if (const auto* action = std::get_if<engine::port::Action>(&input.what); action != nullptr) {
    return world_->Perform(id, *action);
  }
  if (const auto* query = std::get_if<engine::port::Query>(&input.what); query != nullptr) {
    return world_->Ask(id, static_cast<std::uint32_t>(event.d), *query, event.c);
  }
  if (event.kind == EventKind::kEngineFinished) finished_ = true;
  world_->Claim(event, input.text);
}

bool ReplayEngine::Same(const trace::Event& event, const trace::Event& recorded) const {
  const auto text = [&](trace::TextId mine, trace::TextId other) {
    return replayed_.texts.Get(mine) == recorded_.texts.Get(other);
  };
  const bool second = trace::HasSecondText(event.kind) && event.kind == recorded.kind;
  return event.time == recorded.time && event.kind == recorded.kind &&
         event.node == recorded.node && event.peer == recorded.peer &&
         event.code == recorded.code && event.a == recorded.a && event.b == recorded.b &&
         event.c == recorded.c && event.d == recorded.d && text(event.text, recorded.text) &&
         (second ? text(event.n, recorded.n) : event.n == recorded.n);
}

void ReplayEngine::OnEvent(const trace::Event& event, std::uint64_t index) {
  event_count_ = index + 1;
  if (divergence_.has_value()) return;
  if (index < recorded_.events.size() && Same(event, recorded_.events[index])) return;
  Diverge(index, SentenceOf(event, replayed_) + ValueOf(event, replayed_));
}

// The run goes on to its end without the engine: what it did belongs to another run.
void ReplayEngine::Diverge(std::uint64_t event, std::string replayed) {
  if (divergence_.has_value()) return;
  finished_ = true;
  const bool any = event < recorded_.events.size();
  divergence_ = {event, world_->now(),
                 any ? SentenceOf(recorded_.events[event], recorded_) +
                           ValueOf(recorded_.events[event], recorded_)
                     : "no more events",
                 std::move(replayed)};
}

void ReplayEngine::Finish() {
  if (event_count_ < recorded_.events.size()) Diverge(event_count_, "no more events");
}

}  // namespace tidegate::rehearsal
