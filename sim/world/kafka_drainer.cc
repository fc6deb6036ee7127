#include "sim/world/kafka_drainer.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/world/config.h"
#include "sim/world/hosts.h"
#include "sim/world/kafka.h"
#include "sim/world/kafka_http.h"
#include "sim/world/pd.h"

namespace tidegate::sim {
namespace {

using trace::EventKind;
using Root = RegistryRecord::Root;

constexpr Duration kHeartbeatInterval = 10 * kSecond;
constexpr Duration kLease = 60 * kSecond;
constexpr Duration kFetchWait = 250 * kMillisecond;      // sarama MaxWaitTime
constexpr std::int64_t kSafeForwardMs = 20 * 60 * 1000;  // safe-forward-time

}  // namespace

KafkaDrainer::KafkaDrainer(World& world, NodeId id)
    : Node(world, id), transport_(MakeOldTransport(world, plan().info.era)) {}

void KafkaDrainer::OnStart() {
  const ConfigFile& config = ReadConfigFile(world_.hosts().running_config(id_));
  dialect_ = &DialectOfVersion(world_.hosts().running_version(id_));
  if (!config.broken()) {
    log_.Begin(world_.now(), *dialect_, world_.hosts().running_version(id_));
    log_.Add(world_.now(), LogLine::kConnected);
  }
  detect_interval_ = config.Int("detect-interval", 10) * kSecond;
  synced_check_ = config.Int("synced-check-time", 5) * kMinute;
  ForgetAll();
  const auto fail = [&](std::string_view why) {
    world_.hosts().Exited(id_, trace::DownCause::kFailedToStart, why, true);
  };
  // Said on standard error: the log comes after it (cmd/drainer/main.go).
  if (config.broken()) return fail("config: not TOML");
  if (!BrokersResolve(world_, id_)) return fail("config: zookeeper gives no broker");
  syncer_ = std::make_unique<KafkaSyncer>(world_, id_, &log_);
  std::string why;
  if (!syncer_->Start(config, *dialect_, &why)) return fail(why);
  RegistryRecord* record = world_.pd().Edit(id_, Root::kOldDrainers, id_);
  if (record == nullptr) return fail("register: etcd does not answer");
  record->present = true;
  record->alive_until = world_.now() + kLease;
  world_.Record({.kind = EventKind::kRegistryMoved,
                 .node = id_,
                 .code = static_cast<std::uint16_t>(trace::RegistryState::kAlive),
                 .text = world_.Intern("/tidb-binlog/cisterns/" + record->id)});
  world_.kernel().After(id_, kHeartbeatInterval, kHeartbeat);
  world_.kernel().After(id_, detect_interval_, kTick);
}

void KafkaDrainer::ForgetAll() {
  AnswerNotifiers(true);
  sources_.clear();
  offlines_.clear();
  publishing_.clear();
  publishing_at_ = 0;
  latest_ts_ = window_upper_ = window_lower_ = 0;
  in_tick_ = tick_again_ = false;
  seeking_ = kNoNode;
  tick_count_ = 0;
  detect_failed_ = false;
  snapshot_ = {};
}

// drainer/server.go Close: the etcd subtree goes, contexts are cancelled, queued and batched SQL is
// dropped, nothing is saved, exit status 0.
void KafkaDrainer::OnStopSignal() {
  log_.Add(world_.now(), LogLine::kSignal);
  if (RegistryRecord* record = world_.pd().Edit(id_, Root::kOldDrainers, id_); record != nullptr) {
    record->present = false;
    world_.Record({.kind = EventKind::kRegistryMoved,
                   .node = id_,
                   .code = static_cast<std::uint16_t>(trace::RegistryState::kAbsent),
                   .text = world_.Intern("/tidb-binlog/cisterns/" + record->id)});
  }
  ForgetAll();
  world_.hosts().Exited(id_, trace::DownCause::kStopped, "stopped", false);
}

void KafkaDrainer::OnKilled() { ForgetAll(); }

bool KafkaDrainer::Pending() const {
  if (syncer_ == nullptr) return false;
  if (!world_.kernel().IsUp(id_)) return false;
  // The first tick that succeeds finds the Pumps, then they are read.
  if (tick_count_ < 2 || detect_failed_) return true;
  if (syncer_->Pending() || publishing_at_ < publishing_.size()) return true;
  return std::any_of(sources_.begin(), sources_.end(),
                     [](const auto& source) { return source->Pending(); });
}

KafkaSource* KafkaDrainer::Find(NodeId pump) {
  for (const auto& source : sources_) {
    if (source->pump() == pump) return source.get();
  }
  return nullptr;
}

void KafkaDrainer::OnTimer(What what, std::uint64_t a, std::uint32_t) {
  switch (what) {
    case kSeek:
      if (seeking_ == kNoNode) break;
      in_tick_ = false;
      Tick();
      break;
    case kTick:
      world_.kernel().After(id_, detect_interval_, kTick);
      Tick();
      break;
    case kHeartbeat:
      if (RegistryRecord* record = world_.pd().Edit(id_, Root::kOldDrainers, id_);
          record != nullptr) {
        record->alive_until = world_.now() + kLease;
      }
      world_.kernel().After(id_, kHeartbeatInterval, kHeartbeat);
      break;
    case KafkaSource::kRetryFetch:
      if (KafkaSource* source = Find(static_cast<NodeId>(a)); source != nullptr) source->OnRetry();
      break;
    case KafkaSource::kPoll:
      if (KafkaSource* source = Find(static_cast<NodeId>(a)); source != nullptr) {
        source->OnPoll(View());
      }
      break;
    default:
      syncer_->OnTimer(what, a);
      Publish();
      break;
  }
  ResetIfGone();
}

void KafkaDrainer::OnMessage(const Envelope& envelope) {
  const auto pump = static_cast<NodeId>(envelope.b);
  switch (static_cast<Msg>(envelope.what)) {
    case Msg::kFetched:
      if (KafkaSource* source = Find(pump); source != nullptr) {
        source->OnFetched(static_cast<std::uint32_t>(envelope.a), View());
      } else {
        world_.batches().Give(envelope.a);
      }
      break;
    case Msg::kFetchFailed:
      if (KafkaSource* source = Find(pump); source != nullptr) {
        source->OnOutOfRange(static_cast<std::int64_t>(envelope.a));
      }
      break;
    case Msg::kFetchBroken:
      if (KafkaSource* source = Find(pump); source != nullptr) source->OnFetchFailed();
      break;
    case Msg::kExecuted:
      syncer_->OnExecuted(envelope.a, envelope.b >> 1U, (envelope.b & 1U) != 0);
      Publish();
      break;
    case Msg::kCheckpointSaved:
      syncer_->OnCheckpointSaved();
      Publish();
      break;
    case Msg::kNotify:
      notifiers_.push_back({envelope.from, envelope.b});
      Tick();
      break;
    default: break;
  }
  ResetIfGone();
}

void KafkaDrainer::OnSendFailed(const Envelope& envelope, SendFailure) {
  if (static_cast<Msg>(envelope.what) != Msg::kFetch) {
    syncer_->OnSendFailed(envelope);
  } else if (KafkaSource* source = Find(static_cast<NodeId>(envelope.b)); source != nullptr) {
    source->OnFetchFailed();
  }
  ResetIfGone();
}

// One pass of the collector; serial: while it is blocked on the syncer's queue nothing here moves.
void KafkaDrainer::Tick() {
  if (in_tick_) {
    tick_again_ = !notifiers_.empty();
    return;
  }
  in_tick_ = true;
  detect_failed_ = !UpdatePumps();
  if (detect_failed_) {
    snapshot_.built = true;
    snapshot_.synced = false;
    FinishTick();
    return;
  }
  if (seeking_ == kNoNode) Collect();
}

bool KafkaDrainer::UpdatePumps() {
  std::vector<const RegistryRecord*> pumps;
  seeking_ = kNoNode;
  if (!world_.pd().List(id_, Root::kOldPumps, &pumps)) return false;
  for (const RegistryRecord* pump : pumps) {
    // collector.go DetectPumps, pump/registry.go: one entry that can't be decoded ends the whole
    // detection, at each tick anew (pingcap/docs-cn issue 518).
    if (pump->undecodable) return false;
  }
  if (!world_.pd().GetTso(id_, &latest_ts_)) latest_ts_ = 0;  // the error is only logged
  for (const RegistryRecord* pump : pumps) {
    if (pump->owner != kNoNode) UpdatePump(*pump);
    if (seeking_ != kNoNode) return true;
  }
  ForgetGone(pumps);
  return true;
}

// Tag rc2.3: drainer/collector.go: a Pump without a key is dropped, read to its end or not.
void KafkaDrainer::ForgetGone(const std::vector<const RegistryRecord*>& pumps) {
  if (dialect_->pump_forgotten != PumpForgotten::kKeyGone) return;
  std::erase_if(sources_, [&](const auto& source) {
    const bool there = std::any_of(pumps.begin(), pumps.end(), [&](const RegistryRecord* record) {
      return record->owner == source->pump();
    });
    if (there) return false;
    source->Abandon();
    log_.Add(world_.now(), LogLine::kSourceRemoved, {.node = source->pump()});
    world_.Record({.kind = EventKind::kSourceRemoved, .node = id_, .peer = source->pump()});
    return true;
  });
}

// collector.go updatePumpStatus: IsAlive and Host are ignored; only IsOffline counts.
void KafkaDrainer::UpdatePump(const RegistryRecord& record) {
  const Tso safe_ts = syncer_->saved_commit_ts() - (kSafeForwardMs << kTsoLogicalBits);
  KafkaSource* source = Find(record.owner);
  if (source == nullptr) {
    const bool was_dropped =
        std::find(offlines_.begin(), offlines_.end(), record.owner) != offlines_.end();
    if (record.is_offline && (record.offline_ts <= safe_ts || was_dropped)) return;
    AddSource(record);
    return;
  }
  // hadFinished: the recorded position was taken before the tail was pushed.
  if (record.is_offline && source->latest_pos() >= record.kafka_offset - 1 &&
      source->latest_valid_commit_ts() <= window_lower_) {
    offlines_.push_back(record.owner);
    log_.Add(world_.now(), LogLine::kSourceRemoved, {.node = record.owner});
    world_.Record({.kind = EventKind::kSourceRemoved, .node = id_, .peer = record.owner});
    std::erase_if(sources_, [&](const auto& s) { return s->pump() == record.owner; });
  }
}

void KafkaDrainer::AddSource(const RegistryRecord& record) {
  if (dialect_->empty_topic == EmptyTopicSeek::kWaitsForMessage &&
      transport_->SeekWaits(id_, record, syncer_->loaded())) {
    // The seeker reads on in a topic without a message, and the collector waits for it (PR 272,
    // e5e7ab85): no tick ends, and no Pump that notifies this Drainer goes on.
    seeking_ = record.owner;
    world_.kernel().After(id_, kFetchWait, kSeek);
    return;
  }
  std::erase(offlines_, record.owner);
  const std::int64_t position =
      transport_->Start(id_, record, syncer_->loaded(), syncer_->saved_commit_ts());
  sources_.push_back(
      std::make_unique<KafkaSource>(world_, id_, record.owner, position, *dialect_, *transport_));
  world_.Record(
      {.kind = EventKind::kSourceAdded, .node = id_, .peer = record.owner, .a = position});
  sources_.back()->Fetch();
}

void KafkaDrainer::Collect() {
  window_upper_ = std::max(window_upper_, latest_ts_);
  Tso lower = sources_.empty() ? 0 : INT64_MAX;
  for (const auto& source : sources_) lower = std::min(lower, source->latest_valid_commit_ts());
  lower_candidate_ = lower;
  publishing_.clear();
  publishing_at_ = 0;
  if (lower > window_lower_) {
    for (const auto& source : sources_) source->TakeUpTo(lower, window_lower_, &publishing_);
    if (dialect_->lower_moves == LowerMoves::kBeforeQueued) MoveLower();
    std::stable_sort(
        publishing_.begin(), publishing_.end(),
        [](const ReadyTxn& x, const ReadyTxn& y) { return x.commit_ts < y.commit_ts; });
  }
  Publish();
}

// collector.go publishBinlogs: blocks while the syncer's input is full.
void KafkaDrainer::Publish() {
  if (!in_tick_ || seeking_ != kNoNode) return;
  while (publishing_at_ < publishing_.size()) {
    if (syncer_->InputFull()) return;
    const ReadyTxn& txn = publishing_[publishing_at_++];
    if (KafkaSource* source = Find(txn.pump); source != nullptr) source->Published(txn.offset);
    syncer_->Add(txn);
    if (!world_.kernel().IsUp(id_)) return;
  }
  MoveLower();
  BuildSnapshot(lower_candidate_, latest_ts_);
  FinishTick();
}

void KafkaDrainer::MoveLower() {
  if (lower_candidate_ <= window_lower_) return;
  window_lower_ = lower_candidate_;
  world_.Record(
      {.kind = EventKind::kWindowMoved, .node = id_, .a = window_upper_, .b = window_lower_});
}

void KafkaDrainer::BuildSnapshot(Tso lower, Tso upper) {
  snapshot_.built = true;
  snapshot_.synced =
      dialect_->synced == SyncedRule::kAsPromised ? PromisedSynced() : lower == upper;
  snapshot_.upper = window_upper_;
  snapshot_.lower = window_lower_;
  snapshot_.pump_pos.clear();
  for (const auto& source : sources_) {
    snapshot_.pump_pos.emplace_back(world_.node_plan(source->pump()).etcd_id,
                                    source->current_pos());
  }
  std::sort(snapshot_.pump_pos.begin(), snapshot_.pump_pos.end());
}

// The documented dialect: nothing is on its way, and the window's gap is below two detect
// intervals.
bool KafkaDrainer::PromisedSynced() const {
  return !sources_.empty() && !Pending() && window_lower_ > 0 &&
         TsoGapMs(window_upper_, window_lower_) * kMillisecond < 2 * detect_interval_;
}

// A Notify that was received fails when its connection is lost (grpc-go: call.go Invoke, fail fast:
// "transport is closing"), and the host resets those of a process that is gone.
void KafkaDrainer::AnswerNotifiers(bool failed) {
  std::vector<Notifier> notifiers;
  notifiers.swap(notifiers_);
  for (const Notifier& notifier : notifiers) {
    world_.Send(id_, notifier.pump, Msg::kNotifyDone, failed ? 1 : 0, notifier.round);
  }
}

// The syncer ends the process where it can't go on.
void KafkaDrainer::ResetIfGone() {
  if (!world_.kernel().IsUp(id_)) AnswerNotifiers(true);
}

void KafkaDrainer::FinishTick() {
  in_tick_ = false;
  ++tick_count_;
  AnswerNotifiers(false);
  for (const auto& source : sources_) {
    source->Advance(View());
    source->Fetch();
  }
  if (tick_again_) {
    tick_again_ = false;
    Tick();
  }
}

// collector.go HTTPStatus: the gap is computed in seconds and compared as nanoseconds, so it always
// passes; what is left is "no worker refreshed lastSyncTime for synced-check-time". It writes into
// the cached snapshot.
HttpResponse KafkaDrainer::OnHttp(const HttpRequest& request) {
  if (snapshot_.built && dialect_->synced == SyncedRule::kIdleTime) {
    const std::int64_t interval_ns = TsoGapMs(snapshot_.upper, snapshot_.lower) / 1000;
    if (interval_ns < 2 * detect_interval_ &&
        world_.now() - syncer_->LastSyncTime() > synced_check_) {
      snapshot_.synced = true;
    }
  }
  KafkaDrainerNumbers numbers;
  numbers.ticked = snapshot_.built;
  numbers.in_files = transport_->in_files();
  numbers.pump_pos = snapshot_.pump_pos;
  numbers.synced = snapshot_.synced;
  numbers.upper = snapshot_.upper;
  numbers.lower = snapshot_.lower;
  numbers.saved_commit_ts = syncer_->saved_commit_ts();
  numbers.input_queue = syncer_->InputSize();
  for (const auto& source : sources_) {
    numbers.error_count += source->error_count();
    numbers.query_tikv_count += source->query_count();
  }
  return KafkaDrainerHttp(request, *dialect_, numbers);
}

}  // namespace tidegate::sim
