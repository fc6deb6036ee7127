// What must be right before step 1. The first part needs nothing but the cluster's description and
// refuses at plan time; the second looks at the registry, the old Drainers, their checkpoints and
// the TiDBs' configuration. Each refusal is a sentence that says what to do.
#pragma once

#include <string>
#include <vector>

#include "engine/condition.h"
#include "engine/plan.h"

namespace tidegate::engine {

/// The reasons against the upgrade that the cluster's description alone shows; empty when none.
std::vector<std::string> RefusalsOf(const Cluster& cluster, const PlanOptions& options);

/// The same of a rolling upgrade; a part of RefusalsOf.
std::vector<std::string> RollingRefusalsOf(const Cluster& cluster, const PlanOptions& options);

/// Can `Synced` of this old Drainer become true while it is healthy? Workers with dispatch refresh
/// its clock every 3 s (tidb-binlog kafka: drainer/syncer.go sync).
bool SyncedCanRise(const Drainer& drainer);

/// What a full import needs beyond the homes: hooks, sinks, GC.
void AddImportRefusals(const Cluster& cluster, std::vector<std::string>* refusals);

void AppendPreflightQueries(const LookContext& context, std::vector<port::Query>* queries);
Verdict EvaluatePreflight(const LookContext& context, const std::vector<port::Answer>& answers);

}  // namespace tidegate::engine
