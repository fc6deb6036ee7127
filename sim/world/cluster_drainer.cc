#include "sim/world/cluster_drainer.h"

#include <fmt/format.h>

#include "sim/world/cluster_wire.h"
#include "sim/world/factories.h"
#include "sim/world/hosts.h"

namespace tidegate::sim {
namespace {

using trace::DownCause;
using trace::EventKind;
using trace::RegistryState;
using Root = RegistryRecord::Root;

constexpr Duration kHeartbeatInterval = kSecond;  // tidb-binlog: drainer/server.go, a constant
constexpr Duration kDrainTimeMax = 10 * kSecond;  // drainer/syncer.go run
constexpr std::int32_t kHeartbeatFailuresMax = 20;

// The run script beside the configuration: <deploy_dir>/conf/drainer.toml and
// <deploy_dir>/scripts/run_drainer.sh (tidb-ansible: roles/drainer).
std::string ScriptOf(const Hosts& hosts, const NodePlan& plan) {
  const std::size_t slash = plan.config_path.rfind("/conf/");
  if (slash == std::string::npos) return "";
  const std::string* script =
      hosts.File(plan.info.host, plan.config_path.substr(0, slash) + "/scripts/run_drainer.sh");
  return script == nullptr ? "" : *script;
}

}  // namespace

std::unique_ptr<Node> MakeClusterDrainer(World& world, NodeId id) {
  return std::make_unique<ClusterDrainer>(world, id);
}

// Order of drainer/server.go NewServer and Start: configuration, checkpoint, TSO, register,
// heartbeat, syncer, collector; the collector's first pass comes before anything is emitted.
void ClusterDrainer::OnStart() {
  ForgetMemory();
  running_ = true;
  started_ = world_.now();
  dialect_ = &DialectOfVersion(world_.hosts().running_version(id_));
  Result<ClusterDrainerConfig> config =
      ReadClusterDrainerConfig(world_.hosts().running_config(id_), ScriptOf(world_.hosts(), plan()),
                               *dialect_, world_.plan());
  if (!config) {
    EndBeforeLogging(config.error().message);
    return;
  }
  log_.Begin(world_.now(), *dialect_, world_.hosts().running_version(id_));
  config_ = *std::move(config);
  world_.pd().ReadId(id_);
  key_text_ = world_.Intern("/tidb-binlog/v1/drainers/" + world_.pd().IdOf(id_));
  savepoint_path_ = plan().info.data_dir + "/savepoint";
  std::string error;
  if (!world_.pd().GetTso(id_, &start_ts_)) error = "PD gives no timestamp";
  if (!error.empty() || !LoadCheckpoint(&error)) {
    End(DownCause::kFailedToStart, error, true);
    return;
  }
  merge_.Reset(saved_ts_);
  loader_.Reset(config_, *dialect_, plan().info.sink, saved_ts_);
  saved_at_ = world_.now();
  state_ = RegistryState::kOnline;
  if (!WriteRegistry()) {
    End(DownCause::kFailedToStart, "start drainer server failed: etcd does not answer", true);
    return;
  }
  log_.Add(world_.now(), LogLine::kServes);
  world_.kernel().After(id_, kHeartbeatInterval, kHeartbeat);
  Collect();
}

bool ClusterDrainer::WriteRegistry() {
  RegistryRecord* record = world_.pd().Edit(id_, Root::kDrainers, id_);
  if (record == nullptr) return false;
  const bool moved = !record->present || record->state != state_;
  record->present = true;
  record->state = state_;
  record->max_commit_ts = saved_ts_;
  record->update_ts = start_ts_ + (((world_.now() - started_) / kSecond * 1000) << kTsoLogicalBits);
  if (moved) {
    world_.Record({.kind = EventKind::kRegistryMoved,
                   .node = id_,
                   .code = static_cast<std::uint16_t>(state_),
                   .text = key_text_});
  }
  return true;
}

void ClusterDrainer::Heartbeat() {
  world_.kernel().After(id_, kHeartbeatInterval, kHeartbeat);
  loader_.OnTick();
  if (!loader_.fatal().empty()) {
    Fatal(std::string(loader_.fatal()));
    return;
  }
  if (config_.sink == ClusterSinkKind::kKafka && JudgeKafka()) return;
  RepeatLostSave();
  ProbeSilentStreams();
  if (closing_) return;  // the heartbeat ended with the state that was committed
  heartbeat_failures_ = WriteRegistry() ? 0 : heartbeat_failures_ + 1;
  // drainer/server.go heartbeatMaxErr, from 4.0.9 on.
  if (heartbeat_failures_ > kHeartbeatFailuresMax &&
      dialect_->heartbeat_errors == HeartbeatErrors::kTwentyThenExit) {
    StopWithError("heartbeat error too many times");
  }
}

// Kafka has acknowledged nothing for 30 s. 2.1 ends at once (drainer/syncer.go sync: log.Fatal).
// From 3.0 on the syncer closes what writes to Kafka; that has ended without closing its producer,
// so that nobody closes the channel which the syncer waits for: after ten seconds it panics. The
// task group recovers (drainer/util.go GoNoPanic), and the server closes as after any error but
// that nobody reports it: its exit code stays 0 (drainer/sync/kafka.go run, drainer/syncer.go run,
// drainer/server.go Start; PR 622, 806, 1012). True: the process has ended, or as good as.
bool ClusterDrainer::JudgeKafka() {
  constexpr std::string_view kSilent =
      "fail to push msg to kafka after 30s, check if kafka is up and working";
  if (kafka_lost_at_ != 0) {
    if (half_dead_ || world_.now() - kafka_lost_at_ < kDrainTimeMax) return false;
    StopWithError("Recovered from panic: Waiting too long for `Syncer.run` to quit.", false);
    return true;
  }
  if (closing_ || !loader_.StoppedByKafka()) return false;
  if (dialect_->close_save == CloseSave::kNone) {
    Fatal(kSilent);
    return true;
  }
  kafka_lost_at_ = world_.now();
  loader_.Halt();
  world_.Alert(id_, fmt::format("Failed to close syncer: {}", kSilent));
  return false;
}

void ClusterDrainer::OnStopSignal() {
  if (closing_) {  // a half-dead one waits for its syncer for ever; others end anyway
    close_by_signal_ = true;
    return;
  }
  BeginClose(RegistryState::kPaused, true);
}

// tidb-binlog: drainer/server.go Close: the state is committed first, with the checkpoint of that
// moment; from 3.0 on the syncer then drains and saves once more.
void ClusterDrainer::BeginClose(RegistryState state, bool by_signal) {
  closing_ = true;
  close_by_signal_ = by_signal;
  state_ = state;
  WriteRegistry();
  log_.Add(world_.now(), LogLine::kCommitted);
  switch (dialect_->close_save) {
    case CloseSave::kNone:
      End(by_signal ? DownCause::kStopped : DownCause::kExited, "drainer exit", false);
      return;
    case CloseSave::kDrainThenSave:
      // A producer's Close returns when the last message is acknowledged or has used up its 10000
      // tries, and only then the ten seconds begin (drainer/sync/kafka.go run, Close).
      if (config_.sink != ClusterSinkKind::kKafka || kafka_lost_at_ != 0) {
        world_.kernel().After(id_, kDrainTimeMax, kDrainLimit);
      }
      FinishClose();
      return;
  }
}

// What the loader holds is executed; then the checkpoint is saved with consistent = true.
void ClusterDrainer::FinishClose() {
  if (!loader_.Idle() || saving_) return;
  if (!final_save_) {
    final_save_ = true;
    Save(true);
    if (saving_) return;
  }
  End(close_by_signal_ ? DownCause::kStopped : DownCause::kExited, "drainer exit", false);
}

// log.Fatal: exit code 1, etcd still says online.
void ClusterDrainer::Fatal(std::string_view reason) { End(DownCause::kExited, reason, true); }

// An error that the syncer or the collector returns: Close, etcd says paused. Up to 2.1.18
// and 3.0.5 Close then waits for what only the syncer would end, and the process stays; up to 4.0.8
// it ends with exit code 0, so that Restart=on-failure does not bring it back (drainer/server.go
// Start, PR 806, PR 1012).
void ClusterDrainer::StopWithError(std::string_view reason, bool reported) {
  state_ = RegistryState::kPaused;
  WriteRegistry();
  world_.Alert(id_, reason);
  log_.Add(world_.now(), LogLine::kFailed, 0, std::string(reason));
  if (dialect_->syncer_error == SyncerError::kHangs) {
    closing_ = true;
    half_dead_ = true;
    loader_.Clear();
    merge_.Reset(merge_.latest_ts());
    return;
  }
  const bool failure = reported && dialect_->syncer_error == SyncerError::kExitsWithTwo;
  const std::string text(reason);
  ForgetMemory();
  world_.hosts().Exited(id_, DownCause::kExited, text, failure);
}

// A configuration that is refused: said on standard error, since the log comes after it
// (cmd/drainer/main.go).
void ClusterDrainer::EndBeforeLogging(std::string_view reason) {
  world_.Alert(id_, reason);
  ForgetMemory();
  world_.hosts().Exited(id_, DownCause::kFailedToStart, reason, true);
}

void ClusterDrainer::End(DownCause cause, std::string_view reason, bool failure) {
  if (failure) world_.Alert(id_, reason);
  const std::string text(reason);
  if (failure) {
    log_.Add(world_.now(), LogLine::kFailed, 0, text);
  } else {
    log_.Add(world_.now(), LogLine::kExit);
  }
  ForgetMemory();
  world_.hosts().Exited(id_, cause, text, failure);
}

void ClusterDrainer::OnKilled() { ForgetMemory(); }

void ClusterDrainer::ForgetMemory() {
  running_ = false;
  closing_ = false;
  close_by_signal_ = false;
  half_dead_ = false;
  kafka_lost_at_ = 0;
  map_primary_ts_ = map_secondary_ts_ = 0;
  map_taken_at_ = 0;
  state_ = RegistryState::kAbsent;
  heartbeat_failures_ = 0;
  merge_.Reset(0);
  ++detect_round_;
  ticked_ = false;
  synced_ = false;
  pump_pos_.clear();
  loader_.Clear();
  ddl_waits_ = false;
  ddl_attempts_ = 0;
  ddls_.clear();
  last_real_ts_ = 0;
  disorder_count_ = 0;
  schema_version_ = 0;
  saved_ts_ = 0;
  saving_ = false;
  save_was_cut_ = false;
  final_save_ = false;
}

void ClusterDrainer::OnTimer(What what, std::uint64_t a, std::uint32_t b) {
  switch (what) {
    case kHeartbeat: Heartbeat(); return;
    case kDetect:
      if (a == detect_round_ && !closing_) Collect();
      return;
    case kReconnect:
      for (ClusterSource& source : merge_.sources()) {
        if (source.stream != a || source.connected || source.paused || source.removed) continue;
        if (!closing_) Connect(&source);
        return;
      }
      return;
    case kDdlRetry:
      if (closing_) return;
      TryDdl();
      if (running_) Advance();
      return;
    case kClose:
      BeginClose(a != 0 ? RegistryState::kOffline : RegistryState::kPaused, false);
      return;
    case kDrainLimit:
      End(DownCause::kExited, "Waiting too long for `Syncer.run` to quit.", true);
      return;
    case ClusterLoader::kRetryTimer: loader_.OnRetry(a, b); return;
    default: return;
  }
}

void ClusterDrainer::OnMessage(const Envelope& envelope) {
  switch (static_cast<Msg>(envelope.what)) {
    case Msg::kPulled: OnPulled(envelope); break;
    case Msg::kPullEnd: {
      ClusterSource* source = merge_.FindStream(envelope.from, envelope.b);
      if (source != nullptr && source->connected) Disconnected(source);
      break;
    }
    case Msg::kNotify: {
      // drainer/collector.go Notify: answered when the registry has been read.
      const bool ok = !closing_ && Collect();
      world_.Send(id_, envelope.from, Msg::kNotifyDone, ok ? 0 : 1, envelope.b);
      break;
    }
    case Msg::kExecuted:
      loader_.OnExecuted(envelope);
      if (!loader_.fatal().empty()) {
        Fatal(std::string(loader_.fatal()));
      } else {
        Advance();
      }
      break;
    case Msg::kCheckpointSaved: OnSaved(static_cast<Tso>(envelope.a), envelope.b != 0); break;
    default: break;
  }
}

void ClusterDrainer::OnSendFailed(const Envelope& envelope, SendFailure failure) {
  switch (static_cast<Msg>(envelope.what)) {
    case Msg::kPull: {
      const bool opening = (envelope.b & kPullAck) == 0;
      ClusterSource* source = merge_.FindStream(envelope.to, envelope.b & ~kPullAck);
      if (source == nullptr || !source->connected) break;
      // A lost acknowledgement is repeated when the stream falls silent.
      if (opening || failure == SendFailure::kRefused) Disconnected(source);
      break;
    }
    case Msg::kExecute:
      loader_.OnExecuteFailed(envelope);
      if (!loader_.fatal().empty()) Fatal(std::string(loader_.fatal()));
      break;
    case Msg::kSaveCheckpoint:
      world_.checkpoint_writes().Give(envelope.a);
      if (failure == SendFailure::kRefused) {
        OnSaved(saving_ts_, true);
      } else {
        save_was_cut_ = true;
      }
      break;
    default: break;
  }
}

// Real transactions that this Drainer has in hand, or that its checkpoint does not cover yet.
bool ClusterDrainer::Pending() const {
  if (!running_ || half_dead_) return false;
  if (!loader_.Idle() || ddl_waits_ || last_real_ts_ > saved_ts_) return true;
  for (const ClusterSource& source : merge_.sources()) {
    const auto is_real = [](const Binlog& binlog) {
      return static_cast<trace::BinlogType>(binlog.type) != trace::BinlogType::kFake;
    };
    if (source.has_head && is_real(source.head)) return true;
    for (std::size_t i = source.at; i < source.buffer.size(); ++i) {
      if (is_real(source.buffer[i])) return true;
    }
  }
  return false;
}

}  // namespace tidegate::sim
