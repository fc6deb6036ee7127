// The ledger of one sink: every real transaction and DDL that the sink is to get, from its commit
// until it is applied whole and covered by a saved checkpoint. Sorted by commit_ts; 40 bytes each,
// in blocks, so that four million outstanding commits fit in 200 MB. Commits come nearly sorted and
// are looked up nearly in order, so both ends and a cursor make the common case O(1).
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/check.h"
#include "base/role.h"
#include "base/time.h"
#include "base/tso.h"
#include "trace/event.h"

namespace tidegate::verifier {

enum CommitFlag : std::uint8_t {
  kCommitPartial = 1,   ///< some rows are applied, not all
  kCommitUnlogged = 2,  ///< committed while binlog was off or skipping
  kCommitPurged = 4,    ///< the last copy of its binlog was purged while it was missing
  kCommitHanded = 8,    ///< a Drainer handed it to the sink's queue
  kCommitDdl = 16,
  kCommitLateAck = 32,  ///< an old Pump acknowledged its prewrite after the gate decision
  kCommitSkipped = 64,  ///< a check reported it as passed over
  kCommitBehind = 128,  ///< PD had gone back: later timestamps were given before
};

struct Commit {
  Tso commit_ts = 0;
  Tso start_ts = 0;
  std::uint64_t digest = 0;  ///< sum of RowDigest over the rows not applied yet
  Time time = 0;             ///< of the commit
  std::uint32_t rows_left : 24 = 0;
  std::uint32_t epoch : 8 = 0;  ///< low bits of the sink's epoch when it was applied whole
  NodeId pump = kNoNode;        ///< who acknowledged its prewrite; of an unlogged one, the TiDB
  std::uint8_t flags = 0;
  std::uint8_t drop = 0;  ///< 1 + the DropReason of the drop that it suffered last, or
                          ///< kTornBelowCheckpoint; 0: none

  bool done() const { return rows_left == 0; }
  bool Has(CommitFlag flag) const { return (flags & flag) != 0; }
  void Set(CommitFlag flag) { flags = static_cast<std::uint8_t>(flags | flag); }
};
static_assert(sizeof(Commit) == 40);

/// In place of a drop: the file that it was written to lost it, and a checkpoint had covered it.
inline constexpr std::uint8_t kTornBelowCheckpoint = 0xFF;

/// Is `drop` (as in Commit) one after which no Drainer can get the binlog? A commit binlog
/// that died with its TiDB is found again through TiKV, a duplicate has a twin.
/// tidb-binlog branch kafka: drainer/pump.go query(), drainer/syncer.go Add()
constexpr bool IsFatalDrop(std::uint8_t drop) {
  return drop != 0 && drop - 1 != static_cast<std::uint8_t>(trace::DropReason::kWriterGone) &&
         drop - 1 != static_cast<std::uint8_t>(trace::DropReason::kDuplicate);
}

/// Most rows of one transaction and sink that are counted exactly.
inline constexpr std::uint32_t kRowsMax = (1U << 24) - 1;

/// Identity of a row change within a transaction: what was changed, and to what.
inline std::uint64_t MixDigest(std::uint64_t x) {
  x *= 0x9E3779B97F4A7C15ULL;
  x ^= x >> 32;
  x *= 0xBF58476D1CE4E5B9ULL;
  return x ^ (x >> 29);
}
inline std::uint64_t RowDigest(std::uint16_t table, std::int64_t key, std::int64_t value) {
  const std::uint64_t row =
      static_cast<std::uint64_t>(key) ^ (static_cast<std::uint64_t>(table) << 48);
  return MixDigest(MixDigest(row) + static_cast<std::uint64_t>(value));
}

class Ledger {
 public:
  static constexpr std::size_t kBlock = 4096;
  /// Whole-applied commits above the checkpoint that are kept to recognise replays.
  static constexpr std::size_t kDoneMax = std::size_t{1} << 20;

  std::size_t size() const { return size_; }
  Commit& At(std::size_t i) {
    i += head_;
    return blocks_[i / kBlock][i % kBlock];
  }
  const Commit& At(std::size_t i) const {
    i += head_;
    return blocks_[i / kBlock][i % kBlock];
  }

  /// Index of the first commit with commit_ts >= `ts`; size() when there is none.
  std::size_t LowerBound(Tso ts) const;

  /// The commit, or null: never committed, not wanted by this sink, or forgotten.
  Commit* Find(Tso commit_ts) {
    if (hint_ < size_) {
      if (At(hint_).commit_ts == commit_ts) return &At(hint_);
      if (hint_ + 1 < size_ && At(hint_ + 1).commit_ts == commit_ts) return &At(++hint_);
    }
    return FindSlow(commit_ts);
  }
  const Commit* Peek(Tso commit_ts) const;
  /// Index of the commit, from the cursor where it stands there. REQUIRES: Find(commit_ts) found
  /// it.
  std::size_t IndexOf(Tso commit_ts) const {
    return hint_ < size_ && At(hint_).commit_ts == commit_ts ? hint_ : LowerBound(commit_ts);
  }

  /// The outstanding commit that began at `start_ts`, or null. Looks 600 s of commits ahead, which
  /// no transaction outlives (TiDB store/tikv/2pc.go: maxTxnTimeUse 590 s).
  Commit* FindByStart(Tso start_ts);

  /// REQUIRES: rows_left > 0.
  void Insert(const Commit& commit);

  /// To be called when `commit` has just become done.
  void Completed(const Commit& commit);

  /// A change with `digest` of a transaction that was applied whole is gone again: it is
  /// outstanding, once more wanted, and counts as handed. One that was forgotten comes back with
  /// nothing but its commit_ts. Null: there was no such transaction.
  Commit* TakeBack(Tso commit_ts, std::uint64_t digest);

  /// A load brought everything at or below `ts`: what is outstanding there is done.
  void CompleteUpTo(Tso ts, std::uint32_t epoch);

  /// Forgets whole-applied commits at or below `floor` from the front.
  void Forget(Tso floor);

  /// Every commit_ts that was ever forgotten is at or below this.
  Tso forgotten_max() const { return forgotten_max_; }

  std::uint64_t wanted_count() const { return wanted_count_; }
  std::uint64_t outstanding_count() const { return wanted_count_ - completed_count_; }
  std::uint64_t completed_count() const { return completed_count_; }
  /// Outstanding commits whose prewrite `pump` acknowledged.
  std::uint64_t OutstandingAt(NodeId pump) const {
    return pump < outstanding_by_pump_.size() ? outstanding_by_pump_[pump] : 0;
  }

  /// Index of the first commit that is neither done nor handed; size() when there is none.
  std::size_t FirstUnhanded();

 private:
  Commit* FindSlow(Tso commit_ts);
  std::size_t LowerBoundIn(Tso ts, std::size_t low, std::size_t high) const;
  std::size_t LowerBoundNear(Tso ts) const;
  void PopFront();
  void Compact(Tso floor);

  std::deque<std::unique_ptr<Commit[]>> blocks_;
  std::unique_ptr<Commit[]> spare_;
  std::size_t head_ = 0;  // offset of the first commit in blocks_[0]
  std::size_t size_ = 0;
  std::size_t hint_ = 0;
  std::size_t done_count_ = 0;  // of those still here
  Tso unhanded_from_ = 0;
  Tso forgotten_max_ = 0;
  std::uint64_t wanted_count_ = 0;
  std::uint64_t completed_count_ = 0;
  std::vector<std::uint64_t> outstanding_by_pump_;
};

}  // namespace tidegate::verifier
