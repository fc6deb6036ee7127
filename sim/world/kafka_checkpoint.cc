#include "sim/world/kafka_checkpoint.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/toml.h"
#include "sim/world/kafka_syncer.h"

namespace tidegate::sim {
namespace {

constexpr std::int64_t kSafeKafkaOffset = 5000;

}  // namespace

std::string KafkaCheckpointBody(Tso commit_ts, const std::map<std::string, std::int64_t>& positions,
                                bool toml) {
  std::string list;
  for (const auto& [id, position] : positions) {
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

KafkaCheckpoint ParseKafkaCheckpoint(const std::string& text, bool toml) {
  KafkaCheckpoint out;
  if (text.empty()) return out;
  if (toml) {
    const Result<TomlTable> table = TomlTable::Parse(text, "savepoint");
    if (!table.has_value()) return out;
    const std::int64_t* commit_ts = table->Int("commitTS");
    out.found = commit_ts != nullptr;
    out.commit_ts = commit_ts == nullptr ? 0 : *commit_ts;
    for (const std::string& key : table->Keys()) {
      const std::size_t end = key.rfind(".Offset");
      if (key.rfind("positions.", 0) != 0 || end == std::string::npos) continue;
      std::string id = key.substr(10, end - 10);
      std::erase(id, '"');
      out.positions[id] = *table->Int(key);
    }
    return out;
  }
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
