// The stub that stands for pump, drainer and tidb-server.
#pragma once

#include <string>
#include <vector>

#include "lab/hosts/stamp.h"

namespace tidegate::lab {

/// `-V` prints the version. Otherwise the world starts the node, and the process stays until the
/// node is down: a signal that ends the product is passed on, SIGKILL takes the node along.
int RunStub(const Stamp& stamp, const std::string& path, const std::vector<std::string>& argv);

}  // namespace tidegate::lab
