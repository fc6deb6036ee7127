// The writing half of a cluster-era Pump: WriteBinlog, fake binlogs, orphans, deletion by age.

#include <algorithm>

#include "sim/world/cluster_pump.h"
#include "sim/world/hosts.h"
#include "sim/world/tikv.h"

namespace tidegate::sim {
namespace {

using trace::BinlogType;
using trace::DropReason;
using trace::EventKind;
using trace::RegistryState;
using Root = RegistryRecord::Root;

constexpr Duration kResolveInterval = kSecond;   // tidb-binlog: pump/storage/sorter.go
constexpr std::int64_t kTxnTimeoutMs = 600'000;  // pump/storage/storage.go maxTxnTimeoutSecond
constexpr Duration kLockTtlMax = 10 * kMinute;   // TiDB performance.max-txn-ttl
// pump/server.go earlyAlertGC: warn a Drainer that is less than 20 hours ahead of deletion.
constexpr std::int64_t kEarlyAlertMs = 20 * 3600 * 1000;

// pump/server.go writeBinlog: later branches refuse only prewrites while not online.
bool NeedsOnline(const Dialect& dialect, BinlogType type) {
  if (type == BinlogType::kFake) return false;
  switch (dialect.non_prewrite) {
    case NonPrewriteRule::kRefusedWhenNotOnline: return true;
    case NonPrewriteRule::kAcceptedAlways: return type == BinlogType::kPrewrite;
  }
  return true;
}

}  // namespace

void ClusterPump::OnWrite(const Envelope& envelope) {
  if (listening_) ++write_rpcs_;  // failing ones too put off the next fake binlog
  Binlog binlog;
  bool empty = true;
  if (static_cast<Msg>(envelope.what) == Msg::kWriteBinlog) {
    Batch& batch = world_.batches()[envelope.a];
    empty = batch.binlogs.empty();
    if (!empty) binlog = batch.binlogs.front();
    batch.binlogs.clear();
    world_.batches().Give(envelope.a);
  }
  // An empty payload reads as a prewrite: it is checked and not stored; TiDB probes with it
  // (pump/server.go writeBinlog).
  WriteResult result = WriteResult::kOk;
  if (!listening_) {
    result = WriteResult::kFailed;  // connection refused
  } else if (!empty) {
    result = Write(binlog, envelope.from);
  } else if (state_ != RegistryState::kOnline) {
    result = WriteResult::kNotOnline;
  }
  if (result == WriteResult::kOk && acks_to_lose_ > 0) {
    --acks_to_lose_;
    return;
  }
  world_.Send(id_, envelope.from, Msg::kWriteBinlogDone,
              static_cast<std::uint64_t>(binlog.start_ts),
              (static_cast<std::uint32_t>(result) << 8U) | binlog.type);
}

WriteResult ClusterPump::Write(const Binlog& binlog, NodeId writer) {
  const BinlogType type = static_cast<BinlogType>(binlog.type);
  if (state_ != RegistryState::kOnline && NeedsOnline(*dialect_, type)) {
    return WriteResult::kNotOnline;
  }
  if (writes_to_fail_ > 0) {
    --writes_to_fail_;
    ++lost_count_;
    return WriteResult::kFailed;
  }
  if (!DiskTakes(type)) return WriteResult::kFailed;
  Binlog stored = binlog;
  if (offsets_shifted_) stored.flags |= kUnreadable;
  const bool whole = store_.Append(stored);  // durable before it is acknowledged (sync-log)
  world_.Record({.kind = EventKind::kBinlogAcked,
                 .node = id_,
                 .peer = writer,
                 .code = static_cast<std::uint16_t>(type),
                 .a = binlog.start_ts,
                 .b = binlog.commit_ts});
  if (!whole) {
    world_.Record({.kind = EventKind::kBinlogDropped,
                   .node = id_,
                   .code = static_cast<std::uint16_t>(DropReason::kNoPrewrite),
                   .a = binlog.start_ts,
                   .b = binlog.commit_ts});
  }
  AfterAppend();
  return WriteResult::kOk;
}

// A full disk: with a guard (storage.stop-write-at-available-space) whatever TiDB sends is refused
// while there is room for fakes. A short write leaves bytes behind that old releases do not count,
// so that all that follows lies elsewhere than its pointer says (pump/storage/vlog.go, PR 640).
bool ClusterPump::DiskTakes(BinlogType type) {
  const bool guarded = dialect_->disk_guard == DiskGuard::kStopsWrites;
  const bool full = disk_full_ && !(guarded && type == BinlogType::kFake);
  if (!full && !short_write_next_) return true;
  const bool torn = short_write_next_ || !guarded;
  short_write_next_ = false;
  if (torn && dialect_->short_write == ShortWrite::kShiftsOffsets) offsets_shifted_ = true;
  if (!disk_alerted_) {
    world_.Alert(id_, guarded && full ? "no available space" : "write binlog failed: short write");
  }
  disk_alerted_ = true;
  return false;
}

// pkg/util/ts.go GenFakeBinlog: start_ts and commit_ts are one fresh timestamp.
bool ClusterPump::WriteFake() {
  Binlog fake;
  if (!world_.pd().GetTso(id_, &fake.commit_ts)) return false;
  if ((disk_full_ || short_write_next_) && !DiskTakes(BinlogType::kFake)) return false;
  fake.start_ts = fake.commit_ts;
  fake.type = static_cast<std::uint8_t>(BinlogType::kFake);
  if (offsets_shifted_) fake.flags = kUnreadable;
  store_.Append(fake);
  last_fake_ts_ = fake.commit_ts;
  // The first of each start is told: with it an idle Pump gets past its restart.
  if (!wrote_fake_) {
    wrote_fake_ = true;
    world_.Record({.kind = EventKind::kBinlogAcked,
                   .node = id_,
                   .code = static_cast<std::uint16_t>(BinlogType::kFake),
                   .a = fake.start_ts,
                   .b = fake.commit_ts});
  }
  AfterAppend();
  return true;
}

void ClusterPump::AfterAppend() {
  if (store_.Sort()) PushSoon();
  const Binlog* blocked = store_.Blocked();
  if (blocked == nullptr) {
    blocked_ = 0;
    return;
  }
  if (blocked->start_ts != blocked_) {
    blocked_ = blocked->start_ts;
    blocked_since_ = world_.now();
  }
  if (!resolve_armed_) {
    resolve_armed_ = true;
    world_.kernel().After(id_, kResolveInterval, kResolve);
  }
}

// The sorter asks about the prewrite that it waits at, a second after it came to it at the earliest
// and once a second from then on (pump/storage/sorter.go).
void ClusterPump::Resolve() {
  resolve_armed_ = false;
  const Binlog* blocked = store_.Blocked();
  if (blocked != nullptr && world_.now() - blocked_since_ >= kResolveInterval) {
    const Binlog prewrite = *blocked;
    Tso commit_ts = 0;
    switch (FateOf(prewrite, &commit_ts)) {
      case Fate::kWait: break;
      case Fate::kCommitted: CommitResolved(prewrite, commit_ts); break;
      case Fate::kRolledBack:
        store_.SkipBlocked();
        world_.Record({.kind = EventKind::kBinlogDropped,
                       .node = id_,
                       .code = static_cast<std::uint16_t>(DropReason::kResolvedRollback),
                       .a = prewrite.start_ts});
        break;
    }
  }
  AfterAppend();
}

// The commit binlog that TiDB did not send. Up to 3.0.7 it has no DDL job: the DDL becomes nothing
// (pump/storage/storage.go resolve, PR 852).
void ClusterPump::CommitResolved(const Binlog& prewrite, Tso commit_ts) {
  Binlog commit = prewrite;
  commit.type = static_cast<std::uint8_t>(BinlogType::kCommit);
  commit.commit_ts = commit_ts;
  if (prewrite.ddl_job_id > 0 && dialect_->orphan_ddl == OrphanDdl::kLosesItsJob) {
    commit.flags |= kWithoutJob;
    world_.Record({.kind = EventKind::kBinlogDropped,
                   .node = id_,
                   .code = static_cast<std::uint16_t>(DropReason::kJobLost),
                   .a = prewrite.start_ts,
                   .b = commit_ts});
  }
  store_.Append(commit);
}

ClusterPump::Fate ClusterPump::FateOf(const Binlog& prewrite, Tso* commit_ts) {
  Tso now = 0;
  if (!world_.pd().GetTso(id_, &now)) return Fate::kWait;
  const bool old = TsoGapMs(now, prewrite.start_ts) > kTxnTimeoutMs;
  if (prewrite.ddl_job_id > 0 && dialect_->orphan_ddl == OrphanDdl::kNeverResolved) {
    if (old && !orphan_alerted_) world_.Alert(id_, "some prewrite DDL items remain single");
    orphan_alerted_ = orphan_alerted_ || old;
    return Fate::kWait;
  }
  // From 4.0.9 on a lock whose time-to-live has not passed keeps the prewrite waiting; before, a
  // transaction that is still locked counts as rolled back.
  const bool waits_for_lock = dialect_->orphan == OrphanRule::kMvccUnlessLocked;
  if (dialect_->orphan == OrphanRule::kLockResolverAfter600s && !old) return Fate::kWait;
  const bool may_clean = old && waits_for_lock;
  Tikv::TxnStatus status;
  if (!world_.tikv().GetTxnStatus(id_, prewrite.start_ts, may_clean, kLockTtlMax, &status)) {
    return Fate::kWait;
  }
  switch (status.state) {
    case Tikv::TxnState::kCommitted: *commit_ts = status.commit_ts; return Fate::kCommitted;
    case Tikv::TxnState::kRolledBack: return Fate::kRolledBack;
    case Tikv::TxnState::kUnknown: break;
    case Tikv::TxnState::kLocked:
      if (waits_for_lock) return Fate::kWait;
      break;
  }
  return old ? Fate::kRolledBack : Fate::kWait;
}

// From 2.1.15 and 3.0.1 on deletion is by age alone, and a Drainer that lags is only warned of;
// before, the slowest Drainer that is not offline holds it back (pump/server.go gcBinlogFile).
bool ClusterPump::GcPoint(Tso* out) {
  *out = ApproachTs() - ((config_.gc / kMillisecond) << kTsoLogicalBits);
  switch (dialect_->gc) {
    case GcRule::kByAge: break;
    case GcRule::kByAgeUnlessUnsafe:  // storage.go GC: "Ignore unsafe gc request"
      if (store_.max_commit_ts() <= *out) return false;
      break;
    case GcRule::kHeldBackByDrainers:
      if (!world_.pd().List(id_, Root::kDrainers, &list_)) return false;
      for (const RegistryRecord* drainer : list_) {
        if (drainer->state == RegistryState::kOffline) continue;
        *out = std::min(*out, drainer->max_commit_ts);
      }
      break;
  }
  return *out > 0;
}

void ClusterPump::Collect() {
  Tso gc_ts = 0;
  if (!GcPoint(&gc_ts)) return;
  for (const Binlog& purged : store_.Collect(gc_ts)) {
    world_.Record({.kind = EventKind::kBinlogPurged,
                   .node = id_,
                   .peer = id_,
                   .code = purged.type,
                   .a = purged.start_ts,
                   .b = purged.commit_ts});
  }
}

void ClusterPump::CheckLag() {
  world_.kernel().After(id_, 10 * kMinute, kLagCheck);
  if (dialect_->gc == GcRule::kHeldBackByDrainers) return;
  if (!world_.pd().List(id_, Root::kDrainers, &list_)) return;
  const Tso alert_ts =
      ApproachTs() - ((config_.gc / kMillisecond - kEarlyAlertMs) << kTsoLogicalBits);
  const bool lags = std::any_of(list_.begin(), list_.end(), [&](const RegistryRecord* drainer) {
    return drainer->state != RegistryState::kOffline && drainer->max_commit_ts < alert_ts;
  });
  if (lags) ++lag_count_;
  if (lags && !lag_alerted_) {
    world_.Alert(id_, "drainer's max commit ts is older than pump gc ts, some binlogs are purged");
  }
  lag_alerted_ = lags;
}

}  // namespace tidegate::sim
