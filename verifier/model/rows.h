// The rows of one table as one sink wants them: what they are upstream and what they are
// downstream, side by side, so that one look-up serves commits, applies and the final comparison.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>

#include "base/tso.h"

namespace tidegate::verifier {

/// A row that no event has named yet: the two sides agree about it.
inline constexpr std::int64_t kUntouched = INT64_MIN;

struct RowState {
  std::int64_t up_value = kUntouched;    ///< 0: deleted
  std::int64_t down_value = kUntouched;  ///< 0: deleted
  Tso down_ts = 0;                       ///< commit_ts of the change that was applied last
  std::uint32_t down_epoch = 0;          ///< the sink's epoch then
  std::uint32_t copies = 0;              ///< downstream, of a row without a key
};

struct KeyHash {
  using is_avalanching = void;
  std::size_t operator()(std::int64_t key) const {
    std::uint64_t x = static_cast<std::uint64_t>(key) * 0x9E3779B97F4A7C15ULL;
    return static_cast<std::size_t>(x ^ (x >> 32));
  }
};

/// Never iterated where order could reach output: findings pick the least key.
using RowMap = boost::unordered_flat_map<std::int64_t, RowState, KeyHash>;

}  // namespace tidegate::verifier
