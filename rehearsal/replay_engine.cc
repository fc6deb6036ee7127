#include "rehearsal/replay_engine.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "rehearsal/captures.h"
#include "rehearsal/same_event.h"
#include "sim/world/control.h"
#include "trace/event_spec.h"

namespace tidegate::rehearsal {
namespace {

using trace::EventKind;

std::string Told(const trace::Event& event, const trace::Trace& trace) {
  return EventSentence({event, trace}) + EventValue({event, trace});
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

void ReplayEngine::OnEvent(const trace::Event& event, std::uint64_t index) {
  event_count_ = index + 1;
  if (divergence_.has_value()) return;
  const bool same = index < recorded_.events.size() &&
                    SameEvent({event, replayed_}, {recorded_.events[index], recorded_});
  if (!same) Diverge(index, Told(event, replayed_));
}

// The run goes on to its end without the engine: what it did belongs to another run.
void ReplayEngine::Diverge(std::uint64_t event, std::string replayed) {
  if (divergence_.has_value()) return;
  finished_ = true;
  const bool any = event < recorded_.events.size();
  divergence_ = {event, world_->now(),
                 any ? Told(recorded_.events[event], recorded_) : "no more events",
                 std::move(replayed)};
}

void ReplayEngine::Finish() {
  if (event_count_ < recorded_.events.size()) Diverge(event_count_, "no more events");
}

}  // namespace tidegate::rehearsal
