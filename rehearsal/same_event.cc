#include "rehearsal/same_event.h"

#include <fmt/format.h>

#include "base/time.h"
#include "trace/event_rules.h"
#include "trace/story.h"

namespace tidegate::rehearsal {

using trace::EventKind;

bool SameEvent(const EventOf& one, const EventOf& other) {
  const trace::Event& a = one.event;
  const trace::Event& b = other.event;
  const auto text = [&](trace::TextId mine, trace::TextId its) {
    return one.trace.texts.Get(mine) == other.trace.texts.Get(its);
  };
  const bool second = trace::HasSecondText(a.kind) && a.kind == b.kind;
  return a.time == b.time && a.kind == b.kind && a.node == b.node && a.peer == b.peer &&
         a.code == b.code && a.a == b.a && a.b == b.b && a.c == b.c && a.d == b.d &&
         text(a.text, b.text) && (second ? text(a.n, b.n) : a.n == b.n);
}

std::string EventSentence(const EventOf& one) {
  return fmt::format("at {} {}", FormatDuration(one.event.time),
                     trace::Sentence(one.event, one.trace.header, one.trace.texts));
}

std::string EventValue(const EventOf& one) {
  const EventKind kind = one.event.kind;
  const bool has = kind == EventKind::kActionStarted || kind == EventKind::kAsked;
  return has ? fmt::format(", by value '{}'", one.trace.texts.Get(one.event.n)) : "";
}

}  // namespace tidegate::rehearsal
