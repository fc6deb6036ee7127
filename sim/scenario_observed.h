// What somebody saw of the Drainers that are upgraded or replaced, answer by answer: /status bodies
// with the time between them, and what the log said of the checkpoint by then; of the cluster era
// also what the registry said, as binlogctl or a Pump's /status lists it. A run is not changed by
// it; a search for a run that looks the same (rehearsal/reproduce.h) is led by it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "base/tso.h"

namespace tidegate::sim {

struct Observation {
  Duration after = 0;   ///< since the first observation
  std::string drainer;  ///< "old-drainer-1"; "" = the only one
  bool synced = false;
  bool of_cluster = false;  ///< upper is the highest of pump_pos, lower is LastTS
  Tso upper = 0;
  Tso lower = 0;
  std::map<std::string, std::int64_t> pump_pos;  ///< by node id
  Tso saved_commit_ts = 0;                       ///< 0: nobody looked
  std::map<std::string, std::string> registry;   ///< state by node id; then there is nothing else
};

/// Reads `observed` of a scenario. Errors: file:line:column; times that go back.
Result<std::vector<Observation>> ReadObserved(const JsonDocument& document, const JsonValue& value);

/// {"node id": offset, …}, used by `observed` and `captured`. Errors: an offset below 0.
Status ReadOffsets(const JsonDocument& document, const JsonValue& value,
                   std::map<std::string, std::int64_t>* out);

}  // namespace tidegate::sim
