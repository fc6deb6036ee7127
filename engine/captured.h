// State captured from a running cluster with the operator's own tools: /status bodies as curl took
// them, the checkpoint as `mysql` printed it or as the savepoint file, the log ends of Kafka's
// topics. It lets `plan` say more than the inventories do. TSOs stay 64-bit integers throughout.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/tso.h"

namespace tidegate::engine {

/// Where one Pump's topic has been read to. Zero fields are left out by the real Drainer
/// (tidb-binlog kafka: drainer/status.go, tipb Pos with omitempty).
struct CapturedPosition {
  std::int64_t suffix = 0;
  std::int64_t offset = 0;
};

/// The body of an old Drainer's GET /status.
struct CapturedStatus {
  bool has_positions = false;  ///< false: PumpPos is null or the body is, before the first tick
  std::map<std::string, CapturedPosition> positions;
  bool synced = false;
  Tso upper = 0;
  Tso lower = 0;
};

/// A checkpoint of the Kafka era: JSON row or TOML savepoint.
struct CapturedCheckpoint {
  std::string cluster_id;  ///< "" where the source does not say
  Tso commit_ts = 0;
  std::map<std::string, CapturedPosition> positions;
};

struct CapturedState {
  CapturedStatus status;
  CapturedCheckpoint checkpoint;
  std::map<std::string, std::int64_t> log_ends;  ///< topic -> end offset of partition 0
};

/// Reads a body of /status of any dialect; spaces as the manual's own sample has them. Errors at
/// file:line:column.
Result<CapturedStatus> ParseCapturedStatus(std::string body, const std::string& file);

/// Reads a checkpoint as JSON row text, as `mysql` printed the table (batch: tabs; or the boxed
/// form), or as a TOML savepoint; which of them, the text shows. Errors: none or several rows, no
/// commitTS.
Result<CapturedCheckpoint> ParseCapturedCheckpoint(const std::string& text,
                                                   const std::string& file);

/// {"6511234567890_tikv1_8250": 32686, …}.
Result<std::map<std::string, std::int64_t>> ParseLogEnds(std::string text, const std::string& file);

}  // namespace tidegate::engine
