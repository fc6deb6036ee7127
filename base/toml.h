// TOML, as the configuration files and savepoints of Pump and Drainer are written. toml11 does the
// parsing and stays inside toml.cc.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidegate {

/// A TOML document flattened: "syncer.to.host" -> value. Keys that hold dots themselves are quoted
/// ("positions.\"10.0.0.1:8250\".Offset"). Arrays of strings stay arrays; tables of an array get
/// its index as a key ("syncer.replicate-do-table.0.db-name"); other arrays and dates are kept as
/// text in `other`.
class TomlTable {
 public:
  /// `file` is used in messages. Errors name file:line:column.
  static Result<TomlTable> Parse(const std::string& text, const std::string& file);

  /// Null when absent or of another type.
  const std::string* String(std::string_view key) const;
  const std::int64_t* Int(std::string_view key) const;
  const bool* Bool(std::string_view key) const;
  const std::vector<std::string>* Strings(std::string_view key) const;

  /// Every key, sorted.
  std::vector<std::string> Keys() const;

 private:
  friend struct TomlFlattener;
  std::map<std::string, std::string, std::less<>> strings_;
  std::map<std::string, std::int64_t, std::less<>> ints_;
  std::map<std::string, bool, std::less<>> bools_;
  std::map<std::string, std::vector<std::string>, std::less<>> lists_;
  std::map<std::string, std::string, std::less<>> other_;
};

}  // namespace tidegate
