// The one list of checks. A check is one file here that exposes one factory function.
#pragma once

#include <memory>
#include <vector>

#include "verifier/check.h"

namespace tidegate::verifier {

/// Every check, in the order of docs/invariants.md.
std::vector<std::unique_ptr<Check>> MakeAllChecks(const Context& context);

}  // namespace tidegate::verifier
