// What is written is read back with the same meaning and the same digest, in both forms.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/trace/sample.h"
#include "trace/digest.h"
#include "trace/jsonl.h"

namespace tidegate::trace {
namespace {

std::string LineOf(const Event& event, const Trace& trace) {
  std::string line;
  AppendEventLine(event, trace.header, trace.texts, &line);
  return line;
}

// `{"a":1,"b":[…]}` as its members, which for event lines hold commas only within brackets and
// strings.
std::vector<std::string> MembersOf(const std::string& line) {
  std::vector<std::string> members(1);
  bool quoted = false;
  int depth = 0;
  for (std::size_t i = 1; line[i] != '\n'; ++i) {
    const char c = line[i];
    if (c == '"' && line[i - 1] != '\\') quoted = !quoted;
    if (!quoted && c == '[') ++depth;
    if (!quoted && c == ']') --depth;
    if (!quoted && c == '}') break;
    if (!quoted && depth == 0 && c == ',') {
      members.emplace_back();
    } else {
      members.back() += c;
    }
  }
  return members;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(round_trip)

BOOST_AUTO_TEST_CASE(every_kind_with_every_field_set) {
  const Trace trace = EveryKind();
  for (const Form form : kForms) {
    const Result<Trace> read = Read(Write(trace, form), form);
    BOOST_REQUIRE_MESSAGE(read.has_value(), Why(read));
    BOOST_TEST(SameMeaning(trace, *read));
    BOOST_TEST(DigestOf(*read) == DigestOf(trace));
    BOOST_TEST(Write(*read, form) == Write(trace, form));
  }
}

BOOST_AUTO_TEST_CASE(every_kind_with_nothing_set_that_may_be_left_out) {
  Trace trace;
  trace.header = SampleHeader();
  for (const EventSpec& spec : AllEventSpecs()) {
    Event event;
    event.kind = spec.kind;
    for (const FieldSpec& field : spec.fields) {
      if (field.type == FieldType::kNodeName && field.required) {
        (field.slot == Slot::kNode ? event.node : event.peer) = 1;
      }
      if (field.type == FieldType::kTable && !field.required) event.code = kNoTable;
    }
    trace.events.push_back(event);
  }
  for (const Form form : kForms) {
    const Result<Trace> read = Read(Write(trace, form), form);
    BOOST_REQUIRE_MESSAGE(read.has_value(), Why(read));
    BOOST_TEST(SameMeaning(trace, *read));
  }
  BOOST_TEST(LineOf(trace.events[0], trace) ==
             "{\"t\":0,\"e\":\"node-up\",\"node\":\"old-pump-1\"}\n");
}

BOOST_AUTO_TEST_CASE(extreme_numbers) {
  Trace trace;
  trace.header = SampleHeader();
  trace.events.push_back({.time = INT64_MAX,
                          .kind = EventKind::kRowCommitted,
                          .node = 0,
                          .code = 1,
                          .a = INT64_MIN,
                          .b = INT64_MAX,
                          .c = INT64_MAX,
                          .n = UINT32_MAX});
  trace.events.push_back(
      {.time = INT64_MAX, .kind = EventKind::kSourceAdded, .node = 3, .peer = 1, .a = -2});
  for (const Form form : kForms) {
    const Result<Trace> read = Read(Write(trace, form), form);
    BOOST_REQUIRE_MESSAGE(read.has_value(), Why(read));
    BOOST_TEST(SameMeaning(trace, *read));
  }
}

BOOST_AUTO_TEST_CASE(an_empty_trace_and_one_of_many_blocks) {
  Trace trace = SmallTrace();
  trace.events.clear();
  for (const Form form : kForms) BOOST_TEST(Read(Write(trace, form), form).has_value());

  // Texts spread over the blocks, each longer than a read of the window at least once.
  trace = SmallTrace();
  const std::vector<Event> once = trace.events;
  for (int i = 0; i < 10'000; ++i) {
    Event event = once[2];
    event.time = 8 + i;
    if (i % 100 == 0) event.text = trace.texts.Intern("text " + std::to_string(i));
    if (i == 5000) event.text = trace.texts.Intern(std::string(3'000'000, 'x'));
    trace.events.push_back(event);
  }
  for (const Form form : kForms) {
    const Result<Trace> read = Read(Write(trace, form), form);
    BOOST_REQUIRE_MESSAGE(read.has_value(), Why(read));
    BOOST_TEST(SameMeaning(trace, *read));
  }
}

// Keys in reverse, with white space between all tokens: other tools (jq, Python) write such lines.
BOOST_AUTO_TEST_CASE(json_keys_in_any_order) {
  const Trace trace = EveryKind();
  const std::string digest = DigestOf(trace);
  const std::string text = Write(trace, Form::kJsonl);
  const std::string header = text.substr(0, text.find('\n') + 1);
  for (std::size_t rotation = 0; rotation < 10; ++rotation) {
    std::string changed = header;
    for (const Event& event : trace.events) {
      std::vector<std::string> members = MembersOf(LineOf(event, trace));
      std::reverse(members.begin(), members.end());
      std::rotate(members.begin(),
                  members.begin() + static_cast<std::ptrdiff_t>(rotation % members.size()),
                  members.end());
      changed += " { ";
      for (std::size_t i = 0; i < members.size(); ++i) {
        changed += (i == 0 ? "\t" : " ,\t") + members[i];
      }
      changed += " } \r\n";
    }
    changed +=
        "{\"digest\":\"" + digest + "\", \"end\" : " + std::to_string(trace.events.size()) + "}\n";
    const Result<Trace> read = Read(changed, Form::kJsonl);
    BOOST_REQUIRE_MESSAGE(read.has_value(), Why(read));
    BOOST_TEST(SameMeaning(trace, *read));
  }
}

// Lines as a flagship run writes them: nodes with their usual names, real TSOs, an hour of time.
BOOST_AUTO_TEST_CASE(frequent_lines_are_short) {
  Trace trace;
  trace.header = SampleHeader();
  trace.header.nodes[0].name = "tidb-1";
  constexpr Tso kStart = 438'470'000'000'000'001;
  const Event txn{.time = kHour,
                  .kind = EventKind::kTxnCommitted,
                  .node = 0,
                  .a = kStart,
                  .b = kStart + 1,
                  .n = 2};
  BOOST_TEST(LineOf(txn, trace) ==
             "{\"t\":3600000000000,\"e\":\"txn-committed\",\"node\":\"tidb-1\","
             "\"st\":\"438470000000000001\",\"ct\":\"438470000000000002\",\"rows\":2}\n");
  const Event row{.time = kHour,
                  .kind = EventKind::kRowCommitted,
                  .node = 0,
                  .code = 1,
                  .a = 12345,
                  .b = kStart + 1,
                  .c = 1'234'567'890};
  const Event acked{.time = kHour,
                    .kind = EventKind::kBinlogAcked,
                    .node = 1,
                    .peer = 0,
                    .code = 1,
                    .a = kStart,
                    .b = kStart + 1};
  const Event handed{
      .time = kHour, .kind = EventKind::kTxnHanded, .node = 3, .a = kStart, .b = kStart + 1};
  Event applied = row;
  applied.kind = EventKind::kRowApplied;
  applied.node = 2;
  applied.peer = 3;
  for (const Event& event : {txn, row, acked, handed, applied}) {
    const std::string line = LineOf(event, trace);
    BOOST_TEST(line.size() <= 142U, line);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::trace
