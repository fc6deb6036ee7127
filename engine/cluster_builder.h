// From the operator's files to a Cluster: the old inventory, the target inventory, the site file;
// nothing from the network. What the files don't say is taken from the playbooks' defaults, and
// each such thing that an operator could have decided differently becomes a sentence in
// Cluster::assumptions.
//
// Facts: tidb-ansible roles pump, drainer, tidb and their defaults; inventory.ini of release-2.0
// and release-2.1-kafka; tidb-binlog kafka: cmd/drainer/drainer.toml.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/cluster.h"
#include "engine/inventory.h"
#include "engine/procedure.h"
#include "engine/site.h"

namespace tidegate::engine {

/// `inventory` is required; the others may be null. All must outlive the call.
struct ClusterInput {
  const Inventory* inventory = nullptr;
  const Inventory* target = nullptr;
  const Site* site = nullptr;
  Procedure procedure = Procedure::kKafkaToCluster;
};

/// Errors: kBadInput with file:line:column for what contradicts itself or is missing; kRefused when
/// the inventory describes nothing that can be upgraded (no binlog, cluster version already).
Result<Cluster> BuildCluster(const ClusterInput& input);

/// Loads the files and builds. `target_path` and `site_path` may be empty.
struct ClusterPaths {
  std::string inventory;
  std::string target;
  std::string site;
  Procedure procedure = Procedure::kKafkaToCluster;
};
Result<Cluster> LoadCluster(const ClusterPaths& paths);

}  // namespace tidegate::engine
