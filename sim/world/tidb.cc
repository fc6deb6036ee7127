#include "sim/world/tidb.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/world/config.h"
#include "sim/world/control.h"
#include "sim/world/hosts.h"
#include "sim/world/pd.h"
#include "sim/world/service.h"

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
constexpr Duration kSweepInterval = 1 * kSecond;        // looks for writes without an answer
constexpr Duration kProbeInterval = 30 * kSecond;       // pump_client CheckInterval
constexpr Duration kGracePeriod = 5 * kSecond;          // sessions may end before the process does
constexpr Duration kOwnerLease = 10 * kSecond;          // how soon another owner takes a job up

std::int64_t NumberAfter(std::string_view text, std::string_view prefix) {
  const std::size_t at = text.find(prefix);
  if (at == std::string_view::npos) return -1;
  std::int64_t number = -1;
  const char* begin = text.data() + at + prefix.size();
  std::from_chars(begin, text.data() + text.size(), number);
  return number;
}

}  // namespace

bool TidbSpeaksCluster(std::string_view version) {
  if (version.substr(0, 1) == "v") version.remove_prefix(1);
  if (version == "latest") return true;
  const std::int64_t major = NumberAfter(version, "");
  if (major >= 3) return true;
  if (major < 2) return false;
  if (version.substr(0, 4) == "2.0.") {
    return version.find("-binlog") != std::string_view::npos && NumberAfter(version, "2.0.") >= 8;
  }
  if (version.find("-alpha") != std::string_view::npos ||
      version.find("-beta") != std::string_view::npos) {
    return NumberAfter(version, "2.1.") > 0;
  }
  const std::int64_t candidate = NumberAfter(version, "2.1.0-rc.");
  return candidate < 0 || candidate >= 5;
}

Tidb::Tidb(World& world, NodeId id) : Node(world, id), pumps_(world, id) {}

void Tidb::OnStart() {
  const ConfigFile& config = ReadConfigFile(world_.hosts().running_config(id_));
  cluster_release_ = TidbSpeaksCluster(world_.hosts().running_version(id_));
  const std::string socket = config.String("binlog.binlog-socket", "");
  const bool enabled = config.Bool("binlog.enable", false);
  ignore_error_ = config.Bool("binlog.ignore-error", false);
  dialect_ = TidbDialectOf(world_.hosts().running_version(id_));
  stopping_ = skipping_ = false;
  open_.clear();
  jobs_.clear();
  sent_.clear();
  oversized_left_ = skipped_commits_ = 0;
  // A socket wins in every release: "for compatible with kafka version" (TiDB main.go).
  Flavour flavour = Flavour::kOff;
  if (!socket.empty()) {
    flavour = Flavour::kSocket;
  } else if (cluster_release_ && enabled) {
    flavour = Flavour::kCluster;
    const bool hash = config.String("binlog.strategy", "range") == "hash";
    if (!pumps_.Connect(dialect_,
                        hash ? PumpClient::Strategy::kHash : PumpClient::Strategy::kRange)) {
      Exit("no pump found in pd", trace::DownCause::kFailedToStart, true);
      return;
    }
  }
  SetPath(flavour);
  listening_ = true;
  world_.service().TidbListening(id_);
  world_.kernel().After(id_, kOwnerLease, kLookForJobs);
  if (flavour == Flavour::kCluster) world_.kernel().After(id_, kProbeInterval, kProbePumps);
}

void Tidb::SetPath(Flavour flavour) {
  flavour_ = flavour;
  path_open_ = true;
  world_.Record({.kind = EventKind::kWriterPathOpened,
                 .node = id_,
                 .peer = flavour == Flavour::kSocket ? plan().local_pump : kNoNode,
                 .code = static_cast<std::uint16_t>(flavour),
                 .a = world_.pd().Peek()});
}

void Tidb::ClosePath() {
  if (!path_open_) return;
  path_open_ = false;
  world_.Record({.kind = EventKind::kWriterPathClosed,
                 .node = id_,
                 .peer = flavour_ == Flavour::kSocket ? plan().local_pump : kNoNode,
                 .code = static_cast<std::uint16_t>(flavour_),
                 .a = world_.pd().Peek()});
}

void Tidb::OnStopSignal() {
  stopping_ = true;
  listening_ = false;
  if (open_.empty()) {
    Exit("stopped", trace::DownCause::kStopped, false);
    return;
  }
  world_.kernel().After(id_, kGracePeriod, kStopDeadline);
}

void Tidb::OnKilled() {
  listening_ = false;
  ClosePath();
  open_.clear();
  jobs_.clear();
}

void Tidb::Exit(std::string_view reason, trace::DownCause cause, bool failure) {
  listening_ = false;
  world_.hosts().Exited(id_, cause, reason, failure);
  ClosePath();
  open_.clear();
  jobs_.clear();
}

void Tidb::OnMessage(const Envelope& envelope) {
  switch (static_cast<Msg>(envelope.what)) {
    case Msg::kClientTxn:
      if (listening_) {
        BeginTxn(envelope.a);
      } else {
        world_.service().WriteFailed(id_, WriteFailure::kServerDown, 0);
      }
      break;
    case Msg::kClientDdl:
      if (listening_) {
        RunDdl(static_cast<std::uint16_t>(envelope.b >> 1U), (envelope.b & 1U) != 0, 0, "");
      }
      break;
    case Msg::kWriteBinlogDone: {
      const auto start_ts = static_cast<Tso>(envelope.a);
      const bool ok = static_cast<WriteResult>(envelope.b >> 8U) == WriteResult::kOk;
      if (!TakeAnswer(envelope, ok)) break;
      if (static_cast<BinlogType>(envelope.b & 0xFFU) == BinlogType::kPrewrite) {
        PrewriteDone(start_ts, ok);
      } else {
        CommitBinlogDone(start_ts, ok);
      }
      break;
    }
    default: break;
  }
}

// Of a write to a cluster Pump: counts it, and says whether somebody still waits for it. An answer
// to a try that was given up, or to a probe (start_ts 0), is nobody's.
bool Tidb::TakeAnswer(const Envelope& envelope, bool ok) {
  if (flavour_ != Flavour::kCluster) return true;
  if (ok) {
    pumps_.Succeeded(envelope.from);
  } else {
    pumps_.Failed(envelope.from);
  }
  const auto found = open_.find(static_cast<Tso>(envelope.a));
  if (found == open_.end() || found->second.pump != envelope.from) return false;
  found->second.awaited_send = 0;
  return true;
}

// Tries that had no answer within write-timeout have failed, whatever becomes of them at the Pump.
void Tidb::Sweep() {
  while (!sent_.empty() && world_.now() - sent_.front().at >= write_timeout_) {
    const Sent sent = sent_.front();
    sent_.pop_front();
    const auto found = open_.find(sent.start_ts);
    if (found == open_.end() || found->second.awaited_send != sent.number) continue;
    Open& open = found->second;
    open.awaited_send = 0;
    pumps_.Failed(open.pump);
    if (open.commit_ts == 0) {
      PrewriteDone(sent.start_ts, false);
    } else {
      CommitBinlogDone(sent.start_ts, false);
    }
    if (!path_open_) return;  // it was the last straw
  }
  if (!sent_.empty()) world_.kernel().After(id_, kSweepInterval, kSweep);
}

void Tidb::OnSendFailed(const Envelope& envelope, SendFailure) {
  if (static_cast<Msg>(envelope.what) == Msg::kProbe) return;
  if (static_cast<Msg>(envelope.what) != Msg::kWriteBinlog) return;
  const Binlog binlog = world_.batches()[envelope.a].binlogs.front();
  world_.batches()[envelope.a].binlogs.clear();
  world_.batches().Give(envelope.a);
  if (flavour_ == Flavour::kCluster) {
    const auto found = open_.find(binlog.start_ts);
    pumps_.Failed(envelope.to);
    if (found == open_.end() || found->second.pump != envelope.to) return;
    found->second.awaited_send = 0;
  }
  if (static_cast<BinlogType>(binlog.type) == BinlogType::kPrewrite) {
    PrewriteDone(binlog.start_ts, false);
  } else {
    CommitBinlogDone(binlog.start_ts, false);
  }
}

void Tidb::OnTimer(What what, std::uint64_t a, std::uint32_t) {
  const auto start_ts = static_cast<Tso>(a);
  const auto found = open_.find(start_ts);
  switch (static_cast<Timer>(what)) {
    case kRetryWrite:
      if (found == open_.end()) break;
      SendBinlog(start_ts, found->second,
                 found->second.commit_ts != 0 ? BinlogType::kCommit : BinlogType::kPrewrite);
      break;
    case kHeldCommit:
      if (found != open_.end()) Commit(start_ts, found->second);
      break;
    case kDdlStep:
      for (std::size_t i = 0; i < jobs_.size(); ++i) {
        if (jobs_[i].id != static_cast<std::int64_t>(a)) continue;
        const Job job = jobs_[i];
        BeginDdl(job);  // may be the end of this process, and of jobs_
        break;
      }
      break;
    case kSweep: Sweep(); break;
    case kProbePumps:
      pumps_.Probe();
      world_.kernel().After(id_, kProbeInterval, kProbePumps);
      break;
    case kStopDeadline: Exit("stopped", trace::DownCause::kStopped, false); break;
    case kLookForJobs: {
      DdlQueueEntry job;
      while (listening_ && world_.tikv().TakeOrphanJob(id_, &job)) {
        jobs_.push_back({job.id, job.table, job.cancelled, job.action, job.marker});
        world_.kernel().After(id_, kDdlStepDelay, kDdlStep, static_cast<std::uint64_t>(job.id));
      }
      world_.kernel().After(id_, kOwnerLease, kLookForJobs);
      break;
    }
  }
}

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
    if (!skipping_) world_.Alert(id_, "write binlog failed, binlogs are skipped from now on");
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
      break;
    case CriticalError::kFailsTransaction: break;
    case CriticalError::kExits:
      world_.Alert(id_, "critical error, stop the server");
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

bool Tidb::OnFault(const FaultPlan& fault, bool heal) {
  if (fault.kind != FaultKind::kOversized) return false;
  if (!heal) oversized_left_ = fault.amount;
  return true;
}

}  // namespace tidegate::sim
