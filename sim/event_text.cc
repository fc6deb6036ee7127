#include "sim/event_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/names.h"
#include "trace/event_spec.h"

namespace tidegate::sim {
namespace {

// The code of `event` that `match` names, or -1.
std::int64_t CodeNamed(trace::EventKind event, std::string_view match) {
  for (const trace::FieldSpec& field : trace::SpecOf(event).fields) {
    if (field.slot != trace::Slot::kCode || field.type != trace::FieldType::kEnum) continue;
    const auto found = std::find(field.names.begin(), field.names.end(), match);
    if (found != field.names.end()) return found - field.names.begin();
  }
  return -1;
}

bool HasText(trace::EventKind event) {
  const auto fields = trace::SpecOf(event).fields;
  return std::any_of(fields.begin(), fields.end(), [](const trace::FieldSpec& field) {
    return field.slot == trace::Slot::kText;
  });
}

class EventTextReader {
 public:
  EventTextReader(const JsonDocument& document, const JsonValue& value, std::string_view what)
      : document_(document), value_(value), what_(what) {}

  Result<EventText> Read(EventTimes* times) {
    JsonObjectReader in(document_, value_, std::string(what_));
    std::string event;
    std::string step;
    std::string match;
    if (times != nullptr) in.Find("comment");
    in.String("event", &event);
    in.String("step", &step);
    in.String("match", &match);
    in.String("node", &text_.node.name);
    if (const JsonValue* node = value_.Find("node"); node != nullptr) {
      text_.node.where = document_.Position(node->offset);
    }
    if (times != nullptr) TRY(ReadTimes(in.Find("times"), times));
    TRY(in.Finish());
    if (!step.empty() && (!event.empty() || !match.empty())) {
      return document_.ErrorAt(value_.offset,
                               "'step' stands for the event step-started of that step");
    }
    if (!step.empty()) {
      text_.kind = trace::EventKind::kStepStarted;
      text_.match_text = step;
      return std::move(text_);
    }
    text_.kind = trace::EventKindNamed(event);
    if (text_.kind == trace::EventKind::kCount) return UnknownEvent(event);
    if (match.empty()) return std::move(text_);
    text_.match_code = CodeNamed(text_.kind, match);
    if (text_.match_code < 0 && !HasText(text_.kind)) return UnknownCode(match);
    if (text_.match_code < 0) text_.match_text = match;
    return std::move(text_);
  }

 private:
  Status ReadTimes(const JsonValue* value, EventTimes* times) {
    if (value == nullptr) return {};
    const auto& ends = value->elements;
    const bool pair = value->kind == JsonKind::kArray && ends.size() == 2;
    if (!pair || ends[0].integer < 0 || ends[0].integer > ends[1].integer) {
      return document_.ErrorAt(value->offset, "'times' must be [least, most]");
    }
    *times = {ends[0].integer, ends[1].integer};
    return {};
  }

  Error UnknownEvent(const std::string& event) {
    const JsonValue* at = value_.Find("event");
    if (at == nullptr) {
      return document_.ErrorAt(value_.offset, fmt::format("{} needs 'event' or 'step'", what_));
    }
    std::vector<std::string_view> known;
    for (const trace::EventSpec& spec : trace::AllEventSpecs()) known.push_back(spec.name);
    return document_.ErrorAt(
        at->offset, fmt::format("no event is named '{}'{}", event, DidYouMean(event, known)));
  }

  Error UnknownCode(const std::string& match) {
    std::vector<std::string_view> known;
    for (const trace::FieldSpec& field : trace::SpecOf(text_.kind).fields) {
      if (field.slot != trace::Slot::kCode) continue;
      known.insert(known.end(), field.names.begin(), field.names.end());
    }
    return document_.ErrorAt(
        value_.Find("match")->offset,
        fmt::format("the event '{}' has no '{}'{}", trace::SpecOf(text_.kind).name, match,
                    DidYouMean(match, known)));
  }

  const JsonDocument& document_;
  const JsonValue& value_;
  std::string_view what_;
  EventText text_;
};

}  // namespace

Result<EventText> ReadEventText(const JsonDocument& document, const JsonValue& value,
                                std::string_view what, EventTimes* times) {
  return EventTextReader(document, value, what).Read(times);
}

std::string DescribeEventText(const EventText& text) {
  std::string out(trace::SpecOf(text.kind).name);
  if (!text.node.name.empty()) out += " of " + text.node.name;
  if (!text.match_text.empty()) out += fmt::format(" '{}'", text.match_text);
  if (text.match_code < 0) return out;
  for (const trace::FieldSpec& field : trace::SpecOf(text.kind).fields) {
    if (field.slot == trace::Slot::kCode && field.type == trace::FieldType::kEnum) {
      out += fmt::format(" '{}'", field.names[static_cast<std::size_t>(text.match_code)]);
    }
  }
  return out;
}

}  // namespace tidegate::sim
