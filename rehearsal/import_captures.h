// The captured bodies of an import: what the cluster was like at the first of them, and how it
// changed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "rehearsal/import_scenario.h"
#include "sim/scenario_captured.h"
#include "sim/scenario_observed.h"

namespace tidegate::rehearsal {

struct Captures {
  std::int64_t first_ms = 0;  ///< when the first status of a Drainer was taken
  bool of_cluster = false;    ///< Pumps and Drainers of the cluster version
  sim::CapturedState state;   ///< at that time; of the Kafka era
  std::vector<sim::Observation> observed;
  std::vector<std::string> notes;
};

/// Reads statuses, checkpoint and log ends. Errors: file:line:column.
Result<Captures> ReadCaptures(const ImportInput& input);

}  // namespace tidegate::rehearsal
