// The storage of a cluster-era Pump, all of it on disk: the index by commit_ts, the prewrites that
// have no commit yet, and the value log from the sorter's position on. Binlogs become readable when
// the sorter has passed them: it consumes in arrival order and stops at a prewrite whose commit or
// rollback has not arrived. (tidb-binlog: pump/storage/{storage,sorter}.go)
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <vector>

#include "sim/messages.h"
#include "trace/event.h"

namespace tidegate::sim {

class ClusterPumpStore {
 public:
  /// Keeps the order of arrival of the newest binlogs, so that LoseTail may take them back
  /// (storage.sync-log = false).
  void TrackTail(bool tracks) {
    tracks_tail_ = tracks;
    if (!tracks) tail_.clear();
  }
  /// The power went: the newest `count` binlogs never came to the disk. Gives back the real ones.
  std::vector<Binlog> LoseTail(std::size_t count);

  /// A commit without prewrite ends the stream of whoever comes to it, instead of being skipped.
  void EndStreamsAtLonelyCommits(bool ends) { lonely_ends_ = ends; }

  /// Makes `binlog` durable. False for a commit whose prewrite is not here: it counts for the
  /// maximum and is never given to a reader ("Matching P-binlog not found").
  bool Append(const Binlog& binlog);

  /// Passes whatever may be passed. True when max_commit_ts rose since the last call.
  bool Sort();

  /// The prewrite that the sorter waits at, after Sort; null when it waits at none.
  const Binlog* Blocked() const;
  /// Passes the prewrite that blocks, as rolled back, and forgets it. REQUIRES: Blocked().
  void SkipBlocked();

  /// Readable binlogs with `after` < commit_ts <= max_commit_ts, ascending, at most `count_max`,
  /// appended to `out`. Commits carry the body and the DDL job of their prewrites. False when it
  /// stopped in front of one that cannot be read.
  bool Read(Tso after, std::size_t count_max, std::vector<Binlog>* out) const;
  /// The commit or fake of `ts`, or the prewrite of that start_ts; null when there is none.
  const Binlog* Find(Tso ts) const;

  /// Readers begin above `gc_ts` from now on; deletes what lies 600 s below it and gives back the
  /// real binlogs among it.
  std::vector<Binlog> Collect(Tso gc_ts);

  Tso max_commit_ts() const { return max_commit_ts_; }
  Tso gc_ts() const { return gc_ts_; }
  /// Of the last real commit that was appended, readable or not; 0: none.
  Tso last_real_commit_ts() const { return last_real_commit_ts_; }
  /// Prewrites without commit or rollback.
  std::size_t unmatched_count() const { return prewrites_.size(); }
  bool empty() const { return commits_.empty() && prewrites_.empty(); }

 private:
  struct Item {
    Tso ts = 0;  // start_ts of a prewrite, else commit_ts
    bool prewrite = false;
  };

  void Insert(const Binlog& binlog);
  void AppendCommit(const Binlog& binlog, const Binlog& prewrite);
  void Raise(Tso commit_ts) {
    if (commit_ts > max_commit_ts_) max_commit_ts_ = commit_ts;
  }

  std::vector<Binlog> commits_;  // ascending by commit_ts
  boost::unordered_flat_map<Tso, Binlog> prewrites_;
  std::vector<Item> queue_;
  std::size_t head_ = 0;
  Tso max_commit_ts_ = 0;
  Tso sorted_ts_ = 0;  // max_commit_ts_ at the last Sort
  Tso gc_ts_ = 0;
  Tso last_real_commit_ts_ = 0;
  bool lonely_ends_ = false;
  bool tracks_tail_ = false;
  std::vector<Binlog> tail_;  // newest last; bounded by kTailMax
};

}  // namespace tidegate::sim
