#include "sim/world/kafka_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/toml.h"
#include "sim/world/kafka_syncer.h"
#include "sim/world/old_transport.h"

namespace tidegate::sim {
namespace {

constexpr std::int64_t kSafeKafkaOffset = 5000;
constexpr std::int64_t kSafeSuffixes = 2;

// What stands between PREFIX and SUFFIX of a key, without quotes; empty when it is no such key.
std::string NodeOfKey(const std::string& key, std::string_view prefix, std::string_view suffix) {
  if (key.size() <= prefix.size() + suffix.size() || !key.starts_with(prefix) ||
      !key.ends_with(suffix)) {
    return "";
  }
  std::string id = key.substr(prefix.size(), key.size() - prefix.size() - suffix.size());
  std::erase(id, '"');
  return id;
}

KafkaCheckpoint ParseFile(const std::string& text) {
  KafkaCheckpoint out;
  const Result<TomlTable> table = TomlTable::Parse(text, "savepoint");
  if (!table.has_value()) return out;
  const std::int64_t* commit_ts = table->Int("commitTS");
  out.found = commit_ts != nullptr;
  out.commit_ts = commit_ts == nullptr ? 0 : *commit_ts;
  for (const std::string& key : table->Keys()) {
    if (const std::string id = NodeOfKey(key, "positions.", ".Offset"); !id.empty()) {
      out.positions[id] = *table->Int(key);
    } else if (const std::string node = NodeOfKey(key, "suffixs.", ""); !node.empty()) {
      out.positions[node] = *table->Int(key) * kLocalRecordsPerFile;
    }
  }
  return out;
}

}  // namespace

std::string KafkaCheckpointBody(Tso commit_ts, const std::map<std::string, std::int64_t>& positions,
                                CheckpointForm form) {
  std::string list;
  const bool toml = form != CheckpointForm::kRow;
  for (const auto& [id, position] : positions) {
    if (form == CheckpointForm::kLocalSavePoint) {
      const std::int64_t suffix = std::max<std::int64_t>(0, LocalSuffix(position) - kSafeSuffixes);
      list += fmt::format("{}\"{}\" = {}\n", list.empty() ? "\n[suffixs]\n" : "", id, suffix);
      continue;
    }
    const std::int64_t offset = position > kSafeKafkaOffset ? position - kSafeKafkaOffset : 0;
    if (toml) {
      list += fmt::format("\n[positions.\"{}\"]\nSuffix = 0\nOffset = {}\n", id, offset);
    } else {
      list += fmt::format("{}{}:{}", list.empty() ? "" : ",", JsonQuote(id),
                          offset == 0 ? "{}" : fmt::format("{{\"offset\":{}}}", offset));
    }
  }
  if (toml) return fmt::format("commitTS = {}\n{}", commit_ts, list);
  return fmt::format("{{\"commitTS\":{},\"positions\":{{{}}},\"ts-map\":{{}}}}", commit_ts, list);
}

KafkaCheckpoint ParseKafkaCheckpoint(const std::string& text, CheckpointForm form) {
  KafkaCheckpoint out;
  if (text.empty()) return out;
  if (form != CheckpointForm::kRow) return ParseFile(text);
  const Result<JsonDocument> document = JsonDocument::Parse(text, "checkpoint");
  if (!document.has_value()) return out;
  const JsonValue* commit_ts = document->root().Find("commitTS");
  out.found = commit_ts != nullptr;
  out.commit_ts = commit_ts == nullptr ? 0 : commit_ts->integer;
  if (const JsonValue* positions = document->root().Find("positions"); positions != nullptr) {
    for (const JsonMember& member : positions->members) {
      const JsonValue* offset = member.value.Find("offset");
      out.positions[member.name] = offset == nullptr ? 0 : offset->integer;
    }
  }
  return out;
}

}  // namespace tidegate::sim
