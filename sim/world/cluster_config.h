// What a cluster-era Pump and Drainer read from their configuration when they start.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/dialect.h"
#include "sim/run_plan.h"
#include "sim/world/filter.h"

namespace tidegate::sim {

struct ClusterPumpConfig {
  Duration heartbeat_interval = 2 * kSecond;
  Duration fake_interval = 3 * kSecond;
  Duration gc = 7 * 24 * kHour;
  bool sync_log = true;  ///< what is acknowledged is on disk
};
/// Errors: text that is not TOML, unknown keys, values that the version refuses (tidb-binlog:
/// pump/config.go, pkg/util/util.go StrictDecodeFile).
Result<ClusterPumpConfig> ReadClusterPumpConfig(const std::string& text, const Dialect& dialect);

enum class ClusterSinkKind : std::uint8_t { kTable, kFile, kKafka };

struct ClusterDrainerConfig {
  ClusterSinkKind sink = ClusterSinkKind::kTable;
  bool sink_is_tidb = false;
  bool dispatch = true;
  bool safe_mode = false;
  std::int64_t worker_count = 16;
  std::int64_t txn_batch = 20;
  Duration detect_interval = 10 * kSecond;
  Duration synced_check_time = 5 * kMinute;
  std::int64_t initial_commit_ts = 0;
  std::string checkpoint_store;  ///< "tidb_binlog.checkpoint", for kTable
  TableFilter filter;
};
/// `script` is the run script's text, or empty: its --initial-commit-ts stands above the file's key
/// of that name. Errors as above, and a db-type that the version does not know (tidb-binlog:
/// drainer/config.go).
Result<ClusterDrainerConfig> ReadClusterDrainerConfig(const std::string& text,
                                                      const std::string& script,
                                                      const Dialect& dialect, const RunPlan& plan);

}  // namespace tidegate::sim
