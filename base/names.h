// Helping people who mistyped a name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidegate {

/// The candidate that is closest to `name` by edit distance (adjacent swaps count one), or empty
/// when none is within a third of its length (at least 2).
std::string NearestName(std::string_view name, std::span<const std::string_view> candidates);
std::string NearestName(std::string_view name, const std::vector<std::string>& candidates);

/// "; did you mean 'x'?" or "" when no candidate is near.
std::string DidYouMean(std::string_view name, std::span<const std::string_view> candidates);
std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace tidegate
