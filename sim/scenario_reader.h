// Internal to scenario*.cc: from a document's text to a Scenario, and the edges of JSON values in a
// text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sim/scenario.h"

namespace tidegate::sim {

Result<Scenario> ReadScenario(std::string text, const std::string& file);

/// The offset behind the JSON value that begins at `begin`. REQUIRES: `text` is JSON.
std::size_t JsonValueEnd(std::string_view text, std::size_t begin);

}  // namespace tidegate::sim
