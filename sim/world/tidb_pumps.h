// The pump client of a TiDB: which Pumps there are, which of them are usable, and which one takes
// the next prewrite binlog. It learns of states by an etcd watch and of failures by its own writes;
// a Pump that failed more than ten times in a row is left alone until a probe succeeds.
// (tidb-tools: tidb-binlog/pump_client/{client,pump,selector}.go)
#pragma once

#include <vector>

#include "sim/dialect.h"
#include "sim/world/pd.h"

namespace tidegate::sim {

class PumpClient {
 public:
  enum class Strategy : std::uint8_t { kRange, kHash };

  PumpClient(World& world, NodeId owner) : world_(world), owner_(owner) {}

  /// Begins anew. False when etcd knows no Pump at all, or does not answer.
  bool Connect(const TidbDialect& dialect, Strategy strategy);

  /// The usable Pump for try number `tries` of a prewrite, another one than `avoid` where there is
  /// one; kNoNode when none is usable.
  NodeId Choose(Tso start_ts, std::int64_t tries, NodeId avoid);
  /// Watch events come within moments: the next Choose reads the registry anew.
  void Refresh() { read_at_ = -1; }
  std::int64_t usable_count() const { return static_cast<std::int64_t>(usable_.size()); }
  /// The `n`th Pump that is worth a last try although it is not usable; kNoNode behind the last.
  NodeId LastResort(std::int64_t n) const;

  void Succeeded(NodeId pump);
  void Failed(NodeId pump);

  /// Sends an empty payload to each Pump that is online and failed too often. Every 30 s.
  void Probe();

 private:
  struct Entry {
    NodeId pump = kNoNode;
    bool online = false;
    std::int32_t errors = 0;
  };

  Entry* Find(NodeId pump);
  void Read();
  void Rank();
  static bool Usable(const Entry& entry);

  World& world_;
  NodeId owner_;
  TidbDialect dialect_;
  Strategy strategy_ = Strategy::kRange;
  std::vector<Entry> pumps_;  // in the order in which the registry lists them
  std::vector<NodeId> usable_;
  std::vector<const RegistryRecord*> records_;
  std::size_t next_ = 0;
  Time read_at_ = -1;
};

}  // namespace tidegate::sim
