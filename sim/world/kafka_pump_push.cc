// How a Kafka-era Pump brings to Kafka what it has: from its local file in write-mode mixed, from
// the requests themselves in write-mode kafka (tidb-binlog branch kafka: pump/proxy_binlogger.go,
// pump/kafka_binlogger.go, pump/encoder.go).
#include <algorithm>
#include <deque>

#include "sim/world/kafka.h"
#include "sim/world/kafka_pump.h"
#include "sim/world/old_pump.h"

namespace tidegate::sim {
namespace {

using trace::DropReason;
using trace::EventKind;

constexpr std::int64_t kFlushMessagesMax = 1024;  // kafka-max-messages

}  // namespace

// One produce request is in flight at a time: what is behind it waits, so that a lost request
// leaves no hole (proxy_binlogger.go, AsyncProducer with endless retries).
void KafkaPump::Push() {
  const NodeId broker = BrokerOf(world_, id_);
  if (push_in_flight_ || broker == kNoNode) return;
  const std::uint32_t slot = world_.batches().Take();
  std::vector<Binlog>& binlogs = world_.batches()[slot].binlogs;
  binlogs.clear();
  std::int64_t end = 0;
  world_.batches()[slot].one_array = one_array_;
  if (mixed_) {
    end = ForwardableEnd();
    // PR 268 (2e47d7a1): Flush.MaxMessages; before, all that was there went at once.
    if (dialect_->produce_batch == ProduceBatch::kAtMost1024) {
      end = std::min(end, acked_ + kFlushMessagesMax);
    }
    binlogs.assign(file_.begin() + acked_, file_.begin() + end);
  } else {
    end = static_cast<std::int64_t>(std::min<std::size_t>(direct_.size(), 1024));
    for (std::int64_t i = 0; i < end; ++i)
      binlogs.push_back(direct_[static_cast<std::size_t>(i)].binlog);
  }
  if (binlogs.empty()) {
    world_.batches().Give(slot);
    return;
  }
  push_in_flight_ = true;
  world_.Send(id_, broker, Msg::kProduce, slot, static_cast<std::uint32_t>(end),
              {.report_failure = true});
}

void KafkaPump::Produced(const Envelope& envelope) {
  push_in_flight_ = false;
  kafka_end_ = static_cast<std::int64_t>(envelope.a);
  if (mixed_) {
    acked_ = std::max(acked_, static_cast<std::int64_t>(envelope.b));
    // Busy: go on at once; the walker sleeps only at the end of the file.
    if (FileEnd() - acked_ >= kFlushMessagesMax || phase_ == Phase::kFlushing) Push();
    return;
  }
  for (std::uint32_t i = 0; i < envelope.b && !direct_.empty(); ++i) {
    const Direct done = direct_.front();
    direct_.pop_front();
    if (done.tidb != kNoNode) AckWritten(world_, id_, done.tidb, done.binlog, true);
  }
  Push();
}

void KafkaPump::ProduceFailed(const Envelope& envelope) {
  world_.batches()[envelope.a].binlogs.clear();
  world_.batches().Give(envelope.a);
  push_in_flight_ = false;
  if (mixed_) return;  // the walker tries again in a second; the file keeps everything
  if (++open_tries_ < direct_resends_max_) {
    Push();
    return;
  }
  open_tries_ = 0;
  std::deque<Direct> failed;
  failed.swap(direct_);
  for (const Direct& direct : failed) {
    if (direct.tidb == kNoNode) continue;
    if (tolerant_) {
      ++lost_count_;
      world_.Record({.kind = EventKind::kBinlogDropped,
                     .node = id_,
                     .code = static_cast<std::uint16_t>(DropReason::kTolerantWrite),
                     .a = direct.binlog.start_ts,
                     .b = direct.binlog.commit_ts});
    }
    AckWritten(world_, id_, direct.tidb, direct.binlog, tolerant_);
  }
}

}  // namespace tidegate::sim
