#include "sim/scenario_captured.h"

#include <fmt/format.h>

#include <charconv>

#include "base/files.h"
#include "base/toml.h"
#include "sim/scenario_observed.h"
#include "sim/scenario_reader.h"

namespace tidegate::sim {
namespace {

constexpr std::size_t kBodyBytesMax = 16U << 20U;

// A Pos of tipb: {"suffix":…,"offset":…}, zeros omitted (kafka_era: tipb Pos JSON tags).
Status ReadOffset(const JsonDocument& document, const JsonValue& pos, std::int64_t* out) {
  *out = 0;
  if (pos.kind != JsonKind::kObject) return document.ErrorAt(pos.offset, "a position is an object");
  const JsonValue* offset = pos.Find("offset");
  if (offset == nullptr) return {};
  if (offset->kind != JsonKind::kInt) {
    return document.ErrorAt(offset->offset, "'offset' must be an integer");
  }
  *out = offset->integer < 0 ? 0 : offset->integer;  // -2: the oldest there is
  return {};
}

Status ReadPositions(const JsonDocument& document, const JsonValue& map, CapturedState* state) {
  for (const JsonMember& member : map.members) {
    TRY(ReadOffset(document, member.value, &state->positions[member.name]));
  }
  return {};
}

Status ReadTso(const JsonDocument& document, const JsonValue& object, std::string_view key,
               Tso* out) {
  const JsonValue* value = object.Find(key);
  if (value == nullptr) return {};
  if (value->kind != JsonKind::kInt || value->integer < 0) {
    return document.ErrorAt(value->offset, fmt::format("'{}' must be a timestamp", key));
  }
  *out = value->integer;
  return {};
}

// "6512345678901234567_tikv1_8250" -> cluster id and "tikv1:8250" (pump/util.go TopicName). A name
// that is no topic is a node id.
std::string NodeOfTopic(const std::string& topic, std::uint64_t* cluster_id) {
  const std::size_t first = topic.find('_');
  const std::size_t last = topic.rfind('_');
  if (first == std::string::npos || last == first) return topic;
  std::uint64_t id = 0;
  const auto [stop, errc] = std::from_chars(topic.data(), topic.data() + first, id);
  if (errc != std::errc() || stop != topic.data() + first) return topic;
  *cluster_id = id;
  return topic.substr(first + 1, last - first - 1) + ":" + topic.substr(last + 1);
}

// `positions."10.0.0.1:8250".Offset` -> the node id; "" for another key.
std::string NodeOfTomlKey(const std::string& key) {
  const std::string_view prefix = "positions.";
  const std::string_view suffix = ".Offset";
  if (key.size() <= prefix.size() + suffix.size() || key.substr(0, prefix.size()) != prefix ||
      key.substr(key.size() - suffix.size()) != suffix) {
    return "";
  }
  std::string id = key.substr(prefix.size(), key.size() - prefix.size() - suffix.size());
  if (id.size() >= 2 && id.front() == '"' && id.back() == '"') id = id.substr(1, id.size() - 2);
  return id;
}

Status ReadSavepointJson(std::string text, const std::string& file, CapturedState* state) {
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::move(text), file));
  TRY(ReadTso(document, document.root(), "commitTS", &state->saved_commit_ts));
  const JsonValue* positions = document.root().Find("positions");
  if (positions != nullptr) TRY(ReadPositions(document, *positions, state));
  return {};
}

Status ReadSavepointToml(const std::string& text, const std::string& file, CapturedState* state) {
  TRY_ASSIGN(const TomlTable table, TomlTable::Parse(text, file));
  const std::int64_t* commit_ts = table.Int("commitTS");
  if (commit_ts == nullptr) {
    return Error{ErrorCode::kBadInput, "a savepoint needs an integer 'commitTS'", file};
  }
  state->saved_commit_ts = *commit_ts;
  for (const std::string& key : table.Keys()) {
    const std::string id = NodeOfTomlKey(key);
    const std::int64_t* offset = table.Int(key);
    if (!id.empty() && offset != nullptr) state->positions[id] = *offset < 0 ? 0 : *offset;
  }
  return {};
}

Result<std::string> ReadNamed(const JsonDocument& document, const JsonValue& name,
                              const std::string& folder, std::string* path) {
  if (name.kind != JsonKind::kString) {
    return document.ErrorAt(name.offset, "a captured body is named by its file");
  }
  *path = name.text.substr(0, 1) == "/" ? name.text : folder + name.text;
  Result<std::string> text = ReadFile(*path, kBodyBytesMax);
  if (text) return text;
  Error error = document.ErrorAt(name.offset, text.error().ToString());
  error.code = text.error().code;
  return error;
}

// The values themselves, as `tidegate import` writes them.
Status ReadValues(const JsonDocument& document, const JsonValue& value, CapturedState* state) {
  JsonObjectReader in(document, value, "'captured'");
  for (const char* file : {"status", "savepoint", "log_ends"}) in.Find(file);
  in.TsoField("upper", &state->upper);
  in.TsoField("lower", &state->lower);
  in.TsoField("saved_commit_ts", &state->saved_commit_ts);
  if (const JsonValue* positions = in.Find("positions"); positions != nullptr) {
    TRY(ReadOffsets(document, *positions, &state->positions));
  }
  return in.Finish();
}

Status CheckComplete(const JsonDocument& document, const JsonValue& value,
                     const CapturedState& state) {
  if (state.upper == 0) {
    return document.ErrorAt(value.offset, "no captured status has a DepositWindow with an Upper");
  }
  if (state.positions.empty()) {
    return document.ErrorAt(value.offset, "no captured body says a position of any Pump");
  }
  for (const auto& [id, position] : state.positions) {
    const auto end = state.log_ends.find(id);
    if (end == state.log_ends.end()) {
      return document.ErrorAt(value.offset, fmt::format("no log end was captured for {}", id));
    }
    if (end->second < position) {
      return document.ErrorAt(
          value.offset, fmt::format("the log of {} ends at {}, below its saved position {}", id,
                                    end->second, position));
    }
  }
  if (state.saved_commit_ts > state.upper) {
    return document.ErrorAt(value.offset, fmt::format("the saved commitTS {} is above Upper {}",
                                                      state.saved_commit_ts, state.upper));
  }
  return {};
}

}  // namespace

Status ReadStatusBody(std::string text, const std::string& file, CapturedState* state) {
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::move(text), file));
  const JsonValue& root = document.root();
  if (const JsonValue* pump_pos = root.Find("PumpPos"); pump_pos != nullptr) {
    TRY(ReadPositions(document, *pump_pos, state));
  }
  if (const JsonValue* window = root.Find("DepositWindow"); window != nullptr) {
    TRY(ReadTso(document, *window, "Upper", &state->upper));
    TRY(ReadTso(document, *window, "Lower", &state->lower));
  }
  if (const JsonValue* latest = root.Find("LatestBinlog"); latest != nullptr) {
    for (const JsonMember& pump : latest->members) {
      const JsonValue* position = pump.value.Find("kafka-position");
      if (position == nullptr) continue;
      std::int64_t last = 0;
      TRY(ReadOffset(document, *position, &last));
      // The position is that of the last message that Kafka acknowledged.
      state->log_ends[pump.name] = last + 1;
    }
  }
  if (root.Find("PumpPos") == nullptr && root.Find("LatestBinlog") == nullptr) {
    return document.ErrorAt(root.offset,
                            "a status body of the Kafka era has PumpPos (a Drainer's) or "
                            "LatestBinlog (a Pump's)");
  }
  return {};
}

Status ReadSavepoint(std::string text, const std::string& file, CapturedState* state) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') {
    return ReadSavepointJson(std::move(text), file, state);
  }
  // What the mysql client prints of tidb_binlog.checkpoint, boxed or separated by tabs: the row has
  // the cluster id, then the JSON.
  const std::size_t brace = text.find('{');
  const std::size_t line = brace == std::string::npos ? brace : text.rfind('\n', brace);
  if (line != std::string::npos) {
    const std::size_t digits = text.find_first_of("0123456789", line);
    if (digits < brace) {
      std::from_chars(text.data() + digits, text.data() + brace, state->cluster_id);
      const std::size_t end = JsonValueEnd(text, brace);
      return ReadSavepointJson(text.substr(brace, end - brace), file, state);
    }
  }
  return ReadSavepointToml(text, file, state);
}

Status ReadLogEnds(const JsonDocument& document, const JsonValue& value, CapturedState* state) {
  if (value.kind != JsonKind::kObject) {
    return document.ErrorAt(value.offset, "log ends are an object of topic and end offset");
  }
  for (const JsonMember& member : value.members) {
    if (member.value.kind != JsonKind::kInt || member.value.integer < 0) {
      return document.ErrorAt(member.value.offset, "a log end is an offset from 0 on");
    }
    state->log_ends[NodeOfTopic(member.name, &state->cluster_id)] = member.value.integer;
  }
  return {};
}

Result<CapturedState> ReadCaptured(const JsonDocument& document, const JsonValue& value,
                                   const std::string& folder) {
  CapturedState state;
  state.given = true;
  std::string path;
  if (const JsonValue* status = value.Find("status"); status != nullptr) {
    const std::vector<JsonValue> one = {*status};
    for (const JsonValue& name : status->kind == JsonKind::kArray ? status->elements : one) {
      TRY_ASSIGN(std::string text, ReadNamed(document, name, folder, &path));
      TRY(ReadStatusBody(std::move(text), path, &state));
    }
  }
  if (const JsonValue* ends = value.Find("log_ends"); ends != nullptr) {
    if (ends->kind == JsonKind::kString) {
      TRY_ASSIGN(std::string text, ReadNamed(document, *ends, folder, &path));
      TRY_ASSIGN(const JsonDocument file, JsonDocument::Parse(std::move(text), path));
      TRY(ReadLogEnds(file, file.root(), &state));
    } else {
      TRY(ReadLogEnds(document, *ends, &state));
    }
  }
  TRY(ReadValues(document, value, &state));
  // The savepoint last: its positions are what a restart reads from.
  if (const JsonValue* savepoint = value.Find("savepoint"); savepoint != nullptr) {
    TRY_ASSIGN(std::string text, ReadNamed(document, *savepoint, folder, &path));
    TRY(ReadSavepoint(std::move(text), path, &state));
  }
  if (state.saved_commit_ts == 0) state.saved_commit_ts = state.lower;
  TRY(CheckComplete(document, value, state));
  return state;
}

}  // namespace tidegate::sim
