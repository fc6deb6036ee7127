// Random draws, counter-based: hash(seed, purpose, node, n). One more draw for one purpose shifts
// no other, so that a changed poll interval does not change the workload. Integers only: results
// must not depend on a library's distributions or on floating point.
#pragma once

#include <cstdint>

#include "base/check.h"

namespace tidegate {

/// What a draw is for. Append only: the numbers are part of what a seed means.
enum class Purpose : std::uint16_t {
  kScenario = 0,
  kLatency = 1,
  kWorkloadArrival = 2,
  kWorkloadShape = 3,
  kWorkloadKey = 4,
  kWorkloadValue = 5,
  kFaultTime = 6,
  kTopology = 7,
  kBacklog = 8,
  kDialect = 9,
  kEngine = 10,
};

/// A well-mixed 64-bit function of its arguments (splitmix64 finaliser, three rounds).
constexpr std::uint64_t DrawBits(std::uint64_t seed, Purpose purpose, std::uint32_t node,
                                 std::uint64_t n) {
  std::uint64_t x = seed ^ (static_cast<std::uint64_t>(purpose) << 48) ^
                    (static_cast<std::uint64_t>(node) << 24) ^ (n * 0x9E3779B97F4A7C15ULL);
  for (int round = 0; round < 2; ++round) {
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    x ^= x >> 31;
  }
  return x;
}

__extension__ typedef unsigned __int128 Uint128;

/// A sequence of draws for one purpose and node.
class Draws {
 public:
  Draws() = default;
  Draws(std::uint64_t seed, Purpose purpose, std::uint32_t node)
      : seed_(seed), purpose_(purpose), node_(node) {}

  std::uint64_t Bits() { return DrawBits(seed_, purpose_, node_, n_++); }

  /// Uniform in [0, bound). REQUIRES: bound > 0.
  std::uint64_t Below(std::uint64_t bound) {
    CHECK(bound > 0);
    return static_cast<std::uint64_t>((static_cast<Uint128>(Bits()) * bound) >> 64);
  }

  /// Uniform in [low, high]. REQUIRES: low <= high.
  std::int64_t Between(std::int64_t low, std::int64_t high) {
    CHECK(low <= high);
    return low + static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(high - low) + 1));
  }

  /// True with probability permille/1000.
  bool Permille(std::uint32_t permille) { return Below(1000) < permille; }

 private:
  std::uint64_t seed_ = 0;
  Purpose purpose_ = Purpose::kScenario;
  std::uint32_t node_ = 0;
  std::uint64_t n_ = 0;
};

}  // namespace tidegate
