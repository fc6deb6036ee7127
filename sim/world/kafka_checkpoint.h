// The checkpoint of the old side as it is stored (tidb-binlog branch kafka: drainer/checkpoint/*;
// tag rc2.3: drainer/meta.go).
#pragma once

#include <map>
#include <string>

#include "base/tso.h"

namespace tidegate::sim {

enum class CheckpointForm : std::uint8_t { kRow, kSavepoint, kLocalSavePoint };

/// JSON of the table row, TOML of the savepoint file, or that of the Local savePoint. Positions are
/// written 5000 offsets lower (SafeKafkaOffset), those at or below 5000 as the empty position; the
/// Local version writes the suffix of a file two before.
std::string KafkaCheckpointBody(Tso commit_ts, const std::map<std::string, std::int64_t>& positions,
                                CheckpointForm form);

}  // namespace tidegate::sim
