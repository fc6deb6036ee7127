// A transaction at a TiDB, from its prewrite binlog to what becomes of its commit binlog (TiDB:
// store/tikv/2pc.go, sessionctx/binloginfo/binloginfo.go; tidb-tools: pump_client).
#include "sim/world/pd.h"
#include "sim/world/service.h"
#include "sim/world/tidb.h"
#include "sim/world/tikv.h"

namespace tidegate::sim {
namespace {

using trace::BinlogType;
using trace::DropReason;
using trace::EventKind;
using trace::Flavour;
using trace::TxnFlag;
using trace::WriteFailure;

constexpr std::int64_t kSocketTriesMax = 20;            // binloginfo.go: 20 tries, 1 s apart
constexpr Duration kClusterRetry = 100 * kMillisecond;  // pump_client RetryInterval
constexpr std::int64_t kCommitTriesMax = 600;           // CommitBinlogTimeout: 10 min, 1 s apart
constexpr Duration kFinishDelay = 1 * kMillisecond;     // the detached goroutine gets to run

}  // namespace

// 2pc.go: the prewrite binlog goes out with the TiKV prewrite and is awaited before commit_ts.
void Tidb::BeginTxn(std::uint64_t number) {
  Tso start_ts = 0;
  if (!world_.pd().GetTso(id_, &start_ts)) {
    world_.service().WriteFailed(id_, WriteFailure::kPd, 0);
    return;
  }
  world_.service().DrawTxn(number, &draw_);
  if (!world_.tikv().Lock(start_ts, &draw_.rows)) return;
  world_.tikv().Prewrite(start_ts);
  Open open;
  open.body = world_.AddBody({}, draw_.rows);
  open.hold = draw_.hold;
  open.roll_back = draw_.roll_back;
  if (oversized_left_ > 0) {
    --oversized_left_;
    open.oversized = true;
  }
  WritePrewrite(start_ts, open_.emplace(start_ts, open).first->second);
}

void Tidb::WritePrewrite(Tso start_ts, Open& open) {
  if (flavour_ == Flavour::kOff || skipping_) {
    world_.kernel().After(id_, kFinishDelay, kHeldCommit, static_cast<std::uint64_t>(start_ts));
    return;
  }
  open.first_try = world_.now();
  open.pump =
      flavour_ == Flavour::kSocket ? plan().local_pump : pumps_.Choose(start_ts, 0, kNoNode);
  SendBinlog(start_ts, open, BinlogType::kPrewrite);
}

void Tidb::SendBinlog(Tso start_ts, Open& open, BinlogType type) {
  if (open.pump == kNoNode) {
    RetryWrite(start_ts, open);
    return;
  }
  const std::uint32_t slot = world_.batches().Take();
  Binlog binlog;
  binlog.start_ts = start_ts;
  binlog.commit_ts = type == BinlogType::kCommit ? open.commit_ts : 0;
  binlog.ddl_job_id = type == BinlogType::kPrewrite ? open.ddl_job_id : 0;
  binlog.body = open.body;
  binlog.type = static_cast<std::uint8_t>(type);
  binlog.writer = id_;
  if (open.oversized) binlog.flags = kOversized;
  world_.batches()[slot].binlogs.assign(1, binlog);
  const bool finish = type != BinlogType::kPrewrite;
  world_.Send(id_, open.pump, Msg::kWriteBinlog, slot, 0,
              {.report_failure = true,
               .dies_with_sender = finish,
               .timeout = write_timeout_,
               .extra_delay = finish ? kFinishDelay : 0});
  if (flavour_ != Flavour::kCluster) return;
  open.awaited_send = ++send_count_;
  if (sent_.empty()) world_.kernel().After(id_, kSweepInterval, kSweep);
  sent_.push_back({world_.now(), start_ts, open.awaited_send});
}

void Tidb::PrewriteDone(Tso start_ts, bool ok) {
  const auto found = open_.find(start_ts);
  if (found == open_.end() || found->second.commit_ts != 0) return;
  Open& open = found->second;
  if (!ok) {
    RetryWrite(start_ts, open);
    return;
  }
  open.tries = 0;
  if (open.roll_back) {
    const TxnBody& body = world_.body(open.body);
    world_.tikv().Rollback(start_ts, world_.rows(body), body.row_count);
    world_.Record({.kind = EventKind::kTxnRolledBack, .node = id_, .a = start_ts});
    SendBinlog(start_ts, open, BinlogType::kRollback);
    EndTxn(start_ts);
    return;
  }
  if (open.hold > 0) {
    const Duration hold = open.hold;
    open.hold = 0;
    world_.kernel().After(id_, hold, kHeldCommit, static_cast<std::uint64_t>(start_ts));
    return;
  }
  Commit(start_ts, open);
}

// The socket client tries the same Pump 20 times; the pump client another one each time, until the
// write time-out has passed and every Pump was tried, and then each unusable one that may yet do
// (pump_client.WriteBinlog).
void Tidb::RetryWrite(Tso start_ts, Open& open) {
  ++open.tries;
  const bool socket = flavour_ == Flavour::kSocket;
  bool give_up = socket && open.tries >= kSocketTriesMax;
  if (!socket && world_.now() - open.first_try > write_timeout_ &&
      open.tries > pumps_.usable_count()) {
    open.pump = pumps_.LastResort(open.last_resorts++);
    give_up = open.pump == kNoNode;
  } else if (!socket) {
    pumps_.Refresh();
    open.pump = pumps_.Choose(start_ts, open.tries, open.pump);
  }
  if (give_up) {
    GiveUp(start_ts, open);
    return;
  }
  world_.kernel().After(id_, socket ? kRetryPause : kClusterRetry, kRetryWrite,
                        static_cast<std::uint64_t>(start_ts));
}

// binloginfo.go: ignore-error skips binlogs from now on; else the error is critical: the server
// stops its listener, fails the transaction, or ends, by release (server/conn.go).
void Tidb::GiveUp(Tso start_ts, Open& open) {
  if (ignore_error_) {
    if (!skipping_) {
      world_.Alert(id_, "write binlog failed, binlogs are skipped from now on");
      log_.Add(world_.now(), LogLine::kSkips);
    }
    skipping_ = true;
    world_.Record({.kind = EventKind::kBinlogDropped,
                   .node = id_,
                   .code = static_cast<std::uint16_t>(DropReason::kIgnoreError),
                   .a = start_ts});
    Commit(start_ts, open);
    return;
  }
  const TxnBody& body = world_.body(open.body);
  world_.tikv().Rollback(start_ts, world_.rows(body), body.row_count);
  world_.service().WriteFailed(id_, WriteFailure::kBinlog, start_ts);
  if (open.ddl_job_id != 0) FinishDdl(open, false);
  EndTxn(start_ts);
  if (!listening_) return;
  switch (dialect_.critical) {
    case CriticalError::kStopsListener:
      listening_ = false;
      world_.Alert(id_, "critical error, stop the server listener");
      log_.Add(world_.now(), LogLine::kFailed, 0, "critical error, stop the server listener");
      break;
    case CriticalError::kFailsTransaction: break;
    case CriticalError::kExits:
      world_.Alert(id_, "critical error, stop the server");
      log_.Add(world_.now(), LogLine::kFatal, 0, "critical error, stop the server");
      Exit("critical error, stop the server", trace::DownCause::kExited, true);
      break;
  }
}

void Tidb::Commit(Tso start_ts, Open& open) {
  Tso commit_ts = 0;
  if (!world_.pd().GetTso(id_, &commit_ts)) {
    world_.kernel().After(id_, kClusterRetry, kHeldCommit, static_cast<std::uint64_t>(start_ts));
    return;
  }
  const TxnBody& body = world_.body(open.body);
  if (!world_.tikv().Commit(start_ts, commit_ts, world_.rows(body), body.row_count)) {
    world_.service().WriteFailed(id_, WriteFailure::kConflict, start_ts);
    EndTxn(start_ts);
    return;
  }
  open.commit_ts = commit_ts;
  const bool unlogged = flavour_ == Flavour::kOff || skipping_;
  RecordCommit(start_ts, open, unlogged);
  if (open.ddl_job_id != 0) FinishDdl(open, true);
  if (unlogged) {
    if (skipping_) ++skipped_commits_;
    EndTxn(start_ts);
    return;
  }
  SendBinlog(start_ts, open, BinlogType::kCommit);
}

void Tidb::RecordCommit(Tso start_ts, const Open& open, bool unlogged) {
  const TxnBody& body = world_.body(open.body);
  const RowChange* rows = world_.rows(body);
  std::uint16_t flags =
      unlogged ? static_cast<std::uint16_t>(TxnFlag::kUnlogged) : std::uint16_t{0};
  if (body.ddl != 0) {
    flags |= static_cast<std::uint16_t>(TxnFlag::kDdl);
    if (world_.plan().tables[body.ddl_table].marker) {
      flags |= static_cast<std::uint16_t>(TxnFlag::kMarker);
    }
  }
  world_.Record({.kind = EventKind::kTxnCommitted,
                 .node = id_,
                 .code = flags,
                 .a = start_ts,
                 .b = open.commit_ts,
                 .n = body.row_count});
  for (std::uint32_t i = 0; i < body.row_count; ++i) {
    world_.Record({.kind = EventKind::kRowCommitted,
                   .node = id_,
                   .code = rows[i].table,
                   .a = rows[i].key,
                   .b = open.commit_ts,
                   .c = rows[i].value,
                   .n = rows[i].shape});
  }
  if (body.ddl != 0) {
    world_.Record({.kind = EventKind::kDdlCommitted,
                   .node = id_,
                   .code = body.ddl_table,
                   .a = start_ts,
                   .b = open.commit_ts,
                   .c = open.ddl_job_id,
                   .d = body.cancelled,
                   .n = body.ddl_shape});
    world_.tikv().FinishJob({open.ddl_job_id, body.ddl_table, body.ddl_shape, body.cancelled != 0,
                             start_ts, open.commit_ts});
  }
}

// A failed commit binlog is only logged; the client of the socket tries as for a prewrite, the pump
// client for ten minutes at the Pump that took the prewrite.
void Tidb::CommitBinlogDone(Tso start_ts, bool ok) {
  const auto found = open_.find(start_ts);
  if (found == open_.end()) return;
  Open& open = found->second;
  const std::int64_t tries_max = flavour_ == Flavour::kSocket ? kSocketTriesMax : kCommitTriesMax;
  if (!ok && ++open.tries < tries_max) {
    // The first pump clients went to another Pump, which has no such prewrite (tidb-tools PR 71).
    if (flavour_ == Flavour::kCluster && dialect_.commit_target == CommitTarget::kAnyPump) {
      pumps_.Refresh();
      open.pump = pumps_.Choose(start_ts, open.tries, open.pump);
    }
    world_.kernel().After(id_, kRetryPause, kRetryWrite, static_cast<std::uint64_t>(start_ts));
    return;
  }
  if (!ok) {
    world_.Record({.kind = EventKind::kBinlogDropped,
                   .node = id_,
                   .code = static_cast<std::uint16_t>(DropReason::kWriterGone),
                   .a = start_ts,
                   .b = open.commit_ts});
  }
  EndTxn(start_ts);
}

void Tidb::EndTxn(Tso start_ts) {
  open_.erase(start_ts);
  if (stopping_ && open_.empty()) Exit("stopped", trace::DownCause::kStopped, false);
}

}  // namespace tidegate::sim
