#include "engine/captured.h"

#include <fmt/format.h>

#include <string_view>

#include "base/json.h"
#include "base/toml.h"

namespace tidegate::engine {
namespace {

constexpr std::int64_t kInt64Max = INT64_MAX;

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// The value as int64, an absent one is 0: the real servers leave zero fields out.
Result<std::int64_t> IntOf(const JsonDocument& document, const JsonValue& object,
                           std::string_view name) {
  const JsonValue* value = object.Find(name);
  if (value == nullptr) return std::int64_t{0};
  if (value->kind != JsonKind::kInt) {
    return document.ErrorAt(value->offset, fmt::format("'{}' is {}, not a 64-bit integer", name,
                                                       JsonKindName(value->kind)));
  }
  return value->integer;
}

Status ReadPositions(const JsonDocument& document, const JsonValue& object,
                     std::map<std::string, CapturedPosition>* out) {
  for (const JsonMember& member : object.members) {
    if (member.value.kind != JsonKind::kObject) {
      return document.ErrorAt(member.value.offset,
                              fmt::format("the position of '{}' is {}, not an object", member.name,
                                          JsonKindName(member.value.kind)));
    }
    CapturedPosition position;
    TRY_ASSIGN(position.suffix, IntOf(document, member.value, "suffix"));
    TRY_ASSIGN(position.offset, IntOf(document, member.value, "offset"));
    (*out)[member.name] = position;
  }
  return {};
}

Result<CapturedCheckpoint> ReadRow(std::string text, const std::string& file) {
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::move(text), file));
  const JsonValue& root = document.root();
  CapturedCheckpoint checkpoint;
  if (root.Find("commitTS") == nullptr) {
    return document.ErrorAt(root.offset, "the checkpoint has no 'commitTS'");
  }
  TRY_ASSIGN(checkpoint.commit_ts, IntOf(document, root, "commitTS"));
  if (const JsonValue* positions = root.Find("positions"); positions != nullptr) {
    TRY(ReadPositions(document, *positions, &checkpoint.positions));
  }
  return checkpoint;
}

Result<CapturedCheckpoint> ReadSavepoint(const std::string& text, const std::string& file) {
  TRY_ASSIGN(const TomlTable table, TomlTable::Parse(text, file));
  CapturedCheckpoint checkpoint;
  const std::int64_t* commit_ts = table.Int("commitTS");
  if (commit_ts == nullptr) {
    return Error{ErrorCode::kBadInput, "the savepoint has no 'commitTS'", file};
  }
  checkpoint.commit_ts = *commit_ts;
  for (const std::string& key : table.Keys()) {
    constexpr std::string_view kPrefix = "positions.";
    const std::size_t dot = key.rfind('.');
    if (!key.starts_with(kPrefix) || dot < kPrefix.size()) continue;
    std::string node = key.substr(kPrefix.size(), dot - kPrefix.size());
    if (node.size() >= 2 && node.front() == '"') node = node.substr(1, node.size() - 2);
    const std::int64_t* value = table.Int(key);
    if (value == nullptr) continue;
    // tidb-binlog kafka: drainer/checkpoint: Go's field names, Pos has no TOML tags
    if (key.substr(dot + 1) == "Offset") checkpoint.positions[node].offset = *value;
    if (key.substr(dot + 1) == "Suffix") checkpoint.positions[node].suffix = *value;
  }
  return checkpoint;
}

// The `mysql` client's output of the table: a line that has a JSON object in its last column.
Result<CapturedCheckpoint> ReadTable(std::string_view text, const std::string& file) {
  std::string row;
  std::string cluster_id;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const std::size_t open = line.find('{');
    const std::size_t close = line.rfind('}');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) continue;
    if (!row.empty()) {
      return Error{ErrorCode::kBadInput,
                   "the table has more than one row; keep the one of this cluster's id", file};
    }
    row = line.substr(open, close - open + 1);
    const std::size_t digit = line.find_first_of("0123456789");
    if (digit < open) {
      cluster_id = line.substr(digit, line.find_first_not_of("0123456789", digit) - digit);
    }
  }
  if (row.empty()) return Error{ErrorCode::kBadInput, "no row of the checkpoint table", file};
  TRY_ASSIGN(CapturedCheckpoint checkpoint, ReadRow(std::move(row), file));
  checkpoint.cluster_id = std::move(cluster_id);
  return checkpoint;
}

}  // namespace

Result<CapturedStatus> ParseCapturedStatus(std::string body, const std::string& file) {
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::move(body), file));
  const JsonValue& root = document.root();
  CapturedStatus status;
  if (root.kind == JsonKind::kNull) return status;  // tidb-binlog v1.0: before the first tick
  if (root.kind != JsonKind::kObject) {
    return document.ErrorAt(root.offset, "a /status body is a JSON object");
  }
  const JsonValue* window = root.Find("DepositWindow");
  if (window == nullptr || window->kind != JsonKind::kObject) {
    return document.ErrorAt(root.offset,
                            "no 'DepositWindow': this is no /status of an old Drainer");
  }
  TRY_ASSIGN(status.upper, IntOf(document, *window, "Upper"));
  TRY_ASSIGN(status.lower, IntOf(document, *window, "Lower"));
  if (const JsonValue* synced = root.Find("Synced"); synced != nullptr) {
    if (synced->kind != JsonKind::kBool) {
      return document.ErrorAt(synced->offset, "'Synced' is no boolean");
    }
    status.synced = synced->boolean;
  }
  const JsonValue* positions = root.Find("PumpPos");
  status.has_positions = positions != nullptr && positions->kind == JsonKind::kObject;
  if (status.has_positions) TRY(ReadPositions(document, *positions, &status.positions));
  return status;
}

Result<CapturedCheckpoint> ParseCapturedCheckpoint(const std::string& text,
                                                   const std::string& file) {
  const std::string_view body = Trim(text);
  if (body.starts_with("{")) return ReadRow(std::string(body), file);
  const std::string_view first = body.substr(0, body.find('\n'));
  const bool table =
      first.starts_with("+-") || first.find('\t') != std::string_view::npos ||
      (first.find('=') == std::string_view::npos && body.find('{') != std::string_view::npos);
  return table ? ReadTable(body, file) : ReadSavepoint(text, file);
}

Result<std::map<std::string, std::int64_t>> ParseLogEnds(std::string text,
                                                         const std::string& file) {
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::move(text), file));
  std::map<std::string, std::int64_t> ends;
  if (document.root().kind != JsonKind::kObject) {
    return document.ErrorAt(document.root().offset, "log ends are an object, topic to end offset");
  }
  for (const JsonMember& member : document.root().members) {
    const JsonValue& value = member.value;
    if (value.kind != JsonKind::kInt || value.integer < 0 || value.integer == kInt64Max) {
      return document.ErrorAt(
          value.offset,
          fmt::format("the end offset of '{}' must be an integer from 0", member.name));
    }
    ends[member.name] = value.integer;
  }
  return ends;
}

}  // namespace tidegate::engine
