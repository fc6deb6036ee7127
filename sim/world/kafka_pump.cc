#include "sim/world/kafka_pump.h"

#include <algorithm>

#include "sim/world/config.h"
#include "sim/world/hosts.h"
#include "sim/world/kafka.h"
#include "sim/world/kafka_http.h"
#include "sim/world/old_pump.h"
#include "sim/world/pd.h"

namespace tidegate::sim {
namespace {

using trace::DropReason;
using trace::EventKind;
using trace::RegistryState;
using Root = RegistryRecord::Root;

constexpr Duration kHeartbeatInterval = 2 * kSecond;   // pump/config.go heartbeat-interval
constexpr Duration kLease = 3 * kSecond;               // heartbeat-interval * 3 / 2
constexpr Duration kWalkInterval = 1 * kSecond;        // proxy_binlogger.go: sleep at EOF
constexpr Duration kCheckpointInterval = 3 * kSecond;  // pump/meta.go
constexpr Duration kOpenRetry = 5 * kSecond;           // pkg/util/kafka.go: 12 attempts, 5 s apart
constexpr std::int64_t kOpenTriesMax = 12;
constexpr std::int64_t kDirectResendsMax = 10;  // sendKafKaRetryNum
constexpr Duration kGcInterval = 1 * kHour;     // pump/server.go gc
constexpr Duration kDay = 24 * kHour;
constexpr std::int64_t kGcDays = 7;                // pump/config.go gc
constexpr std::int64_t kFileBytes = 512LL << 20U;  // binlog-file-size

// From 0.11 on a batch is one array of records; before, messages stand one behind another (sarama
// produce_set.go).
bool WritesRecordBatches(std::string_view kafka_version) {
  return !kafka_version.starts_with("0.8") && !kafka_version.starts_with("0.9") &&
         !kafka_version.starts_with("0.10");
}

}  // namespace

KafkaPump::KafkaPump(World& world, NodeId id) : Node(world, id) {}

void KafkaPump::ReadConfig() {
  const ConfigFile& config = ReadConfigFile(world_.hosts().running_config(id_));
  dialect_ = &DialectOfVersion(world_.hosts().running_version(id_));
  mixed_ = dialect_->pump_writes == PumpWrites::kMixedOrKafka &&
           config.String("write-mode", "mixed") != "kafka";
  tolerant_ = dialect_->write_error == OnWriteError::kSwallowedWhenTolerant &&
              config.Bool("enable-tolerant", true);
  direct_resends_max_ = dialect_->direct_resend == DirectResend::kTenRounds ? kDirectResendsMax : 0;
  fake_interval_ = config.Int("gen-binlog-interval", 3) * kSecond;
  gc_after_ = config.Int("gc", kGcDays) * kDay;
  records_per_file_ =
      std::max<std::int64_t>(1, config.Int("binlog-file-size", kFileBytes) / kBytesPerBinlog);
  log_.Begin(world_.now(), *dialect_, world_.hosts().running_version(id_));
  log_.Add(world_.now(), LogLine::kConnected);
  one_array_ = WritesRecordBatches(config.String("kafka-version", "0.8.2.0"));
}

void KafkaPump::OnStart() {
  ReadConfig();
  acked_ = saved_checkpoint_;
  open_tries_ = 0;
  lost_count_ = torn_count_ = 0;
  push_in_flight_ = false;
  direct_.clear();
  if (!BrokersResolve(world_, id_)) {
    FailStart("config: zookeeper gives no broker");
    return;
  }
  // Registration comes before anything is served; a restart clears IsOffline (pump/registry.go).
  if (!Register(false)) {
    FailStart("register: etcd does not answer");
    return;
  }
  world_.kernel().After(id_, kHeartbeatInterval, kHeartbeat);
  NotifyDrainers();
}

void KafkaPump::FailStart(std::string_view reason) {
  phase_ = Phase::kDown;
  log_.Add(world_.now(), LogLine::kFailed, 0, std::string(reason));
  // cmd/pump/main.go logs the error and returns: exit status 0.
  world_.hosts().Exited(id_, trace::DownCause::kFailedToStart, reason, false);
}

bool KafkaPump::Register(bool offline) {
  RegistryRecord* record = world_.pd().Edit(id_, Root::kOldPumps, id_);
  if (record == nullptr) return false;
  Tso now = 0;
  if (offline) world_.pd().GetTso(id_, &now);
  record->present = true;
  record->form = form();
  record->is_offline = offline;
  record->offline_ts = now;
  record->file_offset = FileEnd();
  record->kafka_offset = kafka_end_;
  record->alive_until = offline ? record->alive_until : world_.now() + kLease;
  world_.Record({.kind = EventKind::kRegistryMoved,
                 .node = id_,
                 .code = static_cast<std::uint16_t>(offline ? RegistryState::kKafkaOffline
                                                            : RegistryState::kAlive),
                 .text = world_.Intern("/tidb-binlog/pumps/" + record->id)});
  return true;
}

// pump/node.go Notify: every living Drainer; any error ends the start. It waits as long as the
// connection lasts: its context is the server's, which has no deadline (pump/server.go Start).
void KafkaPump::NotifyDrainers() {
  phase_ = Phase::kNotifying;
  ++notify_round_;
  const Notified notified = NotifyLivingDrainers(world_, id_, notify_round_);
  notifies_open_ = notified.open;
  if (!notified.ok && notified.drainer.empty()) {
    FailStart("notify: etcd does not answer");
    return;
  }
  if (!notified.ok) {
    NotifyFailed(": " + notified.drainer);
    return;
  }
  if (notifies_open_ == 0) OpenKafka();
}

void KafkaPump::NotifyFailed(const std::string& drainer) {
  Register(true);
  FailStart("fail to notify all living drainer" + drainer);
}

void KafkaPump::OpenKafka() {
  phase_ = Phase::kOpening;
  std::int64_t oldest = 0;
  const NodeId broker = BrokerOf(world_, id_);
  if (broker != kNoNode &&
      static_cast<Kafka&>(world_.node(broker)).Bounds(id_, id_, &oldest, &kafka_end_)) {
    Serve();
    return;
  }
  if (++open_tries_ >= kOpenTriesMax) {
    FailStart("open binlogger: kafka cannot be reached");
    return;
  }
  world_.kernel().After(id_, kOpenRetry, kOpenKafka);
}

void KafkaPump::Serve() {
  // A killed process leaves its socket's file behind, and nobody can bind to it any more
  // (tidb-ansible PR 244: the run script removes it since).
  if (socket_left_) {
    FailStart("listen unix pump.sock: bind: address already in use");
    return;
  }
  phase_ = Phase::kServing;
  wrote_since_fake_ = false;
  world_.kernel().After(id_, fake_interval_, kFake);
  if (mixed_) {
    world_.kernel().After(id_, kWalkInterval, kWalk);
    world_.kernel().After(id_, kCheckpointInterval, kCheckpoint);
    if (dialect_->file_gc == FileGc::kByAge) world_.kernel().After(id_, kGcInterval, kGc);
  }
}

void KafkaPump::OnTimer(What what, std::uint64_t, std::uint32_t) {
  switch (static_cast<Timer>(what)) {
    case kHeartbeat: Heartbeat(); break;
    case kFake: WriteFake(); break;
    case kWalk:
      Push();
      world_.kernel().After(id_, kWalkInterval, kWalk);
      break;
    case kOpenKafka: OpenKafka(); break;
    case kFlushPoll: FinishClose(); break;
    case kCheckpoint:
      saved_checkpoint_ = acked_;
      world_.kernel().After(id_, kCheckpointInterval, kCheckpoint);
      break;
    case kGc:
      CollectGarbage();
      world_.kernel().After(id_, kGcInterval, kGc);
      break;
  }
}

void KafkaPump::OnMessage(const Envelope& envelope) {
  switch (static_cast<Msg>(envelope.what)) {
    case Msg::kWriteBinlog: Write(envelope); break;
    case Msg::kProduceDone: Produced(envelope); break;
    case Msg::kNotifyDone:
      if (phase_ != Phase::kNotifying || envelope.b != notify_round_) break;
      if (envelope.a != 0) {
        NotifyFailed();
      } else if (--notifies_open_ == 0) {
        OpenKafka();
      }
      break;
    default: break;
  }
}

void KafkaPump::OnSendFailed(const Envelope& envelope, SendFailure) {
  if (static_cast<Msg>(envelope.what) == Msg::kProduce) {
    ProduceFailed(envelope);
  } else if (static_cast<Msg>(envelope.what) == Msg::kNotify && phase_ == Phase::kNotifying) {
    NotifyFailed();
  }
}

void KafkaPump::Heartbeat() {
  if (RegistryRecord* record = world_.pd().Edit(id_, Root::kOldPumps, id_); record != nullptr) {
    record->alive_until = world_.now() + kLease;
    record->file_offset = FileEnd();
    record->kafka_offset = kafka_end_;
  }
  world_.kernel().After(id_, kHeartbeatInterval, kHeartbeat);
}

// pump/server.go genFakeBinlog: only when nothing was written since the last tick.
void KafkaPump::WriteFake() {
  Binlog fake;
  if (!wrote_since_fake_ && MakeFake(world_, id_, &fake)) {
    Store(fake);
    log_.Add(world_.now(), LogLine::kFake);
  }
  wrote_since_fake_ = false;
  world_.kernel().After(id_, fake_interval_, kFake);
}

// pump/server.go WriteBinlog; with enable-tolerant any write error is counted, logged and answered
// with success.
void KafkaPump::Write(const Envelope& envelope) {
  const Binlog binlog = TakeWritten(world_, envelope.a);
  if (phase_ != Phase::kServing) {
    AckWritten(world_, id_, envelope.from, binlog, false);
    return;
  }
  wrote_since_fake_ = true;
  if (lose_next_ > 0) {
    --lose_next_;
    if (!tolerant_) {
      AckWritten(world_, id_, envelope.from, binlog, false);
      return;
    }
    ++lost_count_;
    world_.Record({.kind = EventKind::kBinlogDropped,
                   .node = id_,
                   .code = static_cast<std::uint16_t>(DropReason::kTolerantWrite),
                   .a = binlog.start_ts,
                   .b = binlog.commit_ts});
    AckWritten(world_, id_, envelope.from, binlog, true);
    return;
  }
  if (mixed_) {
    Store(binlog);
    AckWritten(world_, id_, envelope.from, binlog, true);
  } else {
    direct_.push_back({envelope.from, binlog});
    Push();
  }
}

void KafkaPump::Store(const Binlog& binlog) {
  if (mixed_) {
    AppendToFile(binlog);
  } else {
    direct_.push_back({kNoNode, binlog});
    Push();
  }
}

// pump/server.go Close: gRPC stops, the node is marked offline with the positions of this moment,
// and only then dispatcher.Close waits until the local file is in Kafka.
void KafkaPump::OnStopSignal() {
  if (phase_ == Phase::kDown || phase_ == Phase::kFlushing) return;
  log_.Add(world_.now(), LogLine::kSignal);
  const bool served = phase_ == Phase::kServing;
  phase_ = Phase::kFlushing;
  Register(true);
  if (!served || !mixed_) {
    phase_ = Phase::kDown;
    world_.hosts().Exited(id_, trace::DownCause::kStopped, "stopped", false);
    return;
  }
  Push();
  FinishClose();
}

void KafkaPump::FinishClose() {
  if (phase_ != Phase::kFlushing) return;
  if (acked_ < FileEnd()) {
    Push();
    world_.kernel().After(id_, kWalkInterval, kFlushPoll);
    return;
  }
  saved_checkpoint_ = acked_;
  phase_ = Phase::kDown;
  world_.hosts().Exited(id_, trace::DownCause::kStopped, "stopped", false);
}

void KafkaPump::OnKilled() {
  phase_ = Phase::kDown;
  direct_.clear();
  push_in_flight_ = false;
  socket_left_ = keeps_socket_;
}

bool KafkaPump::OnFault(const FaultPlan& fault, bool heal) {
  switch (fault.kind) {
    case FaultKind::kLoseBinlogs: lose_next_ = heal ? 0 : fault.amount; return true;
    case FaultKind::kKeepSocket:
      keeps_socket_ = !heal;
      if (heal) socket_left_ = false;
      return true;
    case FaultKind::kPowerLoss:
      if (!heal && mixed_) Tear(fault.amount);
      return true;
    default: return false;
  }
}

bool KafkaPump::Pending() const {
  return phase_ != Phase::kDown && (acked_ < FileEnd() || !direct_.empty());
}

HttpResponse KafkaPump::OnHttp(const HttpRequest& request) {
  const KafkaPumpNumbers numbers{.mixed = mixed_,
                                 .form = form(),
                                 .file_end = FileEnd(),
                                 .acked = acked_,
                                 .lost_count = lost_count_,
                                 .torn_count = torn_count_};
  return KafkaPumpHttp(world_, id_, request, numbers);
}

}  // namespace tidegate::sim
