#include "sim/world/service.h"

#include <algorithm>

#include "sim/world/hosts.h"
#include "sim/world/tidb.h"
#include "sim/world/tikv.h"

namespace tidegate::sim {
namespace {

using trace::EventKind;
using trace::WriteFailure;

constexpr Duration kSliceLength = 50 * kMillisecond;
constexpr std::int64_t kHotKeys = 10;
// Transactions of these numbers are the long ones: a range of their own, so that no regular draw
// ever meets their keys.
constexpr std::uint64_t kLongNumbers = 1ULL << 40U;
constexpr std::int64_t kLongKeys = 1'000'000'000;
constexpr std::int64_t kKeylessKeys = 2'000'000'000;

}  // namespace

Service::Service(World& world, NodeId id) : Node(world, id) {
  for (std::size_t i = 0; i < world.plan().nodes.size(); ++i) {
    if (world.plan().nodes[i].info.role == Role::kTidb) tidbs_.push_back(static_cast<NodeId>(i));
  }
  std::uint32_t sum = 0;
  for (const TablePlan& table : world.plan().tables) {
    sum += table.marker ? 0 : static_cast<std::uint32_t>(table.weight);
    weights_.push_back(sum);
  }
}

void Service::OnStart() {
  const WorkloadPlan& workload = world_.plan().workload;
  regular_left_ = static_cast<std::uint64_t>(workload.transactions);
  next_arrival_ = workload.start;
  Kernel& kernel = world_.kernel();
  kernel.After(id_, workload.start, kSlice);
  const Duration span = workload.interval * workload.transactions;
  const std::int64_t ddls = workload.ddl_count + workload.cancelled_ddl_count;
  for (std::int64_t i = 0; i < ddls; ++i) {
    kernel.After(id_, workload.start + span * (i + 1) / (ddls + 1), kDdl,
                 static_cast<std::uint64_t>(i), i >= workload.ddl_count ? 1 : 0);
  }
  for (std::size_t i = 0; i < workload.long_transactions.size(); ++i) {
    kernel.After(id_, workload.long_transactions[i].at, kLongTxn, i);
  }
}

void Service::TidbListening(NodeId tidb) {
  if (!attached_) return;
  if (std::find(reachable_.begin(), reachable_.end(), tidb) == reachable_.end()) {
    reachable_.push_back(tidb);
    std::sort(reachable_.begin(), reachable_.end());
    world_.Record({.kind = EventKind::kClientsAttached, .node = tidb});
  }
}

void Service::Detach() {
  attached_ = false;
  for (const NodeId tidb : reachable_) {
    world_.Record({.kind = EventKind::kClientsDetached, .node = tidb});
  }
  reachable_.clear();
}

void Service::Attach() {
  FlushRefused();
  attached_ = true;
  for (const NodeId tidb : tidbs_) {
    if (world_.hosts().Serving(tidb) && static_cast<Tidb&>(world_.node(tidb)).listening()) {
      TidbListening(tidb);
    }
  }
}

void Service::OnTimer(What what, std::uint64_t a, std::uint32_t b) {
  switch (static_cast<Timer>(what)) {
    case kSlice: Slice(); break;
    case kDdl: {
      const NodeId tidb = ChooseTidb(a);
      if (tidb == kNoNode) break;
      // Tables take turns; the marker's slot is not the clients'.
      std::vector<std::uint16_t> tables;
      for (std::size_t t = 0; t < world_.plan().tables.size(); ++t) {
        if (!world_.plan().tables[t].marker) tables.push_back(static_cast<std::uint16_t>(t));
      }
      const std::uint32_t table = tables[a % tables.size()];
      world_.Send(id_, tidb, Msg::kClientDdl, a, table << 1U | b);
      break;
    }
    case kLongTxn: {
      const auto& txn = world_.plan().workload.long_transactions[a];
      const NodeId tidb = txn.tidb != kNoNode ? txn.tidb : ChooseTidb(a);
      if (tidb != kNoNode) Arrive(kLongNumbers + a, 0, tidb);
      break;
    }
    case kTailEnd:
      tail_over_ = true;
      StopIfDone();
      break;
  }
}

// Arrivals of the next slice are sent ahead, each with its own delay: one timer for many.
void Service::Slice() {
  if (stopped_) return;
  Dispatch(world_.now() + kSliceLength);
  StopIfDone();
  if (stopped_) return;
  const bool idle = regular_left_ == 0 && !engine_ended_;
  if (idle && world_.engine() != nullptr && !world_.engine()->finished()) {
    return;  // EngineEnded starts the tail
  }
  const Time next = std::max(world_.now() + kSliceLength, next_arrival_ - kSliceLength);
  world_.kernel().After(id_, next - world_.now(), kSlice);
}

void Service::Dispatch(Time until) {
  const Duration interval = world_.plan().workload.interval;
  while (next_arrival_ < until) {
    if (regular_left_ > 0) {
      --regular_left_;
    } else if (!engine_ended_ || tail_over_) {
      next_arrival_ = until;
      return;
    }
    const std::uint64_t number = next_number_++;
    const NodeId tidb = ChooseTidb(number);
    if (tidb == kNoNode) {
      ++refused_;
    } else {
      Arrive(number, std::max<Duration>(0, next_arrival_ - world_.now()), tidb);
    }
    next_arrival_ += interval;
  }
}

void Service::Arrive(std::uint64_t number, Duration delay, NodeId tidb) {
  world_.Send(id_, tidb, Msg::kClientTxn, number, 0,
              {.report_failure = true, .extra_delay = delay});
}

NodeId Service::ChooseTidb(std::uint64_t number) const {
  if (!attached_ || reachable_.empty()) return kNoNode;
  return reachable_[DrawBits(world_.plan().seed, Purpose::kWorkloadArrival, id_, number) %
                    reachable_.size()];
}

void Service::OnSendFailed(const Envelope& envelope, SendFailure) {
  if (static_cast<Msg>(envelope.what) == Msg::kClientTxn) {
    WriteFailed(envelope.to, WriteFailure::kServerDown, 0);
  }
}

void Service::WriteFailed(NodeId tidb, WriteFailure why, Tso start_ts) {
  world_.Record({.kind = EventKind::kWriteFailed,
                 .node = tidb,
                 .code = static_cast<std::uint16_t>(why),
                 .a = start_ts,
                 .n = 1});
}

void Service::FlushRefused() {
  if (refused_ == 0) return;
  world_.Record({.kind = EventKind::kWriteFailed,
                 .node = id_,
                 .code = static_cast<std::uint16_t>(WriteFailure::kServerDown),
                 .n = refused_});
  refused_ = 0;
}

void Service::EngineEnded() {
  if (engine_ended_) return;
  engine_ended_ = true;
  next_arrival_ = std::max(next_arrival_, world_.now());
  world_.kernel().After(id_, world_.plan().workload.tail, kTailEnd);
  world_.kernel().After(id_, 0, kSlice);
}

void Service::StopIfDone() {
  if (stopped_ || regular_left_ > 0) return;
  const bool engine_over = world_.engine() == nullptr || (engine_ended_ && tail_over_);
  if (!engine_over) return;
  FlushRefused();
  stopped_ = true;
  world_.Record({.kind = EventKind::kWorkloadStopped});
}

void Service::DrawTxn(std::uint64_t number, TxnDraw* out) {
  const RunPlan& plan = world_.plan();
  const WorkloadPlan& workload = plan.workload;
  out->rows.clear();
  out->hold = 0;
  out->roll_back = false;
  const auto value = static_cast<std::int64_t>(number) * 16 + 1;
  if (number >= kLongNumbers) {
    const std::size_t index = number - kLongNumbers;
    out->hold = workload.long_transactions[index].hold;
    out->rows.push_back({kLongKeys + static_cast<std::int64_t>(index), value, 0,
                         world_.tikv().shape(0), RowOp::kInsert});
    return;
  }
  const auto draw = [&](std::uint64_t n) {
    return DrawBits(plan.seed, Purpose::kWorkloadShape, id_, number * 64 + n);
  };
  const auto permille = [&](std::uint64_t n, std::int64_t bound) {
    return static_cast<std::int64_t>(draw(n) % 1000) < bound;
  };
  const std::uint64_t row_count = 1 + draw(0) % static_cast<std::uint64_t>(workload.rows_max);
  const bool multi = permille(1, workload.multi_table_permille);
  out->roll_back = permille(2, workload.rollback_permille);
  const auto pick_table = [&](std::uint64_t n) {
    const std::uint32_t at = static_cast<std::uint32_t>(draw(n) % weights_.back());
    return static_cast<std::uint16_t>(std::upper_bound(weights_.begin(), weights_.end(), at) -
                                      weights_.begin());
  };
  std::uint16_t table = pick_table(3);
  for (std::uint64_t i = 0; i < row_count; ++i) {
    if (multi && i > 0) table = pick_table(8 + i);
    const TablePlan& info = plan.tables[table];
    RowChange row;
    row.table = table;
    row.shape = world_.tikv().shape(table);
    row.value = value + static_cast<std::int64_t>(i);
    if (!info.has_key) {
      row.key = kKeylessKeys + value + static_cast<std::int64_t>(i);
    } else {
      const bool hot = permille(20 + i, workload.hot_key_permille);
      row.key =
          1 + static_cast<std::int64_t>(
                  draw(32 + i) % static_cast<std::uint64_t>(hot ? std::min(kHotKeys, info.key_count)
                                                                : info.key_count));
      if (permille(48 + i, workload.delete_permille)) {
        row.op = RowOp::kDelete;
        row.value = 0;
      }
    }
    const bool seen = std::any_of(out->rows.begin(), out->rows.end(), [&](const RowChange& r) {
      return r.table == row.table && r.key == row.key;
    });
    if (!seen) out->rows.push_back(row);
  }
}

}  // namespace tidegate::sim
