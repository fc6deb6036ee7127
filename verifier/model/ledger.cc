#include "verifier/model/ledger.h"

#include <algorithm>
#include <utility>

namespace tidegate::verifier {
namespace {

constexpr std::int64_t kTxnLifeMaxMs = 600'000;

}  // namespace

std::size_t Ledger::LowerBound(Tso ts) const { return LowerBoundIn(ts, 0, size_); }

// REQUIRES: what stands before `low` is below `ts`, and what stands at `high` is not.
std::size_t Ledger::LowerBoundIn(Tso ts, std::size_t low, std::size_t high) const {
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (At(middle).commit_ts < ts) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// From the cursor outwards in doubled steps: workers apply side by side, so what is looked for is
// nearly always near.
std::size_t Ledger::LowerBoundNear(Tso ts) const {
  if (hint_ >= size_) return LowerBound(ts);
  std::size_t step = 1;
  if (At(hint_).commit_ts < ts) {
    std::size_t low = hint_ + 1;
    while (low + step <= size_ && At(low + step - 1).commit_ts < ts) {
      low += step;
      step *= 2;
    }
    return LowerBoundIn(ts, low, std::min(low + step - 1, size_));
  }
  std::size_t high = hint_;
  while (high >= step && At(high - step).commit_ts >= ts) {
    high -= step;
    step *= 2;
  }
  return LowerBoundIn(ts, high >= step ? high - step + 1 : 0, high);
}

Commit* Ledger::FindSlow(Tso commit_ts) {
  if (size_ == 0 || commit_ts > At(size_ - 1).commit_ts) return nullptr;
  const std::size_t at = LowerBoundNear(commit_ts);
  if (at == size_ || At(at).commit_ts != commit_ts) return nullptr;
  hint_ = at;
  return &At(at);
}

const Commit* Ledger::Peek(Tso commit_ts) const {
  const std::size_t at = LowerBound(commit_ts);
  return at < size_ && At(at).commit_ts == commit_ts ? &At(at) : nullptr;
}

Commit* Ledger::FindByStart(Tso start_ts) {
  for (std::size_t i = LowerBound(start_ts); i < size_; ++i) {
    Commit& commit = At(i);
    if (commit.start_ts == start_ts) return commit.done() ? nullptr : &commit;
    if (TsoGapMs(commit.commit_ts, start_ts) > kTxnLifeMaxMs) break;
  }
  return nullptr;
}

void Ledger::Insert(const Commit& commit) {
  CHECK(commit.rows_left > 0);
  if (head_ + size_ == blocks_.size() * kBlock) {
    blocks_.push_back(spare_ != nullptr ? std::move(spare_) : std::make_unique<Commit[]>(kBlock));
  }
  std::size_t at = size_++;
  for (; at > 0 && At(at - 1).commit_ts > commit.commit_ts; --at) At(at) = At(at - 1);
  At(at) = commit;
  unhanded_from_ = std::min(unhanded_from_, commit.commit_ts);
  ++wanted_count_;
  if (commit.pump == kNoNode) return;
  if (commit.pump >= outstanding_by_pump_.size()) outstanding_by_pump_.resize(commit.pump + 1U);
  ++outstanding_by_pump_[commit.pump];
}

void Ledger::Completed(const Commit& commit) {
  ++completed_count_;
  ++done_count_;
  if (commit.pump != kNoNode) --outstanding_by_pump_[commit.pump];
  if (done_count_ > kDoneMax) Compact(commit.commit_ts);
}

Commit* Ledger::TakeBack(Tso commit_ts, std::uint64_t digest) {
  Commit* commit = Find(commit_ts);
  if (commit == nullptr) {
    if (commit_ts > forgotten_max_) return nullptr;
    Commit again;
    again.commit_ts = commit_ts;
    again.digest = digest;
    again.rows_left = 1;
    again.Set(kCommitHanded);
    Insert(again);
    return Find(commit_ts);
  }
  if (commit->done()) {
    commit->digest = 0;
    commit->flags = static_cast<std::uint8_t>(commit->flags & ~kCommitPartial);
    --done_count_;
    ++wanted_count_;
    if (commit->pump != kNoNode) ++outstanding_by_pump_[commit->pump];
  }
  commit->digest += digest;
  commit->rows_left = std::min<std::uint32_t>(commit->rows_left + 1, kRowsMax) & kRowsMax;
  return commit;
}

void Ledger::CompleteUpTo(Tso ts, std::uint32_t epoch) {
  for (std::size_t i = 0; i < size_ && At(i).commit_ts <= ts; ++i) {
    Commit& commit = At(i);
    if (commit.done()) continue;
    commit.rows_left = 0;
    commit.flags = static_cast<std::uint8_t>(commit.flags & ~kCommitPartial);
    commit.epoch = epoch & 0xFF;
    ++completed_count_;
    ++done_count_;
    if (commit.pump != kNoNode) --outstanding_by_pump_[commit.pump];
  }
  if (done_count_ > kDoneMax) Compact(ts);
}

void Ledger::Forget(Tso floor) {
  while (size_ > 0 && At(0).done() && At(0).commit_ts <= floor) PopFront();
  // A commit that is stuck in front must not keep the whole run behind it.
  if (done_count_ > kBlock && done_count_ > size_ / 2) Compact(floor);
}

void Ledger::PopFront() {
  forgotten_max_ = std::max(forgotten_max_, At(0).commit_ts);
  --done_count_;
  --size_;
  if (hint_ > 0) --hint_;
  if (++head_ == kBlock) {
    head_ = 0;
    spare_ = std::move(blocks_.front());
    blocks_.pop_front();
  }
}

void Ledger::Compact(Tso floor) {
  // Drops what is done and at or below the floor; beyond the bound, the oldest half of what is
  // done.
  std::size_t to_drop = done_count_ > kDoneMax ? done_count_ / 2 : 0;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    const Commit commit = At(i);
    if (commit.done() && (to_drop > 0 || (done_count_ <= kDoneMax && commit.commit_ts <= floor))) {
      if (to_drop > 0) --to_drop;
      forgotten_max_ = std::max(forgotten_max_, commit.commit_ts);
      continue;
    }
    At(kept++) = commit;
  }
  done_count_ -= size_ - kept;
  size_ = kept;
  hint_ = 0;
  while (blocks_.size() * kBlock >= head_ + size_ + 2 * kBlock) blocks_.pop_back();
}

std::size_t Ledger::FirstUnhanded() {
  std::size_t at = LowerBound(unhanded_from_);
  while (at < size_ && (At(at).done() || At(at).Has(kCommitHanded))) ++at;
  if (at > 0) unhanded_from_ = At(at - 1).commit_ts;
  return at;
}

}  // namespace tidegate::verifier
