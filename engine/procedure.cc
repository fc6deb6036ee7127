#include "engine/procedure.h"

#include <algorithm>

#include "base/check.h"

namespace tidegate::engine {

Procedure ProcedureNamed(std::string_view name) {
  const auto found = std::find(kProcedureNames.begin(), kProcedureNames.end(), name);
  CHECK(found != kProcedureNames.end());
  return static_cast<Procedure>(found - kProcedureNames.begin());
}

std::vector<std::string> ProcedureNames() {
  return {kProcedureNames.begin(), kProcedureNames.end()};
}

}  // namespace tidegate::engine
