// binlogctl as an operator's script runs it on the control machine. It sends a request and looks
// neither at the answer's status nor at its body (tidb-binlog: binlogctl/nodes.go ApplyAction).
#pragma once

#include <string>
#include <vector>

#include "engine/port/port.h"
#include "sim/world.h"

namespace tidegate::sim {

/// Is argv[0] a binlogctl, wherever it lies?
bool IsBinlogctl(const std::vector<std::string>& argv);

/// pause-pump, pause-drainer, offline-pump and offline-drainer, from the machine of `from`.
engine::port::Answer RunBinlogctl(World& world, NodeId from, const std::vector<std::string>& argv);

}  // namespace tidegate::sim
