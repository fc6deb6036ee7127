// What each event kind's fields mean: one table that the JSON-lines form, the reader, `explain` and
// the documentation are driven by. An event kind that has no row does not compile.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "trace/event.h"

namespace tidegate::trace {

enum class Slot : std::uint8_t { kNode, kPeer, kCode, kA, kB, kC, kD, kText, kN };
enum class FieldType : std::uint8_t {
  kNodeName,  ///< NodeId <-> the node's name; kNoNode is left out
  kTable,     ///< index into Header::tables; kNoTable is left out
  kInt,       ///< decimal, within the slot's own range; 0 is left out
  kTso,       ///< decimal string, never negative; 0 is left out
  kPosition,  ///< decimal string, signed: an offset or a TSO; 0 is left out
  kText,      ///< text id <-> the string; empty is left out
  kEnum,      ///< one of `names`
  kBits,      ///< array of the names of the set bits
};

struct FieldSpec {
  Slot slot;
  FieldType type;
  std::string_view name;
  std::span<const std::string_view> names = {};  ///< of kEnum (by value) and kBits (by bit)
  bool required = false;  ///< of kNodeName and kTable: kNoNode or kNoTable is not allowed
};

struct EventSpec {
  EventKind kind;
  EventClass event_class;
  std::string_view name;  ///< "txn-committed"
  std::span<const FieldSpec> fields;
};

/// The row of `kind`. REQUIRES: kind < kCount.
const EventSpec& SpecOf(EventKind kind);

/// Every row, in the order of EventKind.
std::span<const EventSpec> AllEventSpecs();

/// The kind named `name`, or kCount.
EventKind EventKindNamed(std::string_view name);

}  // namespace tidegate::trace
