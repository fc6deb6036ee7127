// HTTP bodies of the cluster-era Pump and Drainer, byte for byte as encoding/json and
// unrolled/render write them (tidb-binlog: pump/status.go, drainer/status.go, pkg/util/http.go).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/messages.h"
#include "sim/world/pd.h"

namespace tidegate::sim {

/// "online", "paused", …; "unknown" for states of the Kafka era.
std::string_view ClusterStateName(trace::RegistryState state);

/// GET /status of a Pump: every Pump of the registry and a fresh PD timestamp. With `error` the
/// map is null, and the HTTP status is 200 all the same.
std::string ClusterPumpStatusBody(const std::vector<const RegistryRecord*>& pumps, Tso commit_ts,
                                  std::string_view error);

/// GET /drainers of a Pump: an array of node states; null when etcd was not reached.
std::string ClusterDrainersBody(bool reached, const std::vector<const RegistryRecord*>& drainers);

struct ClusterDrainerStatusBodyParts {
  bool ticked = false;  ///< false: before the first pass of the collector
  std::vector<std::pair<std::string, Tso>> pump_pos;  ///< in any order
  bool synced = false;
  Tso last_ts = 0;
};
/// GET /status of a Drainer.
std::string ClusterDrainerStatusBody(ClusterDrainerStatusBodyParts parts);

/// GET /commit_ts of a Drainer.
std::string ClusterCommitTsBody(Tso commit_ts);

/// The verdict on PUT /state/{nodeID}/{action}: always HTTP 200, the code is in the body.
struct StateChange {
  bool accepted = false;
  bool close = false;  ///< else pause
  HttpResponse response;
};
/// `path` is "/state/ID/ACTION". Both components say "this pump's" (pump/server.go,
/// drainer/server.go ApplyAction).
StateChange JudgeStateChange(std::string_view path, std::string_view own_id,
                             trace::RegistryState state);

}  // namespace tidegate::sim
