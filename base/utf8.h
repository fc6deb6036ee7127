// UTF-8, byte by byte.
#pragma once

#include <cstddef>
#include <string_view>

namespace tidegate {

/// The length of the valid UTF-8 sequence that `text` begins with, or 0 (RFC 3629, table 3-7 of the
/// Unicode standard: no overlong forms, no surrogates, nothing above U+10FFFF).
inline std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0x80) return text.empty() ? 0 : 1;
  if (first < 0xC2 || first > 0xF4 || !continues(1)) return 0;
  if (first < 0xE0) return 2;
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (!continues(2)) return 0;
  if (first < 0xF0) return 3;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return continues(3) ? 4 : 0;
}

/// Where the first byte of `text` is that is no part of a UTF-8 character; npos: nowhere.
inline std::size_t FindNotUtf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = Utf8Length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

}  // namespace tidegate
