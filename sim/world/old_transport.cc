#include "sim/world/old_transport.h"

#include "sim/world/kafka.h"
#include "sim/world/kafka_syncer.h"
#include "sim/world/pd.h"

namespace tidegate::sim {
namespace {

constexpr std::int64_t kSafeForwardMs = 20 * 60 * 1000;  // safe-forward-time
constexpr std::int64_t kOffsetOldest = -2;

class ByKafka final : public OldTransport {
 public:
  explicit ByKafka(World& world) : world_(world) {}

  NodeId Server(NodeId pump) const override { return BrokerOf(world_, pump); }

  bool Oldest(NodeId drainer, NodeId pump, std::int64_t* oldest) const override {
    std::int64_t end = 0;
    const NodeId broker = BrokerOf(world_, pump);
    return broker != kNoNode &&
           static_cast<Kafka&>(world_.node(broker)).Bounds(drainer, pump, oldest, &end);
  }

  // offset_seeker.go: the checkpoint's position, else the first message at or after the safe
  // timestamp, else the oldest.
  std::int64_t Start(NodeId drainer, const RegistryRecord& pump, const KafkaCheckpoint& checkpoint,
                     Tso saved_commit_ts) const override {
    const auto found = checkpoint.positions.find(pump.id);
    if (found != checkpoint.positions.end()) return found->second;
    const NodeId broker = BrokerOf(world_, pump.owner);
    std::int64_t low = 0;
    std::int64_t high = 0;
    if (broker == kNoNode) return kOffsetOldest;
    const Kafka& kafka = static_cast<Kafka&>(world_.node(broker));
    const Tso safe_ts = saved_commit_ts - (kSafeForwardMs << kTsoLogicalBits);
    if (!kafka.Bounds(drainer, pump.owner, &low, &high) || low == high || safe_ts <= 0) {
      return kOffsetOldest;
    }
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      const Binlog& binlog = kafka.At(pump.owner, middle);
      const Tso ts = binlog.commit_ts != 0 ? binlog.commit_ts : binlog.start_ts;
      if (ts < safe_ts) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  bool SeekWaits(NodeId drainer, const RegistryRecord& pump,
                 const KafkaCheckpoint& checkpoint) const override {
    std::int64_t low = 0;
    std::int64_t high = 0;
    const NodeId broker = BrokerOf(world_, pump.owner);
    return checkpoint.positions.find(pump.id) == checkpoint.positions.end() && broker != kNoNode &&
           static_cast<Kafka&>(world_.node(broker)).Bounds(drainer, pump.owner, &low, &high) &&
           low == high;
  }

  bool in_files() const override { return false; }

 private:
  World& world_;
};

// tidb-binlog tag rc2.3: the savePoint names a file for each Pump, and reading begins with that
// file.
class ByPull final : public OldTransport {
 public:
  NodeId Server(NodeId pump) const override { return pump; }
  bool Oldest(NodeId, NodeId, std::int64_t* oldest) const override {
    *oldest = 0;  // the Pump answers from the first file that it has
    return true;
  }
  std::int64_t Start(NodeId, const RegistryRecord& pump, const KafkaCheckpoint& checkpoint,
                     Tso) const override {
    const auto found = checkpoint.positions.find(pump.id);
    return found == checkpoint.positions.end() ? 0 : found->second;
  }
  bool SeekWaits(NodeId, const RegistryRecord&, const KafkaCheckpoint&) const override {
    return false;
  }
  bool in_files() const override { return true; }
};

}  // namespace

std::unique_ptr<OldTransport> MakeOldTransport(World& world, Era era) {
  if (era == Era::kLocal) return std::make_unique<ByPull>();
  return std::make_unique<ByKafka>(world);
}

}  // namespace tidegate::sim
