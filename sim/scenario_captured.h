// State that an operator took from a live cluster with curl and mysql, from which a scenario can
// start: /status bodies of the old Drainer (PumpPos, DepositWindow) and of old Pumps (LatestBinlog,
// tidb-binlog kafka: pump/status.go), the savepoint (checkpoint row as JSON, or the TOML file:
// drainer/checkpoint/), and Kafka log ends ({"<clusterID>_<host>_<port>": end} or by node id).
// 64-bit timestamps throughout.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/tso.h"

namespace tidegate::sim {

struct CapturedState {
  bool given = false;
  Tso upper = 0;  ///< the clock starts here
  Tso lower = 0;
  Tso saved_commit_ts = 0;       ///< of the savepoint; `lower` where none was taken
  std::uint64_t cluster_id = 0;  ///< from a topic's name; 0 when no topic says
  /// Both by node id ("172.16.10.49:8250").
  std::map<std::string, std::int64_t> positions;
  std::map<std::string, std::int64_t> log_ends;
};

/// Reads `captured` of a scenario: {"status": file or [files], "savepoint": file, "log_ends": file
/// or object}, or in place of the files the values: "upper", "lower", "saved_commit_ts",
/// "positions". `folder` is the scenario's, with a slash or empty. Errors: file:line:column in the
/// scenario or in the captured file; a pump with a position and no log end; an end below its
/// position.
Result<CapturedState> ReadCaptured(const JsonDocument& document, const JsonValue& value,
                                   const std::string& folder);

/// The parts, for tests and fuzzers. Each adds to `state`.
Status ReadStatusBody(std::string text, const std::string& file, CapturedState* state);
Status ReadSavepoint(std::string text, const std::string& file, CapturedState* state);
Status ReadLogEnds(const JsonDocument& document, const JsonValue& value, CapturedState* state);

}  // namespace tidegate::sim
