// Faults as a scenario writes them: names in place of NodeIds, ranges in place of times. One table
// says for each kind its key, what it needs and whether it heals. Resolve (resolve.h) turns a
// FaultText into a FaultPlan.
//
//   {"kill": "tidb-1", "at": "30s"}
//   {"partition": ["old-pump-1", "kafka-1"], "at": ["10s", "60s"], "for": "20s"}
//   {"hung_downstream": "downstream-1", "on": {"step": "wait-drained"}, "after": "1s"}
//   {"restart": "old-drainer-1", "on": {"event": "checkpoint-saved", "node": "downstream-1"},
//   "nth": 2}
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "sim/event_text.h"
#include "sim/run_plan.h"

namespace tidegate::sim {

struct FaultText {
  FaultKind kind = FaultKind::kKill;
  NodeName node;  ///< empty for engine_crash
  NodeName peer;  ///< empty where the kind has none
  std::int64_t amount = 0;
  std::int64_t detail = 0;
  Duration heal_after = 0;
  /// `at` is open when at_low != at_high: drawn by the seed.
  Time at_low = 0;
  Time at_high = 0;
  bool on_event = false;
  EventText on;
  std::int64_t nth = 1;
  Duration after = 0;
};

/// What a kind of fault needs.
struct FaultSpec {
  FaultKind kind;
  std::string_view key;         ///< in a scenario: "slow_downstream"
  std::string_view amount_key;  ///< "" where the kind has no amount
  bool amount_is_duration;
  std::string_view peer_key;  ///< "" where the kind has no peer, or the key itself names both
  bool heals;                 ///< takes "for"
  int role;                   ///< Role that `node` must have, or -1
  int peer_role;              ///< the same for `peer`
  /// What FaultText::detail counts: the values of `choice_key`; "" where the kind has no choice.
  std::string_view choice_key = {};
  std::span<const std::string_view> choices = {};
  bool is_pair = false;              ///< the key itself names both nodes
  bool cluster_only = false;         ///< `node` must be of the cluster era
  bool old_only = false;             ///< `node` must be of the Local or Kafka era
  Duration heals_by_itself = 0;      ///< what "for" is when it is not given; 0: the end of the load
  std::int64_t amount_default = -1;  ///< where the amount may be left out
};

const FaultSpec& SpecOfFault(FaultKind kind);

/// Reads one element of a scenario's `faults`. Errors: file:line:column, nearest names.
Result<FaultText> ReadFault(const JsonDocument& document, const JsonValue& value);

/// "kill tidb-1 at 30s", "partition old-pump-1 kafka-1 on checkpoint-saved number 2 + 1s for 20s":
/// the same words in trace, report and witness. `at` is the drawn time.
std::string DescribeFault(const FaultText& fault, Time at);

}  // namespace tidegate::sim
