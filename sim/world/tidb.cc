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
constexpr Duration kWatchDelay = 200 * kMillisecond;    // etcd watch to pump client
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

Tidb::Tidb(World& world, NodeId id) : Node(world, id) {}

void Tidb::OnStart() {
  const ConfigFile& config = ReadConfigFile(world_.hosts().running_config(id_));
  cluster_release_ = TidbSpeaksCluster(world_.hosts().running_version(id_));
  const std::string socket = config.String("binlog.binlog-socket", "");
  const bool enabled = config.Bool("binlog.enable", false);
  ignore_error_ = config.Bool("binlog.ignore-error", false);
  stopping_ = skipping_ = false;
  open_.clear();
  jobs_.clear();
  pumps_read_ = -1;
  // A socket wins in every release: "for compatible with kafka version" (TiDB main.go).
  Flavour flavour = Flavour::kOff;
  if (!socket.empty()) {
    flavour = Flavour::kSocket;
  } else if (cluster_release_ && enabled) {
    flavour = Flavour::kCluster;
    std::vector<const RegistryRecord*> pumps;
    if (!world_.pd().List(id_, RegistryRecord::Root::kPumps, &pumps) || pumps.empty()) {
      Exit("no pump found in pd", trace::DownCause::kFailedToStart, true);
      return;
    }
  }
  SetPath(flavour);
  listening_ = true;
  world_.service().TidbListening(id_);
  world_.kernel().After(id_, kOwnerLease, kLookForJobs);
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

void Tidb::OnSendFailed(const Envelope& envelope, SendFailure) {
  if (static_cast<Msg>(envelope.what) != Msg::kWriteBinlog) return;
  const Binlog binlog = world_.batches()[envelope.a].binlogs.front();
  world_.batches()[envelope.a].binlogs.clear();
  world_.batches().Give(envelope.a);
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
      for (const Job& job : jobs_) {
        if (job.id == static_cast<std::int64_t>(a)) BeginDdl(job);
      }
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
  WritePrewrite(start_ts, open_.emplace(start_ts, open).first->second);
}

void Tidb::WritePrewrite(Tso start_ts, Open& open) {
  if (flavour_ == Flavour::kOff || skipping_) {
    world_.kernel().After(id_, kFinishDelay, kHeldCommit, static_cast<std::uint64_t>(start_ts));
    return;
  }
  open.first_try = world_.now();
  open.pump = flavour_ == Flavour::kSocket ? plan().local_pump : ChoosePump(kNoNode);
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
  world_.batches()[slot].binlogs.assign(1, binlog);
  const bool finish = type != BinlogType::kPrewrite;
  world_.Send(id_, open.pump, Msg::kWriteBinlog, slot, 0,
              {.report_failure = true,
               .dies_with_sender = finish,
               .timeout = write_timeout_,
               .extra_delay = finish ? kFinishDelay : 0});
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
// write time-out has passed and every Pump was tried (pump_client.WriteBinlog).
void Tidb::RetryWrite(Tso start_ts, Open& open) {
  ++open.tries;
  const bool socket = flavour_ == Flavour::kSocket;
  const auto pump_count = static_cast<std::int64_t>(pumps_.size());
  const bool give_up =
      socket ? open.tries >= kSocketTriesMax
             : world_.now() - open.first_try > write_timeout_ && open.tries > pump_count;
  if (give_up) {
    GiveUp(start_ts, open);
    return;
  }
  if (!socket) {
    pumps_read_ = -1;
    open.pump = ChoosePump(open.pump);
  }
  world_.kernel().After(id_, socket ? kRetryPause : kClusterRetry, kRetryWrite,
                        static_cast<std::uint64_t>(start_ts));
}

// binloginfo.go: ignore-error skips binlogs from now on; else the error is critical and the server
// stops its listener.
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
  if (listening_) {
    listening_ = false;
    world_.Alert(id_, "critical error, stop the server listener");
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

void Tidb::RefreshPumps() {
  std::vector<const RegistryRecord*> records;
  if (!world_.pd().List(id_, RegistryRecord::Root::kPumps, &records)) return;
  pumps_read_ = world_.now();
  pumps_.clear();
  for (const RegistryRecord* record : records) {
    if (record->state == trace::RegistryState::kOnline && record->owner != kNoNode) {
      pumps_.push_back(record->owner);
    }
  }
}

// Strategy range: round robin over the usable Pumps.
NodeId Tidb::ChoosePump(NodeId avoid) {
  if (pumps_read_ < 0 || world_.now() - pumps_read_ >= kWatchDelay) RefreshPumps();
  if (pumps_.empty()) return kNoNode;
  const NodeId pump = pumps_[next_pump_++ % pumps_.size()];
  if (pump != avoid || pumps_.size() == 1) return pump;
  return pumps_[next_pump_++ % pumps_.size()];
}

}  // namespace tidegate::sim
