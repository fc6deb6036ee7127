// The cluster at work that tests of faults begin with.
#pragma once

#include "tests/support/world_builder.h"

namespace tidegate::sim {

inline constexpr const char* kFromStart = "initial-commit-ts = 1\n";

// Two TiDBs, two Pumps and a Drainer under load from 5 s to 35 s.
inline ClusterOptions Busy(const char* version = "v4.0.10") {
  return {.tidb_count = 2,
          .pump_count = 2,
          .version = version,
          .drainer_config = kFromStart,
          .transactions = 3000};
}

}  // namespace tidegate::sim
