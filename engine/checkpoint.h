// Where a Drainer keeps its checkpoint, how to ask for it, and what the bytes say. Formats: the row
// of CHECKPOINT_SCHEMA.checkpoint (JSON text) for mysql and tidb, the TOML file DATA_DIR/savepoint
// for pb and kafka, DATA_DIR/savePoint for every type of the Local era (tidb-binlog kafka:
// drainer/checkpoint/*.go; tag rc2.3: drainer/meta.go).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/tso.h"
#include "engine/cluster.h"
#include "engine/port/port.h"

namespace tidegate::engine {

enum class CheckpointKind : std::uint8_t { kTable, kSavepoint, kLocalSavePoint };

struct CheckpointPlace {
  CheckpointKind kind = CheckpointKind::kTable;
  port::Query query;     ///< its answer is what ParseCheckpoint reads
  std::string sentence;  ///< "row of tidb_binlog.checkpoint at sink-1", for messages
};

/// Where an old Drainer of `era` ("kafka" or "local") keeps it.
CheckpointPlace OldCheckpointPlace(const Drainer& drainer, const std::string& era);
/// Where a Drainer of the cluster version looks for it.
CheckpointPlace NewCheckpointPlace(const Drainer& drainer);

struct Checkpoint {
  bool present = false;  ///< false: no row, no file; everything else is then empty
  Tso commit_ts = 0;
  bool has_positions = false;  ///< only an old Drainer writes them
};
/// Errors: kUnavailable when no answer came, kBadInput when the bytes can't be read or the table
/// has rows of several clusters.
Result<Checkpoint> ParseCheckpoint(const CheckpointPlace& place, const port::Answer& answer);

}  // namespace tidegate::engine
