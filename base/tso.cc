#include "base/tso.h"

#include <fmt/format.h>

#include <charconv>

namespace tidegate {

Result<Tso> ParseTso(std::string_view text) {
  Tso tso = 0;
  const auto [end, errc] = std::from_chars(text.data(), text.data() + text.size(), tso);
  if (errc != std::errc() || end != text.data() + text.size() || tso < 0) {
    return Error{ErrorCode::kBadInput,
                 fmt::format("'{}' is no timestamp: a decimal number from 0 to 2^63-1", text), ""};
  }
  return tso;
}

}  // namespace tidegate
