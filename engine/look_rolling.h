// The looks of rolling upgrades: at Pumps and Drainers that are replaced where they are. Private to
// condition.cc.
#pragma once

#include <string>
#include <vector>

#include "engine/condition.h"

namespace tidegate::engine {

#define TIDEGATE_LOOK(C)                                                                         \
  std::string DescribeRolling(const C& c);                                                       \
  void AppendLookQueries(const C& c, const LookContext& context, std::vector<port::Query>* out); \
  Verdict EvaluateLook(const C& c, const LookContext& context,                                   \
                       const std::vector<port::Answer>& answers)
TIDEGATE_LOOK(RollingHolds);
TIDEGATE_LOOK(BinaryIs);
TIDEGATE_LOOK(RunsFrom);
TIDEGATE_LOOK(PumpsServe);
TIDEGATE_LOOK(TimestampFrom);
TIDEGATE_LOOK(PumpBack);
TIDEGATE_LOOK(PumpRead);
TIDEGATE_LOOK(CheckpointKept);
TIDEGATE_LOOK(DrainerBack);
#undef TIDEGATE_LOOK

/// A Pump that is asked for the registry and a PD timestamp: any but `skip`, by turns, and `skip`
/// itself only where there is no other.
const Process& OtherPump(const LookContext& context, std::size_t skip);

/// A Drainer that is registered online and whose heartbeat is this old is dead: it writes one every
/// second (tidb-binlog: drainer/server.go heartbeat).
inline constexpr Duration kDrainerDeadAfter = 15 * kSecond;

}  // namespace tidegate::engine
