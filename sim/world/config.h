// Configuration files as the simulated processes read them when they start.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/toml.h"

namespace tidegate::sim {

class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text);

  /// The text is not TOML: the process refuses to start.
  bool broken() const { return broken_; }
  std::string String(std::string_view key, std::string_view otherwise) const;
  std::int64_t Int(std::string_view key, std::int64_t otherwise) const;
  bool Bool(std::string_view key, bool otherwise) const;
  std::vector<std::string> Strings(std::string_view key) const;
  bool Has(std::string_view key) const;
  const TomlTable& table() const { return table_; }

 private:
  TomlTable table_;
  bool broken_ = false;
};

/// Parsed, once for each distinct text of this thread: a thousand runs read the same few files.
/// The reference stays valid for the thread's life.
const ConfigFile& ReadConfigFile(const std::string& text);

}  // namespace tidegate::sim
