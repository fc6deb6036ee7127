// The hot half of the model: commits, acknowledgements, hand-overs, applies.
#include "verifier/model/model.h"

#include <algorithm>

#include "base/check.h"

namespace tidegate::verifier {

using trace::Event;
using trace::EventKind;

namespace {

constexpr std::size_t kRowsUsual = 200;  // of a table in a small run
// Two TiDBs may be told of their timestamps the other way round, but not by so much.
constexpr Tso kBackAtLeast = Tso{1000} << kTsoLogicalBits;

}  // namespace

Model::Model(const trace::Header& header, const trace::TextTable& texts)
    : header_(header), texts_(texts), acts_(header) {
  is_import_ = header.procedure == "full-import";
  const std::size_t node_count = header.nodes.size();
  nodes_.resize(node_count);
  drainers_.resize(node_count);
  old_pump_.resize(node_count);
  statuses_.resize(node_count);
  status_texts_.resize(node_count);
  sink_index_.assign(node_count, kNoSink);
  for (std::size_t i = 0; i < node_count; ++i) {
    const trace::NodeInfo& info = header.nodes[i];
    old_pump_[i] = info.role == Role::kPump && info.old_side;
    // A status folder of supervise: nothing starts it with its host.
    nodes_[i].unit_enabled = !info.unit.starts_with('/');
    if (info.role == Role::kDrainer) drainers_[i].sink = info.sink;
    if (info.role != Role::kDownstream) continue;
    sink_index_[i] = sinks_.size();
    SinkFacts& sink = sinks_.emplace_back();
    sink.node = static_cast<NodeId>(i);
    sink.keyed = info.keyed_sink;
  }
  CHECK(sinks_.size() <= 64);
  for (const trace::NodeInfo& info : header.nodes) {
    const std::size_t sink = SinkIndex(info.sink);
    if (info.role != Role::kDrainer || sink == kNoSink) continue;
    sinks_[sink].has_old_drainer |= info.old_side;
    sinks_[sink].has_new_drainer |= info.new_side;
  }
  table_count_ = header.tables.size();
  wants_.resize(sinks_.size() * table_count_);
  rows_.resize(sinks_.size() * table_count_);
  down_shape_.resize(sinks_.size() * table_count_);
  up_shape_.resize(table_count_);
  first_ddl_shape_.assign(table_count_, UINT32_MAX);
  for (std::size_t table = 0; table < table_count_; ++table) {
    for (const NodeId node : header.tables[table].sinks) {
      const std::size_t sink = SinkIndex(node);
      if (sink == kNoSink) continue;
      wants_[sink * table_count_ + table] = 1;
      rows_[sink * table_count_ + table].reserve(kRowsUsual);
    }
  }
  in_flight_.resize(sinks_.size());
  pending_.resize(sinks_.size());
}

const OpenTxn* Model::Open(Tso start_ts) const {
  const auto found = open_.find(start_ts);
  return found == open_.end() ? nullptr : &found->second;
}

void Model::BinlogAcked(const Event& event) {
  if (static_cast<trace::BinlogType>(event.code) != trace::BinlogType::kPrewrite) return;
  OpenTxn& open = open_[event.a];
  open.pump = event.node;
  open.late = any_gate_taken_ && IsOldPump(event.node);
}

void Model::TxnCommitted(const Event& event) {
  current_ = Commit{};
  current_.start_ts = event.a;
  current_.commit_ts = event.b;
  current_.time = event.time;
  current_txn_flags_ = event.code;
  // Rows of a transaction before that never all came (a damaged trace) belong to nobody.
  if (current_rows_left_ != 0) pending_.assign(sinks_.size(), Pending{});
  current_rows_left_ = event.n;
  current_sinks_ = 0;
  if ((event.code & static_cast<std::uint16_t>(trace::TxnFlag::kUnlogged)) != 0) {
    current_.Set(kCommitUnlogged);
    current_.pump = event.node;
  }
  current_is_behind_ = newest_commit_ts_ - event.b > (pd_went_back_ ? -1 : kBackAtLeast);
  pd_went_back_ |= current_is_behind_;
  newest_commit_ts_ = std::max(newest_commit_ts_, event.b);
  const bool ddl = (event.code & static_cast<std::uint16_t>(trace::TxnFlag::kDdl)) != 0;
  const auto open = open_.find(event.a);
  if (open != open_.end()) {
    if (open->second.pump != kNoNode) current_.pump = open->second.pump;
    current_.drop = open->second.drop;
    if (open->second.late) current_.Set(kCommitLateAck);
    if (!ddl) open_.erase(open);  // a DDL's own event follows
  }
  if (current_rows_left_ == 0 && !ddl) FinishCommit();
}

void Model::RowCommitted(const Event& event) {
  if (event.b == current_.commit_ts && current_rows_left_ > 0) {
    for (std::size_t sink = 0; sink < sinks_.size(); ++sink) {
      if (!Wants(sink, event.code)) continue;
      pending_[sink].rows += 1;
      pending_[sink].digest += RowDigest(event.code, event.a, event.c);
      rows_[sink * table_count_ + event.code][event.a].up_value = event.c;
    }
    if (--current_rows_left_ == 0) FinishCommit();
  }
}

void Model::FinishCommit() {
  committed_now_ = now_index_ + 1;
  for (std::size_t sink = 0; sink < sinks_.size(); ++sink) {
    Pending& pending = pending_[sink];
    if (pending.rows == 0) continue;
    current_sinks_ |= std::uint64_t{1} << sink;
    Commit commit = current_;
    commit.rows_left = std::min(pending.rows, kRowsMax) & kRowsMax;
    commit.digest = pending.digest;
    if (current_is_behind_) commit.Set(kCommitBehind);
    sinks_[sink].ledger.Insert(commit);
    pending = Pending{};
  }
}

void Model::TxnHanded(const Event& event) {
  const std::size_t sink = SinkOfDrainer(event.node);
  if (sink == kNoSink) return;
  drainers_[event.node].handed_ts = event.b;
  Commit* commit = sinks_[sink].ledger.Find(event.b);
  if (commit != nullptr) commit->Set(kCommitHanded);
}

bool Model::MarkRow(std::size_t sink, Commit* commit, std::uint64_t identity) {
  std::vector<InFlight>& flights = in_flight_[sink];
  if (!commit->Has(kCommitPartial)) {
    if (commit->rows_left == 1) return true;
    commit->Set(kCommitPartial);
    flights.push_back({.commit_ts = commit->commit_ts, .rows = {identity}});
    return true;
  }
  // The newest are at the back, and few: one a worker.
  auto flight = flights.rbegin();
  while (flight->commit_ts != commit->commit_ts) ++flight;
  if (std::find(flight->rows.begin(), flight->rows.end(), identity) != flight->rows.end()) {
    return false;
  }
  if (commit->rows_left > 1) {
    flight->rows.push_back(identity);
  } else {
    std::swap(*flight, flights.back());
    flights.pop_back();
  }
  return true;
}

void Model::Match(const Event& event, std::uint64_t identity, std::uint64_t digest) {
  SinkFacts& sink = sinks_[apply_.sink];
  Commit* commit = sink.ledger.Find(event.b);
  if (commit == nullptr) {
    apply_.commit = Commit{};
    apply_.match = event.b <= sink.ledger.forgotten_max() ? ApplyFact::Match::kForgotten
                                                          : ApplyFact::Match::kUnknown;
    return;
  }
  apply_.commit = *commit;
  if (commit->done()) {
    apply_.match = ApplyFact::Match::kAgain;
    apply_.applied_epoch = sink.epoch - ((sink.epoch - commit->epoch) & 0xFF);
    // A transaction that was cut short by a restart is whole with the row that it lacked: what it
    // had written to other rows was written when those were.
    const bool its_own = apply_.previous_ts == event.b;
    if (event.kind == EventKind::kRowApplied && (its_own || apply_.previous_epoch < sink.epoch)) {
      apply_.applied_epoch = std::min(apply_.applied_epoch, apply_.previous_epoch);
    }
    return;
  }
  if (!MarkRow(apply_.sink, commit, identity)) {
    apply_.match = ApplyFact::Match::kAgain;
    apply_.applied_epoch = apply_.previous_epoch;
    return;
  }
  commit->digest -= digest;
  commit->rows_left = (commit->rows_left - 1) & kRowsMax;
  if (!commit->done()) {
    apply_.match = ApplyFact::Match::kFirst;
    return;
  }
  apply_.match = ApplyFact::Match::kWhole;
  apply_.differs = commit->digest != 0;
  apply_.lag = event.time - commit->time;
  commit->epoch = sink.epoch & 0xFF;
  const Commit completed = *commit;
  sink.ledger.Completed(completed);
}

void Model::RowApplied(const Event& event) {
  apply_.sink = SinkIndex(event.node);
  apply_.differs = false;
  if (apply_.sink == kNoSink || !Wants(apply_.sink, event.code)) {
    apply_.match = ApplyFact::Match::kUnwanted;
    return;
  }
  SinkFacts& sink = sinks_[apply_.sink];
  RowState& row = rows_[apply_.sink * table_count_ + event.code][event.a];
  apply_.previous_ts = row.down_ts;
  apply_.previous_epoch = row.down_epoch;
  const std::uint64_t digest = RowDigest(event.code, event.a, event.c);
  Match(event, RowDigest(event.code, event.a, 0), digest);
  sink.applied_max = std::max(sink.applied_max, event.b);
  if (!sink.keyed && event.b <= row.down_ts) return;  // readers of files and Kafka de-duplicate
  if (!header_.tables[event.code].has_key && sink.keyed) {
    // Without a key a repeated insert is one more row, and a delete takes away one.
    if (event.c == 0) {
      row.copies -= row.copies > 0 ? 1 : 0;
    } else if (event.b <= row.down_ts || row.copies == 0) {
      ++row.copies;
    }
    row.down_value = row.copies == 0 ? 0 : event.c != 0 ? event.c : row.down_value;
  } else {
    row.down_value = event.c;
  }
  row.down_ts = event.b;
  row.down_epoch = sink.epoch;
}

}  // namespace tidegate::verifier
