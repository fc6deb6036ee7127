// The looks at single processes and at the new side: queries and verdicts of the smaller
// conditions. Private to condition.cc.
#pragma once

#include <vector>

#include "engine/condition.h"
#include "engine/status_body.h"

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
TIDEGATE_LOOK(ImportPreflightHolds);
TIDEGATE_LOOK(GcLifeKnown);
TIDEGATE_LOOK(GcLifeAtLeast);
TIDEGATE_LOOK(GcLifeRestored);
TIDEGATE_LOOK(StaleCheckpointKnown);
TIDEGATE_LOOK(CheckpointGone);
#undef TIDEGATE_LOOK

// ---- shared by the looks

/// Is the unit inactive, and does its port refuse? From the answers of ShowUnit and ConnectTcp.
Verdict JudgeDown(const std::string& host, const std::string& unit, std::int64_t port,
                  const port::Answer& shown, const port::Answer& connected, int clause);
/// Does what a binary or server says of itself name the wanted release?
bool VersionMatches(std::string_view said, std::string_view wanted);
/// The entry of `pump`: of its node id where that is known, else of its address; null when it is
/// not registered.
const ClusterNode* FindPump(const std::vector<ClusterNode>& nodes, const Pump& pump);

/// TiKV's GC life time, as one of the TiDBs shows it; the text is a duration.
void AppendGcLifeQuery(const LookContext& context, std::vector<port::Query>* out);
Result<std::string> ReadGcLife(const port::Answer& answer);

/// The probe of an action, by its kind.
void AppendEffectQueries(const LookContext& context, std::vector<port::Query>* out);
Verdict EvaluateEffect(const LookContext& context, const std::vector<port::Answer>& answers);

}  // namespace tidegate::engine
