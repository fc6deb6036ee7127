#include "sim/world/config.h"

#include <map>

namespace tidegate::sim {

ConfigFile::ConfigFile(const std::string& text) {
  Result<TomlTable> parsed = TomlTable::Parse(text, "config");
  broken_ = !parsed.has_value();
  if (!broken_) table_ = *std::move(parsed);
}

std::string ConfigFile::String(std::string_view key, std::string_view otherwise) const {
  const std::string* value = table_.String(key);
  return value == nullptr ? std::string(otherwise) : *value;
}

std::int64_t ConfigFile::Int(std::string_view key, std::int64_t otherwise) const {
  const std::int64_t* value = table_.Int(key);
  return value == nullptr ? otherwise : *value;
}

bool ConfigFile::Bool(std::string_view key, bool otherwise) const {
  const bool* value = table_.Bool(key);
  return value == nullptr ? otherwise : *value;
}

std::vector<std::string> ConfigFile::Strings(std::string_view key) const {
  const std::vector<std::string>* value = table_.Strings(key);
  return value == nullptr ? std::vector<std::string>{} : *value;
}

bool ConfigFile::Has(std::string_view key) const {
  return table_.String(key) != nullptr || table_.Int(key) != nullptr ||
         table_.Bool(key) != nullptr || table_.Strings(key) != nullptr;
}

const ConfigFile& ReadConfigFile(const std::string& text) {
  thread_local std::map<std::string, std::unique_ptr<ConfigFile>, std::less<>> cache;
  std::unique_ptr<ConfigFile>& slot = cache[text];
  if (slot == nullptr) slot = std::make_unique<ConfigFile>(text);
  return *slot;
}

}  // namespace tidegate::sim
