// The collector of a cluster-era Drainer: which Pumps there are, and the streams from them
// (tidb-binlog: drainer/collector.go, drainer/pump.go).

#include <utility>

#include "sim/world/cluster_drainer.h"
#include "sim/world/cluster_wire.h"

namespace tidegate::sim {
namespace {

using trace::BinlogType;
using trace::DropReason;
using trace::EventKind;
using trace::RegistryState;
using Root = RegistryRecord::Root;

// Every Pump sends at least a fake binlog each three seconds; after this silence the connection is
// tried, as TCP keep-alive does.
constexpr Duration kSilenceMax = 30 * kSecond;

}  // namespace

// One pass of updateStatus: read the registry, then take the snapshot that /status shows.
bool ClusterDrainer::Collect() {
  world_.kernel().After(id_, config_.detect_interval, kDetect, ++detect_round_);
  if (!world_.pd().List(id_, Root::kPumps, &list_)) return false;
  for (const RegistryRecord* record : list_) CollectOne(*record);
  std::size_t count = 0;
  for (const ClusterSource& source : merge_.sources()) {
    if (source.removed) continue;
    if (count == pump_pos_.size()) pump_pos_.emplace_back();
    if (pump_pos_[count].first != source.id) pump_pos_[count].first = source.id;
    pump_pos_[count].second = source.latest;
    ++count;
  }
  pump_pos_.resize(count);
  ticked_ = true;
  synced_ = false;
  Advance();
  return running_;
}

// drainer/collector.go handlePumpStatusUpdate. A Pump whose key vanished stays a source, and so
// does the address that was known first.
void ClusterDrainer::CollectOne(const RegistryRecord& record) {
  ClusterSource* source = merge_.Find(record.id);
  if (source == nullptr) {
    if (record.state == RegistryState::kOffline) return;
    ClusterSource& added = merge_.Add(record.owner, record.id);
    if (record.owner != kNoNode) {
      log_.Add(world_.now(), LogLine::kSourceAdded, {.node = record.owner});
      world_.Record(
          {.kind = EventKind::kSourceAdded, .node = id_, .peer = record.owner, .a = added.latest});
    }
    Connect(&added);
    return;
  }
  switch (record.state) {
    case RegistryState::kOnline:
      if (std::exchange(source->paused, false)) {
        log_.Add(world_.now(), LogLine::kPullContinues, {.node = record.owner});
        if (!source->connected) Connect(source);
      }
      break;
    case RegistryState::kPaused:
      if (!std::exchange(source->paused, true)) {
        log_.Add(world_.now(), LogLine::kPullPaused, {.node = record.owner});
      }
      break;
    case RegistryState::kOffline: {
      std::vector<Binlog> left;
      const NodeId pump = source->pump;
      merge_.Remove(source, &left);
      if (pump != kNoNode) {
        log_.Add(world_.now(), LogLine::kSourceRemoved, {.node = pump});
        world_.Record({.kind = EventKind::kSourceRemoved, .node = id_, .peer = pump});
      }
      for (const Binlog& binlog : left) {
        if (static_cast<BinlogType>(binlog.type) == BinlogType::kFake) continue;
        world_.Record({.kind = EventKind::kBinlogDropped,
                       .node = id_,
                       .code = static_cast<std::uint16_t>(DropReason::kPendingAtForget),
                       .a = binlog.start_ts,
                       .b = binlog.commit_ts});
      }
      break;
    }
    default: break;  // pausing and closing change nothing
  }
}

// Opens a stream behind the last binlog that the merge took; what was received and not taken comes
// again.
void ClusterDrainer::Connect(ClusterSource* source) {
  source->stream = ++streams_opened_;
  source->buffer.clear();
  source->at = 0;
  source->received = 0;
  source->acked = 0;
  source->heard_at = world_.now();
  source->connected = source->pump != kNoNode;
  if (!source->connected) return;  // an address where nobody listens
  log_.Add(world_.now(), LogLine::kPulls, {.node = source->pump});
  world_.Send(id_, source->pump, Msg::kPull, static_cast<std::uint64_t>(source->latest),
              source->stream, {.report_failure = true});
}

// drainer/pump.go PullBinlog: a second later again, for ever; unless the collector paused it.
void ClusterDrainer::Disconnected(ClusterSource* source) {
  source->connected = false;
  world_.kernel().After(id_, kReconnectDelay, kReconnect, source->stream);
}

void ClusterDrainer::OnPulled(const Envelope& envelope) {
  Batch& batch = world_.batches()[envelope.a];
  ClusterSource* source = merge_.FindStream(envelope.from, envelope.b);
  const bool wanted = source != nullptr && source->connected && batch.first == source->received;
  if (wanted) {
    source->heard_at = world_.now();
    ++source->received;
    if (source->buffer.empty()) {
      source->buffer.swap(batch.binlogs);
    } else {
      source->buffer.insert(source->buffer.end(), batch.binlogs.begin(), batch.binlogs.end());
    }
  }
  batch.binlogs.clear();
  world_.batches().Give(envelope.a);
  if (wanted) Advance();
}

// Half a window at a time, once the merge has consumed all that came.
void ClusterDrainer::Acknowledge() {
  for (ClusterSource& source : merge_.sources()) {
    if (!source.connected || !source.buffer.empty()) continue;
    if (source.received - source.acked < kPullWindowBatches / 2) continue;
    source.acked = source.received;
    world_.Send(id_, source.pump, Msg::kPull, static_cast<std::uint64_t>(source.acked),
                source.stream | kPullAck, {.report_failure = true});
  }
}

void ClusterDrainer::ProbeSilentStreams() {
  for (ClusterSource& source : merge_.sources()) {
    if (!source.connected || world_.now() - source.heard_at < kSilenceMax) continue;
    source.heard_at = world_.now();
    world_.Send(id_, source.pump, Msg::kPull, static_cast<std::uint64_t>(source.acked),
                source.stream | kPullAck, {.report_failure = true});
  }
}

}  // namespace tidegate::sim
