// Release numbers of the products as version texts carry them: "v2.1.16", "v2.0.8-binlog",
// "v3.0.0-rc.3". Ordered as they came out: alphas, betas and candidates before their release.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace tidegate::sim {

struct ReleaseNumber {
  static constexpr std::int32_t kReleased = 10'000;

  std::int32_t major = 0;
  std::int32_t minor = 0;
  std::int32_t patch = 0;
  std::int32_t stage = kReleased;  ///< 0 alpha, 100 + n beta.n, 1000 + n rc.n

  constexpr auto operator<=>(const ReleaseNumber&) const = default;
};

inline constexpr ReleaseNumber kNoRelease = {-1, 0, 0, 0};
inline constexpr ReleaseNumber kNeverReleased = {10'000, 0, 0, 0};

/// kNoRelease when `text` is no release number ("latest", "kafka-head").
ReleaseNumber ReadReleaseNumber(std::string_view text);

/// The release at which something changed, in either line of development: what came to 2.1 by
/// cherry-pick has its own number there; later lines have what 3.0 had at that number.
struct Boundary {
  ReleaseNumber in_21 = kNeverReleased;
  ReleaseNumber in_30 = kNeverReleased;
};
bool Since(const ReleaseNumber& release, const Boundary& boundary);

}  // namespace tidegate::sim
