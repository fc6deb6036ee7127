#include "sim/world/kafka_syncer.h"

#include <algorithm>

#include "base/json.h"
#include "sim/world/downstream.h"
#include "sim/world/hosts.h"
#include "sim/world/kafka_checkpoint.h"

namespace tidegate::sim {
namespace {

using trace::CheckpointSource;
using trace::DropReason;
using trace::EventKind;

constexpr std::size_t kInputMax = 65536;          // syncer.input
constexpr std::size_t kWorkerQueueMax = 1024;     // a worker's job channel
constexpr Duration kSafeModePhase = 5 * kMinute;  // enableSafeModeInitializationPhase
constexpr Duration kIdleFlush = 3 * kSecond;      // maxExecutionWaitTime
constexpr Duration kRetryInterval = 3 * kSecond;  // pkg/sql/sql.go
constexpr std::int64_t kDmlTriesMax = 100;
constexpr std::int64_t kDdlTriesMax = 5;
constexpr std::uint32_t kDdlWorker = 0x7FFFFF;

}  // namespace

KafkaSyncer::KafkaSyncer(World& world, NodeId drainer, NodeLog* log)
    : world_(world), drainer_(drainer), log_(log) {}

bool KafkaSyncer::Start(const ConfigFile& config, const Dialect& dialect, std::string* why) {
  dialect_ = &dialect;
  sink_ = world_.node_plan(drainer_).info.sink;
  const std::string type = config.String("syncer.db-type", "mysql");
  const bool database = type == "mysql" || type == "tidb";
  kafka_sink_ = type == "kafka";
  // Drainer forces dispatch off and one worker for pb and kafka (drainer/config.go).
  dispatch_ = database && !config.Bool("syncer.disable-dispatch", false);
  const auto worker_count = database ? config.Int("syncer.worker-count", 1) : 1;
  workers_.assign(static_cast<std::size_t>(std::max<std::int64_t>(1, worker_count)), {});
  batch_ = static_cast<std::size_t>(
      std::max<std::int64_t>(1, database ? config.Int("syncer.txn-batch", 1) : 1));
  safe_mode_config_ = config.Bool("syncer.safe-mode", false);
  filter_ = TableFilter(config, world_.plan());
  FindStore(config, database);
  started_ = last_save_ = last_sync_ = world_.now();
  std::string text;
  if (form_ == CheckpointForm::kRow) {
    if (!static_cast<Downstream&>(world_.node(sink_)).LoadCheckpoint(drainer_, store_, &text)) {
      *why = "checkpoint: the downstream does not answer";
      return false;
    }
  } else if (const std::string* file =
                 world_.hosts().File(world_.node_plan(drainer_).info.host, store_);
             file != nullptr) {
    text = *file;
  }
  loaded_ = ParseKafkaCheckpoint(text, form_);
  const Tso configured = config.Int("initial-commit-ts", 0);
  init_commit_ts_ = loaded_.commit_ts > 0 ? loaded_.commit_ts : std::max<Tso>(0, configured);
  saved_commit_ts_ = init_commit_ts_;
  positions_ = loaded_.positions;
  const CheckpointSource source = loaded_.commit_ts > 0 ? CheckpointSource::kStored
                                  : configured > 0      ? CheckpointSource::kInitialCommitTs
                                                        : CheckpointSource::kZero;
  world_.Record({.kind = EventKind::kCheckpointLoaded,
                 .node = drainer_,
                 .code = static_cast<std::uint16_t>(source),
                 .b = init_commit_ts_,
                 .c = configured,
                 .n = world_.Intern(store_)});
  return true;
}

void KafkaSyncer::FindStore(const ConfigFile& config, bool database) {
  const std::string& folder = world_.node_plan(drainer_).info.data_dir;
  if (dialect_->checkpoint_home == CheckpointHome::kSavePointFile) {
    form_ = CheckpointForm::kLocalSavePoint;
    store_ = folder + "/savePoint";
  } else if (database) {
    form_ = CheckpointForm::kRow;
    store_ = config.String("syncer.to.checkpoint.schema", "tidb_binlog") + ".checkpoint";
  } else {
    form_ = CheckpointForm::kSavepoint;
    store_ = folder + "/savepoint";
  }
}

bool KafkaSyncer::InputFull() const { return input_.size() >= kInputMax; }

bool KafkaSyncer::Pending() const {
  return !input_.empty() || !WorkersIdle() || wait_ != Wait::kNothing;
}

void KafkaSyncer::Add(const ReadyTxn& txn) {
  if (txn.commit_ts <= last_added_) {
    world_.Record({.kind = EventKind::kBinlogDropped,
                   .node = drainer_,
                   .code = static_cast<std::uint16_t>(txn.commit_ts == last_added_
                                                          ? DropReason::kDuplicate
                                                          : DropReason::kLessThanLast),
                   .a = txn.start_ts,
                   .b = txn.commit_ts});
    return;
  }
  last_added_ = txn.commit_ts;
  input_.push_back(txn);
  Run();
}

Time KafkaSyncer::LastSyncTime() const {
  const bool refreshes = dispatch_ && dialect_->idle_refresh == IdleRefresh::kWhenDispatching;
  if (!refreshes) return last_sync_;
  for (const Worker& worker : workers_) {
    if (!worker.busy) return world_.now();
  }
  return last_sync_;
}

// The syncer's run loop: translates transactions in order until something must be waited for.
void KafkaSyncer::Run() {
  if (running_) return;
  running_ = true;
  while (wait_ == Wait::kNothing && !input_.empty()) {
    const ReadyTxn txn = input_.front();
    if (txn.commit_ts <= init_commit_ts_) {
      SkipBelowStart(txn);
      input_.pop_front();
      continue;
    }
    bool full = false;
    for (const Worker& worker : workers_) full = full || worker.queue.size() >= kWorkerQueueMax;
    if (full) break;
    if (next_row_ == 0) {
      world_.Record(
          {.kind = EventKind::kTxnHanded, .node = drainer_, .a = txn.start_ts, .b = txn.commit_ts});
    }
    if (world_.body(txn.body).ddl != 0) {
      AddDdl(txn);
    } else if (!AddJobs(txn)) {
      continue;
    }
    input_.pop_front();
    next_row_ = 0;
    any_row_ = false;
  }
  running_ = false;
}

void KafkaSyncer::SkipBelowStart(const ReadyTxn& txn) {
  world_.Record({.kind = EventKind::kBinlogDropped,
                 .node = drainer_,
                 .code = static_cast<std::uint16_t>(DropReason::kBelowStart),
                 .a = txn.start_ts,
                 .b = txn.commit_ts});
}

bool KafkaSyncer::SafeMode(RowOp op) const {
  if (dialect_->safe_start == SafeStart::kInsertAlwaysReplaces) {
    return op == RowOp::kInsert || safe_mode_config_;
  }
  return safe_mode_config_ || world_.now() - started_ < kSafeModePhase;
}

bool KafkaSyncer::AddJobs(const ReadyTxn& txn) {
  const TxnBody& body = world_.body(txn.body);
  const RowChange* rows = world_.rows(body);
  Job last;
  while (next_row_ < body.row_count) {
    const RowChange& row = rows[next_row_++];
    if (!filter_.Passes(row.table)) continue;
    last = MakeJob(txn, row, next_row_ == body.row_count);
    const std::uint64_t hash =
        DrawBits(0, Purpose::kScenario, last.table, static_cast<std::uint64_t>(last.key));
    const std::size_t worker = dispatch_ ? hash % workers_.size() : 0;
    workers_[worker].queue.push_back(last);
    Feed(worker);
    any_row_ = true;
    if (dialect_->checkpoint_boundary == CheckpointBoundary::kAnyJob) {
      positions_[world_.node_plan(txn.pump).etcd_id] = txn.offset;
      CheckCheckpoint(last, false);
      if (wait_ != Wait::kNothing && next_row_ < body.row_count) return false;
    }
  }
  if (!any_row_) return true;  // filtered whole: no job, no checkpoint
  positions_[world_.node_plan(txn.pump).etcd_id] = txn.offset;
  if (last.last_of_txn != 0) CheckCheckpoint(last, false);
  return true;
}

Job KafkaSyncer::MakeJob(const ReadyTxn& txn, const RowChange& row, bool last_mutation) const {
  Job job;
  job.commit_ts = txn.commit_ts;
  job.start_ts = txn.start_ts;
  job.key = row.key;
  job.value = row.value;
  job.table = row.table;
  job.shape = row.shape;
  job.op = row.op;
  job.safe_mode = SafeMode(row.op) ? 1 : 0;
  // isCompleteBinlog is set by the last mutation; when that one is filtered it is never set.
  job.last_of_txn = last_mutation ? 1 : 0;
  return job;
}

void KafkaSyncer::AddDdl(const ReadyTxn& txn) {
  const TxnBody& body = world_.body(txn.body);
  if (!filter_.Passes(body.ddl_table)) return;
  ddl_ = {};
  ddl_.commit_ts = txn.commit_ts;
  ddl_.start_ts = txn.start_ts;
  ddl_.ddl_job_id = txn.ddl_job_id;
  ddl_.table = body.ddl_table;
  ddl_.shape = body.ddl_shape;
  ddl_.ddl = 1;
  ddl_.last_of_txn = 1;
  positions_[world_.node_plan(txn.pump).etcd_id] = txn.offset;
  ddl_said_ = {.a = ddl_.commit_ts, .b = txn.offset, .c = DdlOf(ddl_.table, ddl_.shape)};
  log_->Add(world_.now(), LogLine::kDdlBegun, ddl_said_);
  wait_ = Wait::kWorkersThenDdl;
  for (std::size_t i = 0; i < workers_.size(); ++i) Feed(i);
  OnTimer(kFlush, UINT32_MAX);
}

bool KafkaSyncer::WorkersIdle() const {
  return std::all_of(workers_.begin(), workers_.end(),
                     [](const Worker& worker) { return !worker.busy && worker.queue.empty(); });
}

// A worker executes full batches at once, a part of one after 3 s without more or when everybody
// waits for it. Without dispatch a batch is a whole upstream transaction.
void KafkaSyncer::Feed(std::size_t index) {
  Worker& worker = workers_[index];
  if (worker.busy || worker.queue.empty()) return;
  std::size_t count = std::min(batch_, worker.queue.size());
  if (!dispatch_) {
    const auto end = std::find_if(worker.queue.begin(), worker.queue.end(),
                                  [](const Job& job) { return job.last_of_txn != 0; });
    if (end == worker.queue.end() && wait_ == Wait::kNothing) return;
    count = end == worker.queue.end() ? worker.queue.size()
                                      : static_cast<std::size_t>(end - worker.queue.begin()) + 1;
  } else if (count < batch_ && wait_ == Wait::kNothing) {
    if (!worker.flush_scheduled) {
      worker.flush_scheduled = true;
      world_.kernel().After(drainer_, kIdleFlush, kFlush, index);
    }
    return;
  }
  Execute(index, count);
}

void KafkaSyncer::Execute(std::size_t index, std::size_t count) {
  Worker& worker = workers_[index];
  const std::uint32_t slot = world_.job_batches().Take();
  std::vector<Job>& jobs = world_.job_batches()[slot].jobs;
  jobs.assign(worker.queue.begin(), worker.queue.begin() + static_cast<std::ptrdiff_t>(count));
  worker.slot = slot;
  worker.busy = true;
  last_sync_ = std::max(last_sync_, world_.now());
  Sent();
  world_.Send(drainer_, sink_, Msg::kExecute, slot, static_cast<std::uint32_t>(index),
              {.report_failure = true});
}

void KafkaSyncer::OnExecuted(std::uint64_t slot, std::uint32_t index, bool failed) {
  if (RetryAtKafka(index, failed)) {
    if (index == kDdlWorker) {  // it is sent again in a batch of its own
      world_.job_batches()[slot].jobs.clear();
      world_.job_batches().Give(slot);
    }
    return;
  }
  if (index == kDdlWorker) {
    world_.job_batches()[slot].jobs.clear();
    world_.job_batches().Give(slot);
    if (failed) {
      if (++ddl_tries_ >= kDdlTriesMax) {
        Fatal("exec DDL failed after 5 tries");
        return;
      }
      world_.kernel().After(drainer_, kRetryInterval, kRetry, kDdlWorker);
      return;
    }
    ddl_tries_ = 0;
    last_sync_ = world_.now();
    wait_ = Wait::kNothing;
    CheckCheckpoint(ddl_, true);
    Run();
    return;
  }
  Worker& worker = workers_[index];
  if (failed) {
    if (++worker.tries >= kDmlTriesMax) {
      Fatal("exec sqls failed after 100 tries");
      return;
    }
    world_.kernel().After(drainer_, kRetryInterval, kRetry, index);
    return;
  }
  const std::size_t count = world_.job_batches()[slot].jobs.size();
  world_.job_batches()[slot].jobs.clear();
  world_.job_batches().Give(slot);
  worker.queue.erase(worker.queue.begin(),
                     worker.queue.begin() + static_cast<std::ptrdiff_t>(count));
  worker.busy = false;
  worker.tries = 0;
  last_sync_ = world_.now();
  Feed(index);
  OnTimer(0, 0);
  Run();
}

void KafkaSyncer::OnSendFailed(const Envelope& envelope) {
  if (static_cast<Msg>(envelope.what) == Msg::kExecute) {
    OnExecuted(envelope.a, envelope.b, true);
  } else if (static_cast<Msg>(envelope.what) == Msg::kSaveCheckpoint) {
    world_.checkpoint_writes().Give(envelope.a);
    Fatal("save checkpoint failed");
  }
}

void KafkaSyncer::OnTimer(What what, std::uint64_t a) {
  if (what == kSilence) {
    JudgeSilence();
    return;
  }
  if (what == kRetry && a != kDdlWorker) {
    Worker& worker = workers_[a];
    world_.Send(drainer_, sink_, Msg::kExecute, worker.slot, static_cast<std::uint32_t>(a),
                {.report_failure = true});
    return;
  }
  if (what == kFlush && a < workers_.size()) {
    Worker& worker = workers_[a];
    worker.flush_scheduled = false;
    if (!worker.busy && !worker.queue.empty()) Execute(a, std::min(batch_, worker.queue.size()));
  }
  // Whoever waits for the workers goes on when they are idle.
  if (wait_ == Wait::kWorkersThenSave && WorkersIdle()) SaveCheckpoint();
  if ((wait_ == Wait::kWorkersThenDdl && WorkersIdle()) || (what == kRetry && a == kDdlWorker)) {
    if (wait_ != Wait::kDdl) Sent();
    wait_ = Wait::kDdl;
    const std::uint32_t slot = world_.job_batches().Take();
    world_.job_batches()[slot].jobs.assign(1, ddl_);
    world_.Send(drainer_, sink_, Msg::kExecute, slot, kDdlWorker, {.report_failure = true});
  }
}

// log.Fatal: the process ends with status 1, whatever is queued is gone.
void KafkaSyncer::Fatal(std::string_view reason) {
  log_->Add(world_.now(), LogLine::kFatal, 0, std::string(reason));
  world_.Alert(drainer_, reason);
  world_.hosts().Exited(drainer_, trace::DownCause::kExited, reason, true);
}

}  // namespace tidegate::sim
