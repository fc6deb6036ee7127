// The syncer of a Drainer of the old side: input queue, translation and filters, workers,
// checkpoint (tidb-binlog branch kafka: drainer/{syncer,causality,schema}.go,
// drainer/checkpoint/*).
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "sim/dialect.h"
#include "sim/messages.h"
#include "sim/world.h"
#include "sim/world/config.h"
#include "sim/world/filter.h"
#include "sim/world/kafka_checkpoint.h"
#include "sim/world/kafka_source.h"
#include "sim/world/node_log.h"

namespace tidegate::sim {

/// What a checkpoint says: commitTS and, for each Pump, a topic offset (already 5000 below).
struct KafkaCheckpoint {
  bool found = false;
  Tso commit_ts = 0;
  std::map<std::string, std::int64_t> positions;
};

class KafkaSyncer {
 public:
  /// REQUIRES: `log` outlives it.
  KafkaSyncer(World& world, NodeId drainer, NodeLog* log);

  /// Reads the configuration and the checkpoint. False with `why` when the Drainer cannot start.
  bool Start(const ConfigFile& config, const Dialect& dialect, std::string* why);

  const KafkaCheckpoint& loaded() const { return loaded_; }
  Tso saved_commit_ts() const { return saved_commit_ts_; }
  bool dispatches() const { return dispatch_; }
  bool InputFull() const;
  std::int64_t InputSize() const { return static_cast<std::int64_t>(input_.size()); }
  bool Pending() const;

  /// Takes one transaction in commit_ts order; equal and smaller ones are dropped with a warning.
  /// REQUIRES: !InputFull().
  void Add(const ReadyTxn& txn);
  /// When work was last done, as HTTPStatus sees it: idle workers refresh it each 3 s when the
  /// dialect and configuration say so (syncer.go sync, clearF).
  Time LastSyncTime() const;

  void OnExecuted(std::uint64_t slot, std::uint32_t worker, bool failed);
  void OnCheckpointSaved();
  void OnTimer(What what, std::uint64_t a);
  /// The sink refused the connection: counts as a failed try.
  void OnSendFailed(const Envelope& envelope);

  enum Timer : What { kRetry = 40, kFlush = 41, kSilence = 42 };

 private:
  enum class Wait : std::uint8_t { kNothing, kWorkersThenSave, kWorkersThenDdl, kDdl, kSave };
  struct Worker {
    std::deque<Job> queue;
    std::uint64_t slot = 0;
    bool busy = false;
    bool flush_scheduled = false;
    std::int64_t tries = 0;
  };

  void Run();
  bool AddJobs(const ReadyTxn& txn);  ///< false: it must wait in the middle of the transaction
  Job MakeJob(const ReadyTxn& txn, const RowChange& row, bool last_mutation) const;
  void AddDdl(const ReadyTxn& txn);
  void Feed(std::size_t worker);
  void Execute(std::size_t worker, std::size_t count);
  void CheckCheckpoint(const Job& job, bool force);
  void SaveCheckpoint();
  std::string PositionsText() const;
  void FindStore(const ConfigFile& config, bool database);
  bool WorkersIdle() const;
  void Fatal(std::string_view reason);
  bool SafeMode(RowOp op) const;
  void SkipBelowStart(const ReadyTxn& txn);
  void Sent();
  bool RetryAtKafka(std::uint64_t worker, bool failed);
  void JudgeSilence();

  World& world_;
  NodeId drainer_;
  NodeLog* log_;
  const Dialect* dialect_ = nullptr;
  NodeId sink_ = kNoNode;
  CheckpointForm form_ = CheckpointForm::kRow;
  std::string store_;  ///< "tidb_binlog.checkpoint", or the savepoint's path
  bool dispatch_ = true;
  bool safe_mode_config_ = false;
  bool kafka_sink_ = false;
  bool silence_watched_ = false;
  Time heard_at_ = 0;  // the last acknowledgement, or the first message behind it
  std::size_t batch_ = 1;
  TableFilter filter_;
  Time started_ = 0;
  Time last_save_ = 0;
  Time last_sync_ = 0;
  Tso init_commit_ts_ = 0;
  Tso last_added_ = 0;
  Tso saved_commit_ts_ = 0;
  Tso save_commit_ts_ = 0;  ///< what the save under way will say
  KafkaCheckpoint loaded_;
  std::map<std::string, std::int64_t> positions_;
  std::deque<ReadyTxn> input_;
  std::uint32_t next_row_ = 0;  ///< of input_'s first transaction
  bool any_row_ = false;        ///< one of its rows passed the filters
  std::vector<Worker> workers_;
  Wait wait_ = Wait::kNothing;
  Job ddl_;
  std::int64_t ddl_tries_ = 0;
  NodeLog::Said ddl_said_;  ///< of the DDL under way, for its last line
  bool running_ = false;
};

/// Parses a stored row's JSON or a savepoint file. An empty text is "not found".
KafkaCheckpoint ParseKafkaCheckpoint(const std::string& text, CheckpointForm form);

}  // namespace tidegate::sim
