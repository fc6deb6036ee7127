// From the merge to the sink of a cluster-era Drainer (tidb-binlog: drainer/collector.go
// publishBinlogs and syncBinlog, drainer/syncer.go run).

#include "sim/world/cluster_drainer.h"
#include "sim/world/tikv.h"

namespace tidegate::sim {
namespace {

using trace::BinlogType;
using trace::DropReason;
using trace::EventKind;

constexpr std::int32_t kDdlFetchAttemptsMax = 10;  // drainer/collector.go getDDLJob, one a second

}  // namespace

// Emits what the merge gives and the loader has room for. Everything that may free either calls it.
void ClusterDrainer::Advance() {
  Binlog binlog;
  while (running_ && !closing_ && !ddl_waits_ && loader_.HasRoom()) {
    const ClusterMerge::Next verdict = merge_.Take(&binlog);
    if (verdict == ClusterMerge::Next::kBlocked) break;
    if (verdict == ClusterMerge::Next::kInOrder) {
      Publish(binlog);
    } else {
      DropUnordered(binlog, verdict);
    }
  }
  if (!running_) return;
  loader_.Kick();
  Acknowledge();
  MaybeSave();
  if (running_ && closing_ && !half_dead_ && state_ != trace::RegistryState::kPausing &&
      state_ != trace::RegistryState::kClosing) {
    FinishClose();
  }
}

// drainer/merge.go: dropped with an error line and nothing else.
void ClusterDrainer::DropUnordered(const Binlog& binlog, ClusterMerge::Next verdict) {
  if (static_cast<BinlogType>(binlog.type) == BinlogType::kFake) return;
  const bool less = verdict == ClusterMerge::Next::kLessThanLast;
  if (less) ++disorder_count_;
  world_.Record({.kind = EventKind::kBinlogDropped,
                 .node = id_,
                 .code = static_cast<std::uint16_t>(less ? DropReason::kLessThanLast
                                                         : DropReason::kDuplicate),
                 .a = binlog.start_ts,
                 .b = binlog.commit_ts});
}

void ClusterDrainer::Publish(const Binlog& binlog) {
  if (static_cast<BinlogType>(binlog.type) == BinlogType::kFake) {
    loader_.AddMark(binlog.commit_ts);
  } else if (binlog.ddl_job_id > 0) {
    ddl_ = binlog;
    ddl_waits_ = true;
    ddl_attempts_ = 0;
    TryDdl();
  } else {
    PublishTxn(binlog);
  }
}

void ClusterDrainer::PublishTxn(const Binlog& binlog) {
  jobs_.clear();
  if (binlog.body != UINT32_MAX) {
    const TxnBody& body = world_.body(binlog.body);
    const RowChange* rows = world_.rows(body);
    const bool to_kafka = config_.sink == ClusterSinkKind::kKafka;
    const auto oversized =
        static_cast<std::uint8_t>(to_kafka && (binlog.flags & kOversized) != 0 ? 1 : 0);
    for (std::uint32_t i = 0; i < body.row_count; ++i) {
      const RowChange& row = rows[i];
      if (!config_.filter.Passes(row.table)) continue;
      jobs_.push_back({.commit_ts = binlog.commit_ts,
                       .start_ts = binlog.start_ts,
                       .key = row.key,
                       .value = row.value,
                       .table = row.table,
                       .shape = row.shape,
                       .op = row.op,
                       .oversized = oversized});
    }
  }
  if (jobs_.empty()) {  // all of it filtered out: counts as a fake (drainer/syncer.go)
    loader_.AddMark(binlog.commit_ts);
    return;
  }
  last_real_ts_ = binlog.commit_ts;
  world_.Record(
      {.kind = EventKind::kTxnHanded, .node = id_, .a = binlog.start_ts, .b = binlog.commit_ts});
  loader_.AddTxn(jobs_);
}

// The collector holds everything until the job is in TiKV's history; a job that was cancelled is
// skipped (drainer/collector.go syncBinlog, drainer/schema.go skipJob).
void ClusterDrainer::TryDdl() {
  DdlJob job;
  if (!world_.tikv().FindHistoryJob(id_, ddl_.ddl_job_id, &job)) {
    if (++ddl_attempts_ >= kDdlFetchAttemptsMax) {
      StopWithError("fetch DDL job error: TiKV does not answer");
      return;
    }
    world_.kernel().After(id_, kSecond, kDdlRetry);
    return;
  }
  ddl_attempts_ = 0;
  if (job.id == 0) {  // not there yet: waits for ever
    world_.kernel().After(id_, kSecond, kDdlRetry);
    return;
  }
  ddl_waits_ = false;
  ++schema_version_;
  if (job.cancelled || !config_.filter.Passes(job.table)) {
    loader_.AddMark(ddl_.commit_ts);
    return;
  }
  last_real_ts_ = ddl_.commit_ts;
  world_.Record(
      {.kind = EventKind::kTxnHanded, .node = id_, .a = ddl_.start_ts, .b = ddl_.commit_ts});
  ddls_.push_back({.a = ddl_.commit_ts, .c = DdlOf(job.table, job.shape)});
  log_.Add(world_.now(), LogLine::kDdlBegun, ddls_.back());
  loader_.AddDdl({.commit_ts = ddl_.commit_ts,
                  .start_ts = ddl_.start_ts,
                  .ddl_job_id = ddl_.ddl_job_id,
                  .table = job.table,
                  .shape = job.shape,
                  .ddl = 1});
}

}  // namespace tidegate::sim
