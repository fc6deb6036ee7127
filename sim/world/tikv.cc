#include "sim/world/tikv.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/world/hosts.h"

namespace tidegate::sim {
namespace {

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

void Tikv::OnStopSignal() {
  world_.hosts().Exited(id_, trace::DownCause::kStopped, "stopped", false);
}

}  // namespace tidegate::sim
