// Tso: a PD timestamp, physical milliseconds << 18 | 18-bit logical counter (tidb-binlog branch
// kafka, pump/util.go composeTS). Always an int64, never a double: real ones exceed 2^53.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace tidegate {

using Tso = std::int64_t;

inline constexpr int kTsoLogicalBits = 18;
inline constexpr Tso kTsoLogicalMax = (Tso{1} << kTsoLogicalBits) - 1;

/// REQUIRES: 0 <= physical_ms < 2^45, 0 <= logical <= kTsoLogicalMax.
constexpr Tso ComposeTso(std::int64_t physical_ms, std::int64_t logical) {
  return (physical_ms << kTsoLogicalBits) | logical;
}
constexpr std::int64_t TsoPhysicalMs(Tso tso) { return tso >> kTsoLogicalBits; }
constexpr std::int64_t TsoLogical(Tso tso) { return tso & kTsoLogicalMax; }

/// Milliseconds between two timestamps, logical parts ignored.
constexpr std::int64_t TsoGapMs(Tso later, Tso earlier) {
  return TsoPhysicalMs(later) - TsoPhysicalMs(earlier);
}

/// Reads a decimal int64 >= 0. An Error names the text.
Result<Tso> ParseTso(std::string_view text);

}  // namespace tidegate
