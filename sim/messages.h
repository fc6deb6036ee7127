// What nodes say to one another. A message is two numbers (Envelope::a, b); whatever is larger
// rides in the world's pools (batches of binlogs, blobs) or, immutable, in the arena of transaction
// bodies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/role.h"
#include "base/tso.h"
#include "sim/kernel.h"

namespace tidegate::sim {

enum class Msg : What {
  // clients -> TiDB
  kClientTxn,  ///< a: number of the transaction in the workload
  kClientDdl,  ///< a: number of the DDL
  // TiDB -> Pump (gRPC WriteBinlog) and back
  kWriteBinlog,      ///< a: batch (one binlog)
  kWriteBinlogDone,  ///< a: start_ts; b: WriteResult << 8 | BinlogType
  // Pump -> Kafka (produce) and back
  kProduce,      ///< a: batch; b: last local file position of the batch
  kProduceDone,  ///< a: log end offset after it; b: as sent
  // Drainer -> Kafka (fetch) and back
  kFetch,        ///< a: offset; b: topic (the Pump's NodeId)
  kFetched,      ///< a: batch; b: topic; first offset stands in the batch
  kFetchFailed,  ///< a: oldest offset there is; b: topic (offset out of range)
  kFetchBroken,  ///< b: topic; nothing came of it: what was sent can't be decoded, the stream broke
  // Pump -> Drainer: gRPC Cistern.Notify, and back
  kNotify,      ///< b: the sender's own, which comes back
  kNotifyDone,  ///< a: 1 failed; b: as sent
  // cluster Drainer <-> cluster Pump: gRPC PullBinlogs stream
  kPull,     ///< a: last commit_ts seen (exclusive start)
  kPulled,   ///< a: batch
  kPullEnd,  ///< the Pump closed the stream
  // Drainer -> downstream and back
  kExecute,          ///< a: batch of jobs; b: worker
  kExecuted,         ///< a: batch of jobs; b: worker << 1 | failed
  kSaveCheckpoint,   ///< a: slot of a CheckpointWrite; the downstream gives it back
  kCheckpointSaved,  ///< a: commit_ts; b: 1 failed
  // in-process HTTP and SQL
  kProbe,  ///< an empty payload (liveness)
};

enum class WriteResult : std::uint8_t { kOk, kNotOnline, kFailed };

enum BinlogFlag : std::uint8_t {
  kOversized = 1,   ///< larger than a Kafka broker takes
  kUnreadable = 2,  ///< its pointer in the Pump's index leads nowhere
  kWithoutJob = 4,  ///< a commit that was made up for a DDL without its job (PR 852)
};

/// One binlog as Pump, Kafka and Drainer carry it (tipb binlog.proto: tp, start_ts, commit_ts,
/// prewrite_value, ddl_job_id). `body` refers to the immutable arena of transaction bodies.
struct Binlog {
  Tso start_ts = 0;
  Tso commit_ts = 0;
  std::int64_t ddl_job_id = 0;
  std::uint32_t body = UINT32_MAX;
  std::uint8_t type = 0;    ///< trace::BinlogType
  std::uint8_t flags = 0;   ///< BinlogFlag bits
  NodeId writer = kNoNode;  ///< who logged it; for events only, no node decides by it
};
static_assert(sizeof(Binlog) == 32);

/// Binlogs that travel together; `first` is the topic offset of the first one where there is one.
struct Batch {
  std::int64_t first = 0;
  bool one_array = false;  ///< produced as one array of records (Kafka's format from 0.11 on)
  std::vector<Binlog> binlogs;
};

enum class RowOp : std::uint8_t { kInsert, kUpdate, kDelete };

/// One row change of a transaction: part of the prewrite value.
struct RowChange {
  std::int64_t key = 0;
  std::int64_t value = 0;  ///< 0 for a deletion
  std::uint16_t table = 0;
  std::uint16_t shape = 0;  ///< how many DDLs made the row's columns
  RowOp op = RowOp::kInsert;
};

/// A transaction's prewrite value, or a DDL's statement. Immutable once it was logged.
struct TxnBody {
  std::uint32_t first_row = 0;
  std::uint32_t row_count = 0;
  std::uint16_t ddl_table = 0;
  std::uint16_t ddl_shape = 0;  ///< shape of ddl_table after the DDL
  std::uint8_t ddl = 0;         ///< 1: a DDL
  std::uint8_t cancelled = 0;   ///< 1: a DDL job that ended rolled back
};

/// One job of a Drainer for its sink: a row change of a transaction, or a DDL.
struct Job {
  Tso commit_ts = 0;
  Tso start_ts = 0;
  std::int64_t key = 0;
  std::int64_t value = 0;
  std::int64_t ddl_job_id = 0;
  std::uint16_t table = 0;
  std::uint16_t shape = 0;
  RowOp op = RowOp::kInsert;
  std::uint8_t ddl = 0;
  std::uint8_t last_of_txn = 0;
  std::uint8_t safe_mode = 0;
  std::uint8_t oversized = 0;  ///< the sink is Kafka, and refuses it
  std::uint8_t retry = 0;      ///< sent again though it may have been executed
};
struct JobBatch {
  std::vector<Job> jobs;
};

/// A Drainer's REPLACE into its checkpoint table.
struct CheckpointWrite {
  Tso commit_ts = 0;
  std::string store;  ///< "tidb_binlog.checkpoint"
  std::string body;   ///< the JSON of the row
};

/// Slots that are taken and given back; a message carries the slot's number.
template <typename T>
class Pool {
 public:
  std::uint32_t Take() {
    if (free_.empty()) {
      items_.emplace_back();
      return static_cast<std::uint32_t>(items_.size() - 1);
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  /// REQUIRES: slot was taken. References stay valid until the next Take.
  T& operator[](std::uint64_t slot) { return items_[slot]; }
  void Give(std::uint64_t slot) { free_.push_back(static_cast<std::uint32_t>(slot)); }

 private:
  std::vector<T> items_;
  std::vector<std::uint32_t> free_;
};

struct HttpRequest {
  std::string method = "GET";
  std::string path;
  std::string body;
};
/// `closed`: the connection is dropped without a reply (a panicking handler).
struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  bool closed = false;
};

}  // namespace tidegate::sim
