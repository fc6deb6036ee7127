#include "sim/world/kafka.h"

#include <algorithm>

#include "sim/world/hosts.h"

namespace tidegate::sim {
namespace {

using trace::BinlogType;

constexpr std::size_t kFetchMax = 4096;  // about 1 MiB of small binlogs (Fetch.Default)
// sarama real_decoder.go getArrayLength: a longer array is "insane", and nothing of it is decoded.
// What is written is not bounded (tidb-binlog PR 268, pingcap/blog-cn PR 173).
constexpr std::int64_t kArrayLengthMax = 2 * 65535;

bool IsReal(const Binlog& binlog) {
  return static_cast<BinlogType>(binlog.type) != BinlogType::kFake;
}

}  // namespace

Kafka::Kafka(World& world, NodeId id) : Node(world, id), topics_(world.plan().nodes.size()) {}

bool Kafka::Bounds(NodeId from, NodeId pump, std::int64_t* oldest, std::int64_t* end) const {
  if (!world_.kernel().CanCall(from, id_)) return false;
  const Topic& topic = topics_[pump];
  *oldest = topic.oldest;
  *end = topic.oldest + static_cast<std::int64_t>(topic.log.size());
  return true;
}

const Binlog& Kafka::At(NodeId pump, std::int64_t offset) const {
  const Topic& topic = topics_[pump];
  CHECK(offset >= topic.oldest);
  return topic.log[static_cast<std::size_t>(offset - topic.oldest)];
}

void Kafka::Preload(NodeId pump, std::int64_t first_offset, const std::vector<Binlog>& binlogs) {
  topics_[pump].oldest = first_offset;
  topics_[pump].log = binlogs;
}

void Kafka::OnStopSignal() {
  world_.hosts().Exited(id_, trace::DownCause::kStopped, "stopped", false);
}

void Kafka::OnMessage(const Envelope& envelope) {
  switch (static_cast<Msg>(envelope.what)) {
    case Msg::kProduce: Append(envelope); break;
    case Msg::kFetch:
      Fetch(envelope.from, static_cast<NodeId>(envelope.b), static_cast<std::int64_t>(envelope.a));
      break;
    default: break;
  }
}

void Kafka::Append(const Envelope& envelope) {
  const NodeId pump = envelope.from;
  Topic& topic = topics_[pump];
  const std::int64_t first = topic.oldest + static_cast<std::int64_t>(topic.log.size());
  Tso last_real = 0;
  const Batch& batch = world_.batches()[envelope.a];
  const auto count = static_cast<std::int64_t>(batch.binlogs.size());
  if (batch.one_array && count > kArrayLengthMax) {
    topic.unreadable.emplace_back(first, first + count);
  }
  for (const Binlog& binlog : batch.binlogs) {
    topic.log.push_back(binlog);
    if (IsReal(binlog)) last_real = std::max({last_real, binlog.start_ts, binlog.commit_ts});
  }
  world_.batches()[envelope.a].binlogs.clear();
  world_.batches().Give(envelope.a);
  const std::int64_t end = topic.oldest + static_cast<std::int64_t>(topic.log.size());
  if (last_real != 0) {  // fakes alone change nothing that anybody may want to know
    world_.Record({.kind = trace::EventKind::kTopicAdvanced,
                   .node = id_,
                   .peer = pump,
                   .a = first,
                   .b = end,
                   .c = last_real});
  }
  world_.Send(id_, pump, Msg::kProduceDone, static_cast<std::uint64_t>(end), envelope.b);
  for (std::size_t i = 0; i < parked_.size();) {
    if (parked_[i].topic != pump) {
      ++i;
      continue;
    }
    const Parked waiting = parked_[i];
    parked_.erase(parked_.begin() + static_cast<std::ptrdiff_t>(i));
    Fetch(waiting.drainer, waiting.topic, waiting.offset);
  }
}

// From `offset` on up to `end`; `offset` itself when the batch that it lies in can't be decoded.
std::int64_t Kafka::ReadableUntil(const Topic& topic, std::int64_t offset, std::int64_t end) {
  for (const auto& [first, after] : topic.unreadable) {
    if (offset >= first && offset < after) return offset;
    if (first > offset) end = std::min(end, first);
  }
  return end;
}

void Kafka::Fetch(NodeId drainer, NodeId pump, std::int64_t offset) {
  const Topic& topic = topics_[pump];
  const std::int64_t end = topic.oldest + static_cast<std::int64_t>(topic.log.size());
  std::erase_if(parked_, [&](const Parked& p) { return p.drainer == drainer && p.topic == pump; });
  if (offset < topic.oldest || offset > end) {
    world_.Send(id_, drainer, Msg::kFetchFailed, static_cast<std::uint64_t>(topic.oldest), pump);
    return;
  }
  if (offset == end) {
    parked_.push_back({drainer, pump, offset});
    return;
  }
  const std::int64_t until = ReadableUntil(topic, offset, end);
  if (until == offset) {
    world_.Send(id_, drainer, Msg::kFetchBroken, 0, pump);
    return;
  }
  const auto begin = topic.log.begin() + static_cast<std::ptrdiff_t>(offset - topic.oldest);
  const auto count = std::min<std::size_t>(kFetchMax, static_cast<std::size_t>(until - offset));
  const std::uint32_t slot = world_.batches().Take();
  Batch& batch = world_.batches()[slot];
  batch.first = offset;
  batch.binlogs.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
  world_.Send(id_, drainer, Msg::kFetched, slot, pump);
}

void Kafka::Truncate(NodeId pump, std::int64_t keep) {
  Topic& topic = topics_[pump];
  const auto size = static_cast<std::int64_t>(topic.log.size());
  const std::int64_t gone = std::max<std::int64_t>(0, size - keep);
  for (std::int64_t i = 0; i < gone; ++i) {
    const Binlog& binlog = topic.log[static_cast<std::size_t>(i)];
    if (!IsReal(binlog)) continue;
    world_.Record({.kind = trace::EventKind::kBinlogPurged,
                   .node = id_,
                   .peer = pump,
                   .code = binlog.type,
                   .a = binlog.start_ts,
                   .b = binlog.commit_ts,
                   .c = topic.oldest + i});
  }
  topic.log.erase(topic.log.begin(), topic.log.begin() + static_cast<std::ptrdiff_t>(gone));
  topic.oldest += gone;
}

// An out-of-sync replica became leader: what only the old leader had is gone, and the offsets are
// given again (Kafka: unclean.leader.election.enable).
void Kafka::LoseTail(NodeId pump, std::int64_t count) {
  Topic& topic = topics_[pump];
  for (; count > 0 && !topic.log.empty(); --count) {
    const Binlog binlog = topic.log.back();
    topic.log.pop_back();
    if (!IsReal(binlog)) continue;
    world_.Record({.kind = trace::EventKind::kBinlogPurged,
                   .node = id_,
                   .peer = pump,
                   .code = binlog.type,
                   .a = binlog.start_ts,
                   .b = binlog.commit_ts,
                   .c = topic.oldest + static_cast<std::int64_t>(topic.log.size())});
  }
}

// Retries of a producer with several requests in flight, taken in another order by the new leader.
void Kafka::ReverseTail(NodeId pump, std::int64_t count) {
  Topic& topic = topics_[pump];
  const auto size = static_cast<std::int64_t>(topic.log.size());
  std::reverse(topic.log.end() - static_cast<std::ptrdiff_t>(std::min(count, size)),
               topic.log.end());
}

bool Kafka::OnFault(const FaultPlan& fault, bool heal) {
  switch (fault.kind) {
    case FaultKind::kRetention:
      if (!heal) Truncate(fault.peer, fault.amount);
      return true;
    case FaultKind::kUncleanLeader:
      if (!heal) LoseTail(fault.peer, fault.amount);
      return true;
    case FaultKind::kReorderTail:
      if (!heal) ReverseTail(fault.peer, fault.amount);
      return true;
    default: return false;
  }
}

void Zookeeper::OnStopSignal() {
  world_.hosts().Exited(id_, trace::DownCause::kStopped, "stopped", false);
}

bool BrokersResolve(World& world, NodeId from) {
  bool any = false;
  for (std::size_t i = 0; i < world.node_count(); ++i) {
    if (world.plan().nodes[i].info.role != Role::kZookeeper) continue;
    any = true;
    if (world.kernel().CanCall(from, static_cast<NodeId>(i))) return true;
  }
  return !any;
}

NodeId BrokerOf(World& world, NodeId pump) {
  NodeId first = kNoNode;
  std::size_t count = 0;
  for (std::size_t i = 0; i < world.node_count(); ++i) {
    if (world.plan().nodes[i].info.role != Role::kKafka) continue;
    if (first == kNoNode) first = static_cast<NodeId>(i);
    ++count;
  }
  if (first == kNoNode) return kNoNode;
  return static_cast<NodeId>(first + pump % count);
}

}  // namespace tidegate::sim
