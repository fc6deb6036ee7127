#include "sim/world/cluster_pump.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/world/cluster_status.h"
#include "sim/world/cluster_wire.h"
#include "sim/world/factories.h"
#include "sim/world/hosts.h"

namespace tidegate::sim {
namespace {

using trace::DownCause;
using trace::EventKind;
using trace::RegistryState;
using Root = RegistryRecord::Root;

constexpr Duration kNotifyTimeout = 10 * kSecond;  // tidb-binlog: pump/node.go Notify
constexpr Duration kCollectInterval = kHour;       // pump/server.go gcBinlogFile
constexpr Duration kLagInterval = 10 * kMinute;    // pump/server.go detectDrainerCheckpoint

// pump/node.go Notify: 2.1 dials once, later branches up to three times (1 s, then doubling).
std::int32_t NotifyAttemptsMax(const Dialect& dialect) {
  return dialect.name == DialectName::kCluster21 ? 1 : 3;
}

// pump/server.go Start: every start notifies up to 3.0.4; later only a node that etcd knows as
// offline, or not at all.
bool MustNotify(const Dialect& dialect, RegistryState previous) {
  switch (dialect.notify) {
    case NotifyRule::kEveryStart: return true;
    case NotifyRule::kOnlyWhenOfflineOrAbsent:
      return previous == RegistryState::kOffline || previous == RegistryState::kAbsent;
  }
  return true;
}

// pump/server.go Start: what a Pump leaves in etcd when Notify failed.
RegistryState StateAfterFailedNotify(const Dialect& dialect) {
  return dialect.notify == NotifyRule::kEveryStart ? RegistryState::kPaused
                                                   : RegistryState::kOffline;
}

}  // namespace

std::unique_ptr<Node> MakeClusterPump(World& world, NodeId id) {
  return std::make_unique<ClusterPump>(world, id);
}

// Order of pump/server.go Start: storage, listen, background work, TSO, register, Notify,
// heartbeat.
void ClusterPump::OnStart() {
  ForgetMemory();
  running_ = true;
  started_ = world_.now();
  dialect_ = &DialectOfVersion(world_.hosts().running_version(id_));
  Result<ClusterPumpConfig> config =
      ReadClusterPumpConfig(world_.hosts().running_config(id_), *dialect_);
  if (!config) {
    End(DownCause::kFailedToStart, config.error().message, true);
    return;
  }
  config_ = *config;
  key_text_ = world_.Intern("/tidb-binlog/v1/pumps/" + plan().etcd_id);
  store_.Sort();
  AfterAppend();
  Kernel& kernel = world_.kernel();
  kernel.After(id_, config_.fake_interval, kFakeTick);
  kernel.After(id_, kCollectInterval, kCollect);
  kernel.After(id_, kLagInterval, kLagCheck);
  if (!Register()) {
    End(DownCause::kFailedToStart, "pump server error: etcd or PD does not answer", true);
  }
}

bool ClusterPump::Register() {
  if (!world_.pd().GetTso(id_, &start_ts_)) return false;
  const RegistryRecord* record = world_.pd().Edit(id_, Root::kPumps, id_);
  if (record == nullptr) return false;
  const RegistryState previous = record->present ? record->state : RegistryState::kAbsent;
  state_ = RegistryState::kOnline;
  if (!WriteRegistry()) return false;
  if (MustNotify(*dialect_, previous)) {
    BeginNotify();
  } else {
    world_.kernel().After(id_, config_.heartbeat_interval, kHeartbeat);
  }
  return true;
}

// Every Drainer that etcd calls online has to answer; a dead one that is still called so stops the
// Pump from starting (tidb-binlog: pump/node.go Notify).
void ClusterPump::BeginNotify() {
  ++notify_round_;
  notices_.clear();
  if (!world_.pd().List(id_, Root::kDrainers, &list_)) {
    NotifyFailed("etcd does not answer");
    return;
  }
  for (const RegistryRecord* drainer : list_) {
    if (drainer->state == RegistryState::kOnline) notices_.push_back({drainer->owner, 0, false});
  }
  world_.kernel().After(id_, kNotifyTimeout, kNotifyDeadline, notify_round_);
  for (std::size_t i = 0; i < notices_.size(); ++i) SendNotice(i);
  if (notices_.empty()) OnNotifyDone({});
}

void ClusterPump::SendNotice(std::size_t index) {
  Notice& notice = notices_[index];
  ++notice.attempts;
  if (notice.drainer == kNoNode) {  // an entry of a process that is nowhere: the dial is refused
    OnNotifyFailure(index);
    return;
  }
  world_.Send(id_, notice.drainer, Msg::kNotify, notify_round_, static_cast<std::uint32_t>(index),
              {.report_failure = true, .timeout = kNotifyTimeout});
}

void ClusterPump::OnNotifyFailure(std::size_t index) {
  const std::int32_t attempts = notices_[index].attempts;
  const bool last = attempts >= NotifyAttemptsMax(*dialect_);
  // Not at once: NotifyFailed ends the process, and OnStart is still running.
  world_.kernel().After(id_, last ? 0 : kSecond << (attempts - 1), kNotifyRetry, notify_round_,
                        static_cast<std::uint32_t>(index));
}

void ClusterPump::OnNotifyDone(const Envelope& envelope) {
  if (notify_round_ == 0 || closing_) return;
  if (envelope.from != kNoNode) {
    if (envelope.b >= notices_.size() || notices_[envelope.b].drainer != envelope.from) return;
    if (envelope.a != 0) {
      NotifyFailed("a Drainer could not update its Pumps");
      return;
    }
    notices_[envelope.b].done = true;
  }
  const bool all = std::all_of(notices_.begin(), notices_.end(),
                               [](const Notice& notice) { return notice.done; });
  if (!all) return;
  notices_.clear();
  ++notify_round_;  // the deadline is void
  world_.kernel().After(id_, config_.heartbeat_interval, kHeartbeat);
}

void ClusterPump::NotifyFailed(std::string_view why) {
  CommitStatus(StateAfterFailedNotify(*dialect_));
  End(DownCause::kFailedToStart, fmt::format("fail to notify all living drainer: {}", why), true);
}

// A heartbeat rewrites the whole value from memory; it is an event only when that moves the state.
bool ClusterPump::WriteRegistry() {
  RegistryRecord* record = world_.pd().Edit(id_, Root::kPumps, id_);
  if (record == nullptr) return false;
  const bool moved = !record->present || record->state != state_;
  record->present = true;
  record->state = state_;
  record->max_commit_ts = store_.max_commit_ts();
  // pkg/util/ts.go GetApproachTS: the timestamp of the start plus whole elapsed seconds.
  record->update_ts = start_ts_ + (((world_.now() - started_) / kSecond * 1000) << kTsoLogicalBits);
  if (moved) {
    world_.Record({.kind = EventKind::kRegistryMoved,
                   .node = id_,
                   .code = static_cast<std::uint16_t>(state_),
                   .text = key_text_});
  }
  return true;
}

void ClusterPump::Heartbeat() {
  WriteRegistry();  // a failure is logged and tried again (pump/node.go Heartbeat)
  world_.kernel().After(id_, config_.heartbeat_interval, kHeartbeat);
}

// Order of pump/server.go Close: heartbeat and fakes end, the state is committed, streams end.
void ClusterPump::OnStopSignal() {
  if (closing_) return;  // a second close is ignored; an offline wait goes on
  closing_ = true;
  CommitStatus(RegistryState::kPaused);
  EndStreams();
  End(DownCause::kStopped, "pump exit", false);
}

void ClusterPump::BeginClose(bool offline) {
  closing_ = true;
  if (!offline) {
    CommitStatus(RegistryState::kPaused);
    EndStreams();
    End(DownCause::kExited, "paused", false);
    return;
  }
  offline_after_ = 0;
  offline_until_ = 0;
  OfflineTick();
}

void ClusterPump::CommitStatus(RegistryState state) {
  state_ = state;
  WriteRegistry();  // without etcd the old state stays there, and the process ends all the same
}

void ClusterPump::OfflineTick() {
  if (!SafeToOffline()) {
    world_.kernel().After(id_, kSecond, kOfflineTick);
    return;
  }
  CommitStatus(RegistryState::kOffline);
  EndStreams();
  End(DownCause::kExited, "offline", false);
}

// tidb-binlog: pump/server.go waitSafeToOffline, one step a second: a fake binlog of its own must
// be sorted and no prewrite be left, then every Drainer that is not offline must have saved what
// this Pump had then; more fakes let the Drainers get there.
bool ClusterPump::SafeToOffline() {
  if (offline_after_ == 0) {
    if (!WriteFake()) return false;
    offline_after_ = store_.max_commit_ts();
  }
  if (offline_until_ == 0) {
    if (store_.unmatched_count() > 0 || store_.Blocked() != nullptr) return false;
    offline_until_ = store_.max_commit_ts();
  }
  if (!world_.pd().List(id_, Root::kDrainers, &list_)) return false;
  const bool consumed = std::all_of(list_.begin(), list_.end(), [&](const RegistryRecord* drainer) {
    return drainer->state == RegistryState::kOffline || drainer->max_commit_ts >= offline_until_;
  });
  if (!consumed) WriteFake();
  return consumed;
}

void ClusterPump::End(DownCause cause, std::string_view reason, bool failure) {
  if (failure) world_.Alert(id_, reason);
  ForgetMemory();
  world_.hosts().Exited(id_, cause, reason, failure);
}

// The operating system closes the connections of a killed process.
void ClusterPump::OnKilled() {
  EndStreams();
  ForgetMemory();
}

void ClusterPump::ForgetMemory() {
  running_ = false;
  closing_ = false;
  state_ = RegistryState::kAbsent;
  notices_.clear();
  ++notify_round_;
  write_rpcs_ = 0;
  write_rpcs_seen_ = 0;
  wrote_fake_ = false;
  blocked_ = 0;
  resolve_armed_ = false;
  streams_.clear();
  pushed_at_ = 0;
  push_armed_ = false;
  lag_count_ = 0;
  lost_count_ = 0;
  lag_alerted_ = false;
}

void ClusterPump::OnTimer(What what, std::uint64_t a, std::uint32_t b) {
  switch (what) {
    case kHeartbeat:
      if (!closing_) Heartbeat();
      break;
    case kFakeTick:
      if (closing_) break;
      // pump/server.go genForwardBinlog: only when no write came during a whole interval.
      if (write_rpcs_ == write_rpcs_seen_) WriteFake();
      write_rpcs_seen_ = write_rpcs_;
      world_.kernel().After(id_, config_.fake_interval, kFakeTick);
      break;
    case kPush:
      push_armed_ = false;
      PushAll();
      break;
    case kRetryPush:
      for (Stream& stream : streams_) stream.broken = false;
      PushAll();
      break;
    case kCollect: Collect(); break;
    case kLagCheck: CheckLag(); break;
    case kResolve: Resolve(); break;
    case kNotifyDeadline:
      if (a == notify_round_ && !notices_.empty()) NotifyFailed("no answer within 10s");
      break;
    case kNotifyRetry:
      if (a != notify_round_ || b >= notices_.size() || notices_[b].done) break;
      if (notices_[b].attempts >= NotifyAttemptsMax(*dialect_)) {
        NotifyFailed("a Drainer that is registered online does not answer");
      } else {
        SendNotice(b);
      }
      break;
    case kClose: BeginClose(a != 0); break;
    case kOfflineTick: OfflineTick(); break;
    default: break;
  }
}

void ClusterPump::OnMessage(const Envelope& envelope) {
  switch (static_cast<Msg>(envelope.what)) {
    case Msg::kWriteBinlog:
    case Msg::kProbe: OnWrite(envelope); break;
    case Msg::kPull: OnPull(envelope); break;
    case Msg::kNotifyDone: OnNotifyDone(envelope); break;
    default: break;
  }
}

void ClusterPump::OnSendFailed(const Envelope& envelope, SendFailure failure) {
  const Msg what = static_cast<Msg>(envelope.what);
  if (what == Msg::kPulled) OnBatchLost(envelope, failure);
  if (what == Msg::kNotify && envelope.a == notify_round_ && envelope.b < notices_.size()) {
    OnNotifyFailure(envelope.b);
  }
}

HttpResponse ClusterPump::OnHttp(const HttpRequest& request) {
  const std::string& path = request.path;
  HttpResponse response;
  if (path.rfind("/state/", 0) == 0) {
    if (request.method != "PUT") return {405, response.content_type, "", false};
    StateChange change = JudgeStateChange(path, plan().etcd_id, state_);
    if (change.accepted) {
      // The answer is sent first; closing is asynchronous (pump/server.go ApplyAction).
      state_ = change.close ? RegistryState::kClosing : RegistryState::kPausing;
      closing_ = true;
      world_.kernel().After(id_, kMillisecond, kClose, change.close ? 1 : 0);
    }
    return change.response;
  }
  if (request.method != "GET") return {405, response.content_type, "", false};
  if (path == "/status") {
    Tso now = 0;
    const bool reached =
        world_.pd().List(id_, Root::kPumps, &list_) && world_.pd().GetTso(id_, &now);
    response.body = ClusterPumpStatusBody(list_, now, reached ? "" : "context deadline exceeded");
  } else if (path == "/drainers") {
    const bool reached = world_.pd().List(id_, Root::kDrainers, &list_);
    response.body = ClusterDrainersBody(reached, list_);
  } else if (path == "/metrics") {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = Metrics();
  } else {
    response.status = 404;
    response.body = "404 page not found\n";
  }
  return response;
}

// tidb-binlog: pump/metrics.go, pump/storage/metrics.go; timestamps are physical milliseconds.
std::string ClusterPump::Metrics() const {
  return fmt::format(
      "# TYPE binlog_pump_rpc_duration_seconds histogram\n"
      "binlog_pump_rpc_duration_seconds_count{{method=\"WriteBinlog\",label=\"succ\"}} {}\n"
      "# TYPE binlog_pump_loss_binlog_count counter\n"
      "binlog_pump_loss_binlog_count {}\n"
      "# TYPE binlog_pump_detected_drainer_binlog_purge_count counter\n"
      "binlog_pump_detected_drainer_binlog_purge_count {}\n"
      "# TYPE binlog_pump_storage_gc_ts gauge\n"
      "binlog_pump_storage_gc_ts {}\n"
      "# TYPE binlog_pump_storage_done_gc_ts gauge\n"
      "binlog_pump_storage_done_gc_ts {}\n"
      "# TYPE binlog_pump_storage_max_commit_ts gauge\n"
      "binlog_pump_storage_max_commit_ts {}\n",
      write_rpcs_, lost_count_, lag_count_, TsoPhysicalMs(store_.gc_ts()),
      TsoPhysicalMs(store_.gc_ts()), TsoPhysicalMs(store_.max_commit_ts()));
}

bool ClusterPump::OnFault(const FaultPlan& fault, bool heal) {
  if (fault.kind != FaultKind::kLoseBinlogs) return false;
  writes_to_fail_ = heal ? 0 : fault.amount;
  return true;
}

}  // namespace tidegate::sim
