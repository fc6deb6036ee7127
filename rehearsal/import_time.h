// Wall-clock times as operators and logs write them, as milliseconds since 1970 in UTC. Only the
// distances between them matter; a log without a zone is in the zone that its reader is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace tidegate::rehearsal {

struct WallTime {
  std::int64_t ms = 0;         ///< since 1970-01-01T00:00:00Z
  std::size_t byte_count = 0;  ///< of the text that it was read from
};

/// A time at the start of `text`: "2018-10-20T12:00:00Z", "2018/10/20 12:00:00",
/// "2018/10/20 12:00:00.123 +08:00". Where no zone stands, `zone_minutes` east of UTC holds.
/// Errors: anything else, a day that no month has.
Result<WallTime> ParseWallTime(std::string_view text, std::int64_t zone_minutes);

/// "+08:00", "-03:30", "Z" as minutes east of UTC.
Result<std::int64_t> ParseZone(std::string_view text);

}  // namespace tidegate::rehearsal
