// The local files of a Kafka-era Pump in write-mode mixed: what is kept, what a crash tears, and
// how far the forwarder to Kafka can read. Source: tidb-binlog branch kafka,
// pump/{binlogger,decoder,proxy_binlogger}.go.
#include <algorithm>

#include "sim/world/kafka_pump.h"
#include "sim/world/old_pump.h"

namespace tidegate::sim {

using trace::BinlogType;
using trace::DropReason;
using trace::EventKind;

void KafkaPump::AppendToFile(const Binlog& binlog) {
  if (files_.empty() || FileEnd() - files_.back().first >= records_per_file_) {
    const std::int64_t number = files_.empty() ? 0 : files_.back().number + 1;
    files_.push_back({.first = FileEnd(), .begun = world_.now(), .number = number});
    if (number > 0) log_.Add(world_.now(), LogLine::kFileBegun, {.a = number, .b = world_.now()});
  }
  file_.push_back(binlog);
  files_.back().written = world_.now();
}

// Before PR 256 (519dbb14) files went by age alone, whether Kafka had them or not, and the
// forwarder read on in the next one.
void KafkaPump::CollectGarbage() {
  while (files_.size() > 1 && world_.now() - files_.front().written > gc_after_) {
    const std::int64_t end = files_[1].first;
    for (std::int64_t at = std::max(acked_, files_.front().first); at < end; ++at) {
      RecordPurged(world_, id_, file_[static_cast<std::size_t>(at)], at);
    }
    acked_ = std::max(acked_, end);
    log_.Add(world_.now(), LogLine::kFileGone,
             {.a = files_.front().number, .b = files_.front().begun});
    files_.erase(files_.begin());
  }
}

// Records are not synced: when the power goes, the newest ones stand in the file by half. What
// Kafka has of them is not lost.
void KafkaPump::Tear(std::int64_t count) {
  for (std::int64_t at = std::max<std::int64_t>(0, FileEnd() - count); at < FileEnd(); ++at) {
    if (!torn_.empty() && torn_.back() >= at) continue;
    torn_.push_back(at);
    const Binlog& binlog = file_[static_cast<std::size_t>(at)];
    if (at < acked_ || static_cast<BinlogType>(binlog.type) == BinlogType::kFake) continue;
    world_.Record({.kind = EventKind::kBinlogDropped,
                   .node = id_,
                   .code = static_cast<std::uint16_t>(DropReason::kTornTail),
                   .a = binlog.start_ts,
                   .b = binlog.commit_ts});
  }
}

// How far the forwarder can read from where it is. A torn record is skipped by looking for the next
// magic number, and counted (PR 251, e244b383; PR 266, 5a740bb1); before, it was the end.
std::int64_t KafkaPump::ForwardableEnd() {
  while (!torn_.empty() && torn_.front() <= acked_) {
    if (torn_.front() == acked_) {
      if (dialect_->torn_record == TornRecord::kStopsForwarder) return acked_;
      ++acked_;
      ++torn_count_;
    }
    torn_.erase(torn_.begin());
  }
  return torn_.empty() ? FileEnd() : torn_.front();
}

}  // namespace tidegate::sim
