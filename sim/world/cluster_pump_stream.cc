// The reading half of a cluster-era Pump: PullBinlogs streams (cluster_wire.h).

#include <algorithm>

#include "sim/world/cluster_pump.h"
#include "sim/world/cluster_wire.h"

namespace tidegate::sim {
namespace {

using trace::BinlogType;
using trace::DropReason;
using trace::EventKind;

// A reader that has everything looks again after 100 ms (tidb-binlog: pump/storage/storage.go
// PullCommitBinlog).
constexpr Duration kPollInterval = 100 * kMillisecond;

}  // namespace

void ClusterPump::OnPull(const Envelope& envelope) {
  const std::uint32_t number = envelope.b & ~kPullAck;
  if (!listening_) {
    world_.Send(id_, envelope.from, Msg::kPullEnd, 0, number);  // refused
    return;
  }
  if ((envelope.b & kPullAck) == 0) {
    OpenStream(envelope.from, number, static_cast<Tso>(envelope.a));
    return;
  }
  for (Stream& stream : streams_) {
    if (stream.drainer != envelope.from || stream.number != number) continue;
    stream.consumed = std::max(stream.consumed, static_cast<std::int64_t>(envelope.a));
    if (!Push(&stream)) EndUnreadable();
    return;
  }
  world_.Send(id_, envelope.from, Msg::kPullEnd, 0, number);  // nobody listens there any more
}

// A start below the GC point is raised to it without an error for the Drainer: what lies between is
// lost to it (tidb-binlog: pump/storage/storage.go PullCommitBinlog, "drainer request a purged
// binlog").
void ClusterPump::OpenStream(NodeId drainer, std::uint32_t number, Tso after) {
  std::erase_if(streams_, [&](const Stream& stream) { return stream.drainer == drainer; });
  if (after < store_.gc_ts()) {
    ReportPurged(after);
    after = store_.gc_ts();
  }
  // goleveldb panics on a range that ends before it begins, where it has tables to look into
  // (issue 224 there; PR 758, 759); what is fresh is in memory, and later releases wait.
  if (after > store_.max_commit_ts() && has_tables_ &&
      dialect_->future_pull == FuturePull::kPanics) {
    EndStreams();
    End(trace::DownCause::kExited, "panic: runtime error: slice bounds out of range", true);
    return;
  }
  streams_.push_back({drainer, number, after, 0, 0, false});
  if (!Push(&streams_.back())) EndUnreadable();
}

void ClusterPump::ReportPurged(Tso after) {
  world_.Alert(id_, "drainer request a purged binlog");
  std::vector<Binlog> unread;
  store_.Read(after, SIZE_MAX, &unread);
  for (const Binlog& binlog : unread) {
    if (binlog.commit_ts > store_.gc_ts()) break;
    if (static_cast<BinlogType>(binlog.type) != BinlogType::kCommit) continue;
    world_.Record({.kind = EventKind::kBinlogDropped,
                   .node = id_,
                   .code = static_cast<std::uint16_t>(DropReason::kPurgedRange),
                   .a = binlog.start_ts,
                   .b = binlog.commit_ts});
  }
}

// False when the stream has come to a binlog that cannot be read.
bool ClusterPump::Push(Stream* stream) {
  while (!stream->broken && stream->last < store_.max_commit_ts() &&
         stream->next - stream->consumed < kPullWindowBatches) {
    const std::uint32_t slot = world_.batches().Take();
    Batch& batch = world_.batches()[slot];
    batch.binlogs.clear();
    batch.first = stream->next;
    const bool readable = store_.Read(stream->last, kPullBatchMax, &batch.binlogs);
    if (batch.binlogs.empty()) {
      world_.batches().Give(slot);
      return readable;
    }
    stream->last = batch.binlogs.back().commit_ts;
    ++stream->next;
    world_.Send(id_, stream->drainer, Msg::kPulled, slot, stream->number, {.report_failure = true});
  }
  return true;
}

void ClusterPump::PushAll() {
  pushed_at_ = world_.now();
  bool readable = true;
  for (Stream& stream : streams_) readable = Push(&stream) && readable;
  if (!readable) EndUnreadable();
}

// A read error closes the channel, and the stream ends without an error for the Drainer, which
// comes again a second later (pump/server.go PullBinlogs).
void ClusterPump::EndUnreadable() {
  if (!unreadable_alerted_) {
    world_.Alert(id_, "read binlog failed: a pointer of the index leads to no binlog");
  }
  unreadable_alerted_ = true;
  EndStreams();
}

// What becomes readable within one poll interval travels together.
void ClusterPump::PushSoon() {
  if (streams_.empty() || push_armed_) return;
  const Time due = pushed_at_ + kPollInterval;
  if (world_.now() >= due) {
    PushAll();
    return;
  }
  push_armed_ = true;
  world_.kernel().After(id_, due - world_.now(), kPush);
}

// A refused batch: the Drainer is gone. One that timed out: TCP sends it and all behind it again.
void ClusterPump::OnBatchLost(const Envelope& envelope, SendFailure failure) {
  Batch& batch = world_.batches()[envelope.a];
  const std::int64_t number = batch.first;
  const Tso before = batch.binlogs.front().commit_ts - 1;
  batch.binlogs.clear();
  world_.batches().Give(envelope.a);
  const auto at = std::find_if(streams_.begin(), streams_.end(), [&](const Stream& stream) {
    return stream.drainer == envelope.to && stream.number == envelope.b;
  });
  if (at == streams_.end()) return;
  if (failure == SendFailure::kRefused) {
    streams_.erase(at);
    return;
  }
  if (number >= at->next) return;  // behind one that is sent again already
  at->next = number;
  at->last = before;
  at->broken = true;
  world_.kernel().After(id_, kReconnectDelay, kRetryPush);
}

void ClusterPump::EndStreams() {
  for (const Stream& stream : streams_) {
    world_.Send(id_, stream.drainer, Msg::kPullEnd, 0, stream.number);
  }
  streams_.clear();
}

bool ClusterPump::Pending() const {
  return std::any_of(streams_.begin(), streams_.end(), [&](const Stream& stream) {
    return stream.last < store_.last_real_commit_ts();
  });
}

}  // namespace tidegate::sim
