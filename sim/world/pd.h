// PD: the timestamp oracle and the etcd that both eras of TiDB Binlog register in. Registry values
// are kept typed and rendered as the product's JSON only when somebody outside looks, because
// heartbeats rewrite them every two seconds.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/dialect.h"
#include "sim/world.h"

namespace tidegate::sim {

/// One node's entry. Kafka era: /tidb-binlog/{pumps,cisterns}/<id>/{object,alive}
/// (tidb-binlog kafka: pump/registry.go). Cluster era: /tidb-binlog/v1/{pumps,drainers}/<id>
/// (tidb-binlog master: pkg/node/node.go).
struct RegistryRecord {
  enum class Root : std::uint8_t { kOldPumps, kOldDrainers, kPumps, kDrainers };
  Root root = Root::kOldPumps;
  std::string id;            ///< "host:8250"
  std::string host;          ///< advertised "ip:port"
  NodeId owner = kNoNode;    ///< kNoNode: a leftover of a process that is not in this world
  bool present = false;      ///< has a key at all
  bool undecodable = false;  ///< its value is none of this era's
  // Kafka era
  bool is_offline = false;
  Time alive_until = 0;  ///< end of the lease of the `alive` key
  PositionForm form = PositionForm::kFileAndKafka;
  std::int64_t file_suffix = 0;
  std::int64_t file_offset = 0;
  std::int64_t kafka_offset = 0;
  Tso offline_ts = 0;
  // cluster era
  trace::RegistryState state = trace::RegistryState::kAbsent;
  Tso max_commit_ts = 0;
  Tso update_ts = 0;
};

/// The prefix of the keys below it: "/tidb-binlog/v1/pumps/".
std::string_view RootPath(RegistryRecord::Root root);

class Pd final : public Node {
 public:
  Pd(World& world, NodeId id);

  /// A fresh timestamp, above all before; false when `from` cannot reach PD or PD gives none.
  bool GetTso(NodeId from, Tso* out);
  /// For the trace only: the timestamp of this moment, without taking one.
  Tso Peek() const;

  /// The record of `owner` below `root`, for `from` to change (present is set by the caller); null
  /// when etcd cannot be reached. One call is one transaction.
  RegistryRecord* Edit(NodeId from, RegistryRecord::Root root, NodeId owner);
  /// Every present record below `root`, by id; false when etcd cannot be reached.
  bool List(NodeId from, RegistryRecord::Root root, std::vector<const RegistryRecord*>* out);
  /// The id under which `owner` registers ("host:8250"): of the cluster era, read from its .node
  /// file when the process starts.
  const std::string& IdOf(NodeId owner) const;
  /// From its next start on `owner` registers as `other` does, or under a new id.
  void ShareId(NodeId owner, NodeId other) { identities_[owner].share = other; }
  void LoseId(NodeId owner) { identities_[owner].lost = true; }
  /// The process of `owner` reads its id.
  void ReadId(NodeId owner);

  /// binlogctl update-*, CHANGE PUMP: overwrites the state alone, whatever it was; the next
  /// heartbeat of a living process undoes it. False when there is no such entry.
  bool Overwrite(RegistryRecord::Root root, NodeId owner, trace::RegistryState state);
  /// The same by node id.
  bool Overwrite(RegistryRecord::Root root, std::string_view id, trace::RegistryState state);
  /// The node of the plan whose process keeps the entry of `id` below `root`, a root of the cluster
  /// era; kNoNode: none does.
  NodeId OwnerOf(RegistryRecord::Root root, std::string_view id) const;
  /// The address with which `owner` registers.
  std::string AddressOf(NodeId owner) const;
  /// etcd's put of a whole entry, whatever was there: root (one of the cluster era), id, host,
  /// state and timestamps. REQUIRES: `host` is AddressOf its owner, if it has one.
  void Put(const RegistryRecord& entry);
  /// The entry of `id` goes, until the next heartbeat of a living process makes it anew
  /// (tidb-binlog: pkg/node/registry.go UpdateNode). `root` is one of the cluster era.
  void Delete(RegistryRecord::Root root, std::string_view id);

  /// etcd answers; what the gateway gives is void otherwise.
  bool serves_etcd() const { return serves_etcd_; }

  /// A leftover entry without a process (a fault).
  void AddLeftover(const RegistryRecord& record);
  /// Somebody deletes those that can't be decoded.
  void RemoveUndecodable();

  /// What /v3/kv/range answers for all keys below `prefix` (etcd v3 JSON gateway, base64).
  std::string RangeJson(std::string_view prefix) const;
  /// Parts of such an answer: "{…}" of its header; and `,"kvs":[…],"count":"n"` for all keys that
  /// begin with `key`, or for `key` alone, empty when there is none.
  std::string HeaderJson() const;
  std::string KvsJson(std::string_view key, bool prefix) const;
  /// The same pairs, "{…},{…}", without a count; empty when there is none.
  std::string PairsJson(std::string_view key, bool prefix) const;
  /// Their keys, sorted.
  std::vector<std::string> Keys(std::string_view key, bool prefix) const;
  /// The value of `key`; nothing: no such key.
  std::optional<std::string> ValueOf(std::string_view key) const;

  void OnStart() override {}
  void OnStopSignal() override;
  void OnKilled() override {}
  HttpResponse OnHttp(const HttpRequest& request) override;
  bool OnFault(const FaultPlan& fault, bool heal) override;

 private:
  struct Identity {
    std::string id;          ///< empty: the node's own
    NodeId key = kNoNode;    ///< whose record it writes
    NodeId share = kNoNode;  ///< from the next start on
    bool lost = false;       ///< the same: a new one
  };

  bool Reachable(NodeId from) const;
  bool EtcdReachable(NodeId from) const { return serves_etcd_ && Reachable(from); }
  std::size_t RecordIndex(RegistryRecord::Root root, NodeId owner) const;
  bool Overwrite(RegistryRecord* record, trace::RegistryState state);
  void RecordMove(const RegistryRecord& record);
  std::vector<std::pair<std::string, std::string>> Entries() const;

  Tso last_ = 0;
  bool gives_tso_ = true;
  bool serves_etcd_ = true;
  Duration set_back_ = 0;
  std::vector<RegistryRecord> records_;  // by root and owner: index root * node_count + owner
  std::vector<RegistryRecord> leftovers_;
  std::vector<Identity> identities_;  // by node
};

}  // namespace tidegate::sim
