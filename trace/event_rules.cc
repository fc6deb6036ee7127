#include "trace/event_rules.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>

#include "trace/event_spec.h"

namespace tidegate::trace {
namespace {

static_assert(std::endian::native == std::endian::little, "events are masked as 64-bit words");

// What one kind allows. `forbidden` has the bits that must be zero in the words a, b, c, d and
// (text, n): all of an unlisted slot, the sign of a TSO, the unnamed bits of flags.
struct Allowed {
  std::array<std::uint64_t, 5> forbidden{};
  std::uint16_t code_max = 0;
  bool node_listed = false;
  bool node_required = false;
  bool peer_listed = false;
  bool peer_required = false;
  bool table = false;
  bool table_required = false;
  bool second_text = false;
};

constexpr std::uint64_t kSignBit = 1ULL << 63;
constexpr std::uint64_t kTextBits = 0xFFFFFFFFULL;
constexpr std::size_t kTextWord = 4;

std::uint64_t ForbiddenIn(const FieldSpec& field) {
  if (field.type == FieldType::kTso) return kSignBit;
  if (field.type == FieldType::kBits) return ~((1ULL << field.names.size()) - 1);
  return 0;
}

std::uint16_t CodeMax(const FieldSpec& field) {
  if (field.type == FieldType::kEnum) return static_cast<std::uint16_t>(field.names.size() - 1);
  if (field.type == FieldType::kBits) {
    return static_cast<std::uint16_t>((1U << field.names.size()) - 1);
  }
  return UINT16_MAX;
}

void Allow(const FieldSpec& field, Allowed* out) {
  switch (field.slot) {
    case Slot::kNode:
      out->node_listed = true;
      out->node_required = field.required;
      break;
    case Slot::kPeer:
      out->peer_listed = true;
      out->peer_required = field.required;
      break;
    case Slot::kCode:
      out->code_max = CodeMax(field);
      out->table = field.type == FieldType::kTable;
      out->table_required = out->table && field.required;
      break;
    case Slot::kA:
    case Slot::kB:
    case Slot::kC:
    case Slot::kD:
      out->forbidden[static_cast<std::size_t>(field.slot) - static_cast<std::size_t>(Slot::kA)] =
          ForbiddenIn(field);
      break;
    case Slot::kText: out->forbidden[kTextWord] &= ~kTextBits; break;
    case Slot::kN:
      out->forbidden[kTextWord] &= kTextBits;
      out->second_text = field.type == FieldType::kText;
      break;
  }
}

using AllowedTable = std::array<Allowed, static_cast<std::size_t>(EventKind::kCount)>;

AllowedTable MakeAllowed() {
  AllowedTable table{};
  for (const EventSpec& spec : AllEventSpecs()) {
    Allowed& allowed = table[static_cast<std::size_t>(spec.kind)];
    allowed.forbidden.fill(~0ULL);
    for (const FieldSpec& field : spec.fields) Allow(field, &allowed);
  }
  return table;
}

const AllowedTable kAllowed = MakeAllowed();

bool NodeFits(NodeId node, bool listed, bool required, std::size_t count) {
  if (node == kNoNode) return !required;
  return listed && node < count;
}

bool CodeFits(std::uint16_t code, const Allowed& allowed, std::size_t table_count) {
  if (allowed.table) {
    return code < table_count || (code == kNoTable && !allowed.table_required);
  }
  return code <= allowed.code_max;
}

const FieldSpec* FieldOf(const EventSpec& spec, Slot slot) {
  for (const FieldSpec& field : spec.fields) {
    if (field.slot == slot) return &field;
  }
  return nullptr;
}

std::int64_t ValueOf(const Event& event, Slot slot) {
  switch (slot) {
    case Slot::kNode: return event.node;
    case Slot::kPeer: return event.peer;
    case Slot::kCode: return event.code;
    case Slot::kA: return event.a;
    case Slot::kB: return event.b;
    case Slot::kC: return event.c;
    case Slot::kD: return event.d;
    case Slot::kText: return event.text;
    case Slot::kN: return event.n;
  }
  return 0;
}

constexpr std::array<std::string_view, 9> kSlotNames = {"node", "peer", "code", "a", "b",
                                                        "c",    "d",    "text", "n"};

}  // namespace

bool HasSecondText(EventKind kind) { return kAllowed[static_cast<std::size_t>(kind)].second_text; }

bool EventRules::Hold(const Event& event, std::size_t text_count) const {
  if (event.kind >= EventKind::kCount) return false;
  const Allowed& allowed = kAllowed[static_cast<std::size_t>(event.kind)];
  std::array<std::uint64_t, 5> words;
  std::memcpy(words.data(), &event.a, sizeof words);
  std::uint64_t wrong = event.reserved;
  for (std::size_t i = 0; i < words.size(); ++i) wrong |= words[i] & allowed.forbidden[i];
  return wrong == 0 && event.time >= 0 && event.text < text_count &&
         (!allowed.second_text || event.n < text_count) &&
         NodeFits(event.node, allowed.node_listed, allowed.node_required, node_count_) &&
         NodeFits(event.peer, allowed.peer_listed, allowed.peer_required, node_count_) &&
         CodeFits(event.code, allowed, table_count_);
}

std::string EventRules::Broken(const Event& event, std::size_t text_count) const {
  if (event.kind >= EventKind::kCount) {
    return fmt::format("there is no event kind {}", static_cast<unsigned>(event.kind));
  }
  const EventSpec& spec = SpecOf(event.kind);
  if (event.time < 0)
    return fmt::format("event '{}' has the negative time {}", spec.name, event.time);
  if (event.reserved != 0) return fmt::format("event '{}' uses reserved bytes", spec.name);
  for (std::size_t i = 0; i < kSlotNames.size(); ++i) {
    const Slot slot = static_cast<Slot>(i);
    const bool is_node = slot == Slot::kNode || slot == Slot::kPeer;
    const std::int64_t value = ValueOf(event, slot);
    const FieldSpec* field = FieldOf(spec, slot);
    if (field == nullptr) {
      if (value == (is_node ? std::int64_t{kNoNode} : 0)) continue;
      return fmt::format("event '{}' sets slot '{}' to {}, which its row does not list", spec.name,
                         kSlotNames[i], value);
    }
    bool fits = true;
    switch (field->type) {
      case FieldType::kNodeName:
        fits = NodeFits(static_cast<NodeId>(value), true, field->required, node_count_);
        break;
      case FieldType::kTable:
        fits = static_cast<std::size_t>(value) < table_count_ ||
               (value == kNoTable && !field->required);
        break;
      case FieldType::kText: fits = static_cast<std::size_t>(value) < text_count; break;
      case FieldType::kTso: fits = value >= 0; break;
      case FieldType::kEnum: fits = static_cast<std::size_t>(value) < field->names.size(); break;
      case FieldType::kBits:
        fits = (static_cast<std::uint64_t>(value) & ForbiddenIn(*field)) == 0;
        break;
      case FieldType::kInt:
      case FieldType::kPosition: break;
    }
    if (fits) continue;
    if (value == kNoNode && (is_node || field->type == FieldType::kTable)) {
      return fmt::format("event '{}' needs '{}'", spec.name, field->name);
    }
    return fmt::format("event '{}' has {} as '{}', which is out of range", spec.name, value,
                       field->name);
  }
  return fmt::format("event '{}' breaks no rule", spec.name);
}

}  // namespace tidegate::trace
