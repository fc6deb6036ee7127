// The checkpoint of a cluster-era Drainer (tidb-binlog: drainer/checkpoint/{mysql,pb,kafka}.go,
// drainer/syncer.go handleSuccess).

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/toml.h"
#include "sim/world/cluster_drainer.h"
#include "sim/world/downstream.h"
#include "sim/world/hosts.h"

namespace tidegate::sim {
namespace {

using trace::CheckpointSource;
using trace::EventKind;

constexpr Duration kSaveInterval = 3 * kSecond;

// Fills commit_ts and schema version from a stored body; unknown keys (a Kafka-era "positions") are
// ignored. False when it cannot be read: Go's encoding/json takes no 4.03e17, which SQL's JSON
// functions may make of a number, for an int64 (drainer/checkpoint/mysql.go Load).
bool ReadRow(const std::string& text, Tso* commit_ts, std::int64_t* version) {
  const Result<JsonDocument> document = JsonDocument::Parse(text, "checkpoint");
  if (!document || document->root().kind != JsonKind::kObject) return false;
  const auto read = [&](std::string_view name, std::int64_t* out) {
    const JsonValue* value = document->root().Find(name);
    if (value == nullptr || value->kind == JsonKind::kNull) return true;
    if (value->kind != JsonKind::kInt) return false;
    *out = value->integer;
    return true;
  };
  return read("commitTS", commit_ts) && read("schema-version", version);
}

bool ReadSavepoint(const std::string& text, Tso* commit_ts, std::int64_t* version) {
  const Result<TomlTable> table = TomlTable::Parse(text, "savepoint");
  if (!table) return false;
  if (const std::int64_t* value = table->Int("commitTS"); value != nullptr) *commit_ts = *value;
  if (const std::int64_t* value = table->Int("schema-version"); value != nullptr) *version = *value;
  return true;
}

}  // namespace

bool ClusterDrainer::LoadCheckpoint(std::string* error) {
  Tso stored = 0;
  bool readable = true;
  if (config_.sink == ClusterSinkKind::kTable) {
    const auto& sink = static_cast<const Downstream&>(world_.node(plan().info.sink));
    std::string row;
    if (!sink.LoadCheckpoint(id_, config_.checkpoint_store, &row)) {
      *error = "create checkpoint failed: the sink does not answer";
      return false;
    }
    if (!row.empty()) readable = ReadRow(row, &stored, &schema_version_);
  } else {
    const std::string* file = world_.hosts().File(plan().info.host, savepoint_path_);
    if (file != nullptr) readable = ReadSavepoint(*file, &stored, &schema_version_);
  }
  if (!readable) {
    *error = "load checkpoint failed: it cannot be read";
    return false;
  }
  AdoptCheckpoint(stored);
  return true;
}

// A stored commitTS always wins; initial-commit-ts counts only where there is none, and -1 means
// the present (drainer/checkpoint/util.go, drainer/config.go).
void ClusterDrainer::AdoptCheckpoint(Tso stored) {
  CheckpointSource source = CheckpointSource::kStored;
  saved_ts_ = stored;
  if (stored == 0) {
    saved_ts_ = config_.initial_commit_ts;
    source = saved_ts_ > 0 ? CheckpointSource::kInitialCommitTs : CheckpointSource::kZero;
    if (saved_ts_ == -1 && dialect_->initial_commit_ts_default == -1) {
      saved_ts_ = start_ts_;
      source = CheckpointSource::kNow;
    }
    if (saved_ts_ < 0) saved_ts_ = 0;
  }
  const std::string store = config_.sink == ClusterSinkKind::kTable ? config_.checkpoint_store
                                                                    : "file:" + savepoint_path_;
  log_.Add(world_.now(), LogLine::kCheckpoint,
           {.a = saved_ts_, .b = config_.sink == ClusterSinkKind::kTable ? 1 : 0});
  world_.Record({.kind = EventKind::kCheckpointLoaded,
                 .node = id_,
                 .code = static_cast<std::uint16_t>(source),
                 .b = saved_ts_,
                 .c = config_.initial_commit_ts > 0 ? config_.initial_commit_ts : 0,
                 .n = world_.Intern(store)});
}

// At once behind a DDL, else three seconds after the last save. Fakes count as soon as everything
// before them is downstream, so that an idle Drainer goes on saving.
void ClusterDrainer::MaybeSave() {
  if (saving_ || closing_) return;
  if (loader_.done_ts() <= saved_ts_) return;
  const bool due = world_.now() - saved_at_ >= kSaveInterval;
  const bool behind_ddl = loader_.TakeDdlDone();
  if (!behind_ddl && !due) return;
  Save(false);
  while (!ddls_.empty() && ddls_.front().a <= loader_.done_ts()) {
    log_.Add(world_.now(), LogLine::kDdlDone, ddls_.front());
    ddls_.pop_front();
  }
}

void ClusterDrainer::Save(bool consistent) {
  const Tso commit_ts = std::max(loader_.done_ts(), saved_ts_);
  saved_at_ = world_.now();
  if (dialect_->save_line == SaveLine::kWritten) {
    log_.Add(world_.now(), LogLine::kSavePoint, {.a = commit_ts});
  }
  TakeTsMap(commit_ts);
  if (config_.sink == ClusterSinkKind::kTable) {
    saving_ = true;
    saving_ts_ = commit_ts;
    save_was_cut_ = false;
    SendSave();
    return;
  }
  const std::string body = CheckpointBody(commit_ts, consistent);
  world_.Record({.kind = EventKind::kCheckpointSaved,
                 .node = plan().info.sink,
                 .peer = id_,
                 .b = commit_ts,
                 .text = world_.Intern(body),
                 .n = world_.Intern("file:" + savepoint_path_)});
  world_.hosts().WriteFile(plan().info.host, savepoint_path_, body);
  saved_ts_ = commit_ts;
}

void ClusterDrainer::SendSave() {
  const std::uint32_t slot = world_.checkpoint_writes().Take();
  CheckpointWrite& write = world_.checkpoint_writes()[slot];
  write.commit_ts = saving_ts_;
  write.store = config_.checkpoint_store;
  write.body = CheckpointBody(saving_ts_, final_save_);
  world_.Send(id_, plan().info.sink, Msg::kSaveCheckpoint, slot, 0, {.report_failure = true});
}

// A REPLACE under way while the link was cut: it, or its answer, may be lost. It is repeated when
// the link is back, as TCP does; it is the same row.
void ClusterDrainer::RepeatLostSave() {
  if (!saving_) return;
  if (world_.kernel().IsCutEitherWay(id_, plan().info.sink)) {
    save_was_cut_ = true;
  } else if (std::exchange(save_was_cut_, false)) {
    SendSave();
  }
}

// Of a sink that is a TiDB: pairs of timestamps that say the same, at least a minute apart; the
// second from SHOW MASTER STATUS there (drainer/sync/mysql.go, PR 293).
void ClusterDrainer::TakeTsMap(Tso commit_ts) {
  if (!config_.sink_is_tidb) return;
  if (map_primary_ts_ != 0 && world_.now() - map_taken_at_ < kMinute) return;
  map_primary_ts_ = commit_ts;
  map_secondary_ts_ = ComposeTso(world_.plan().epoch_ms + world_.now() / kMillisecond, 0);
  map_taken_at_ = world_.now();
}

std::string ClusterDrainer::TsMapJson() const {
  if (map_primary_ts_ == 0) return "{}";
  const bool new_names = dialect_->ts_map_names == TsMapNames::kPrimarySecondary;
  return fmt::format("{{\"{}\":{},\"{}\":{}}}", new_names ? "primary-ts" : "master-ts",
                     map_primary_ts_, new_names ? "secondary-ts" : "slave-ts", map_secondary_ts_);
}

// The row is JSON, the file TOML (drainer/checkpoint/mysql.go, pb.go); 2.1 has commitTS alone,
// "consistent" came with 3.0.10, "schema-version" with 4.0.10.
std::string ClusterDrainer::CheckpointBody(Tso commit_ts, bool consistent) const {
  const bool row = config_.sink == ClusterSinkKind::kTable;
  switch (dialect_->cluster_checkpoint) {
    case ClusterCheckpoint::kCommitTsOnly:
      return row ? fmt::format("{{\"commitTS\":{},\"ts-map\":{}}}", commit_ts, TsMapJson())
                 : fmt::format("commitTS = {}\n", commit_ts);
    case ClusterCheckpoint::kWithConsistent:
      return row ? fmt::format("{{\"consistent\":{},\"commitTS\":{},\"ts-map\":{}}}", consistent,
                               commit_ts, TsMapJson())
                 : fmt::format("consistent = {}\ncommitTS = {}\n", consistent, commit_ts);
    case ClusterCheckpoint::kWithSchemaVersion: break;
  }
  return row ? fmt::format(
                   "{{\"consistent\":{},\"commitTS\":{},\"ts-map\":{},\"schema-version\":{}}}",
                   consistent, commit_ts, TsMapJson(), schema_version_)
             : fmt::format("consistent = {}\ncommitTS = {}\nschema-version = {}\n", consistent,
                           commit_ts, schema_version_);
}

// A failure is fatal: exit code 1 (drainer/syncer.go savePoint); only while closing it is logged.
void ClusterDrainer::OnSaved(Tso commit_ts, bool failed) {
  if (!saving_ || commit_ts != saving_ts_) return;
  saving_ = false;
  if (!failed) saved_ts_ = commit_ts;
  if (closing_) {
    FinishClose();
  } else if (failed) {
    Fatal("save checkpoint failed");
  } else {
    MaybeSave();
  }
}

}  // namespace tidegate::sim
