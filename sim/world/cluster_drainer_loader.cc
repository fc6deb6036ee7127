#include "sim/world/cluster_drainer_loader.h"

#include <algorithm>

#include "trace/event.h"

namespace tidegate::sim {
namespace {

// tidb-binlog: drainer/syncer.go enableSafeModeInitializationPhase.
constexpr Duration kSafeModePhase = 5 * kMinute;
// tidb-binlog: pkg/loader/executor.go and drainer/executor.go (MaxDMLRetryCount, MaxDDLRetryCount).
constexpr std::uint32_t kDmlAttemptsMax = 100;
constexpr std::uint32_t kDdlAttemptsMax = 5;
// drainer/syncer.go (4.0): fakes are counted once in three seconds of timestamps.
constexpr std::int64_t kMarkGapMs = 3000;

// drainer/sync/kafka.go NewKafka: Producer.Retry.Backoff; Retry.Max of 10000 outlasts the silence.
constexpr Duration kProducerBackoff = 500 * kMillisecond;
// drainer/sync/kafka.go: no acknowledgement for so long is an error.
constexpr Duration kKafkaSilenceMax = 30 * kSecond;
// How long the producer goes on with what it holds before its error is seen (issue 1136: small
// messages behind a refused one are acknowledged).
constexpr Duration kKafkaErrorDelay = 5 * kSecond;

std::size_t WorkerOf(const Job& job, std::size_t count) {
  const std::uint64_t key =
      (static_cast<std::uint64_t>(job.table) << 48U) ^ static_cast<std::uint64_t>(job.key);
  return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15ULL) >> 32U) % count;
}

}  // namespace

void ClusterLoader::Reset(const ClusterDrainerConfig& config, const Dialect& dialect, NodeId sink,
                          Tso done_ts) {
  Clear();
  sink_ = sink;
  table_sink_ = config.sink == ClusterSinkKind::kTable;
  always_safe_ = config.safe_mode;
  kafka_sink_ = config.sink == ClusterSinkKind::kKafka;
  kafka_acks_ = dialect.kafka_acks;
  thins_marks_ = dialect.fake_marks == FakeMarks::kThinned;
  const auto txn_batch = static_cast<std::size_t>(config.txn_batch);
  batch_ = kafka_sink_ ? 1 : txn_batch;  // a message is a transaction
  workers_.resize(static_cast<std::size_t>(config.worker_count));
  round_max_ = workers_.size() * txn_batch;
  room_max_ = 2 * round_max_;
  retry_delay_ = kafka_sink_ ? kProducerBackoff : dialect.retry_delay;
  started_ = world_.now();
  last_success_at_ = started_;
  passed_ts_ = done_ts_ = done_ts;
}

// Batches that the sink has not answered stay with it: their slots are given back when it does.
void ClusterLoader::Clear() {
  queue_.clear();
  taken_ = 0;
  for (Worker& worker : workers_) {
    worker.jobs.clear();
    worker.slot = kNoSlot;
    worker.active = false;
  }
  active_ = 0;
  halted_ = false;
  sink_was_cut_ = false;
  mark_ts_ = 0;
  ddl_done_ = false;
  ddl_count_ = 0;
  txn_count_ = 0;
  kafka_fails_at_ = 0;
  fatal_.clear();
}

void ClusterLoader::AddTxn(const std::vector<Job>& jobs) {
  CHECK(!jobs.empty());
  CHECK(jobs.front().commit_ts > passed_ts_);
  queue_.insert(queue_.end(), jobs.begin(), jobs.end());
  queue_.back().last_of_txn = 1;
  passed_ts_ = jobs.front().commit_ts;
  ++txn_count_;
}

void ClusterLoader::AddDdl(const Job& job) {
  CHECK(job.commit_ts > passed_ts_);
  queue_.push_back(job);
  queue_.back().last_of_txn = 1;
  passed_ts_ = job.commit_ts;
}

void ClusterLoader::AddMark(Tso commit_ts) {
  CHECK(commit_ts > passed_ts_);
  if (thins_marks_ && TsoGapMs(commit_ts, mark_ts_) <= kMarkGapMs) return;
  mark_ts_ = commit_ts;
  passed_ts_ = commit_ts;
  if (Idle() && !halted_) done_ts_ = commit_ts;
}

void ClusterLoader::Kick() {
  if (active_ == 0 && taken_ < queue_.size() && fatal_.empty() && !halted_) StartRound();
}

void ClusterLoader::StartRound() {
  const bool safe = table_sink_ && (always_safe_ || world_.now() - started_ < kSafeModePhase);
  round_is_ddl_ = queue_[taken_].ddl != 0;
  std::size_t count = 0;
  while (taken_ < queue_.size()) {
    Job& job = queue_[taken_];
    if ((job.ddl != 0) != round_is_ddl_) break;
    job.safe_mode = safe && job.ddl == 0 ? 1 : 0;
    Worker& worker = workers_[round_is_ddl_ ? 0 : WorkerOf(job, workers_.size())];
    worker.jobs.push_back(job);
    round_ts_ = job.commit_ts;
    ++taken_;
    ++count;
    if (round_is_ddl_ || (count >= round_max_ && job.last_of_txn != 0)) break;
  }
  if (taken_ == queue_.size()) {
    queue_.clear();
    taken_ = 0;
  } else if (taken_ >= room_max_) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
  }
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Worker& worker = workers_[i];
    if (worker.jobs.empty()) continue;
    worker.active = true;
    worker.at = worker.end = 0;
    ++active_;
    SendBatch(i);
  }
}

// The next txn-batch rows of a worker as one downstream transaction. A single worker never cuts
// one of ours in two (disable-dispatch; file and kafka, where a record is a transaction).
void ClusterLoader::SendBatch(std::size_t index) {
  Worker& worker = workers_[index];
  if (worker.slot == kNoSlot) {
    worker.at = worker.end;
    worker.attempts = 0;
    worker.end = std::min(worker.at + batch_, worker.jobs.size());
    while (workers_.size() == 1 && worker.jobs[worker.end - 1].last_of_txn == 0) ++worker.end;
    const std::uint32_t slot = world_.job_batches().Take();
    std::vector<Job>& jobs = world_.job_batches()[slot].jobs;
    jobs.assign(worker.jobs.begin() + static_cast<std::ptrdiff_t>(worker.at),
                worker.jobs.begin() + static_cast<std::ptrdiff_t>(worker.end));
    worker.slot = slot;
    sent_at_ = world_.now();
  }
  ++worker.attempts;
  world_.Send(owner_, sink_, Msg::kExecute, worker.slot, static_cast<std::uint32_t>(index),
              {.report_failure = true});
}

void ClusterLoader::OnExecuted(const Envelope& envelope) {
  const std::size_t index = envelope.b >> 1U;
  const bool current =
      index < workers_.size() && workers_[index].active && workers_[index].slot == envelope.a;
  if (!current) {  // of a process or a connection that is gone
    world_.job_batches().Give(envelope.a);
    return;
  }
  if ((envelope.b & 1U) != 0 && !Refused(index)) {
    Retry(index);
    return;
  }
  if (fatal_.empty()) BatchDone(index);
}

// Kafka takes no message of that size, however often it is sent. A release that counts any
// acknowledgement goes on with what is behind it, and its checkpoint passes the one that is missing
// (drainer/sync/kafka.go, issue 1136, PR 1149); a later one stops.
bool ClusterLoader::Refused(std::size_t index) {
  const Worker& worker = workers_[index];
  bool refused = false;
  for (std::size_t i = worker.at; i < worker.end; ++i) {
    const Job& job = worker.jobs[i];
    if (job.oversized == 0) continue;
    refused = true;
    if (kafka_acks_ == KafkaAcks::kContiguous || job.last_of_txn == 0) continue;
    world_.Record({.kind = trace::EventKind::kBinlogDropped,
                   .node = owner_,
                   .code = static_cast<std::uint16_t>(trace::DropReason::kTooLarge),
                   .a = job.start_ts,
                   .b = job.commit_ts});
  }
  if (!refused) return false;
  if (kafka_acks_ == KafkaAcks::kContiguous) {
    fatal_ = "kafka server: Message was too large, server rejected it to avoid allocation error.";
  } else if (kafka_fails_at_ == 0) {
    kafka_fails_at_ = world_.now() + kKafkaErrorDelay;
  }
  return true;
}

void ClusterLoader::BatchDone(std::size_t index) {
  Worker& worker = workers_[index];
  world_.job_batches().Give(worker.slot);
  worker.slot = kNoSlot;
  if (worker.end < worker.jobs.size()) {
    SendBatch(index);
    return;
  }
  worker.jobs.clear();
  worker.active = false;
  if (--active_ == 0) EndRound();
}

void ClusterLoader::EndRound() {
  last_success_at_ = world_.now();
  done_ts_ = taken_ == queue_.size() ? passed_ts_ : round_ts_;
  if (round_is_ddl_) {
    ddl_done_ = true;
    ++ddl_count_;
  }
}

void ClusterLoader::OnExecuteFailed(const Envelope& envelope) {
  const std::size_t index = envelope.b;
  if (index < workers_.size() && workers_[index].active && workers_[index].slot == envelope.a) {
    Retry(index);
  } else {
    world_.job_batches().Give(envelope.a);
  }
}

void ClusterLoader::Retry(std::size_t index) {
  Worker& worker = workers_[index];
  // A producer tries until the silence is too long.
  if (!kafka_sink_ && worker.attempts >= (round_is_ddl_ ? kDdlAttemptsMax : kDmlAttemptsMax)) {
    fatal_ = round_is_ddl_ ? "execute DDL failed after all retries"
                           : "execute DMLs failed after all retries";
    return;
  }
  world_.kernel().After(owner_, retry_delay_, kRetryTimer, index, worker.attempts);
}

void ClusterLoader::OnRetry(std::uint64_t index, std::uint32_t attempt) {
  if (index >= workers_.size()) return;
  const Worker& worker = workers_[index];
  if (!worker.active || worker.slot == kNoSlot || worker.attempts != attempt) return;
  SendBatch(static_cast<std::size_t>(index));
}

bool ClusterLoader::StoppedByKafka() const {
  return kafka_sink_ && active_ > 0 && world_.now() - sent_at_ > kKafkaSilenceMax;
}

// A statement under way while the link was cut: its answer may be lost. When the link is back the
// connection is found dead and the statement is repeated, though it may have been executed.
void ClusterLoader::OnTick() {
  if (kafka_fails_at_ != 0 && world_.now() >= kafka_fails_at_) {
    fatal_ = "kafka server: Message was too large, server rejected it to avoid allocation error.";
  }
  if (active_ == 0) return;
  if (world_.kernel().IsCutEitherWay(owner_, sink_)) {
    sink_was_cut_ = true;
    return;
  }
  if (!sink_was_cut_) return;
  sink_was_cut_ = false;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Worker& worker = workers_[i];
    if (!worker.active || worker.slot == kNoSlot) continue;
    const std::uint32_t slot = world_.job_batches().Take();
    world_.job_batches()[slot].jobs.assign(
        worker.jobs.begin() + static_cast<std::ptrdiff_t>(worker.at),
        worker.jobs.begin() + static_cast<std::ptrdiff_t>(worker.end));
    for (Job& job : world_.job_batches()[slot].jobs) job.retry = 1;
    worker.slot = slot;
    SendBatch(i);
  }
}

}  // namespace tidegate::sim
