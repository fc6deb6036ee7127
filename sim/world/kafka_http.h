// HTTP bodies of the Kafka-era Pump and Drainer, byte for byte as encoding/json writes them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/dialect.h"
#include "sim/world.h"

namespace tidegate::sim {

/// A file position as the Pump shows it: bytes, though the simulated file counts records.
inline constexpr std::int64_t kBytesPerBinlog = 128;

struct KafkaPumpNumbers {
  bool mixed = true;
  PositionForm form = PositionForm::kFileAndKafka;
  std::int64_t file_end = 0;
  std::int64_t acked = 0;
  std::int64_t lost_count = 0;
  std::int64_t torn_count = 0;
};
/// /status, /drainers, /metrics (tidb-binlog kafka: pump/server.go PumpStatus, pump/status.go).
HttpResponse KafkaPumpHttp(World& world, NodeId id, const HttpRequest& request,
                           const KafkaPumpNumbers& numbers);

struct KafkaDrainerNumbers {
  bool ticked = false;
  bool in_files = false;                                       ///< positions are places in files
  std::vector<std::pair<std::string, std::int64_t>> pump_pos;  ///< node id, offset; by node id
  bool synced = false;
  Tso upper = 0;
  Tso lower = 0;
  Tso saved_commit_ts = 0;
  std::int64_t input_queue = 0;
  std::int64_t error_count = 0;
  std::int64_t query_tikv_count = 0;
};
/// /status and /metrics (tidb-binlog kafka: drainer/server.go, status.go, metrics.go).
HttpResponse KafkaDrainerHttp(const HttpRequest& request, const Dialect& dialect,
                              const KafkaDrainerNumbers& numbers);

}  // namespace tidegate::sim
