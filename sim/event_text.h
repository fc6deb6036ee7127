// Which events a scenario means, by kind, node and what they say: what a fault waits for, and what
// a run is expected to have seen.
//
//   {"event": "binlog-dropped", "node": "pump-1", "match": "purged-range"}
//   {"step": "wait-drained"}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "trace/event.h"

namespace tidegate::sim {

/// A node's name in a scenario, with its place for messages.
struct NodeName {
  std::string name;
  std::string where;  ///< file:line:column
};

struct EventText {
  trace::EventKind kind = trace::EventKind::kCount;
  NodeName node;                 ///< empty: any
  std::int64_t match_code = -1;  ///< the event's code, when >= 0
  std::string match_text;        ///< part of the event's text, when given
};

/// Reads `value`, called `what` in messages, which must have `event` or `step` and may have `node`,
/// `match` and, with `times`, how often it is expected: `[least, most]`. `times` null: not allowed.
struct EventTimes {
  std::int64_t low = 1;
  std::int64_t high = INT64_MAX;
};
Result<EventText> ReadEventText(const JsonDocument& document, const JsonValue& value,
                                std::string_view what, EventTimes* times = nullptr);

/// "checkpoint-saved of downstream-1", "binlog-dropped of pump-1 'purged-range'".
std::string DescribeEventText(const EventText& text);

}  // namespace tidegate::sim
