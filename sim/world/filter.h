// Which rows a Drainer lets through, from its configuration: ignore-schemas, replicate-do-db,
// replicate-do-table; both eras share the keys (tidb-binlog: drainer/filter.go, pkg/filter).
#pragma once

#include <string>
#include <vector>

#include "sim/world.h"
#include "sim/world/config.h"

namespace tidegate::sim {

class TableFilter {
 public:
  TableFilter() = default;
  TableFilter(const ConfigFile& config, const RunPlan& plan);

  bool Passes(std::uint16_t table) const { return passes_[table] != 0; }

 private:
  std::vector<char> passes_;
};

}  // namespace tidegate::sim
