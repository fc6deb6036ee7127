// The first line of a trace: what ran, where, and what was asked for. Everything the verifier may
// assume about a run before its first event. Written once, by whoever attaches the engine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/role.h"
#include "base/time.h"
#include "base/tso.h"

namespace tidegate::trace {

inline constexpr int kFormatVersion = 2;

/// One node. Its index in Header::nodes is its NodeId.
struct NodeInfo {
  std::string name;  ///< "old-pump-1", "drainer-1"; unique
  Role role = Role::kPd;
  Era era = Era::kNone;  ///< of a Pump or Drainer
  std::string host;      ///< inventory address
  std::int64_t port = 0;
  std::string unit;  ///< systemd unit or supervise's status folder; empty: nothing supervises it
  std::string data_dir;
  NodeId sink = kNoNode;         ///< of a Drainer: the downstream node that it applies to
  bool old_side = false;         ///< exists before the upgrade and is to be retired by it
  bool new_side = false;         ///< is to be deployed by the upgrade
  std::string target_version;    ///< what must run here at the end ("" = untouched)
  Duration detect_interval = 0;  ///< of a Drainer: how old its numbers may be
  bool keyed_sink = true;  ///< of a downstream: replays are harmless for keyed rows (mysql, tidb)
  bool carries_foreign = false;  ///< of Kafka/ZooKeeper: also carries the sink's or others' topics
};

struct TableInfo {
  std::string schema;
  std::string name;
  bool has_key = true;
  /// Downstream nodes that this table's rows are to reach, by the old side's filters.
  std::vector<NodeId> sinks;
};

struct Header {
  int format = kFormatVersion;
  std::string scenario;         ///< its name
  std::string scenario_digest;  ///< of the file's bytes and overrides
  std::uint64_t seed = 0;
  std::string engine;     ///< "ours", "literal", "ours/skips-the-gate", a command
  std::string procedure;  ///< "kafka-to-cluster"
  std::string gate;       ///< "proof", "synced", "both"; "" where not known
  std::vector<NodeInfo> nodes;
  std::vector<TableInfo> tables;  ///< index = table id
  Duration write_outage_max = 0;  ///< 0: no budget was set
  Duration drain_max = 0;         ///< bound of the last phase
  /// Risks that the operator accepted before the upgrade: "write-outage".
  std::vector<std::string> accepted = {};
  bool tidb_may_be_upgraded = true;
  /// Somebody besides the engine asked Pumps and Drainers of the cluster era for their status, each
  /// minute, which moves timestamps: unlike what an engine asks, that is no part of the trace.
  bool watched = false;
  /// The command that runs it again; says how the files were named, so it is no part of the digest.
  std::string reproduce;
  std::string run_plan;  ///< the RunPlan as JSON text: enough to run it again
};

}  // namespace tidegate::trace
