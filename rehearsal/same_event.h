// Are two events of two traces the same? Texts are compared by what they say, since each trace
// numbers its own.
#pragma once

#include <string>

#include "trace/event.h"
#include "trace/recorder.h"

namespace tidegate::rehearsal {

/// An event with the trace that it is of.
struct EventOf {
  const trace::Event& event;
  const trace::Trace& trace;
};

bool SameEvent(const EventOf& one, const EventOf& other);

/// "at 3.2s the engine asked …".
std::string EventSentence(const EventOf& one);
/// What an input of the engine is by value, ", by value '…'": stands in the trace for replays, and
/// says no more than its sentence where that is not cut. "" for other events.
std::string EventValue(const EventOf& one);

}  // namespace tidegate::rehearsal
