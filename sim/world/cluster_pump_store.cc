#include "sim/world/cluster_pump_store.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tidegate::sim {
namespace {

using trace::BinlogType;

// tidb-binlog: pump/storage/storage.go GC: physical deletion stays 10 minutes behind.
constexpr std::int64_t kDeleteLagMs = 600'000;
constexpr std::size_t kTailMax = 1024;  // what an operating system may hold back

BinlogType TypeOf(const Binlog& binlog) { return static_cast<BinlogType>(binlog.type); }

bool ByCommitTs(const Binlog& one, const Binlog& other) { return one.commit_ts < other.commit_ts; }

}  // namespace

bool ClusterPumpStore::Append(const Binlog& binlog) {
  bool whole = true;
  if (tracks_tail_) {
    if (tail_.size() == 2 * kTailMax) {
      tail_.erase(tail_.begin(), tail_.begin() + static_cast<std::ptrdiff_t>(kTailMax));
    }
    tail_.push_back(binlog);
  }
  switch (TypeOf(binlog)) {
    case BinlogType::kPrewrite:
      prewrites_[binlog.start_ts] = binlog;
      queue_.push_back({binlog.start_ts, true});
      return true;
    case BinlogType::kCommit: {
      const auto found = prewrites_.find(binlog.start_ts);
      if (found == prewrites_.end()) {
        whole = false;
        if (lonely_ends_) {
          Binlog lonely = binlog;
          lonely.flags |= kUnreadable;
          Insert(lonely);
        }
        break;
      }
      const Binlog prewrite = found->second;
      prewrites_.erase(found);
      AppendCommit(binlog, prewrite);
      break;
    }
    // A rollback has commit_ts 0: it lands below every reader and only frees its prewrite.
    case BinlogType::kRollback: prewrites_.erase(binlog.start_ts); break;
    case BinlogType::kFake: Insert(binlog); break;
  }
  if (head_ == queue_.size()) {
    Raise(binlog.commit_ts);  // nothing waits in front of it
  } else {
    queue_.push_back({binlog.commit_ts, false});
  }
  return whole;
}

// tidb-binlog: pump/storage/storage.go PullCommitBinlog copies the prewrite's value and job.
void ClusterPumpStore::AppendCommit(const Binlog& binlog, const Binlog& prewrite) {
  Binlog commit = binlog;
  commit.body = prewrite.body;
  commit.ddl_job_id = prewrite.ddl_job_id;
  commit.flags |= prewrite.flags;
  if ((commit.flags & kWithoutJob) != 0) commit.ddl_job_id = 0;
  if (commit.writer == kNoNode) commit.writer = prewrite.writer;
  Insert(commit);
  last_real_commit_ts_ = std::max(last_real_commit_ts_, commit.commit_ts);
}

// The index has one value per timestamp; what comes late is near the end.
void ClusterPumpStore::Insert(const Binlog& binlog) {
  if (commits_.empty() || commits_.back().commit_ts < binlog.commit_ts) {
    commits_.push_back(binlog);
    return;
  }
  const auto at = std::lower_bound(commits_.begin(), commits_.end(), binlog, ByCommitTs);
  if (at->commit_ts == binlog.commit_ts) {
    *at = binlog;
  } else {
    commits_.insert(at, binlog);
  }
}

bool ClusterPumpStore::Sort() {
  while (head_ < queue_.size()) {
    const Item& item = queue_[head_];
    if (item.prewrite) {
      if (prewrites_.find(item.ts) != prewrites_.end()) break;
    } else {
      Raise(item.ts);
    }
    ++head_;
  }
  if (head_ == queue_.size()) {
    queue_.clear();
    head_ = 0;
  } else if (head_ >= 4096 && head_ * 2 >= queue_.size()) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  return std::exchange(sorted_ts_, max_commit_ts_) != max_commit_ts_;
}

const Binlog* ClusterPumpStore::Blocked() const {
  if (head_ == queue_.size() || !queue_[head_].prewrite) return nullptr;
  const auto found = prewrites_.find(queue_[head_].ts);
  return found == prewrites_.end() ? nullptr : &found->second;
}

void ClusterPumpStore::SkipBlocked() {
  CHECK(Blocked() != nullptr);
  prewrites_.erase(queue_[head_].ts);
}

const Binlog* ClusterPumpStore::Find(Tso ts) const {
  Binlog key;
  key.commit_ts = ts;
  const auto at = std::lower_bound(commits_.begin(), commits_.end(), key, ByCommitTs);
  if (at != commits_.end() && at->commit_ts == ts) return &*at;
  const auto found = prewrites_.find(ts);
  if (found != prewrites_.end()) return &found->second;
  // A prewrite that has met its commit: the two are one here, and keys of their own there.
  const auto matched = std::find_if(commits_.begin(), commits_.end(),
                                    [&](const Binlog& commit) { return commit.start_ts == ts; });
  return matched == commits_.end() ? nullptr : &*matched;
}

std::vector<Binlog> ClusterPumpStore::LoseTail(std::size_t count) {
  std::vector<Binlog> real;
  for (; count > 0 && !tail_.empty(); --count) {
    const Binlog lost = tail_.back();
    tail_.pop_back();
    if (TypeOf(lost) == BinlogType::kPrewrite) {
      if (prewrites_.erase(lost.start_ts) > 0) real.push_back(lost);
      continue;
    }
    Binlog key;
    key.commit_ts = lost.commit_ts;
    const auto at = std::lower_bound(commits_.begin(), commits_.end(), key, ByCommitTs);
    if (at == commits_.end() || at->commit_ts != lost.commit_ts) continue;
    if (TypeOf(lost) == BinlogType::kCommit) {
      real.push_back(*at);
      Binlog prewrite = *at;
      prewrite.type = static_cast<std::uint8_t>(BinlogType::kPrewrite);
      prewrite.commit_ts = 0;
      prewrites_[prewrite.start_ts] = prewrite;
    }
    commits_.erase(at);
  }
  return real;
}

bool ClusterPumpStore::Read(Tso after, std::size_t count_max, std::vector<Binlog>* out) const {
  // A reader that keeps up wants the last few only.
  std::size_t begin = commits_.size();
  std::size_t stride = 1;
  while (begin > 0 && commits_[begin - 1].commit_ts > after) {
    if (begin <= stride) {
      begin = 0;
      break;
    }
    begin -= stride;
    stride *= 2;
  }
  Binlog key;
  key.commit_ts = after;
  const auto from = commits_.begin() + static_cast<std::ptrdiff_t>(begin);
  for (auto at = std::upper_bound(from, commits_.end(), key, ByCommitTs);
       at != commits_.end() && at->commit_ts <= max_commit_ts_ && count_max > 0;
       ++at, --count_max) {
    if ((at->flags & kUnreadable) != 0) return false;
    out->push_back(*at);
  }
  return true;
}

std::vector<Binlog> ClusterPumpStore::Collect(Tso gc_ts) {
  std::vector<Binlog> real;
  if (gc_ts <= gc_ts_) return real;
  gc_ts_ = gc_ts;
  Binlog key;
  key.commit_ts = gc_ts - (kDeleteLagMs << kTsoLogicalBits);
  const auto end = std::upper_bound(commits_.begin(), commits_.end(), key, ByCommitTs);
  for (auto at = commits_.begin(); at != end; ++at) {
    if (TypeOf(*at) == BinlogType::kCommit) real.push_back(*at);
  }
  commits_.erase(commits_.begin(), end);
  return real;
}

}  // namespace tidegate::sim
