#include "base/toml.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

namespace tidegate {

struct TomlFlattener {
  TomlTable* out;

  static std::string Join(const std::string& prefix, std::string_view key) {
    const std::string name =
        key.find('.') == std::string_view::npos ? std::string(key) : fmt::format("\"{}\"", key);
    return prefix.empty() ? name : prefix + "." + name;
  }

  void AddTable(const std::string& prefix, const toml::table& table) {
    for (const auto& [key, child] : table) Add(Join(prefix, key.str()), child);
  }

  void Add(const std::string& key, const toml::node& node) {
    if (const toml::table* const table = node.as_table()) {
      AddTable(key, *table);
    } else if (const auto* const string = node.as_string()) {
      out->strings_[key] = string->get();
    } else if (const auto* const integer = node.as_integer()) {
      out->ints_[key] = integer->get();
    } else if (const auto* const boolean = node.as_boolean()) {
      out->bools_[key] = boolean->get();
    } else if (const toml::array* const array = node.as_array()) {
      AddArray(key, *array);
    } else {
      out->others_.insert(key);
    }
  }

  void AddArray(const std::string& key, const toml::array& array) {
    if (array.empty() || array.is_homogeneous<std::string>()) {
      std::vector<std::string> list;
      for (const toml::node& element : array) list.push_back(element.as_string()->get());
      out->lists_[key] = std::move(list);
    } else if (array.is_array_of_tables()) {
      std::size_t index = 0;
      for (const toml::node& element : array) Add(Join(key, std::to_string(index++)), element);
    } else {
      out->others_.insert(key);
    }
  }
};

namespace {

template <typename Map>
auto Lookup(const Map& map, std::string_view key) -> decltype(&map.begin()->second) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

Result<TomlTable> TomlTable::Parse(const std::string& text, const std::string& file) {
  TomlTable table;
  try {
    TomlFlattener{&table}.AddTable("", toml::parse(text, file));
  } catch (const toml::parse_error& failure) {
    const toml::source_position at = failure.source().begin;
    return Error{ErrorCode::kBadInput, fmt::format("not TOML: {}", failure.description()),
                 fmt::format("{}:{}:{}", file, at.line, at.column)};
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
  keys.insert(keys.end(), others_.begin(), others_.end());
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace tidegate
