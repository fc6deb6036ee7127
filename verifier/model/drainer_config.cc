#include "verifier/model/drainer_config.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "base/toml.h"

namespace tidegate::verifier {
namespace {

constexpr std::string_view kIgnoreSchemasDefault = "INFORMATION_SCHEMA,PERFORMANCE_SCHEMA,mysql";

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string> Normal(std::vector<std::string> list) {
  for (std::string& entry : list) entry = Lower(Trim(entry));
  std::erase(list, "");
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

std::vector<std::string> SplitCommas(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

std::string StringOf(const TomlTable& table, std::string_view key, std::string_view otherwise) {
  const std::string* text = table.String(key);
  if (text != nullptr) return *text;
  const std::int64_t* number = table.Int(key);
  return number != nullptr ? std::to_string(*number) : std::string(otherwise);
}

// [[syncer.replicate-do-table]] db-name = "…" tbl-name = "…"
std::vector<std::string> Tables(const TomlTable& table, const std::string& array) {
  std::vector<std::string> names;
  for (int i = 0;; ++i) {
    const std::string at = array + "." + std::to_string(i) + ".";
    const std::string* schema = table.String(at + "db-name");
    const std::string* name = table.String(at + "tbl-name");
    if (schema == nullptr && name == nullptr) return Normal(std::move(names));
    names.push_back((schema == nullptr ? "" : *schema) + "." + (name == nullptr ? "" : *name));
  }
}

std::string Join(const std::vector<std::string>& list) {
  std::string joined;
  for (const std::string& entry : list) joined += (joined.empty() ? "" : ",") + entry;
  return joined;
}

DrainerConfig Parse(std::string_view toml) {
  DrainerConfig config;
  const Result<TomlTable> table = TomlTable::Parse(std::string(toml), "drainer.toml");
  if (!table) return config;
  config.readable = true;
  config.sink_type = Lower(StringOf(*table, "syncer.db-type", "mysql"));
  if (config.sink_type == "pb") config.sink_type = "file";
  config.ignore_schemas =
      Normal(SplitCommas(StringOf(*table, "syncer.ignore-schemas", kIgnoreSchemasDefault)));
  const std::vector<std::string>* dbs = table->Strings("syncer.replicate-do-db");
  if (dbs != nullptr) config.do_dbs = Normal(*dbs);
  config.do_tables = Tables(*table, "syncer.replicate-do-table");
  config.ignore_tables = Tables(*table, "syncer.ignore-table");
  for (const std::string& key : table->Keys()) {
    if (!key.starts_with("syncer.table-migrate-rule.")) continue;
    config.mapping.push_back(key + "=" + StringOf(*table, key, ""));
  }
  config.checkpoint_schema = StringOf(*table, "syncer.to.checkpoint.schema", "tidb_binlog");
  if (config.checkpoint_schema.empty()) config.checkpoint_schema = "tidb_binlog";
  config.kafka_max_messages = StringOf(*table, "syncer.to.kafka-max-messages", "");
  config.kafka_max_message_size = StringOf(*table, "syncer.to.kafka-max-message-size", "");
  return config;
}

}  // namespace

// Thousands of runs compare the same few files, and reading TOML costs more than a whole small run:
// each text is read once a thread.
DrainerConfig ReadDrainerConfig(std::string_view toml) {
  constexpr std::size_t kTextsMax = 256;
  thread_local std::map<std::string, DrainerConfig, std::less<>> known;
  const auto found = known.find(toml);
  if (found != known.end()) return found->second;
  if (known.size() >= kTextsMax) known.clear();
  return known.emplace(toml, Parse(toml)).first->second;
}

std::vector<ConfigDifference> Differences(const DrainerConfig& before, const DrainerConfig& after) {
  std::vector<ConfigDifference> differences;
  const auto compare = [&](std::string_view what, std::string a, std::string b, bool loses_rows) {
    if (a == b) return;
    differences.push_back({what, std::move(a), std::move(b), loses_rows});
  };
  compare("db-type", before.sink_type, after.sink_type, true);
  compare("ignore-schemas", Join(before.ignore_schemas), Join(after.ignore_schemas), true);
  compare("replicate-do-db", Join(before.do_dbs), Join(after.do_dbs), true);
  compare("replicate-do-table", Join(before.do_tables), Join(after.do_tables), true);
  compare("ignore-table", Join(before.ignore_tables), Join(after.ignore_tables), true);
  compare("table-migrate-rule", Join(before.mapping), Join(after.mapping), true);
  compare("checkpoint schema", before.checkpoint_schema, after.checkpoint_schema, true);
  if (before.sink_type == "kafka") {
    compare("kafka-max-messages", before.kafka_max_messages, after.kafka_max_messages, false);
    compare("kafka-max-message-size", before.kafka_max_message_size, after.kafka_max_message_size,
            false);
  }
  return differences;
}

}  // namespace tidegate::verifier
