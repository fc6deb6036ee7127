#include "rehearsal/import_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/names.h"

namespace tidegate::rehearsal {
namespace {

// tidb-binlog: pkg/node/node.go
constexpr std::array<std::string_view, 5> kStates = {"online", "pausing", "paused", "closing",
                                                     "offline"};

// What stands behind `label`, up to the next ", " or "}".
std::string Behind(std::string_view line, std::string_view label) {
  const std::size_t at = line.find(label);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = line.substr(at + label.size());
  return std::string(rest.substr(0, std::min(rest.find(", "), rest.find('}'))));
}

}  // namespace

Result<std::map<std::string, std::string>> ParseListing(std::string_view text,
                                                        const std::string& file) {
  std::map<std::string, std::string> out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::string id = Behind(line, "{NodeID: ");
    if (id.empty()) continue;
    std::string state = Behind(line, " State: ");
    if (std::find(kStates.begin(), kStates.end(), state) == kStates.end()) {
      const std::vector<std::string> known(kStates.begin(), kStates.end());
      return Error{ErrorCode::kBadInput,
                   fmt::format("the state of {} is '{}'{}", id, state, DidYouMean(state, known)),
                   fmt::format("{}:{}", file, number)};
    }
    out[id] = std::move(state);
  }
  if (out.empty()) {
    return Error{ErrorCode::kBadInput,
                 "no line lists a node; this must be what binlogctl -cmd pumps or drainers printed",
                 file};
  }
  return out;
}

}  // namespace tidegate::rehearsal
