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

constexpr std::int32_t kRegisterAttemptsMax = 3;
constexpr Duration kNotifyTimeout = 10 * kSecond;  // tidb-binlog: pump/node.go Notify
constexpr Duration kCollectInterval = kHour;       // pump/server.go gcBinlogFile
constexpr Duration kTellInterval = 10 * kSecond;   // pump/server.go printServerInfo
constexpr Duration kLagInterval = 10 * kMinute;    // pump/server.go detectDrainerCheckpoint

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

// The state in memory until the node is registered: rc.5 and its successors are online at once,
// 2.1.17 and 3.0.4 paused, later ones what etcd says (pump/node.go NewPumpNode).
RegistryState StateBeforeRegistration(const Dialect& dialect, RegistryState previous) {
  switch (dialect.start_order) {
    case StartOrder::kRegisterFirst: return RegistryState::kOnline;
    case StartOrder::kListenPaused: return RegistryState::kPaused;
    case StartOrder::kListenAsBefore: break;
  }
  return previous == RegistryState::kAbsent ? RegistryState::kOffline : previous;
}

// pump/server.go Close: from 2.1.17 and 3.0.4 on the streams stay open until the status is
// committed (pullClose); before, they end with the background work.
bool StreamsOutliveStatus(const Dialect& dialect) {
  return dialect.start_order != StartOrder::kRegisterFirst;
}

}  // namespace

std::unique_ptr<Node> MakeClusterPump(World& world, NodeId id) {
  return std::make_unique<ClusterPump>(world, id);
}

// Order of pump/server.go Start: storage, listen, background work, TSO, register, Notify,
// heartbeat; the oldest releases register and notify before they listen.
void ClusterPump::OnStart() {
  ForgetMemory();
  running_ = true;
  started_ = world_.now();
  dialect_ = &DialectOfVersion(world_.hosts().running_version(id_));
  told_at_ = world_.now();
  Result<ClusterPumpConfig> config =
      ReadClusterPumpConfig(world_.hosts().running_config(id_), *dialect_);
  if (!config) {
    EndBeforeLogging(config.error().message);
    return;
  }
  log_.Begin(world_.now(), *dialect_, world_.hosts().running_version(id_));
  config_ = *config;
  world_.pd().ReadId(id_);
  key_text_ = world_.Intern("/tidb-binlog/v1/pumps/" + world_.pd().IdOf(id_));
  const RegistryRecord* record = world_.pd().Edit(id_, Root::kPumps, id_);
  if (record == nullptr) {
    End(DownCause::kFailedToStart, "creating pump server error: etcd does not answer", true);
    return;
  }
  previous_ = record->present ? record->state : RegistryState::kAbsent;
  state_ = StateBeforeRegistration(*dialect_, previous_);
  has_tables_ = !store_.empty();
  store_.TrackTail(!config_.sync_log);
  store_.EndStreamsAtLonelyCommits(dialect_->lonely_commit == LonelyCommit::kEndsStream);
  store_.Sort();
  listening_ = dialect_->start_order != StartOrder::kRegisterFirst;
  AfterAppend();
  Kernel& kernel = world_.kernel();
  kernel.After(id_, config_.fake_interval, kFakeTick);
  kernel.After(id_, kCollectInterval, kCollect);
  kernel.After(id_, kLagInterval, kLagCheck);
  TryRegister();
}

// PD's client asks for three seconds before it gives up.
void ClusterPump::TryRegister() {
  if (Register()) return;
  if (++register_attempts_ <= kRegisterAttemptsMax) {
    world_.kernel().After(id_, kSecond, kRegisterRetry);
    return;
  }
  End(DownCause::kFailedToStart, "pump server error: etcd or PD does not answer", true);
}

bool ClusterPump::Register() {
  if (!world_.pd().GetTso(id_, &start_ts_)) return false;
  const RegistryState before = state_;
  state_ = RegistryState::kOnline;
  if (!WriteRegistry()) {
    state_ = before;
    return false;
  }
  log_.Add(world_.now(), LogLine::kRegistered);
  if (MustNotify(*dialect_, previous_)) {
    BeginNotify();
  } else {
    Registered();
  }
  return true;
}

void ClusterPump::Registered() {
  listening_ = true;
  log_.Add(world_.now(), LogLine::kServes);
  world_.kernel().After(id_, config_.heartbeat_interval, kHeartbeat);
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
  const bool last = attempts >= dialect_->notify_attempts_max;
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
  Registered();
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
  record->update_ts = ApproachTs();
  if (moved) {
    world_.Record({.kind = EventKind::kRegistryMoved,
                   .node = id_,
                   .code = static_cast<std::uint16_t>(state_),
                   .text = key_text_});
  }
  return true;
}

// pkg/util/ts.go GetApproachTS: the timestamp of the start plus whole elapsed seconds.
Tso ClusterPump::ApproachTs() const {
  return start_ts_ + (((world_.now() - started_) / kSecond * 1000) << kTsoLogicalBits);
}

void ClusterPump::Heartbeat() {
  WriteRegistry();  // a failure is logged and tried again (pump/node.go Heartbeat)
  if (world_.now() - told_at_ >= kTellInterval) TellProgress();
  world_.kernel().After(id_, config_.heartbeat_interval, kHeartbeat);
}

void ClusterPump::TellProgress() {
  told_at_ = world_.now();
  log_.Add(world_.now(), LogLine::kInfoTick,
           {.a = static_cast<Tso>(write_rpcs_),
            .b = store_.max_commit_ts(),
            .c = static_cast<std::int64_t>(streams_.size())});
}

// Order of pump/server.go Close: heartbeat and fakes end, the state is committed, streams end.
void ClusterPump::OnStopSignal() {
  if (closing_) return;  // a second close is ignored; an offline wait goes on
  closing_ = true;
  log_.Add(world_.now(), LogLine::kCloses);
  Pause(DownCause::kStopped, "pump exit");
}

void ClusterPump::Pause(DownCause cause, std::string_view reason) {
  if (!StreamsOutliveStatus(*dialect_)) EndStreams();
  CommitStatus(RegistryState::kPaused);
  log_.Add(world_.now(), LogLine::kState, {.a = static_cast<Tso>(state_)});
  log_.Add(world_.now(), LogLine::kCommitted);
  EndStreams();
  End(cause, reason, false);
}

void ClusterPump::BeginClose(bool offline) {
  closing_ = true;
  log_.Add(world_.now(), LogLine::kCloses);
  if (!offline) {
    Pause(DownCause::kExited, "paused");
    return;
  }
  if (!StreamsOutliveStatus(*dialect_)) EndStreams();
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
  log_.Add(world_.now(), LogLine::kSafeToOffline);
  CommitStatus(RegistryState::kOffline);
  log_.Add(world_.now(), LogLine::kState, {.a = static_cast<Tso>(state_)});
  log_.Add(world_.now(), LogLine::kCommitted);
  EndStreams();
  End(DownCause::kExited, "offline", false);
}

// tidb-binlog: pump/server.go waitSafeToOffline, one step a second: a fake binlog of its own must
// be sorted and no prewrite be left, then every Drainer that is not offline must have saved what
// this Pump had then; more fakes let the Drainers get there.
bool ClusterPump::SafeToOffline() {
  if (offline_after_ == 0) {
    if (!WriteFake()) return false;
    offline_after_ = last_fake_ts_;
  }
  if (offline_until_ == 0) {
    if (store_.max_commit_ts() < offline_after_) return false;
    const bool all_matched = store_.unmatched_count() == 0 && store_.Blocked() == nullptr;
    if (dialect_->offline == OfflineRule::kSortedAndMatched && !all_matched) return false;
    offline_until_ = store_.max_commit_ts();
  }
  return DrainersHaveConsumed();
}

bool ClusterPump::DrainersHaveConsumed() {
  if (!world_.pd().List(id_, Root::kDrainers, &list_)) {
    // 2.1 and 3.0 give the error back, and commitStatus does not look at it.
    return dialect_->offline_without_etcd == OfflineWithoutEtcd::kGoesOffline;
  }
  const bool consumed = std::all_of(list_.begin(), list_.end(), [&](const RegistryRecord* drainer) {
    return drainer->state == RegistryState::kOffline || drainer->max_commit_ts >= offline_until_;
  });
  if (!consumed) {
    TellWaiting();
    WriteFake();
  }
  return consumed;
}

// The first Drainer that lags; release-4.0 tells the least of all.
void ClusterPump::TellWaiting() {
  const RegistryRecord* lagging = nullptr;
  Tso least = offline_until_;
  for (const RegistryRecord* drainer : list_) {
    if (drainer->state == RegistryState::kOffline) continue;
    if (drainer->max_commit_ts >= offline_until_) continue;
    if (lagging == nullptr) lagging = drainer;
    least = std::min(least, drainer->max_commit_ts);
  }
  const bool tells_least = dialect_->offline_without_etcd == OfflineWithoutEtcd::kWaits;
  log_.Add(world_.now(), LogLine::kWaitsForDrainer,
           {.a = tells_least ? least : lagging->max_commit_ts,
            .b = offline_until_,
            .node = lagging->owner});
}

// A configuration that is refused: said on standard error, since the log comes after it
// (cmd/pump/main.go).
void ClusterPump::EndBeforeLogging(std::string_view reason) {
  world_.Alert(id_, reason);
  ForgetMemory();
  world_.hosts().Exited(id_, DownCause::kFailedToStart, reason, true);
}

void ClusterPump::End(DownCause cause, std::string_view reason, bool failure) {
  if (failure) world_.Alert(id_, reason);
  if (failure) {
    log_.Add(world_.now(), LogLine::kFailed, 0, std::string(reason));
  } else {
    log_.Add(world_.now(), LogLine::kExit);
  }
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
  listening_ = false;
  closing_ = false;
  register_attempts_ = 0;
  has_tables_ = false;
  state_ = RegistryState::kAbsent;
  offsets_shifted_ = false;
  disk_alerted_ = false;
  unreadable_alerted_ = false;
  orphan_alerted_ = false;
  acks_to_lose_ = 0;
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
    case kCollect:
      world_.kernel().After(id_, kCollectInterval, kCollect);
      Collect();
      break;
    case kLagCheck: CheckLag(); break;
    case kResolve: Resolve(); break;
    case kNotifyDeadline:
      if (a == notify_round_ && !notices_.empty()) NotifyFailed("no answer within 10s");
      break;
    case kNotifyRetry:
      if (a != notify_round_ || b >= notices_.size() || notices_[b].done) break;
      if (notices_[b].attempts >= dialect_->notify_attempts_max) {
        NotifyFailed("a Drainer that is registered online does not answer");
      } else {
        SendNotice(b);
      }
      break;
    case kClose: BeginClose(a != 0); break;
    case kOfflineTick: OfflineTick(); break;
    case kRegisterRetry: TryRegister(); break;
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

}  // namespace tidegate::sim
