// binlogctl as an operator's script runs it on the control machine (tidb-binlog: binlogctl; before
// 2.1.18 in tidb-tools). It looks for the node in etcd first. Of a request to a process it looks
// neither at the answer's status nor at its body; what it writes to etcd itself is the state alone,
// whatever was there.
#pragma once

#include <string>
#include <vector>

#include "engine/port/port.h"
#include "sim/world.h"

namespace tidegate::sim {

/// Is argv[0] a binlogctl, wherever it lies?
bool IsBinlogctl(const std::vector<std::string>& argv);

/// Whose entry it writes over itself: the one node's, or PD's where that is nobody's. kNoNode: it
/// writes none.
NodeId BinlogctlTarget(const World& world, const std::vector<std::string>& argv);

/// update-*, pause-* and offline-* of a Pump or Drainer, and generate_meta, whose answer ends with
/// the timestamp; from the machine of `from`.
engine::port::Answer RunBinlogctl(World& world, NodeId from, const std::vector<std::string>& argv);

}  // namespace tidegate::sim
