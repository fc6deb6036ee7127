// TiKV as far as binlog is concerned: locks and fates of transactions, the committed rows, and the
// history of DDL jobs.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <vector>

#include "sim/world.h"

namespace tidegate::sim {

struct DdlJob {
  std::int64_t id = 0;
  std::uint16_t table = 0;
  std::uint16_t shape = 0;
  bool cancelled = false;
  Tso start_ts = 0;
  Tso commit_ts = 0;
};

/// A DDL job in TiKV's job queue, and the TiDB that works at it.
struct DdlQueueEntry {
  std::int64_t id = 0;
  std::uint16_t table = 0;
  bool cancelled = false;
  std::uint64_t action = 0;  ///< of the engine's RunSql that asked for it; 0: a client did
  std::string marker;        ///< name of the engine's table
  NodeId owner = kNoNode;
};

class Tikv final : public Node {
 public:
  Tikv(World& world, NodeId id);

  enum class TxnState : std::uint8_t { kUnknown, kLocked, kCommitted, kRolledBack };
  struct TxnStatus {
    TxnState state = TxnState::kUnknown;
    Tso commit_ts = 0;
    Time prewritten_at = 0;
  };

  // ---- for TiDB
  /// Takes the locks of the rows; drops from `rows` those locked by others. Sets each row's op by
  /// what is committed. False when no row is left.
  bool Lock(Tso start_ts, std::vector<RowChange>* rows);
  void Prewrite(Tso start_ts);
  /// False when the transaction was rolled back meanwhile (its lock was resolved by somebody).
  bool Commit(Tso start_ts, Tso commit_ts, const RowChange* rows, std::size_t count);
  void Rollback(Tso start_ts, const RowChange* rows, std::size_t count);
  std::int64_t NextJobId() { return ++last_job_id_; }
  void QueueJob(const DdlQueueEntry& job) { queue_.push_back(job); }
  /// Moves a job from the queue to the history; the table has its shape from now on.
  void FinishJob(const DdlJob& job);
  /// A queued job whose owner is down: `tidb` owns it from now on. False when there is none.
  bool TakeOrphanJob(NodeId tidb, DdlQueueEntry* out);
  /// How many DDLs have shaped `table`.
  std::uint16_t shape(std::uint16_t table) const { return shapes_[table]; }
  void SetShape(std::uint16_t table, std::uint16_t shape) { shapes_[table] = shape; }
  /// Tables that `create table` of an engine made.
  void AddMarker(std::string name) { markers_.push_back(std::move(name)); }
  bool HasMarker(const std::string& name) const;
  /// Appends the rows of `admin show ddl jobs`.
  void ShowJobs(std::string* out) const;

  // ---- for imports: old versions of rows, while GC keeps them (tidb: gcworker/gc_worker.go)
  struct RowVersion {
    Tso commit_ts = 0;
    std::int64_t key = 0;
    std::int64_t value = 0;  ///< 0: deleted
    std::uint16_t table = 0;
  };
  const std::string& gc_life() const { return gc_life_text_; }
  void SetGcLife(std::string text, Duration life);
  /// Are the versions of `ts` still there?
  bool Readable(Tso ts) const { return ts >= safe_point_; }
  /// Rows as of `ts`, by table and key. REQUIRES: the run is a full import.
  std::vector<RowVersion> RowsAsOf(Tso ts) const;
  std::uint16_t ShapeAsOf(std::uint16_t table, Tso ts) const;

  // ---- for Pump and Drainer; false when `from` cannot reach TiKV
  /// What LockResolver.GetTxnStatus says; with `resolve`, a lock whose owner's time-to-live has
  /// passed (`ttl` since its prewrite) is rolled back by asking (tidb-binlog PR 632).
  bool GetTxnStatus(NodeId from, Tso start_ts, bool resolve, Duration ttl, TxnStatus* out);
  /// The history job `id`; job.id is 0 when it is not (yet) in the history.
  bool FindHistoryJob(NodeId from, std::int64_t id, DdlJob* out);
  const std::vector<DdlJob>& history() const { return jobs_; }

  void OnStart() override;
  void OnTimer(What what, std::uint64_t a, std::uint32_t b) override;
  void OnStopSignal() override;
  void OnKilled() override {}

 private:
  boost::unordered_flat_map<Tso, TxnStatus> open_;  // locked ones, and resolved ones that matter
  boost::unordered_flat_map<std::uint64_t, Tso> locks_;          // table and key -> start_ts
  boost::unordered_flat_map<std::uint64_t, std::int64_t> rows_;  // committed values
  std::vector<DdlJob> jobs_;
  std::vector<DdlQueueEntry> queue_;
  std::vector<std::uint16_t> shapes_;
  std::vector<std::string> markers_;
  std::int64_t last_job_id_ = 40;
  std::vector<RowVersion> versions_;  // of a full import: every change, as it committed
  std::string gc_life_text_ = "10m0s";
  Duration gc_life_ = 10 * kMinute;
  Tso safe_point_ = 0;
};

}  // namespace tidegate::sim
