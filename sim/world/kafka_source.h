// What the Drainer of the old side holds for one Pump: puller, matcher, publisher and heap
// (tidb-binlog branch kafka: drainer/pump.go). It knows nothing but what came out of the topic and
// what TiKV answered.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <vector>

#include "sim/dialect.h"
#include "sim/messages.h"
#include "sim/world.h"
#include "sim/world/old_transport.h"

namespace tidegate::sim {

/// A matched transaction that waits in a Pump's heap or travels to the syncer.
struct ReadyTxn {
  Tso commit_ts = 0;
  Tso start_ts = 0;
  std::int64_t ddl_job_id = 0;
  std::int64_t offset = 0;  ///< of its prewrite in the topic
  std::uint32_t body = UINT32_MAX;
  NodeId pump = kNoNode;
};

/// What a source needs of the Drainer that owns it.
struct SourceView {
  Tso latest_ts = 0;  ///< PD's timestamp at the last tick
  Tso window_lower = 0;
};

class KafkaSource {
 public:
  KafkaSource(World& world, NodeId drainer, NodeId pump, std::int64_t start_position,
              const Dialect& dialect, const OldTransport& transport);

  NodeId pump() const { return pump_; }
  Tso latest_valid_commit_ts() const { return latest_valid_; }
  std::int64_t latest_pos() const { return latest_pos_; }
  std::int64_t current_pos() const { return current_pos_; }
  bool puller_exited() const { return puller_exited_; }
  std::int64_t error_count() const { return error_count_; }
  std::int64_t query_count() const { return query_count_; }
  /// Something real is on its way to the heap or in it.
  bool Pending() const;

  void Fetch();
  void OnFetched(std::uint32_t slot, const SourceView& view);
  void OnOutOfRange(std::int64_t oldest);
  /// The broker did not answer: try again in 3 s.
  void OnFetchFailed();
  void OnRetry();
  /// The 3 s poll of a blocked publisher (orphans, DDL jobs).
  void OnPoll(const SourceView& view);
  /// Moves what is matched into the heap, as far as the stream allows.
  void Advance(const SourceView& view);
  /// Takes what is at or below `lower` out of the heap; drops what is at or below `old_lower`.
  void TakeUpTo(Tso lower, Tso old_lower, std::vector<ReadyTxn>* out);
  /// The Drainer lets go of the Pump: what it holds of it is gone.
  void Abandon();
  void Published(std::int64_t offset) { current_pos_ = offset; }

  enum Timer : What { kRetryFetch = 20, kPoll = 21 };

 private:
  struct Entry {  // of the stream, in topic order
    Tso start_ts;
    Tso commit_ts;
    bool prewrite;
  };
  struct Item {
    Binlog prewrite;
    std::int64_t offset = 0;
  };

  void Receive(const Binlog& binlog, std::int64_t offset);
  void Match(Tso start_ts, Tso commit_ts);
  bool Resolve(const Item& item, const SourceView& view);
  bool PutIntoHeap(const SourceView& view);
  void SchedulePoll();
  void ScheduleRetry();
  void Drop(const Binlog& binlog, Tso commit_ts, trace::DropReason reason);

  World& world_;
  NodeId drainer_;
  NodeId pump_;
  const Dialect& dialect_;
  const OldTransport& transport_;
  std::int64_t next_offset_;
  std::int64_t latest_pos_ = 0;
  std::int64_t current_pos_;
  Tso latest_valid_ = 0;
  bool fetching_ = false;
  bool retry_scheduled_ = false;
  bool puller_exited_ = false;
  bool poll_scheduled_ = false;
  bool ddl_alerted_ = false;
  std::int64_t error_count_ = 0;
  std::int64_t query_count_ = 0;
  std::deque<Entry> stream_;
  boost::unordered_flat_map<Tso, Item> pending_;  // prewrites without a commit, by start_ts
  std::vector<ReadyTxn> matched_;
  std::vector<ReadyTxn> heap_;  // unordered; sorted when taken
};

}  // namespace tidegate::sim
