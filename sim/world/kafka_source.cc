#include "sim/world/kafka_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/world/tikv.h"

namespace tidegate::sim {
namespace {

using trace::BinlogType;
using trace::DropReason;

constexpr std::size_t kStreamMax = 65536;  // cache-binlog-count: 16 << 12
constexpr std::size_t kHeapMax = 65536;
constexpr Duration kRetryInterval = 3 * kSecond;    // drainer/pump.go waitTime
constexpr std::int64_t kMaxTxnTimeoutMs = 600'000;  // maxTxnTimeout
constexpr std::int64_t kSafeKafkaOffset = 5000;
constexpr std::int64_t kOffsetOldest = -2;

}  // namespace

KafkaSource::KafkaSource(World& world, NodeId drainer, NodeId pump, std::int64_t start_position,
                         const Dialect& dialect, const OldTransport& transport)
    : world_(world),
      drainer_(drainer),
      pump_(pump),
      dialect_(dialect),
      transport_(transport),
      next_offset_(start_position),
      current_pos_(start_position) {}

bool KafkaSource::Pending() const {
  return !pending_.empty() || !matched_.empty() || !heap_.empty();
}

void KafkaSource::Fetch() {
  if (fetching_ || retry_scheduled_ || puller_exited_ || stream_.size() >= kStreamMax) return;
  const NodeId server = transport_.Server(pump_);
  if (server == kNoNode) return;
  if (next_offset_ == kOffsetOldest && !transport_.Oldest(drainer_, pump_, &next_offset_)) {
    next_offset_ = kOffsetOldest;
    OnFetchFailed();
    return;
  }
  fetching_ = true;
  world_.Send(drainer_, server, Msg::kFetch, static_cast<std::uint64_t>(next_offset_), pump_,
              {.report_failure = true});
}

void KafkaSource::OnFetched(std::uint32_t slot, const SourceView& view) {
  Batch& batch = world_.batches()[slot];
  // An answer to an earlier request (the connection was re-made) is not ours.
  // A file may end before the next one's first place.
  const bool expected = fetching_ && (batch.first == next_offset_ ||
                                      (transport_.in_files() && batch.first > next_offset_));
  if (expected) {
    fetching_ = false;
    std::int64_t offset = batch.first;
    for (const Binlog& binlog : batch.binlogs) Receive(binlog, offset++);
    next_offset_ = offset;
  }
  batch.binlogs.clear();
  world_.batches().Give(slot);
  if (!expected) return;
  Advance(view);
  Fetch();
}

void KafkaSource::OnFetchFailed() {
  fetching_ = false;
  ScheduleRetry();
}

void KafkaSource::OnRetry() {
  retry_scheduled_ = false;
  Fetch();
}

void KafkaSource::ScheduleRetry() {
  if (retry_scheduled_) return;
  retry_scheduled_ = true;
  world_.kernel().After(drainer_, kRetryInterval, kRetryFetch, pump_);
}

// drainer/pump.go: at the head of the branch, restart from the oldest offset only when it is within
// 5000 of the wanted one, else the puller goroutine returns and the Pump stays in the set.
void KafkaSource::OnOutOfRange(std::int64_t oldest) {
  fetching_ = false;
  if (dialect_.out_of_range == OnOffsetOutOfRange::kRetryForEver) {
    ScheduleRetry();
    return;
  }
  if (oldest <= next_offset_ + kSafeKafkaOffset) {
    next_offset_ = oldest;
    Fetch();
    return;
  }
  puller_exited_ = true;
  world_.Alert(drainer_,
               fmt::format("offset {} of {} is out of range (oldest {}), some data may lost",
                           next_offset_, world_.node_plan(pump_).etcd_id, oldest));
}

// drainer/pump.go match: a commit or rollback without a prewrite in memory is dropped silently.
void KafkaSource::Receive(const Binlog& binlog, std::int64_t offset) {
  latest_pos_ = std::max(latest_pos_, offset);
  const auto type = static_cast<BinlogType>(binlog.type);
  if (type == BinlogType::kPrewrite) {
    pending_[binlog.start_ts] = {binlog, offset};
    stream_.push_back({binlog.start_ts, 0, true});
    return;
  }
  if (type == BinlogType::kCommit) {
    if (pending_.find(binlog.start_ts) == pending_.end()) {
      Drop(binlog, binlog.commit_ts, DropReason::kNoPrewrite);
    } else {
      Match(binlog.start_ts, binlog.commit_ts);
    }
  } else if (type == BinlogType::kRollback) {
    pending_.erase(binlog.start_ts);
  }
  stream_.push_back({binlog.start_ts, binlog.commit_ts, false});
}

void KafkaSource::Match(Tso start_ts, Tso commit_ts) {
  const auto found = pending_.find(start_ts);
  const Item& item = found->second;
  matched_.push_back(
      {commit_ts, start_ts, item.prewrite.ddl_job_id, item.offset, item.prewrite.body, pump_});
  pending_.erase(found);
}

// drainer/pump.go publish: in stream order; a prewrite blocks until it is no longer pending; a
// commit or fake with a larger commit_ts than any before releases what is matched.
void KafkaSource::Advance(const SourceView& view) {
  while (!stream_.empty() && heap_.size() < kHeapMax) {
    const Entry& entry = stream_.front();
    if (entry.prewrite) {
      if (pending_.find(entry.start_ts) != pending_.end()) {
        SchedulePoll();
        return;
      }
    } else if (entry.commit_ts > latest_valid_) {
      if (!PutIntoHeap(view)) {
        SchedulePoll();
        return;
      }
      latest_valid_ = entry.commit_ts;
    }
    stream_.pop_front();
  }
}

// False while a DDL's job cannot be looked up (drainer/pump.go grabDDLJobs polls TiKV).
bool KafkaSource::PutIntoHeap(const SourceView& view) {
  std::size_t kept = 0;
  bool complete = true;
  for (std::size_t i = 0; i < matched_.size(); ++i) {
    const ReadyTxn& txn = matched_[i];
    if (txn.ddl_job_id != 0) {
      DdlJob job;
      if (!world_.tikv().FindHistoryJob(drainer_, txn.ddl_job_id, &job) || job.id == 0) {
        matched_[kept++] = txn;
        complete = false;
        continue;
      }
      if (job.cancelled) continue;
    }
    if (txn.commit_ts < view.window_lower && dialect_.below_window == BelowWindow::kDiscarded) {
      ++error_count_;
      Binlog lost;
      lost.start_ts = txn.start_ts;
      Drop(lost, txn.commit_ts, DropReason::kBelowWindow);
      continue;
    }
    heap_.push_back(txn);
  }
  matched_.resize(kept);
  return complete;
}

void KafkaSource::SchedulePoll() {
  if (poll_scheduled_) return;
  poll_scheduled_ = true;
  world_.kernel().After(drainer_, kRetryInterval, kPoll, pump_);
}

void KafkaSource::OnPoll(const SourceView& view) {
  poll_scheduled_ = false;
  if (!stream_.empty() && stream_.front().prewrite) {
    const auto found = pending_.find(stream_.front().start_ts);
    if (found != pending_.end() && !Resolve(found->second, view)) {
      SchedulePoll();
      return;
    }
  }
  Advance(view);
  Fetch();
}

// drainer/pump.go query: after 600 s TiKV decides about a DML; a DDL waits for ever. The status
// query cleans the lock up, so that a transaction that did not commit yet never will (PR 632).
bool KafkaSource::Resolve(const Item& item, const SourceView& view) {
  if (TsoGapMs(view.latest_ts, item.prewrite.start_ts) <= kMaxTxnTimeoutMs) return false;
  if (item.prewrite.ddl_job_id != 0) {
    if (!ddl_alerted_) {
      world_.Alert(drainer_, "some prewrite DDL items remain single after waiting for a long time");
    }
    ddl_alerted_ = true;
    return false;
  }
  ++query_count_;
  Tikv::TxnStatus status;
  const Tso start_ts = item.prewrite.start_ts;
  if (!world_.tikv().GetTxnStatus(drainer_, start_ts, true, 0, &status)) return false;
  if (status.state == Tikv::TxnState::kCommitted) {
    Match(start_ts, status.commit_ts);
    // What TiKV answered stands in for the commit binlog that never came.
    stream_.insert(stream_.begin() + 1, Entry{start_ts, status.commit_ts, false});
  } else {
    Drop(item.prewrite, 0, DropReason::kResolvedRollback);
    pending_.erase(start_ts);
  }
  return true;
}

void KafkaSource::TakeUpTo(Tso lower, Tso old_lower, std::vector<ReadyTxn>* out) {
  std::size_t kept = 0;
  for (const ReadyTxn& txn : heap_) {
    if (txn.commit_ts > lower) {
      heap_[kept++] = txn;
    } else if (txn.commit_ts <= old_lower) {
      Binlog late;
      late.start_ts = txn.start_ts;
      Drop(late, txn.commit_ts, DropReason::kBelowWindow);
    } else {
      out->push_back(txn);
    }
  }
  heap_.resize(kept);
}

void KafkaSource::Abandon() {
  for (const std::vector<ReadyTxn>* held : {&matched_, &heap_}) {
    for (const ReadyTxn& txn : *held) {
      Binlog lost;
      lost.start_ts = txn.start_ts;
      Drop(lost, txn.commit_ts, DropReason::kPendingAtForget);
    }
  }
}

void KafkaSource::Drop(const Binlog& binlog, Tso commit_ts, DropReason reason) {
  world_.Record({.kind = trace::EventKind::kBinlogDropped,
                 .node = drainer_,
                 .code = static_cast<std::uint16_t>(reason),
                 .a = binlog.start_ts,
                 .b = commit_ts});
}

}  // namespace tidegate::sim
