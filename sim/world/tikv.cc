#include "sim/world/tikv.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "sim/world/hosts.h"
#include "sim/world/pd.h"

namespace tidegate::sim {
namespace {

constexpr Duration kGcRunInterval = 10 * kMinute;  // tikv_gc_run_interval
constexpr std::size_t kRowsUsual = 500;  // of a small run, which spends a lot on growing tables

std::uint64_t RowKey(std::uint16_t table, std::int64_t key) {
  return (static_cast<std::uint64_t>(table) << 48U) | static_cast<std::uint64_t>(key);
}

}  // namespace

Tikv::Tikv(World& world, NodeId id) : Node(world, id), shapes_(world.plan().tables.size(), 0) {
  rows_.reserve(kRowsUsual);
  open_.reserve(kRowsUsual);
}

bool Tikv::Lock(Tso start_ts, std::vector<RowChange>* rows) {
  std::erase_if(*rows, [&](RowChange& row) {
    const std::uint64_t key = RowKey(row.table, row.key);
    const bool exists = rows_.find(key) != rows_.end();
    if (row.op == RowOp::kDelete && !exists) return true;
    if (!locks_.emplace(key, start_ts).second) return true;
    if (row.op != RowOp::kDelete) row.op = exists ? RowOp::kUpdate : RowOp::kInsert;
    return false;
  });
  return !rows->empty();
}

void Tikv::Prewrite(Tso start_ts) { open_[start_ts] = {TxnState::kLocked, 0, world_.now()}; }

bool Tikv::Commit(Tso start_ts, Tso commit_ts, const RowChange* rows, std::size_t count) {
  TxnStatus& status = open_[start_ts];
  if (status.state == TxnState::kRolledBack) {
    Rollback(start_ts, rows, count);
    return false;
  }
  status.state = TxnState::kCommitted;
  status.commit_ts = commit_ts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t key = RowKey(rows[i].table, rows[i].key);
    if (rows[i].value == 0) {
      rows_.erase(key);
    } else {
      rows_[key] = rows[i].value;
    }
    locks_.erase(key);
    if (world_.plan().full_import) {
      versions_.push_back({commit_ts, rows[i].key, rows[i].value, rows[i].table});
    }
  }
  return true;
}

void Tikv::Rollback(Tso start_ts, const RowChange* rows, std::size_t count) {
  open_[start_ts].state = TxnState::kRolledBack;
  for (std::size_t i = 0; i < count; ++i) {
    const auto found = locks_.find(RowKey(rows[i].table, rows[i].key));
    if (found != locks_.end() && found->second == start_ts) locks_.erase(found);
  }
}

bool Tikv::GetTxnStatus(NodeId from, Tso start_ts, bool resolve, Duration ttl, TxnStatus* out) {
  if (!world_.kernel().CanCall(from, id_)) return false;
  const auto found = open_.find(start_ts);
  if (found == open_.end()) {
    *out = {TxnState::kUnknown, 0, 0};
    return true;
  }
  TxnStatus& status = found->second;
  if (resolve && status.state == TxnState::kLocked && world_.now() - status.prewritten_at > ttl) {
    status.state = TxnState::kRolledBack;
    world_.Record({.kind = trace::EventKind::kTxnRolledBack, .node = id_, .a = start_ts});
  }
  *out = status;
  return true;
}

void Tikv::FinishJob(const DdlJob& job) {
  jobs_.push_back(job);
  shapes_[job.table] = std::max(shapes_[job.table], job.shape);
  std::erase_if(queue_, [&](const DdlQueueEntry& entry) { return entry.id == job.id; });
}

bool Tikv::TakeOrphanJob(NodeId tidb, DdlQueueEntry* out) {
  for (DdlQueueEntry& entry : queue_) {
    if (world_.kernel().IsUp(entry.owner)) continue;
    entry.owner = tidb;
    *out = entry;
    return true;
  }
  return false;
}

bool Tikv::HasMarker(const std::string& name) const {
  return std::find(markers_.begin(), markers_.end(), name) != markers_.end();
}

void Tikv::ShowJobs(std::string* out) const {
  const auto row = [&](std::int64_t id, std::uint16_t table, std::string_view state) {
    const TablePlan& plan = world_.plan().tables[table];
    *out += fmt::format("{}\t{}\t{}\tadd column\tpublic\t1\t{}\t0\t\t{}\n", id, plan.schema,
                        plan.name, table + 100, state);
  };
  for (const DdlQueueEntry& entry : queue_) row(entry.id, entry.table, "running");
  const std::size_t shown = std::min<std::size_t>(10, jobs_.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const DdlJob& job = jobs_[jobs_.size() - 1 - i];
    row(job.id, job.table, job.cancelled ? "cancelled" : "synced");
  }
}

bool Tikv::FindHistoryJob(NodeId from, std::int64_t id, DdlJob* out) {
  if (!world_.kernel().CanCall(from, id_)) return false;
  *out = {};
  for (const DdlJob& job : jobs_) {
    if (job.id == id) *out = job;
  }
  return true;
}

void Tikv::OnStart() {
  if (!world_.plan().full_import) return;
  SetGcLife(gc_life_text_, gc_life_);
  world_.kernel().After(id_, kGcRunInterval, 0);
}

// tidb: gcworker/gc_worker.go: every tikv_gc_run_interval the safe point moves to the present less
// the life time, and never back.
void Tikv::OnTimer(What, std::uint64_t, std::uint32_t) {
  const Tso now = world_.pd().Peek();
  safe_point_ =
      std::max(safe_point_, now - static_cast<Tso>(gc_life_ / kMillisecond << kTsoLogicalBits));
  world_.kernel().After(id_, kGcRunInterval, 0);
}

void Tikv::SetGcLife(std::string text, Duration life) {
  gc_life_text_ = std::move(text);
  gc_life_ = life;
  world_.Record({.kind = trace::EventKind::kGcLifeSet, .node = id_, .a = life});
}

std::vector<Tikv::RowVersion> Tikv::RowsAsOf(Tso ts) const {
  std::vector<RowVersion> rows;
  for (const RowVersion& version : versions_) {
    if (version.commit_ts <= ts) rows.push_back(version);
  }
  const auto order = [](const RowVersion& a, const RowVersion& b) {
    return std::tie(a.table, a.key, b.commit_ts) < std::tie(b.table, b.key, a.commit_ts);
  };
  std::sort(rows.begin(), rows.end(), order);  // the newest of each row first
  const auto same = [](const RowVersion& a, const RowVersion& b) {
    return a.table == b.table && a.key == b.key;
  };
  rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
  std::erase_if(rows, [](const RowVersion& row) { return row.value == 0; });
  return rows;
}

std::uint16_t Tikv::ShapeAsOf(std::uint16_t table, Tso ts) const {
  std::uint16_t shape = 0;
  for (const DdlJob& job : jobs_) {
    if (job.table == table && job.commit_ts <= ts) shape = std::max(shape, job.shape);
  }
  return shape;
}

void Tikv::OnStopSignal() {
  world_.hosts().Exited(id_, trace::DownCause::kStopped, "stopped", false);
}

}  // namespace tidegate::sim
