// The downstream half of a cluster-era Drainer: gathers transactions, spreads their rows over
// workers by key, and executes them in rounds. A round is as large as worker-count * txn-batch rows
// or as what is there; the next one begins when it is done, and a DDL is a round of its own, so
// that changes of one key keep their order and DDL is a barrier. (tidb-binlog: pkg/loader/load.go,
// drainer/sync/mysql.go; 2.1: drainer/executor.go, syncer.go)
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/dialect.h"
#include "sim/world.h"
#include "sim/world/cluster_config.h"

namespace tidegate::sim {

class ClusterLoader {
 public:
  ClusterLoader(World& world, NodeId owner) : world_(world), owner_(owner) {}

  /// Begins anew with an empty queue. `sink` executes.
  void Reset(const ClusterDrainerConfig& config, const Dialect& dialect, NodeId sink, Tso done_ts);
  void Clear();

  bool HasRoom() const { return !halted_ && queue_.size() - taken_ < room_max_; }
  /// A transaction's rows, in its order; the caller filtered them. REQUIRES: !jobs.empty().
  void AddTxn(const std::vector<Job>& jobs);
  void AddDdl(const Job& job);
  /// A binlog that changes nothing downstream (a fake, a filtered one): only time passes.
  void AddMark(Tso commit_ts);

  /// Begins a round when none is under way.
  void Kick();
  /// Begins none any more, until the next Reset. What is under way goes on.
  void Halt() { halted_ = true; }

  void OnExecuted(const Envelope& envelope);
  void OnExecuteFailed(const Envelope& envelope);
  void OnRetry(std::uint64_t worker, std::uint32_t attempt);
  /// Once a second: sees connections that broke with a statement under way.
  void OnTick();

  /// Nothing waits and nothing is under way.
  bool Idle() const { return active_ == 0 && taken_ == queue_.size(); }
  bool has_round() const { return active_ > 0; }
  /// Everything up to here is downstream or changes nothing there.
  Tso done_ts() const { return done_ts_; }
  /// True once after a DDL was executed: its checkpoint is not put off.
  bool TakeDdlDone() { return std::exchange(ddl_done_, false); }
  Time last_success_at() const { return last_success_at_; }
  std::int64_t ddl_count() const { return ddl_count_; }
  std::int64_t txn_count() const { return txn_count_; }
  std::size_t waiting_count() const { return queue_.size() - taken_; }
  /// Kafka has acknowledged nothing for 30 s while something was on its way.
  bool StoppedByKafka() const;
  /// Why the Drainer must end; empty: it need not.
  const std::string& fatal() const { return fatal_; }

  /// The owner forwards a timer of this number to OnRetry.
  static constexpr What kRetryTimer = 60;

 private:
  struct Worker {
    std::vector<Job> jobs;
    std::size_t at = 0;   // first job of the batch under way
    std::size_t end = 0;  // one past its last
    std::uint64_t slot = kNoSlot;
    std::uint32_t attempts = 0;
    bool active = false;
  };
  static constexpr std::uint64_t kNoSlot = UINT64_MAX;

  void StartRound();
  void SendBatch(std::size_t worker);
  void Retry(std::size_t worker);
  void EndRound();
  bool Refused(std::size_t worker);
  void BatchDone(std::size_t worker);

  World& world_;
  NodeId owner_;
  NodeId sink_ = kNoNode;
  bool table_sink_ = true;
  bool always_safe_ = false;
  bool kafka_sink_ = false;
  bool thins_marks_ = false;
  KafkaAcks kafka_acks_ = KafkaAcks::kContiguous;
  Time kafka_fails_at_ = 0;  // the producer's error reaches the Drainer then; 0: there is none
  Time sent_at_ = 0;         // of the oldest batch without an answer
  std::size_t batch_ = 20;
  std::size_t round_max_ = 320;
  std::size_t room_max_ = 640;
  Duration retry_delay_ = kSecond;
  Time started_ = 0;

  std::vector<Job> queue_;
  std::size_t taken_ = 0;  // jobs of queue_ that rounds took
  std::vector<Worker> workers_;
  std::size_t active_ = 0;
  bool halted_ = false;
  bool round_is_ddl_ = false;
  bool sink_was_cut_ = false;
  Tso round_ts_ = 0;   // commit_ts of the last job of the round
  Tso passed_ts_ = 0;  // of the last thing that was added
  Tso mark_ts_ = 0;    // of the last mark that counted
  Tso done_ts_ = 0;
  bool ddl_done_ = false;
  Time last_success_at_ = 0;
  std::int64_t ddl_count_ = 0;
  std::int64_t txn_count_ = 0;
  std::string fatal_;
};

}  // namespace tidegate::sim
