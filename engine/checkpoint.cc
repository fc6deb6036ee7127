#include "engine/checkpoint.h"

#include <fmt/format.h>

#include <string_view>

#include "base/json.h"
#include "base/toml.h"
#include "engine/status_body.h"

namespace tidegate::engine {
namespace {

CheckpointPlace TablePlace(const Drainer& drainer) {
  const Sink& sink = drainer.sink;
  return {
      CheckpointKind::kTable,
      port::QuerySql{sink.name, fmt::format("select clusterID, checkPoint from `{}`.`checkpoint`",
                                            sink.checkpoint_schema)},
      fmt::format("the row of {}.checkpoint at {}", sink.checkpoint_schema, sink.name)};
}

CheckpointPlace FilePlace(CheckpointKind kind, const Drainer& drainer, std::string_view name) {
  const Process& process = drainer.process;
  return {kind, port::ReadRemoteFile{process.host, fmt::format("{}/{}", process.data_dir, name)},
          fmt::format("{}/{} on {}", process.data_dir, name, process.host)};
}

bool KeepsTable(const std::string& sink_type) {
  return sink_type == "mysql" || sink_type == "tidb";
}

Result<Checkpoint> ParseRows(const CheckpointPlace& place, std::string_view body) {
  Checkpoint checkpoint;
  const std::size_t header = body.find('\n');
  if (header == std::string_view::npos) return checkpoint;
  std::string_view row = body.substr(header + 1);
  while (!row.empty() && (row.back() == '\n' || row.back() == '\r')) row.remove_suffix(1);
  if (row.empty()) return checkpoint;
  const std::size_t tab = row.find('\t');
  if (tab == std::string_view::npos) {
    return Error{ErrorCode::kBadInput, fmt::format("{} has not two columns", place.sentence), ""};
  }
  if (row.find('\n') != std::string_view::npos) {
    return Error{ErrorCode::kBadInput,
                 fmt::format("{}: there are several rows, and which cluster is ours is not known",
                             place.sentence),
                 ""};
  }
  const Result<JsonDocument> document =
      JsonDocument::Parse(std::string(row.substr(tab + 1)), place.sentence);
  if (!document || document->root().kind != JsonKind::kObject) {
    return Error{ErrorCode::kBadInput, fmt::format("{} is no JSON object", place.sentence), ""};
  }
  checkpoint.present = true;
  const JsonValue* commit = document->root().Find("commitTS");
  if (commit != nullptr && commit->kind == JsonKind::kInt) checkpoint.commit_ts = commit->integer;
  checkpoint.has_positions = document->root().Find("positions") != nullptr;
  return checkpoint;
}

Result<Checkpoint> ParseFile(const CheckpointPlace& place, const std::string& body) {
  TRY_ASSIGN(const TomlTable table, TomlTable::Parse(body, place.sentence));
  Checkpoint checkpoint;
  checkpoint.present = true;
  const std::int64_t* commit = table.Int("commitTS");
  if (commit != nullptr) checkpoint.commit_ts = *commit;
  for (const std::string& key : table.Keys()) {
    if (key.rfind("positions.", 0) == 0 || key.rfind("suffixs.", 0) == 0) {
      checkpoint.has_positions = true;
    }
  }
  return checkpoint;
}

}  // namespace

CheckpointPlace OldCheckpointPlace(const Drainer& drainer, const std::string& era) {
  if (era == "local") return FilePlace(CheckpointKind::kLocalSavePoint, drainer, "savePoint");
  if (KeepsTable(drainer.sink.type)) return TablePlace(drainer);
  return FilePlace(CheckpointKind::kSavepoint, drainer, "savepoint");
}

CheckpointPlace NewCheckpointPlace(const Drainer& drainer) {
  if (KeepsTable(drainer.sink.type)) return TablePlace(drainer);
  return FilePlace(CheckpointKind::kSavepoint, drainer, "savepoint");
}

Result<Checkpoint> ParseCheckpoint(const CheckpointPlace& place, const port::Answer& answer) {
  if (answer.code == port::AnswerCode::kNotFound) return Checkpoint{};
  if (answer.code == port::AnswerCode::kFailed && place.kind == CheckpointKind::kTable) {
    // No such table or schema (MySQL errors 1146 and 1049): nothing was ever saved there.
    if (answer.body.find("1146") != std::string::npos ||
        answer.body.find("1049") != std::string::npos) {
      return Checkpoint{};
    }
  }
  if (!answer.ok()) {
    return Error{ErrorCode::kUnavailable, fmt::format("{}: {}", place.sentence, AnswerText(answer)),
                 ""};
  }
  return place.kind == CheckpointKind::kTable ? ParseRows(place, answer.body)
                                              : ParseFile(place, answer.body);
}

}  // namespace tidegate::engine
