// Keys of the cluster version's configuration files. From 2.1.16 and 3.0.2 on a Pump or Drainer
// that finds a key that it does not know does not start (tidb-binlog: pkg/util StrictDecodeFile),
// so that a file that worked for years stops the new binary.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/version.h"

namespace tidegate::engine {

bool RefusesUnknownKeys(const Version& version);

/// The keys of `text` that a `part` ("pump" or "drainer") of the cluster version does not know.
/// Errors: kBadInput when the file is no TOML.
Result<std::vector<std::string>> UnknownKeys(std::string_view part, const std::string& text,
                                             const std::string& file);

}  // namespace tidegate::engine
