#include "rehearsal/steps.h"

#include <fmt/format.h>

namespace tidegate::rehearsal {

using trace::EventKind;

void StepCollector::Add(const trace::Event& event, std::string step, std::string what,
                        std::string text) {
  lines_.push_back({event.time, std::move(step), std::move(what), std::move(text)});
}

void StepCollector::OnRareEvent(const trace::Event& event) {
  const auto text = [&] { return std::string(texts_.Get(event.text)); };
  switch (event.kind) {
    case EventKind::kStepStarted:
      step_ = text();
      if (names_.size() <= event.n) names_.resize(event.n + 1);
      names_[event.n] = step_;
      Add(event, step_, "started", "");
      break;
    case EventKind::kStepDone: Add(event, text(), "done", ""); break;
    case EventKind::kEngineSaid:
      // On a way back it speaks of steps that began long ago.
      if (event.n < names_.size() && !names_[event.n].empty()) step_ = names_[event.n];
      Add(event, step_, event.code == 0 ? "proven" : "warning", text());
      break;
    case EventKind::kGateJudged:
      Add(event, step_, event.code == 0 ? "gate shut" : "gate open", text());
      break;
    case EventKind::kFactJournaled:
      Add(event, step_, "journaled", fmt::format("{} = {}", texts_.Get(event.text), event.a));
      break;
    // An engine that speaks of no steps is followed by what it does.
    case EventKind::kActionStarted:
      if (names_.empty()) Add(event, "engine", "begins", text());
      break;
    case EventKind::kActionDone:
      if (names_.empty() && event.code != 0) {
        Add(event, "engine", std::string(trace::kAnswerNames[event.code]), text());
      }
      break;
    case EventKind::kOperatorAsked: Add(event, step_, "asks", text()); break;
    case EventKind::kOperatorSaid: Add(event, "operator", "answers", text()); break;
    case EventKind::kEngineCrashed: Add(event, "engine", "crashed", ""); break;
    case EventKind::kEngineStarted:
      if (event.n > 1) Add(event, "engine", "resumed", fmt::format("incarnation {}", event.n));
      break;
    case EventKind::kEngineFinished:
      Add(event, "engine", std::string(trace::kEngineEndNames[event.code]), text());
      break;
    case EventKind::kFaultFired: Add(event, "fault", "fired", text()); break;
    case EventKind::kFaultHealed:
      Add(event, "fault", "healed", fmt::format("fault {}", event.n));
      break;
    case EventKind::kAlert: Add(event, header_.nodes[event.node].name, "alert", text()); break;
    default: break;
  }
}

}  // namespace tidegate::rehearsal
