// The looks at single processes and at the new side: queries and verdicts of the smaller
// conditions. Private to condition.cc.
#pragma once

#include <vector>

#include "engine/condition.h"

namespace tidegate::engine {

/// A heartbeat older than this is stale: Pumps write one every 2 s, in whole seconds
/// (tidb-binlog: pump/config.go heartbeat-interval, pkg/util GetApproachTS).
inline constexpr Duration kHeartbeatFresh = 15 * kSecond;

#define TIDEGATE_LOOK(C)                                                                         \
  void AppendLookQueries(const C& c, const LookContext& context, std::vector<port::Query>* out); \
  Verdict EvaluateLook(const C& c, const LookContext& context,                                   \
                       const std::vector<port::Answer>& answers)
TIDEGATE_LOOK(PumpsOnline);
TIDEGATE_LOOK(PumpsPast);
TIDEGATE_LOOK(PdTimestamp);
TIDEGATE_LOOK(TidbsIdle);
TIDEGATE_LOOK(TidbsServe);
TIDEGATE_LOOK(NoDdlRunning);
TIDEGATE_LOOK(MarkerExists);
TIDEGATE_LOOK(TidbsStopped);
TIDEGATE_LOOK(TidbsUp);
TIDEGATE_LOOK(TidbsUpgraded);
TIDEGATE_LOOK(TidbsLogToPumps);
TIDEGATE_LOOK(ProcessIs);
TIDEGATE_LOOK(DrainersPast);
TIDEGATE_LOOK(Retired);
#undef TIDEGATE_LOOK

/// The probe of an action, by its kind.
void AppendEffectQueries(const LookContext& context, std::vector<port::Query>* out);
Verdict EvaluateEffect(const LookContext& context, const std::vector<port::Answer>& answers);

}  // namespace tidegate::engine
