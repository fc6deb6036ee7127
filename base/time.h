// Time is int64 nanoseconds since the start of a run. Durations are the same type; names say which.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidegate {

using Time = std::int64_t;
using Duration = std::int64_t;

inline constexpr Duration kNanosecond = 1;
inline constexpr Duration kMicrosecond = 1'000;
inline constexpr Duration kMillisecond = 1'000'000;
inline constexpr Duration kSecond = 1'000'000'000;
inline constexpr Duration kMinute = 60 * kSecond;
inline constexpr Duration kHour = 60 * kMinute;
inline constexpr Time kTimeMax = INT64_MAX;

/// "1h02m03.004s", "12.5ms", "0s": exact, without trailing zeros; negative ones with a sign.
std::string FormatDuration(Duration duration);

/// "01:02:03.004": hours may exceed 24; milliseconds are cut, not rounded. For step lines. A time
/// of a real clock (ns since 1970, a year or more): "2026-11-23 04:53:06Z".
std::string FormatClock(Time time);

/// Reads "250ms", "5s", "10m", "1h30m", "1.5s", "100us", "7ns", "2d". Bounds: within int64
/// nanoseconds. An Error names the text and says which units there are.
Result<Duration> ParseDuration(std::string_view text);

}  // namespace tidegate
