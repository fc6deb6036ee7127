// What a run left behind, in a form that two runs can be compared by: processes, versions,
// configurations, units, registry, who serves, and the rows of each table on both sides. Runs that
// differ in timing only have equal end states.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trace/recorder.h"

namespace tidegate::verifier {

struct NodeEnd {
  std::string name;
  bool old_side = false;
  bool new_side = false;
  bool up = false;
  bool unit_enabled = false;
  bool clients = false;  ///< of a TiDB
  std::string version;   ///< running; empty when it is down
  std::string config;    ///< that it runs with; empty when it is down
  std::string registry;  ///< name of its RegistryState
};

/// Rows that events of the run named, as a sum over them: equal rows give equal sums.
struct TableEnd {
  std::string table;
  std::string sink;
  std::uint64_t upstream = 0;
  std::uint64_t downstream = 0;
};

enum class Serving : std::uint8_t { kNobody, kOldSide, kNewSide, kBoth };
std::string_view ServingName(Serving serving);  ///< "nobody", "the old side", …

struct EndState {
  std::vector<NodeEnd> nodes;    ///< by NodeId
  std::vector<TableEnd> tables;  ///< each with each sink that wants it
  Serving serving = Serving::kNobody;
  bool has_old_side = false;  ///< else everything is upgraded in place, and there is one side
  bool passed_door =
      false;  ///< a TiDB has opened a path to the new side: no way back without a re-import
  int engine_end = -1;  ///< trace::EngineEnd; -1: it did not finish
  std::string engine_why;
};

/// After the last event of the trace.
EndState EndStateOf(const trace::Trace& trace);

/// Before the engine's first boundary or claim event; after the last one where there is none.
EndState StateBeforeEngine(const trace::Trace& trace);

}  // namespace tidegate::verifier
