#include "sim/world/local_pump.h"

#include <algorithm>

#include "sim/world/config.h"
#include "sim/world/hosts.h"
#include "sim/world/kafka_http.h"
#include "sim/world/old_pump.h"
#include "sim/world/old_transport.h"
#include "sim/world/pd.h"

namespace tidegate::sim {
namespace {

using trace::BinlogType;
using trace::EventKind;
using trace::RegistryState;
using Root = RegistryRecord::Root;

constexpr Duration kHeartbeatInterval = 2 * kSecond;  // pump/config.go heartbeat-interval
constexpr Duration kLease = 3 * kSecond;              // heartbeat-interval * 3 / 2
constexpr Duration kPullPoll = 50 * kMillisecond;     // pump/server.go PullBinlogs
constexpr std::size_t kPullMax = 1000;                // of one batch
constexpr Duration kGcInterval = 1 * kHour;           // pump/server.go gc
constexpr Duration kDay = 24 * kHour;
constexpr std::int64_t kGcDays = 7;                // pump/config.go gc
constexpr std::int64_t kFileBytes = 512LL << 20U;  // binlog-file-size

}  // namespace

LocalPump::LocalPump(World& world, NodeId id) : Node(world, id) { files_.emplace_back(); }

void LocalPump::OnStart() {
  const ConfigFile& config = ReadConfigFile(world_.hosts().running_config(id_));
  dialect_ = &DialectOfVersion(world_.hosts().running_version(id_));
  log_.Begin(world_.now(), *dialect_, world_.hosts().running_version(id_));
  log_.Add(world_.now(), LogLine::kConnected);
  fake_interval_ = config.Int("gen-binlog-interval", 3) * kSecond;
  gc_after_ = config.Int("gc", kGcDays) * kDay;
  records_per_file_ = std::clamp<std::int64_t>(
      config.Int("binlog-file-size", kFileBytes) / kBytesPerBinlog, 1, kLocalRecordsPerFile);
  pulls_.clear();
  poll_scheduled_ = wrote_since_fake_ = false;
  if (!Register(RegistryState::kAlive)) {
    FailStart("register: etcd does not answer");
    return;
  }
  world_.kernel().After(id_, kHeartbeatInterval, kHeartbeat);
  NotifyDrainers();
}

void LocalPump::FailStart(std::string_view reason) {
  notifies_open_ = 0;
  log_.Add(world_.now(), LogLine::kFailed, 0, std::string(reason));
  world_.hosts().Exited(id_, trace::DownCause::kFailedToStart, reason, false);
}

// pump/node.go Notify: every living Drainer looks at the registry before the Pump serves.
void LocalPump::NotifyDrainers() {
  ++notify_round_;
  const Notified notified = NotifyLivingDrainers(world_, id_, notify_round_);
  notifies_open_ = notified.open;
  if (!notified.ok && notified.drainer.empty()) {
    FailStart("notify: etcd does not answer");
    return;
  }
  if (!notified.ok) {
    FailStart("fail to notify all living drainer: " + notified.drainer);
    return;
  }
  if (notifies_open_ == 0) Serve();
}

void LocalPump::Serve() {
  if (socket_left_) {  // tidb-ansible PR 244: the run script removes it since
    FailStart("listen unix pump.sock: bind: address already in use");
    return;
  }
  serving_ = true;
  world_.kernel().After(id_, fake_interval_, kFake);
  world_.kernel().After(id_, kGcInterval, kGc);
}

void LocalPump::OnSendFailed(const Envelope& envelope, SendFailure) {
  if (static_cast<Msg>(envelope.what) == Msg::kNotify && notifies_open_ > 0) {
    FailStart("fail to notify all living drainer");
  }
}

// pump/registry.go: a clean stop deletes the whole subtree (UnregisterNode).
void LocalPump::OnStopSignal() {
  serving_ = false;
  log_.Add(world_.now(), LogLine::kSignal);
  Register(RegistryState::kAbsent);
  world_.hosts().Exited(id_, trace::DownCause::kStopped, "stopped", false);
}

void LocalPump::OnKilled() {
  serving_ = false;
  socket_left_ = keeps_socket_;
  // The host resets the streams of a process that is gone.
  for (const Pull& pull : pulls_) world_.Send(id_, pull.drainer, Msg::kFetchBroken, 0, id_);
  pulls_.clear();
}

bool LocalPump::Register(RegistryState state) {
  RegistryRecord* record = world_.pd().Edit(id_, Root::kOldPumps, id_);
  if (record == nullptr) return false;
  record->present = state != RegistryState::kAbsent;
  record->form = dialect_->position_form;
  record->alive_until = record->present ? world_.now() + kLease : 0;
  world_.Record({.kind = EventKind::kRegistryMoved,
                 .node = id_,
                 .code = static_cast<std::uint16_t>(state),
                 .text = world_.Intern("/tidb-binlog/pumps/" + record->id)});
  return true;
}

void LocalPump::OnTimer(What what, std::uint64_t, std::uint32_t) {
  switch (static_cast<Timer>(what)) {
    case kHeartbeat: Heartbeat(); break;
    case kFake: WriteFake(); break;
    case kPoll: ServePulls(); break;
    case kGc:
      CollectGarbage();
      world_.kernel().After(id_, kGcInterval, kGc);
      break;
  }
}

void LocalPump::Heartbeat() {
  if (RegistryRecord* record = world_.pd().Edit(id_, Root::kOldPumps, id_); record != nullptr) {
    record->alive_until = world_.now() + kLease;
    record->file_suffix = LocalSuffix(End());
    record->file_offset = End() % kLocalRecordsPerFile * kBytesPerBinlog;
  }
  world_.kernel().After(id_, kHeartbeatInterval, kHeartbeat);
}

void LocalPump::OnMessage(const Envelope& envelope) {
  switch (static_cast<Msg>(envelope.what)) {
    case Msg::kWriteBinlog: Write(envelope); break;
    case Msg::kFetch: Answer({envelope.from, static_cast<std::int64_t>(envelope.a)}); break;
    case Msg::kNotifyDone:
      if (notifies_open_ == 0 || envelope.b != notify_round_) break;
      if (envelope.a != 0) {
        FailStart("fail to notify all living drainer");
      } else if (--notifies_open_ == 0) {
        Serve();
      }
      break;
    default: break;
  }
}

// pump/server.go WriteBinlog: appended to the file, not synced; an error goes back to TiDB.
void LocalPump::Write(const Envelope& envelope) {
  const Binlog binlog = TakeWritten(world_, envelope.a);
  if (!serving_ || lose_next_ > 0) {
    lose_next_ -= lose_next_ > 0 ? 1 : 0;
    AckWritten(world_, id_, envelope.from, binlog, false);
    return;
  }
  wrote_since_fake_ = true;
  Store(binlog);
  AckWritten(world_, id_, envelope.from, binlog, true);
}

void LocalPump::Store(const Binlog& binlog) {
  if (static_cast<std::int64_t>(files_.back().records.size()) >= records_per_file_) {
    const std::int64_t suffix = files_.back().suffix + 1;
    files_.emplace_back().suffix = suffix;
    log_.Add(world_.now(), LogLine::kFileBegun, {.a = suffix});
  }
  files_.back().records.push_back(binlog);
  files_.back().written = world_.now();
  if (pulls_.empty() || poll_scheduled_) return;
  poll_scheduled_ = true;
  world_.kernel().After(id_, kPullPoll, kPoll);
}

// pump/server.go genFakeBinlog: only when nothing was written since the last tick.
void LocalPump::WriteFake() {
  Binlog fake;
  if (!wrote_since_fake_ && MakeFake(world_, id_, &fake)) {
    Store(fake);
    log_.Add(world_.now(), LogLine::kFake);
  }
  wrote_since_fake_ = false;
  world_.kernel().After(id_, fake_interval_, kFake);
}

std::int64_t LocalPump::End() const {
  return files_.back().suffix * kLocalRecordsPerFile +
         static_cast<std::int64_t>(files_.back().records.size());
}

void LocalPump::ServePulls() {
  poll_scheduled_ = false;
  std::vector<Pull> waiting;
  waiting.swap(pulls_);
  for (const Pull& pull : waiting) Answer(pull);
}

// Reads on in the next file at the end of one. A file that is gone is an error, which the Drainer
// takes for a passing one (pkg/file SearchIndex: the suffix itself or nothing; pingcap/tidb issue
// 6239).
void LocalPump::Answer(const Pull& pull) {
  std::erase_if(pulls_, [&](const Pull& other) { return other.drainer == pull.drainer; });
  if (LocalSuffix(pull.position) < files_.front().suffix) {
    world_.Send(id_, pull.drainer, Msg::kFetchBroken, 0, id_);
    return;
  }
  for (const File& file : files_) {
    const std::int64_t first = file.suffix * kLocalRecordsPerFile;
    const std::int64_t begin = std::max<std::int64_t>(0, pull.position - first);
    const auto count = static_cast<std::int64_t>(file.records.size());
    if (begin >= count) continue;
    const std::uint32_t slot = world_.batches().Take();
    Batch& batch = world_.batches()[slot];
    batch.first = first + begin;
    const auto from = file.records.begin() + begin;
    batch.binlogs.assign(
        from, from + std::min<std::int64_t>(count - begin, static_cast<std::int64_t>(kPullMax)));
    world_.Send(id_, pull.drainer, Msg::kFetched, slot, id_);
    return;
  }
  pulls_.push_back(pull);
}

// pump/binlogger.go GC: by age alone, whoever may not have read it; the newest file stays.
void LocalPump::CollectGarbage() {
  while (files_.size() > 1 && world_.now() - files_.front().written > gc_after_) {
    std::int64_t position = files_.front().suffix * kLocalRecordsPerFile;
    for (const Binlog& binlog : files_.front().records) {
      RecordPurged(world_, id_, binlog, position++);
    }
    log_.Add(world_.now(), LogLine::kFileGone, {.a = files_.front().suffix});
    files_.pop_front();
  }
}

bool LocalPump::OnFault(const FaultPlan& fault, bool heal) {
  if (fault.kind == FaultKind::kKeepSocket) {
    keeps_socket_ = !heal;
    if (heal) socket_left_ = false;
    return true;
  }
  if (fault.kind != FaultKind::kLoseBinlogs) return false;
  lose_next_ = heal ? 0 : fault.amount;
  return true;
}

HttpResponse LocalPump::OnHttp(const HttpRequest& request) {
  KafkaPumpNumbers numbers;
  numbers.form = PositionForm::kLatestPosAlone;
  return KafkaPumpHttp(world_, id_, request, numbers);
}

}  // namespace tidegate::sim
