// The cluster of a run before any choice was made: which processes there are, where, with which
// files, and which rows each sink wants. Built from an engine's view of the operator's files
// (rehearsal/topology.h); the simulator itself reads no inventory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/run_plan.h"

namespace tidegate::sim {

/// Which rows reach a sink (tidb-binlog kafka: drainer/syncer.go skipDML, schema.go
/// SchemaAndTable): names are compared in lower case; a name that begins with "~" is a regular
/// expression.
struct RowFilter {
  std::vector<std::string> ignore_schemas;
  std::vector<std::string> do_dbs;
  std::vector<std::string> do_tables;  ///< "schema.table"

  /// An expression that is none matches nothing.
  bool Passes(std::string_view schema, std::string_view table) const;
};

struct SinkRows {
  NodeId sink = kNoNode;
  RowFilter filter;
};

struct Topology {
  std::string cluster_name;
  /// In the order of a RunPlan: pd, tikv, ZooKeeper, Kafka, old Pumps, TiDBs, downstreams, old
  /// Drainers, new Pumps, new Drainers, service, engine.
  std::vector<NodePlan> nodes;
  /// One entry for each old Drainer: a sink with two of them gets what either lets through.
  std::vector<SinkRows> sinks;
  std::string marker_schema;  ///< where the engine's marker DDL runs; "" = nowhere

  /// kNoNode when nobody has that name.
  NodeId Find(std::string_view name) const;
  std::vector<std::string> Names() const;
};

}  // namespace tidegate::sim
