// TiDB versions as operators write them in inventories and as servers report them. They are ordered
// as released: alpha < beta < rc < the release itself, and "latest" is above all of them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidegate::engine {

struct Version {
  /// In the order of release. TiDB's first releases were called "rc2.3" and so on, before 1.0.0.
  enum class Stage : std::uint8_t { kAlpha, kBeta, kRc, kPreGa, kRelease };

  bool latest = false;  ///< "latest": a nightly package, newer than every number
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::int64_t patch = 0;
  Stage stage = Stage::kRelease;
  std::int64_t stage_number = 0;   ///< 4 of rc.4, 2 of rc2.3
  std::int64_t stage_minor = 0;    ///< 3 of rc2.3
  bool binlog_branch = false;      ///< "-binlog": the 2.0 releases that speak to cluster Pumps
  std::int64_t commits_after = 0;  ///< 12 of "v2.1.0-rc.4-12-gabcdef0"

  /// Orders by release; the branch is not part of the order (2.0.11 and 2.0.11-binlog are equal).
  std::strong_ordering operator<=>(const Version& other) const;
  bool operator==(const Version& other) const { return (*this <=> other) == 0; }

  /// The usual spelling: "v2.1.0-rc.4", "v2.0.11-binlog", "rc2.3", "latest".
  std::string ToString() const;
};

/// Reads "latest", "rc2.3", "v2.0.11-binlog", "v2.1.0-rc.4", "2.1.0", "v1.0", with or without the
/// "v", in either case, with a git-describe tail ("-12-gabcdef0", "-dirty") or a prefix as in
/// "5.7.10-TiDB-v2.1.0". Errors: kBadInput, the text and what is understood.
Result<Version> ParseVersion(std::string_view text);

}  // namespace tidegate::engine
