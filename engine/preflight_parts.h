// What the preflights of every way to the cluster version look at: who is registered, and whether a
// TiDB's socket can be taken away.
#pragma once

#include "engine/condition.h"
#include "engine/registry.h"

namespace tidegate::engine {

/// No old Drainer is registered that nobody listed.
Verdict JudgeCisterns(const Cluster& cluster, const Registry& registry);
/// No old Pump lives that no inventory lists: some TiDB would write through it.
Verdict JudgeStrangers(const Cluster& cluster, const Registry& registry);
/// No cluster Drainer is registered online and dead at `now` (a PD timestamp): Pumps would not
/// start.
Verdict JudgeClusterDrainers(const Registry& registry, Tso now);
/// The TiDB's binlog-socket stands where it will be removed.
Verdict JudgeSocket(const Tidb& tidb, const port::Answer& config, const port::Answer& script);

}  // namespace tidegate::engine
