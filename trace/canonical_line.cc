#include "trace/canonical_line.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "trace/json_scan.h"

namespace tidegate::trace {
namespace {

static_assert(std::endian::native == std::endian::little, "eight digits are read as one word");

// The value of eight digits at once: pairs, then fours, then eight, each by one multiplication.
// REQUIRES: eight decimal digits stand at `digits`.
std::uint64_t EightDigits(const char* digits) {
  std::uint64_t word = 0;
  std::memcpy(&word, digits, sizeof word);
  word -= 0x3030303030303030ULL;
  word = (word * 10 + (word >> 8)) & 0x00FF00FF00FF00FFULL;
  word = (word * 100 + (word >> 16)) & 0x0000FFFF0000FFFFULL;
  return (word * 10000 + (word >> 32)) & 0xFFFFFFFFULL;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

struct CanonicalLine::Cursor {
  const char* at;
  const char* end;

  bool Literal(std::string_view literal) {
    if (static_cast<std::size_t>(end - at) < literal.size()) return false;
    if (std::memcmp(at, literal.data(), literal.size()) != 0) return false;
    at += literal.size();
    return true;
  }

  /// 1 to 18 digits without leading zero, with or without a sign: the rest is for the general way.
  bool Number(std::int64_t* out) {
    const bool negative = at != end && *at == '-';
    const char* digit = at + (negative ? 1 : 0);
    const char* first = digit;
    while (digit != end && IsDigit(*digit)) ++digit;
    const auto count = static_cast<std::size_t>(digit - first);
    if (count == 0 || count > 18 || *first == '0') return false;
    at = digit;
    std::uint64_t value = 0;
    for (; digit - first >= 8; first += 8) value = value * 100'000'000 + EightDigits(first);
    for (; first != digit; ++first) value = value * 10 + static_cast<std::uint64_t>(*first - '0');
    *out = negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
    return true;
  }

  /// A string of printable ASCII without escapes, as every name is.
  bool Plain(std::string_view* out) {
    if (at == end || *at != '"') return false;
    const char* start = ++at;
    while (at != end && *at != '"' && *at != '\\' && *at >= 0x20) ++at;
    if (at == end || *at != '"') return false;
    *out = std::string_view(start, static_cast<std::size_t>(at - start));
    ++at;
    return true;
  }
};

CanonicalLine::CanonicalLine(const Header& header, TextTable* texts)
    : header_(header), texts_(texts) {
  for (std::size_t i = 0; i < header.nodes.size(); ++i) {
    node_ids_.emplace(header.nodes[i].name, static_cast<NodeId>(i));
  }
  for (const EventSpec& spec : AllEventSpecs()) {
    std::vector<Field>& fields = fields_.emplace_back();
    for (const FieldSpec& field : spec.fields) {
      fields.push_back({",\"" + std::string(field.name) + "\":", &field, 0});
    }
  }
}

bool CanonicalLine::Read(std::string_view line, Event* event) {
  Cursor cursor{line.data(), line.data() + line.size()};
  std::string_view kind;
  *event = Event{};
  if (!cursor.Literal("{\"t\":") || !cursor.Number(&event->time)) return false;
  if (!cursor.Literal(",\"e\":") || !cursor.Plain(&kind)) return false;
  event->kind = EventKindNamed(kind);
  if (event->kind == EventKind::kCount) return false;
  for (Field& field : fields_[static_cast<std::size_t>(event->kind)]) {
    if (cursor.Literal(field.literal)) {
      if (!ReadValue(&cursor, &field, event)) return false;
    } else if (field.spec->type == FieldType::kTable) {
      event->code = kNoTable;
    }
  }
  return cursor.Literal("}") && cursor.at == cursor.end;
}

bool CanonicalLine::ReadValue(Cursor* cursor, Field* field, Event* event) {
  const FieldSpec& spec = *field->spec;
  std::int64_t number = 0;
  std::string_view name;
  switch (spec.type) {
    case FieldType::kNodeName:
      return cursor->Plain(&name) &&
             ReadNode(name, field, spec.slot == Slot::kNode ? &event->node : &event->peer);
    case FieldType::kText:
      return ReadText(cursor, spec.slot == Slot::kText ? &event->text : &event->n);
    case FieldType::kEnum: {
      if (!cursor->Plain(&name)) return false;
      const auto found = std::find(spec.names.begin(), spec.names.end(), name);
      if (found == spec.names.end()) return false;
      event->code = static_cast<std::uint16_t>(found - spec.names.begin());
      return true;
    }
    case FieldType::kBits: return false;
    case FieldType::kTso:
    case FieldType::kPosition:
      if (!cursor->Literal("\"") || !cursor->Number(&number) || !cursor->Literal("\""))
        return false;
      break;
    case FieldType::kTable:
    case FieldType::kInt:
      if (!cursor->Number(&number)) {
        if (!cursor->Literal("0")) return false;
        number = 0;
      }
      break;
  }
  switch (spec.slot) {
    case Slot::kCode:
      if (number < 0 || number > UINT16_MAX) return false;
      if (spec.type == FieldType::kTable && number == kNoTable) return false;
      event->code = static_cast<std::uint16_t>(number);
      return true;
    case Slot::kN:
      if (number < 0 || number > UINT32_MAX) return false;
      event->n = static_cast<std::uint32_t>(number);
      return true;
    case Slot::kA: event->a = number; return true;
    case Slot::kB: event->b = number; return true;
    case Slot::kC: event->c = number; return true;
    case Slot::kD: event->d = number; return true;
    case Slot::kNode:
    case Slot::kPeer:
    case Slot::kText: break;
  }
  return false;
}

bool CanonicalLine::ReadNode(std::string_view name, Field* field, NodeId* out) {
  if (field->last_node >= header_.nodes.size() || header_.nodes[field->last_node].name != name) {
    const auto found = node_ids_.find(name);
    if (found == node_ids_.end()) return false;
    field->last_node = found->second;
  }
  *out = field->last_node;
  return true;
}

bool CanonicalLine::ReadText(Cursor* cursor, TextId* out) {
  JsonScan scan({cursor->at, static_cast<std::size_t>(cursor->end - cursor->at)});
  std::string_view text;
  if (cursor->at == cursor->end || *cursor->at != '"' || !scan.String(&text)) return false;
  *out = texts_->Intern(text);
  cursor->at += scan.offset();
  return true;
}

}  // namespace tidegate::trace
