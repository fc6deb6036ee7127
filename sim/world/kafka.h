// A Kafka broker with one topic of one partition per Pump (tidb-binlog kafka: pump/util.go
// TopicName, partition 0 always). Offsets, parked fetches, retention.
#pragma once

#include <utility>
#include <vector>

#include "sim/world.h"

namespace tidegate::sim {

class Kafka final : public Node {
 public:
  Kafka(World& world, NodeId id);

  /// The oldest offset there is, and the one after the newest. False when `from` cannot reach it.
  bool Bounds(NodeId from, NodeId pump, std::int64_t* oldest, std::int64_t* end) const;
  /// The binlog at `offset`, for an offset seek. REQUIRES: within the bounds.
  const Binlog& At(NodeId pump, std::int64_t offset) const;
  /// Messages that were there before the run began (captured state).
  void Preload(NodeId pump, std::int64_t first_offset, const std::vector<Binlog>& binlogs);

  void OnStart() override {}
  void OnStopSignal() override;
  void OnKilled() override {}
  void OnMessage(const Envelope& envelope) override;
  bool OnFault(const FaultPlan& fault, bool heal) override;

 private:
  struct Topic {
    std::int64_t oldest = 0;  ///< offset of log.front()
    std::vector<Binlog> log;
    std::vector<std::pair<std::int64_t, std::int64_t>> unreadable;  ///< offsets [first, end)
  };
  struct Parked {
    NodeId drainer;
    NodeId topic;
    std::int64_t offset;
  };

  void Append(const Envelope& envelope);
  static std::int64_t ReadableUntil(const Topic& topic, std::int64_t offset, std::int64_t end);
  void Fetch(NodeId drainer, NodeId topic, std::int64_t offset);
  void Truncate(NodeId topic, std::int64_t keep);
  void LoseTail(NodeId topic, std::int64_t count);
  void ReverseTail(NodeId topic, std::int64_t count);

  std::vector<Topic> topics_;  // by the Pump's NodeId
  std::vector<Parked> parked_;
};

/// ZooKeeper is asked for broker addresses when a Pump or Drainer starts, and never again
/// (tidb-binlog kafka: pkg/zk/zk.go, config validation).
class Zookeeper final : public Node {
 public:
  using Node::Node;
  void OnStart() override {}
  void OnStopSignal() override;
  void OnKilled() override {}
};

/// Can a process of the Kafka era that starts on `from` find its brokers? True when some ZooKeeper
/// answers.
bool BrokersResolve(World& world, NodeId from);

/// The broker that leads the topic of `pump`. Auto-created topics have one replica, so each lives
/// on one broker (pingcap/tidb issue 6408). kNoNode when the RunPlan has no broker.
NodeId BrokerOf(World& world, NodeId pump);

}  // namespace tidegate::sim
