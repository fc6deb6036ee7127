// A sink that is a file, when the power goes. A Drainer appends its records by write(2) and never
// syncs the file (tidb-binlog master and release-3.0: pkg/binlogfile/binlogger.go WriteTail,
// rotate, Close; branch kafka: pump/binlogger.go), while it syncs its savepoint before it renames
// it (drainer/checkpoint/file.go, siddontang/go ioutil2 WriteFileAtomic). So a checkpoint may be on
// disk whose records are not. At its next start it appends behind what is left (OpenBinlogger seeks
// the end), and goes on above the checkpoint.
#include <algorithm>
#include <utility>

#include "sim/world/downstream.h"

namespace tidegate::sim {
namespace {

// Linux Documentation/admin-guide/sysctl/vm.rst: dirty_expire_centisecs 3000 and
// dirty_writeback_centisecs 500: what is older has been written back.
constexpr Duration kWrittenBackAfter = 35 * kSecond;

}  // namespace

// What was on its way to a file ends with the process that was to write it.
bool Downstream::DiedWith(const Envelope& envelope) {
  if (world_.kernel().IsUp(envelope.from)) return false;
  world_.job_batches().Give(envelope.a);
  return true;
}

void Downstream::Remember(const Job& job, NodeId drainer) {
  while (!unsynced_.empty() && unsynced_.front().written + kWrittenBackAfter <= world_.now()) {
    unsynced_.pop_front();
  }
  Unsynced change;
  change.written = world_.now();
  change.job = job;
  change.drainer = drainer;
  const bool same = !unsynced_.empty() && unsynced_.back().job.commit_ts == job.commit_ts;
  change.again = same ? unsynced_.back().again : job.commit_ts <= written_ts_;
  written_ts_ = std::max(written_ts_, job.commit_ts);
  if (job.ddl != 0) {
    change.shape_before = shapes_[job.table];
  } else if (const auto row = rows_.find(RowKeyOf(job.table, job.key)); row != rows_.end()) {
    change.before = row->second;
  }
  unsynced_.push_back(std::move(change));
}

// A record is a transaction: all of it is there, or nothing. (Half a record may stand in front of
// what is written next. Readers then stop with an error, pkg/binlogfile/decoder.go Decode; that is
// for whoever reads the file, and no part of this world.)
void Downstream::LoseTail(NodeId drainer, std::int64_t count) {
  while (!unsynced_.empty() && count > 0) {
    const Tso commit_ts = unsynced_.back().job.commit_ts;
    const bool again = unsynced_.back().again;
    while (!unsynced_.empty() && unsynced_.back().job.commit_ts == commit_ts &&
           unsynced_.back().again == again) {
      const Unsynced change = std::move(unsynced_.back());
      if (change.drainer != drainer || change.written + kWrittenBackAfter <= world_.now()) return;
      unsynced_.pop_back();
      TakeBack(change);
    }
    if (!again) written_ts_ = commit_ts - 1;
    --count;
  }
}

void Downstream::TakeBack(const Unsynced& change) {
  const Job& job = change.job;
  trace::Event event{.kind = job.ddl != 0 ? trace::EventKind::kDdlTorn : trace::EventKind::kRowTorn,
                     .node = id_,
                     .peer = change.drainer,
                     .code = job.table,
                     .b = job.commit_ts};
  if (job.ddl != 0) {
    shapes_[job.table] = change.shape_before;
    event.c = job.ddl_job_id;
    event.d = change.shape_before;
    event.n = job.shape;
  } else {
    const std::uint64_t key = RowKeyOf(job.table, job.key);
    if (change.before.copies > 0) {
      rows_[key] = change.before;
    } else {
      rows_.erase(key);
    }
    event.a = job.key;
    event.c = job.value;
    event.d = change.before.copies > 0 ? change.before.value : 0;
  }
  if (!change.again) world_.Record(event);
}

}  // namespace tidegate::sim
