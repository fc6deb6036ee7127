#include "trace/json_scan.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/utf8.h"

namespace tidegate::trace {
namespace {

constexpr std::uint32_t kByteSurrogate = 0xDC00;  // + the byte, 0x80 to 0xFF

// What a byte within a string means for its scanner.
enum class ByteClass : std::uint8_t { kPlain, kEnds, kHigh };

constexpr std::array<ByteClass, 256> MakeByteClasses() {
  std::array<ByteClass, 256> classes{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) classes[byte] = ByteClass::kEnds;
  classes['"'] = ByteClass::kEnds;
  classes['\\'] = ByteClass::kEnds;
  for (std::size_t byte = 0x80; byte < 256; ++byte) classes[byte] = ByteClass::kHigh;
  return classes;
}
constexpr std::array<ByteClass, 256> kByteClasses = MakeByteClasses();

ByteClass ClassOf(char c) { return kByteClasses[static_cast<unsigned char>(c)]; }

void AppendUtf8(std::uint32_t code, std::string* out) {
  const auto put = [&](std::uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

void AppendHexEscape(std::uint32_t code, std::string* out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out->append("\\u");
  for (int shift = 12; shift >= 0; shift -= 4) out->push_back(kDigits[(code >> shift) & 0xF]);
}

}  // namespace

bool JsonScan::Fail(std::size_t offset, std::string message) {
  if (failure_.empty()) {
    failure_ = std::move(message);
    failure_offset_ = offset;
  }
  return false;
}

bool JsonScan::FailExpected(char c) {
  if (at_ == end_) return FailHere(fmt::format("the line ends where '{}' should stand", c));
  return FailHere(fmt::format("'{}' should stand here", c));
}

bool JsonScan::String(std::string_view* out) {
  if (!Take('"')) return FailHere("a string should stand here");
  const char* start = at_;
  while (at_ != end_ && ClassOf(*at_) == ByteClass::kPlain) ++at_;
  if (at_ != end_ && *at_ == '"') {
    *out = std::string_view(start, static_cast<std::size_t>(at_ - start));
    ++at_;
    return true;
  }
  return EscapedString(start, out);
}

bool JsonScan::EscapedString(const char* start, std::string_view* out) {
  unescaped_.assign(start, at_);
  while (at_ != end_ && *at_ != '"') {
    if (*at_ == '\\') {
      if (!Escape()) return false;
      continue;
    }
    const std::size_t length = Utf8Length({at_, static_cast<std::size_t>(end_ - at_)});
    if (length == 0) return FailHere("this byte is no valid UTF-8");
    if (static_cast<unsigned char>(*at_) < 0x20) {
      return FailHere("a control character must be escaped in a string");
    }
    unescaped_.append(at_, length);
    at_ += length;
  }
  if (at_ == end_) return FailHere("the line ends within a string");
  ++at_;
  *out = unescaped_;
  return true;
}

bool JsonScan::Escape() {
  ++at_;
  const char c = at_ == end_ ? '\0' : *at_;
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  if (const std::size_t found = kNames.find(c); found != std::string_view::npos) {
    unescaped_.push_back(kMeant[found]);
    ++at_;
    return true;
  }
  if (c == 'u') {
    ++at_;
    return UnicodeEscape();
  }
  return FailHere("there is no such escape");
}

bool JsonScan::UnicodeEscape() {
  std::uint32_t code = 0;
  if (!HexDigits(&code)) return false;
  if (code >= kByteSurrogate + 0x80 && code <= kByteSurrogate + 0xFF) {
    unescaped_.push_back(static_cast<char>(code - kByteSurrogate));
    return true;
  }
  if (code >= 0xDC00 && code <= 0xDFFF) return FailHere("half of a surrogate pair stands alone");
  if (code >= 0xD800 && code <= 0xDBFF) {
    std::uint32_t low = 0;
    if (end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') {
      return FailHere("half of a surrogate pair stands alone");
    }
    at_ += 2;
    if (!HexDigits(&low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return FailHere("half of a surrogate pair stands alone");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  AppendUtf8(code, &unescaped_);
  return true;
}

bool JsonScan::HexDigits(std::uint32_t* out) {
  if (end_ - at_ < 4) return FailHere("'\\u' needs four hexadecimal digits");
  const auto [stop, errc] = std::from_chars(at_, at_ + 4, *out, 16);
  if (errc != std::errc() || stop != at_ + 4) {
    return FailHere("'\\u' needs four hexadecimal digits");
  }
  at_ += 4;
  return true;
}

bool JsonScan::Int(std::int64_t* out) {
  SkipSpace();
  const char* digits = at_ != end_ && *at_ == '-' ? at_ + 1 : at_;
  if (digits == end_ || *digits < '0' || *digits > '9') {
    return FailHere("an integer should stand here");
  }
  const auto [stop, errc] = std::from_chars(at_, end_, *out);
  if (errc != std::errc()) return FailHere("this integer is beyond 64 bits");
  if (*digits == '0' && stop - digits > 1) return FailHere("a number must not begin with zeros");
  if (stop != end_ && (*stop == '.' || *stop == 'e' || *stop == 'E')) {
    return FailHere("a number of a trace has no fraction and no exponent");
  }
  at_ = stop;
  return true;
}

bool JsonScan::SkipValue() {
  std::string_view text;
  std::int64_t number = 0;
  if (Take('[')) {
    if (Take(']')) return true;
    do {
      if (!String(&text)) return false;
    } while (Take(','));
    return Expect(']');
  }
  SkipSpace();
  if (at_ != end_ && *at_ == '"') return String(&text);
  if (at_ != end_ && (*at_ == '-' || (*at_ >= '0' && *at_ <= '9'))) return Int(&number);
  return FailHere("a string, an integer or an array of strings should stand here");
}

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t start = at;
    while (at < text.size() && ClassOf(text[at]) == ByteClass::kPlain) ++at;
    out->append(text.substr(start, at - start));
    if (at == text.size()) break;
    const char c = text[at];
    if (ClassOf(c) == ByteClass::kHigh) {
      const std::size_t length = Utf8Length(text.substr(at));
      if (length == 0) {
        AppendHexEscape(kByteSurrogate + static_cast<unsigned char>(c), out);
      } else {
        out->append(text.substr(at, length));
      }
      at += length == 0 ? 1 : length;
      continue;
    }
    switch (c) {
      case '"': out->append("\\\""); break;
      case '\\': out->append("\\\\"); break;
      case '\n': out->append("\\n"); break;
      case '\r': out->append("\\r"); break;
      case '\t': out->append("\\t"); break;
      default: AppendHexEscape(static_cast<unsigned char>(c), out);
    }
    ++at;
  }
  out->push_back('"');
}

}  // namespace tidegate::trace
