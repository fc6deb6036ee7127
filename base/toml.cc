#include "base/toml.h"

#include <fmt/format.h>

#include <sstream>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <toml.hpp>
#pragma GCC diagnostic pop

#include "base/files.h"
#include "base/utf8.h"

namespace tidegate {

struct TomlFlattener {
  TomlTable* out;
  bool beyond_64_bits = false;

  static std::string Join(const std::string& prefix, const std::string& key) {
    const std::string name = key.find('.') == std::string::npos ? key : fmt::format("\"{}\"", key);
    return prefix.empty() ? name : prefix + "." + name;
  }

  void Add(const std::string& key, const toml::value& value) {
    if (value.is_table()) {
      for (const auto& [name, child] : value.as_table()) Add(Join(key, name), child);
    } else if (value.is_string()) {
      out->strings_[key] = value.as_string().str;
    } else if (value.is_integer()) {
      // toml11 reads what is larger as the largest there is, which a timestamp must never be.
      const std::int64_t integer = value.as_integer();
      beyond_64_bits |= integer == INT64_MAX || integer == INT64_MIN;
      out->ints_[key] = integer;
    } else if (value.is_boolean()) {
      out->bools_[key] = value.as_boolean();
    } else if (value.is_array() && AllStrings(value.as_array())) {
      std::vector<std::string> list;
      for (const toml::value& element : value.as_array()) list.push_back(element.as_string().str);
      out->lists_[key] = std::move(list);
    } else if (value.is_array() && AllTables(value.as_array())) {
      std::size_t index = 0;
      for (const toml::value& element : value.as_array()) {
        Add(Join(key, std::to_string(index++)), element);
      }
    } else {
      out->other_[key] = toml::format(value);
    }
  }

  static bool AllTables(const toml::array& array) {
    for (const toml::value& element : array) {
      if (!element.is_table()) return false;
    }
    return !array.empty();
  }

  static bool AllStrings(const toml::array& array) {
    for (const toml::value& element : array) {
      if (!element.is_string()) return false;
    }
    return true;
  }
};

namespace {

template <typename Map>
auto Lookup(const Map& map, std::string_view key) -> decltype(&map.begin()->second) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

// Where brackets or dotted keys nest deeper than any configuration does; npos: nowhere. toml11
// recurses without a bound. Counts what is in strings too.
std::size_t FindTooDeep(const std::string& text) {
  constexpr int kMaxBrackets = 200;
  constexpr int kMaxDotsInLine = 2000;
  int brackets = 0;
  int dots = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '[' || c == '{') ++brackets;
    if ((c == ']' || c == '}') && brackets > 0) --brackets;
    if (c == '.') ++dots;
    if (c == '\n') dots = 0;
    if (brackets > kMaxBrackets || dots > kMaxDotsInLine) return i;
  }
  return std::string::npos;
}

}  // namespace

Result<TomlTable> TomlTable::Parse(const std::string& text, const std::string& file) {
  // toml11 3.7 looks at encodings too late: it reads beyond the end of a key that is not UTF-8.
  if (const std::size_t at = FindNotUtf8(text); at != std::string::npos) {
    return Error{ErrorCode::kBadInput, "not TOML: not UTF-8", PlaceIn(file, text, at)};
  }
  if (const std::size_t at = FindTooDeep(text); at != std::string::npos) {
    return Error{ErrorCode::kBadInput, "nests too deep", PlaceIn(file, text, at)};
  }
  TomlTable table;
  try {
    std::istringstream stream(text);
    TomlFlattener flattener{&table};
    flattener.Add("", toml::parse(stream, file));
    if (flattener.beyond_64_bits) {
      return Error{ErrorCode::kBadInput, "an integer is at or beyond the limits of 64 bits", file};
    }
  } catch (const toml::exception& failure) {
    return Error{
        ErrorCode::kBadInput, "not TOML",
        fmt::format("{}:{}:{}", file, failure.location().line(), failure.location().column())};
  } catch (const std::exception& failure) {
    return Error{ErrorCode::kBadInput, fmt::format("not TOML: {}", failure.what()), file};
  }
  return table;
}

const std::string* TomlTable::String(std::string_view key) const { return Lookup(strings_, key); }
const std::int64_t* TomlTable::Int(std::string_view key) const { return Lookup(ints_, key); }
const bool* TomlTable::Bool(std::string_view key) const { return Lookup(bools_, key); }
const std::vector<std::string>* TomlTable::Strings(std::string_view key) const {
  return Lookup(lists_, key);
}

std::vector<std::string> TomlTable::Keys() const {
  std::vector<std::string> keys;
  for (const auto& entry : strings_) keys.push_back(entry.first);
  for (const auto& entry : ints_) keys.push_back(entry.first);
  for (const auto& entry : bools_) keys.push_back(entry.first);
  for (const auto& entry : lists_) keys.push_back(entry.first);
  for (const auto& entry : other_) keys.push_back(entry.first);
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace tidegate
