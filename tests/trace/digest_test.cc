// The digest: one for one meaning, another for whatever differs.
#include "trace/digest.h"

#include <boost/test/unit_test.hpp>

#include "tests/trace/sample.h"

namespace tidegate::trace {
namespace {

// Another legal value in the slot of `field`.
void Change(const FieldSpec& field, Trace* trace, Event* event) {
  switch (field.slot) {
    case Slot::kNode: event->node = 1; break;
    case Slot::kPeer: event->peer = 1; break;
    case Slot::kCode: event->code = 0; break;
    case Slot::kA: event->a = 3; break;
    case Slot::kB: event->b = 3; break;
    case Slot::kC: event->c = 3; break;
    case Slot::kD: event->d = 0; break;
    case Slot::kText: event->text = trace->texts.Intern("another"); break;
    case Slot::kN:
      event->n = field.type == FieldType::kText ? trace->texts.Intern("another") : 3;
      break;
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(digest)

BOOST_AUTO_TEST_CASE(differs_when_any_field_of_any_event_differs) {
  Trace trace = EveryKind();
  const std::string digest = DigestOf(trace);
  BOOST_TEST(digest.size() == 32U);
  BOOST_TEST(digest == DigestOf(EveryKind()));
  for (Event& event : trace.events) {
    const Event before = event;
    event.time += 1;
    BOOST_TEST(DigestOf(trace) != digest);
    event = before;
    for (const FieldSpec& field : SpecOf(event.kind).fields) {
      Change(field, &trace, &event);
      BOOST_TEST(DigestOf(trace) != digest, SpecOf(event.kind).name << " " << field.name);
      event = before;
    }
  }
  BOOST_TEST(DigestOf(trace) == digest);
}

BOOST_AUTO_TEST_CASE(differs_with_header_order_and_count) {
  const std::string digest = DigestOf(SmallTrace());
  Trace trace = SmallTrace();
  trace.header.seed = 1;
  BOOST_TEST(DigestOf(trace) != digest);
  trace = SmallTrace();
  std::swap(trace.events[0], trace.events[1]);
  BOOST_TEST(DigestOf(trace) != digest);
  trace = SmallTrace();
  trace.events.pop_back();
  BOOST_TEST(DigestOf(trace) != digest);
}

BOOST_AUTO_TEST_CASE(does_not_depend_on_text_ids) {
  const Trace trace = SmallTrace();
  Trace other;
  other.header = trace.header;
  other.texts.Intern("never used");
  for (Event event : trace.events) {
    event.text = other.texts.Intern(trace.texts.Get(event.text));
    other.events.push_back(event);
  }
  BOOST_TEST(other.events[2].text != trace.events[2].text);
  BOOST_TEST(DigestOf(other) == DigestOf(trace));
}

// Crosses several flushes of the inner buffer; a digest that is asked for in between goes on.
BOOST_AUTO_TEST_CASE(is_the_same_whether_asked_for_in_between_or_not) {
  Trace trace = EveryKind();
  const std::vector<Event> once = trace.events;
  for (int i = 0; i < 20; ++i) {
    trace.events.insert(trace.events.end(), once.begin(), once.end());
  }
  Digest digest(trace.header);
  std::string last;
  for (const Event& event : trace.events) {
    digest.Add(event, trace.texts);
    const std::string now = digest.Hex();
    BOOST_REQUIRE(now != last);
    last = now;
  }
  BOOST_TEST(last == DigestOf(trace));
}

// Pinned: the digest is part of the file formats and of reports that people keep.
BOOST_AUTO_TEST_CASE(of_the_small_trace_is_pinned) {
  BOOST_TEST(DigestOf(SmallTrace()) == "07b139db5b4baf4ba8d4abe5650b84d3");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::trace
