#include "sim/world/tidb.h"

#include <charconv>

#include "sim/world/config.h"
#include "sim/world/control.h"
#include "sim/world/hosts.h"
#include "sim/world/pd.h"
#include "sim/world/service.h"

namespace tidegate::sim {
namespace {

using trace::BinlogType;
using trace::EventKind;
using trace::Flavour;
using trace::WriteFailure;

constexpr Duration kProbeInterval = 30 * kSecond;  // pump_client CheckInterval
constexpr Duration kGracePeriod = 5 * kSecond;     // sessions may end before the process does
constexpr Duration kOwnerLease = 10 * kSecond;     // how soon another owner takes a job up

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
  log_.Begin(world_.now(), DialectOfVersion(world_.hosts().running_version(id_)),
             world_.hosts().running_version(id_));
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
      log_.Add(world_.now(), LogLine::kFatal, 0, "no pump found in pd");
      Exit("no pump found in pd", trace::DownCause::kFailedToStart, true);
      return;
    }
  }
  SetPath(flavour);
  log_.Add(world_.now(), LogLine::kServes);
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
  log_.Add(world_.now(), LogLine::kSignal);
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

bool Tidb::OnFault(const FaultPlan& fault, bool heal) {
  if (fault.kind != FaultKind::kOversized) return false;
  if (!heal) oversized_left_ = fault.amount;
  return true;
}

}  // namespace tidegate::sim
