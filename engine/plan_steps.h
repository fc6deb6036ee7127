// Steps that more than one way to the cluster version takes: the new Pumps, the TiDBs from one side
// to the other, the old side's end.
#pragma once

#include "engine/plan.h"

namespace tidegate::engine {

Step PreflightStep(Condition condition);
Step DeployPumpStep(const Cluster& cluster);
/// Detaches the service, stops every TiDB and learns T0. With `marker`, a marker DDL runs before.
Step StopTidbStep(const Cluster& cluster, bool marker);
Step UpgradeTidbStep(const Cluster& cluster);
/// Behind the one-way door: every TiDB logs to the new Pumps, the service is attached.
Step StartTidbStep(const Cluster& cluster);
/// Old Pumps, Kafka and ZooKeeper; learns T1, which every new Drainer must pass. Says what is left
/// behind: the old checkpoints too, unless they were removed for an import.
Step RetireOldStep(const Cluster& cluster, bool checkpoints_stay);

}  // namespace tidegate::engine
