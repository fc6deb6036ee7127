// When a syncer of the Kafka era saves its checkpoint, and how (tidb-binlog branch kafka:
// drainer/syncer.go addJob, savePoint, drainer/checkpoint).
#include <fmt/format.h>

#include <string>
#include <utility>

#include "sim/world/hosts.h"
#include "sim/world/kafka_checkpoint.h"
#include "sim/world/kafka_syncer.h"

namespace tidegate::sim {
namespace {

using trace::EventKind;

constexpr Duration kSaveInterval = 30 * kSecond;  // checkpoint.Check

}  // namespace

// checkpoint.Check: only when a job is added, 30 s after the last save, or for any DDL at once.
void KafkaSyncer::CheckCheckpoint(const Job& job, bool force) {
  if (wait_ != Wait::kNothing) return;
  if (!force && world_.now() - last_save_ < kSaveInterval) return;
  save_commit_ts_ = job.commit_ts;
  wait_ = Wait::kWorkersThenSave;
  for (std::size_t i = 0; i < workers_.size(); ++i) Feed(i);
  if (WorkersIdle()) SaveCheckpoint();
}

void KafkaSyncer::SaveCheckpoint() {
  wait_ = Wait::kSave;
  last_save_ = world_.now();
  if (dialect_->save_line == SaveLine::kWritten) {
    log_->Add(world_.now(), LogLine::kSavePoint, save_commit_ts_, PositionsText());
  }
  std::string body = KafkaCheckpointBody(save_commit_ts_, positions_, form_);
  if (form_ != CheckpointForm::kRow) {
    const trace::NodeInfo& info = world_.node_plan(drainer_).info;
    world_.Record({.kind = EventKind::kCheckpointSaved,
                   .node = sink_,
                   .peer = drainer_,
                   .b = save_commit_ts_,
                   .text = world_.Intern(body),
                   .n = world_.Intern(store_)});
    world_.hosts().WriteFile(info.host, store_, std::move(body));
    OnCheckpointSaved();
    return;
  }
  const std::uint32_t slot = world_.checkpoint_writes().Take();
  world_.checkpoint_writes()[slot] = {save_commit_ts_, store_, std::move(body)};
  world_.Send(drainer_, sink_, Msg::kSaveCheckpoint, slot, 0, {.report_failure = true});
}

// Go's %v of a map of pb.Pos: the suffix of the local file, and the offset.
std::string KafkaSyncer::PositionsText() const {
  std::string out;
  for (const auto& [id, offset] : positions_) {
    out += fmt::format("{}{}:{{0 {}}}", out.empty() ? "" : " ", id, offset);
  }
  return "map[" + out + "]";
}

void KafkaSyncer::OnCheckpointSaved() {
  saved_commit_ts_ = save_commit_ts_;
  if (ddl_said_.a != 0 && ddl_said_.a == save_commit_ts_) {
    log_->Add(world_.now(), LogLine::kDdlDone, std::exchange(ddl_said_, {}));
  }
  wait_ = Wait::kNothing;
  Run();
}

}  // namespace tidegate::sim
