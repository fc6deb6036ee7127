#include "trace/line_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/names.h"

namespace tidegate::trace {
namespace {

// Bits of seen_ above those of the kind's fields.
constexpr std::uint32_t kSeenTime = 1U << 16;
constexpr std::uint32_t kSeenKind = 1U << 17;
constexpr std::uint32_t kSeenEnd = 1U << 18;
constexpr std::uint32_t kSeenDigest = 1U << 19;

std::string DidYouMeanOneOf(std::string_view name, const std::vector<std::string_view>& names) {
  return DidYouMean(name, std::span<const std::string_view>(names));
}

void SetNumber(Slot slot, std::int64_t value, Event* event) {
  switch (slot) {
    case Slot::kCode: event->code = static_cast<std::uint16_t>(value); break;
    case Slot::kN: event->n = static_cast<std::uint32_t>(value); break;
    case Slot::kA: event->a = value; break;
    case Slot::kB: event->b = value; break;
    case Slot::kC: event->c = value; break;
    case Slot::kD: event->d = value; break;
    case Slot::kNode:
    case Slot::kPeer:
    case Slot::kText: break;
  }
}

}  // namespace

LineReader::LineReader(const Header& header, TextTable* texts)
    : header_(header), texts_(texts), rules_(header), canonical_(header, texts) {
  for (std::size_t i = 0; i < header.nodes.size(); ++i) {
    node_ids_.emplace(header.nodes[i].name, static_cast<NodeId>(i));
  }
}

LineReader::Kind LineReader::Read(std::string_view line, Event* event, EndLine* end) {
  if (canonical_.Read(line, event) && rules_.Hold(*event, texts_->size())) return Kind::kEvent;
  JsonScan scan(line);
  *event = Event{};
  seen_ = 0;
  next_field_ = 0;
  pending_count_ = 0;
  if (!ReadMembers(&scan, event, end)) {
    failure_ = scan.failure();
    failure_offset_ = scan.failure_offset();
    return Kind::kBad;
  }
  if ((seen_ & (kSeenEnd | kSeenDigest)) != 0) return Kind::kEnd;
  if (!rules_.Hold(*event, texts_->size())) {
    failure_ = rules_.Broken(*event, texts_->size());
    failure_offset_ = 0;
    return Kind::kBad;
  }
  return Kind::kEvent;
}

bool LineReader::ReadMembers(JsonScan* scan, Event* event, EndLine* end) {
  if (!scan->Expect('{')) return false;
  if (!scan->Take('}')) {
    do {
      if (!ReadMember(scan, event, end)) return false;
    } while (scan->Take(','));
    if (!scan->Expect('}')) return false;
  }
  const std::size_t behind = scan->offset();
  if (!scan->AtEnd()) return scan->Fail(behind, "something stands behind the line's object");
  if ((seen_ & (kSeenEnd | kSeenDigest)) != 0) {
    if (seen_ != (kSeenEnd | kSeenDigest) || pending_count_ != 0) {
      return scan->Fail(0, "the last line has 'end' and 'digest' and nothing else");
    }
    return true;
  }
  if ((seen_ & kSeenTime) == 0) return scan->Fail(0, "an event needs its time 't'");
  if ((seen_ & kSeenKind) == 0) return scan->Fail(0, "an event needs its kind 'e'");
  return ReadPending(scan, event);
}

bool LineReader::ReadMember(JsonScan* scan, Event* event, EndLine* end) {
  const std::size_t key_offset = scan->offset();
  std::string_view key;
  if (!scan->String(&key) || !scan->Expect(':')) return false;
  if (key == "t") {
    return See(kSeenTime, scan, key, key_offset) && scan->Int(&event->time);
  }
  if (key == "e") {
    return See(kSeenKind, scan, key, key_offset) && ReadKind(scan, event);
  }
  if (key == "end") {
    return See(kSeenEnd, scan, key, key_offset) && ReadCount(scan, end);
  }
  if (key == "digest") {
    std::string_view text;
    if (!See(kSeenDigest, scan, key, key_offset) || !scan->String(&text)) return false;
    end->digest = text;
    return true;
  }
  if ((seen_ & kSeenKind) != 0) return ReadField(scan, key, key_offset, event);
  if (pending_count_ == kMembersMax) {
    return scan->Fail(key_offset, fmt::format("a line has at most {} keys", kMembersMax + 2));
  }
  Member& member = pending_[pending_count_++];
  member.key = key;
  member.key_offset = key_offset;
  member.value_offset = scan->offset();
  return scan->SkipValue();
}

bool LineReader::See(std::uint32_t bit, JsonScan* scan, std::string_view key, std::size_t offset) {
  if ((seen_ & bit) != 0) {
    return scan->Fail(offset, fmt::format("the key '{}' stands here a second time", key));
  }
  seen_ |= bit;
  return true;
}

bool LineReader::ReadCount(JsonScan* scan, EndLine* end) {
  const std::size_t offset = scan->offset();
  std::int64_t count = 0;
  if (!scan->Int(&count)) return false;
  if (count < 0) return scan->Fail(offset, fmt::format("'end' is {}; it is a count", count));
  end->count = static_cast<std::uint64_t>(count);
  return true;
}

bool LineReader::ReadKind(JsonScan* scan, Event* event) {
  const std::size_t offset = scan->offset();
  std::string_view name;
  if (!scan->String(&name)) return false;
  event->kind = EventKindNamed(name);
  if (event->kind == EventKind::kCount) {
    std::vector<std::string_view> names;
    for (const EventSpec& spec : AllEventSpecs()) names.push_back(spec.name);
    return scan->Fail(offset,
                      fmt::format("there is no event '{}'{}", name, DidYouMeanOneOf(name, names)));
  }
  for (const FieldSpec& field : SpecOf(event->kind).fields) {
    if (field.type == FieldType::kTable) event->code = kNoTable;
  }
  return true;
}

bool LineReader::ReadPending(JsonScan* scan, Event* event) {
  for (std::size_t i = 0; i < pending_count_; ++i) {
    scan->GoTo(pending_[i].value_offset);
    if (!ReadField(scan, pending_[i].key, pending_[i].key_offset, event)) return false;
  }
  return true;
}

bool LineReader::ReadField(JsonScan* scan, std::string_view key, std::size_t key_offset,
                           Event* event) {
  const EventSpec& spec = SpecOf(event->kind);
  std::size_t index = next_field_;
  // Fields come in the row's order, with some left out: the next one is seldom far.
  while (index < spec.fields.size() && spec.fields[index].name != key) ++index;
  if (index == spec.fields.size()) {
    index = 0;
    while (index < spec.fields.size() && spec.fields[index].name != key) ++index;
  }
  if (index == spec.fields.size()) return UnknownKey(scan, key, key_offset, spec);
  next_field_ = index + 1;
  return See(1U << index, scan, key, key_offset) && ReadValue(scan, spec.fields[index], event);
}

bool LineReader::UnknownKey(JsonScan* scan, std::string_view key, std::size_t offset,
                            const EventSpec& spec) {
  std::vector<std::string_view> names = {"t", "e"};
  for (const FieldSpec& field : spec.fields) names.push_back(field.name);
  return scan->Fail(offset, fmt::format("unknown key '{}' in an event '{}'{}", key, spec.name,
                                        DidYouMeanOneOf(key, names)));
}

bool LineReader::ReadValue(JsonScan* scan, const FieldSpec& field, Event* event) {
  switch (field.type) {
    case FieldType::kNodeName:
      return ReadNode(scan, field, field.slot == Slot::kNode ? &event->node : &event->peer);
    case FieldType::kTable:
    case FieldType::kInt: return ReadInt(scan, field, event);
    case FieldType::kTso:
    case FieldType::kPosition: return ReadNumberString(scan, field, event);
    case FieldType::kText: {
      std::string_view text;
      if (!scan->String(&text)) return false;
      (field.slot == Slot::kText ? event->text : event->n) = texts_->Intern(text);
      return true;
    }
    case FieldType::kEnum: {
      std::size_t value = 0;
      if (!ReadName(scan, field, &value)) return false;
      event->code = static_cast<std::uint16_t>(value);
      return true;
    }
    case FieldType::kBits: return ReadBits(scan, field, event);
  }
  return false;
}

bool LineReader::ReadNode(JsonScan* scan, const FieldSpec& field, NodeId* out) {
  const std::size_t offset = scan->offset();
  std::string_view name;
  if (!scan->String(&name)) return false;
  const auto found = node_ids_.find(name);
  if (found == node_ids_.end()) {
    std::vector<std::string_view> names;
    for (const NodeInfo& node : header_.nodes) names.push_back(node.name);
    return scan->Fail(offset, fmt::format("'{}' is '{}', which is no node of the header{}",
                                          field.name, name, DidYouMeanOneOf(name, names)));
  }
  *out = found->second;
  return true;
}

bool LineReader::ReadInt(JsonScan* scan, const FieldSpec& field, Event* event) {
  const std::size_t offset = scan->offset();
  std::int64_t value = 0;
  if (!scan->Int(&value)) return false;
  std::int64_t max = INT64_MAX;
  std::int64_t min = INT64_MIN;
  if (field.slot == Slot::kCode || field.slot == Slot::kN) {
    min = 0;
    max = field.slot == Slot::kCode ? UINT16_MAX : UINT32_MAX;
  }
  if (field.type == FieldType::kTable) {
    max = static_cast<std::int64_t>(header_.tables.size()) - 1;
    if (max < 0) return scan->Fail(offset, "the header has no tables");
  }
  if (value < min || value > max) {
    return scan->Fail(
        offset, fmt::format("'{}' is {}; it must be from {} to {}", field.name, value, min, max));
  }
  SetNumber(field.slot, value, event);
  return true;
}

bool LineReader::ReadNumberString(JsonScan* scan, const FieldSpec& field, Event* event) {
  const std::size_t offset = scan->offset();
  std::string_view text;
  if (!scan->String(&text)) return false;
  std::int64_t value = 0;
  const auto [stop, errc] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_tso = field.type == FieldType::kTso;
  if (errc != std::errc() || stop != text.data() + text.size() || (is_tso && value < 0)) {
    return scan->Fail(offset,
                      fmt::format("'{}' is '{}'; it must be {} in decimal digits", field.name, text,
                                  is_tso ? "a timestamp" : "a 64-bit integer"));
  }
  SetNumber(field.slot, value, event);
  return true;
}

bool LineReader::ReadName(JsonScan* scan, const FieldSpec& field, std::size_t* out) {
  const std::size_t offset = scan->offset();
  std::string_view name;
  if (!scan->String(&name)) return false;
  const auto found = std::find(field.names.begin(), field.names.end(), name);
  if (found == field.names.end()) {
    return scan->Fail(offset,
                      fmt::format("'{}' is '{}'; it must be one of {}{}", field.name, name,
                                  fmt::join(field.names, ", "), DidYouMean(name, field.names)));
  }
  *out = static_cast<std::size_t>(found - field.names.begin());
  return true;
}

bool LineReader::ReadBits(JsonScan* scan, const FieldSpec& field, Event* event) {
  std::int64_t bits = 0;
  if (!scan->Expect('[')) return false;
  if (!scan->Take(']')) {
    do {
      const std::size_t offset = scan->offset();
      std::size_t bit = 0;
      if (!ReadName(scan, field, &bit)) return false;
      if ((bits >> bit & 1) != 0) {
        return scan->Fail(
            offset, fmt::format("'{}' stands in '{}' a second time", field.names[bit], field.name));
      }
      bits |= std::int64_t{1} << bit;
    } while (scan->Take(','));
    if (!scan->Expect(']')) return false;
  }
  SetNumber(field.slot, bits, event);
  return true;
}

}  // namespace tidegate::trace
