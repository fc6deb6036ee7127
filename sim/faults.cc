#include "sim/faults.h"

namespace tidegate::sim {
namespace {

using trace::EventKind;

// The host's own crash points are counted by whoever runs the engine.
bool IsHostCrash(const FaultPlan& fault) {
  return fault.kind == FaultKind::kEngineCrash && fault.amount > 0;
}

}  // namespace

Faults::Faults(World& world) : world_(world), states_(world.plan().faults.size()) {}

void Faults::Begin() {
  world_.kernel().SetFaultHandler(this);
  const std::vector<FaultPlan>& faults = world_.plan().faults;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    if (IsHostCrash(faults[i])) continue;
    if (faults[i].trigger.on_event) {
      waits_[static_cast<std::size_t>(faults[i].trigger.event)] = 1;
    } else {
      states_[i].armed = true;
      world_.kernel().ScheduleFault(faults[i].trigger.at, i << 1U);
    }
  }
}

void Faults::Match(const trace::Event& event) {
  const std::vector<FaultPlan>& faults = world_.plan().faults;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const FaultTrigger& trigger = faults[i].trigger;
    if (!trigger.on_event || states_[i].armed || trigger.event != event.kind) continue;
    if (IsHostCrash(faults[i])) continue;
    if (trigger.node != kNoNode && trigger.node != event.node) continue;
    if (trigger.match_code >= 0 && trigger.match_code != event.code) continue;
    if (!trigger.match_text.empty() &&
        world_.TextOf(event.text).find(trigger.match_text) == std::string_view::npos) {
      continue;
    }
    if (++states_[i].matched < trigger.nth) continue;
    states_[i].armed = true;
    world_.kernel().ScheduleFault(world_.now() + trigger.after, i << 1U);
  }
}

void Faults::OnTimer(What, std::uint64_t a, std::uint32_t) {
  if ((a & 1U) != 0) {
    Heal(a >> 1U);
  } else {
    Fire(a >> 1U);
  }
}

void Faults::MarkFired(std::size_t index) {
  const FaultPlan& fault = world_.plan().faults[index];
  states_[index].fired = true;
  states_[index].healed = true;
  world_.Record({.kind = EventKind::kFaultFired,
                 .node = fault.node,
                 .peer = fault.peer,
                 .text = world_.Intern(fault.description),
                 .n = static_cast<std::uint32_t>(index)});
}

void Faults::Fire(std::size_t index) {
  const FaultPlan& fault = world_.plan().faults[index];
  MarkFired(index);
  states_[index].healed = false;
  Do(fault, false);
  if (fault.heal_after > 0) {
    world_.kernel().ScheduleFault(world_.now() + fault.heal_after, index << 1U | 1U);
  }
}

void Faults::Heal(std::size_t index) {
  State& state = states_[index];
  if (!state.fired || state.healed) return;
  state.healed = true;
  world_.Record({.kind = EventKind::kFaultHealed, .n = static_cast<std::uint32_t>(index)});
  Do(world_.plan().faults[index], true);
}

void Faults::HealAll() {
  for (std::size_t i = 0; i < states_.size(); ++i) Heal(i);
}

void Faults::ReportUnfired() {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (states_[i].fired) continue;
    world_.Record({.kind = EventKind::kFaultNeverFired,
                   .text = world_.Intern(world_.plan().faults[i].description),
                   .n = static_cast<std::uint32_t>(i)});
  }
}

}  // namespace tidegate::sim
