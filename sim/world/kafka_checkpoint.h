// The Kafka-era checkpoint as it is stored (tidb-binlog branch kafka: drainer/checkpoint/*).
#pragma once

#include <map>
#include <string>

#include "base/tso.h"

namespace tidegate::sim {

/// JSON of the table row, or TOML of the savepoint file. Positions are written 5000 offsets lower
/// (SafeKafkaOffset), those at or below 5000 as the empty position.
std::string KafkaCheckpointBody(Tso commit_ts, const std::map<std::string, std::int64_t>& positions,
                                bool toml);

}  // namespace tidegate::sim
