// The bodies that Pumps, Drainers and TiDBs of every era answer, read from bytes. Timestamps stay
// 64-bit; a field that a server omits because it is zero reads as zero.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/tso.h"
#include "engine/port/port.h"

namespace tidegate::engine {

/// `/status` of a Kafka or Local era Drainer (tidb-binlog kafka: drainer/status.go).
struct OldDrainerStatus {
  bool ticked = false;             ///< false: answered, but its first detect tick is yet to come
  std::vector<std::string> pumps;  ///< keys of PumpPos
  bool synced = false;
  Tso upper = 0;
  Tso lower = 0;
};
/// Errors: kUnavailable when no whole answer came (v1.1 closes the connection before its first
/// tick), kBadInput when the body is not one of that era (a cluster Drainer is named as such).
/// `null` (v1.0 before its first tick) and `"PumpPos":null` read as not ticked.
Result<OldDrainerStatus> ParseOldDrainerStatus(const port::Answer& answer);

/// `/status` of a Kafka era Pump (tidb-binlog kafka: pump/status.go). CommitTS is a fresh PD TSO.
struct OldPumpStatus {
  Tso commit_ts = 0;
  std::string error;
};
Result<OldPumpStatus> ParseOldPumpStatus(const port::Answer& answer);

/// A node of the cluster-era registry (tidb-binlog: pkg/node/node.go).
struct ClusterNode {
  std::string id;
  std::string host;  ///< "ip:port"
  std::string state;
  Tso max_commit_ts = 0;
  Tso update_ts = 0;
};

/// `/status` of a cluster Pump: all Pumps of the registry, and a fresh PD TSO as CommitTS
/// (tidb-binlog: pump/server.go, pump/status.go).
struct ClusterPumpStatus {
  std::vector<ClusterNode> pumps;
  Tso commit_ts = 0;
};
/// Errors: kUnavailable when nothing usable came or ErrMsg is set.
Result<ClusterPumpStatus> ParseClusterPumpStatus(const port::Answer& answer);

/// CommitTS of a Pump's `/status`, of any era: a timestamp that it has just taken from PD. Errors:
/// kUnavailable, kBadInput; never 0 or less.
Result<Tso> ParsePdTimestamp(const port::Answer& answer);

/// `/status` of a cluster Drainer (tidb-binlog: drainer/status.go). LastTS is its checkpoint.
struct ClusterDrainerStatus {
  std::vector<std::pair<std::string, Tso>> pump_pos;
  bool synced = false;
  Tso last_ts = 0;
};
Result<ClusterDrainerStatus> ParseClusterDrainerStatus(const port::Answer& answer);

/// `GET /status` at a TiDB's status port (tidb: server/http_status.go).
struct TidbStatus {
  std::int64_t connections = 0;
  std::string version;  ///< "5.7.10-TiDB-v2.1.0"
};
Result<TidbStatus> ParseTidbStatus(const port::Answer& answer);

/// `GET /binlog/recover?op=status` at a TiDB's status port (tidb: server/http_handler.go): is it
/// dropping binlogs?
Result<bool> ParseBinlogSkipped(const port::Answer& answer);

/// `ActiveState`, `UnitFileState`, … of `systemctl show`; empty when the line is not there. What
/// `svstat` says of a unit under supervise is read as an ActiveState.
std::string_view UnitProperty(std::string_view body, std::string_view name);

/// The release in the output of `BINARY -V` ("v2.1.0" of "Release Version: v2.1.0"); empty when no
/// such line is there. (tidb-binlog: pkg/version/version.go)
std::string_view ReleaseVersion(std::string_view body);

/// The sum of the samples of one metric of a Prometheus page, whatever their labels. Samples are
/// read as integers; a fraction is cut, a sum beyond int64 is the largest. Errors: kNotFound.
Result<std::int64_t> MetricSum(std::string_view page, std::string_view name);

/// How many DDL jobs of `admin show ddl jobs` have not ended: running, queueing, rolling back.
std::int64_t UnfinishedDdlJobs(std::string_view body);

/// "timed out", "http status 500", "connection refused": for sentences.
std::string AnswerText(const port::Answer& answer);

}  // namespace tidegate::engine
