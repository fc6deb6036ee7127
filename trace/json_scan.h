// A scanner over one line of JSON, for the subset that event lines use: one object of strings,
// integers and arrays of strings. Any legal white space, key order and escape is taken. Strings
// that need no unescaping are views of the line: that is what makes reading fast.
//
// Texts of a trace are bytes, JSON strings are Unicode. A byte that is not part of valid UTF-8 is
// written as the lone surrogate \udcXX (XX: the byte) and read back as that byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidegate::trace {

class JsonScan {
 public:
  explicit JsonScan(std::string_view line)
      : begin_(line.data()), at_(begin_), end_(begin_ + line.size()) {}

  // Each scanning call skips white space first. One that returns false has set failure() or, for
  // Take, has just not found it.

  /// Is `c` next? Then it is taken.
  bool Take(char c) {
    SkipSpace();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  /// Takes `c`; another byte is a failure.
  bool Expect(char c) { return Take(c) || FailExpected(c); }
  /// A string. The view ends with the line or with the next call of String.
  bool String(std::string_view* out);
  /// An integer of 64 bits without fraction or exponent.
  bool Int(std::int64_t* out);
  /// A string, an integer or an array of strings, not looked at.
  bool SkipValue();
  bool AtEnd() {
    SkipSpace();
    return at_ == end_;
  }

  /// Where the next value begins, for messages and for going back.
  std::size_t offset() {
    SkipSpace();
    return static_cast<std::size_t>(at_ - begin_);
  }
  void GoTo(std::size_t offset) { at_ = begin_ + offset; }

  bool Fail(std::size_t offset, std::string message);
  const std::string& failure() const { return failure_; }
  std::size_t failure_offset() const { return failure_offset_; }

 private:
  void SkipSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool FailExpected(char c);
  bool FailHere(std::string message) {
    return Fail(static_cast<std::size_t>(at_ - begin_), std::move(message));
  }
  bool EscapedString(const char* start, std::string_view* out);
  bool Escape();
  bool UnicodeEscape();
  bool HexDigits(std::uint32_t* out);

  const char* begin_;
  const char* at_;
  const char* end_;
  std::string unescaped_;
  std::string failure_;
  std::size_t failure_offset_ = 0;
};

/// Appends `text` as a JSON string literal, quotes included.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace tidegate::trace
