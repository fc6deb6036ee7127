// A sink: its rows, its DDLs and its checkpoint table. It executes what Drainers send, one batch of
// jobs as one downstream transaction, after its latency; it can be slow, hung or refusing.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/world.h"
#include "sim/world/tikv.h"

namespace tidegate::sim {

/// The version of a sink that is a real database where there is a lab.
inline constexpr std::string_view kMariadb = "mariadb";
/// What a statement begins with that such a database runs itself: here it only has to arrive.
inline constexpr std::string_view kAtDatabase = "/* mariadb */ ";
/// What a statement begins with that says what rows became by it (downstream_by_hand.cc).
inline constexpr std::string_view kByHand = "/* by hand */ ";

class Downstream final : public Node {
 public:
  struct Row {
    std::int64_t value = 0;
    std::int64_t copies = 0;  ///< of keyless tables
  };

  Downstream(World& world, NodeId id);

  /// The stored checkpoint body of `store` ("tidb_binlog.checkpoint"); false when `from` cannot
  /// reach the sink. An absent one is the empty string.
  bool LoadCheckpoint(NodeId from, const std::string& store, std::string* out) const;
  /// An initial row (captured state) or an operator's REPLACE/DELETE; empty `body` deletes.
  void SetCheckpoint(const std::string& store, std::string body) {
    stores_[store] = std::move(body);
  }

  /// Replaces the wanted tables by `rows` (by table and key) with the shapes of then.
  void Load(Tso as_of, const std::vector<Tikv::RowVersion>& rows,
            const std::vector<std::uint16_t>& shapes);
  bool Wants(std::uint16_t table) const;
  /// By key.
  std::vector<std::pair<std::int64_t, Row>> RowsOf(std::uint16_t table) const;
  std::optional<Row> FindRow(std::uint16_t table, std::int64_t key) const;
  /// How many DDLs made the table's columns.
  std::uint16_t ShapeOf(std::uint16_t table) const { return shapes_[table]; }
  /// The checkpoint rows by the tables that they are in.
  const std::map<std::string, std::string>& stores() const { return stores_; }

  /// Are the wanted tables' rows these?
  bool Equals(const std::vector<Tikv::RowVersion>& rows) const;

  /// The power of the host of `drainer` goes. Of a sink that is a file the newest `count`
  /// transactions are gone, as far as they are so new that no kernel has written them back; of any
  /// other nothing is.
  void LoseTail(NodeId drainer, std::int64_t count);

  void OnStart() override {}
  void OnStopSignal() override;
  void OnKilled() override {}
  void OnMessage(const Envelope& envelope) override;
  void OnTimer(What what, std::uint64_t a, std::uint32_t b) override;
  engine::port::Answer OnSql(std::string_view statement) override;
  bool OnFault(const FaultPlan& fault, bool heal) override;
  bool Pending() const override { return !waiting_.empty(); }

 private:
  enum Timer : What { kDone = 1 };

  /// A change in a file that may not be on disk yet, and what it changed.
  struct Unsynced {
    Time written = 0;
    Job job;
    NodeId drainer = kNoNode;
    Row before;  ///< copies 0: no such row
    std::uint16_t shape_before = 0;
    bool again = false;  ///< an earlier record of the file says the same
  };

  static std::uint64_t RowKeyOf(std::uint16_t table, std::int64_t key) {
    return (static_cast<std::uint64_t>(table) << 48U) |
           (static_cast<std::uint64_t>(key) & 0xFFFF'FFFF'FFFFU);
  }
  void ChangeRow(std::uint16_t table, std::int64_t key, const Row& now);
  std::optional<engine::port::Answer> ByHand(std::string_view statement);
  void Begin(const Envelope& envelope);
  bool Apply(const Job& job, NodeId drainer);
  bool ApplyRow(const Job& job, NodeId drainer);
  void Record(const Job& job, NodeId drainer, bool ddl);
  bool DiedWith(const Envelope& envelope);
  void Remember(const Job& job, NodeId drainer);
  void TakeBack(const Unsynced& change);

  boost::unordered_flat_map<std::uint64_t, Row> rows_;
  std::vector<std::uint16_t> shapes_;  // of each table: DDLs applied
  std::map<std::string, std::string> stores_;
  std::vector<Envelope> waiting_;    // while hung
  std::vector<Envelope> executing_;  // slots; a timer carries the slot
  std::vector<std::uint32_t> free_;
  std::vector<std::pair<std::uint64_t, bool>> staged_;  // while a batch is judged: key, is there
  bool hung_ = false;
  Duration slow_ = 0;
  std::int64_t to_fail_ = 0;       // executions that end with an error
  std::int64_t acks_to_lose_ = 0;  // executions that succeed and are answered with an error
  bool may_tear_ = false;          // it is a file, and the power goes in this run
  std::deque<Unsynced> unsynced_;
  Tso written_ts_ = 0;  // of the newest transaction of the file
};

}  // namespace tidegate::sim
