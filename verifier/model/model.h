// Shared facts of a run, derived once per event before any check sees it. Everything here follows
// from truth and boundary events; of claims only whether and how the engine ended, for the outcome.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trace/event.h"
#include "trace/header.h"
#include "trace/recorder.h"
#include "verifier/findings.h"
#include "verifier/model/action_index.h"
#include "verifier/model/acts.h"
#include "verifier/model/ledger.h"
#include "verifier/model/rows.h"
#include "verifier/model/status_body.h"

namespace tidegate::verifier {

struct NodeFacts {
  bool up = false;
  bool ever_up = false;
  std::uint32_t incarnation = 0;
  trace::TextId version = 0;  ///< that runs, or ran last
  trace::TextId config = 0;   ///< configuration text that it started with
  trace::TextId installed_version =
      0;  ///< at the path that its unit runs; 0: nothing installed yet
  trace::TextId installed_config = 0;
  bool ran_target = false;  ///< it ran its target version, at any time
  bool unit_enabled = true;
  Time up_since = 0;
  std::uint64_t up_index = 0;
  trace::DownCause down_cause = trace::DownCause::kStopped;
  trace::RegistryState registry = trace::RegistryState::kAbsent;
  std::string registry_id;  ///< last part of its registry key, as PumpPos names it; may be empty
  bool ever_registered = false;
  bool clients = false;               ///< of a TiDB: clients can reach it
  std::uint32_t old_paths = 0;        ///< of a TiDB: open paths to the old side
  std::uint32_t new_paths = 0;        ///< of a TiDB: open paths to the new Pumps
  bool stopped_by_engine = false;     ///< an action stopped it, at any time
  bool configured_by_engine = false;  ///< an action installed its binary or configuration
  bool hit_by_fault = false;          ///< a fault named it
  Tso topic_last_ts = 0;              ///< of a Kafka-era Pump: last real TSO that its topic holds
};

struct DrainerFacts {
  NodeId sink = kNoNode;
  Tso resumed_ts = 0;       ///< commit_ts that it last resumed from
  std::uint32_t epoch = 0;  ///< of its sink, given at that load; 0: it never loaded
  bool loaded = false;
  bool resumed_own = false;  ///< from what Drainers had saved, which nobody wrote to since
  std::uint64_t loaded_index = 0;
  Tso handed_ts = 0;  ///< last handed in this incarnation
  Tso saved_ts = 0;   ///< last saved by it
};

struct SavedCheckpoint {
  trace::TextId store = 0;
  Tso commit_ts = 0;
  NodeId saver = kNoNode;
  Evidence evidence;
};

/// The engine went on, on the word of its gate.
struct GateDecision {
  bool taken = false;
  Evidence evidence;
  Tso t0 = 0;  ///< barrier as it stood then; 0: some writer's path to the old side was open
};

/// A full import into the sink: its tables were replaced by rows as of a timestamp.
struct LoadFacts {
  bool ended = false;
  Tso as_of = 0;
  Evidence began;
  Evidence evidence;         ///< of its end
  std::vector<bool> tables;  ///< that were replaced since it began
};

struct SinkFacts {
  NodeId node = kNoNode;
  bool keyed = true;
  bool has_old_drainer = false;
  bool has_new_drainer = false;
  bool new_drainer_ran = false;
  std::uint32_t epoch = 0;
  Ledger ledger;
  std::vector<SavedCheckpoint> stores;  ///< last save of each
  bool touched_since_save = false;      ///< the engine ran a statement there, or wrote the file
  bool saved = false;
  SavedCheckpoint last_saved;
  GateDecision gate;
  LoadFacts load;
  /// Rows that somebody's own SQL changed, by table and key: with the change of a Drainer's that
  /// they had then. Where a Drainer changed the row since, that is over.
  std::map<std::pair<std::uint16_t, std::int64_t>, Tso> changed_by_hand;
  /// The highest commit_ts that an old Drainer saved before the engine went on: what the product
  /// had called done by itself.
  Tso covered_before_gate = 0;
  Tso applied_max = 0;
};

/// Did a save of any of the sink's stores cover `commit_ts`? The latest such save, or null.
const SavedCheckpoint* SaveAbove(const SinkFacts& sink, Tso commit_ts);

/// What the event now being shown did to its sink; valid for kRowApplied and kDdlApplied.
struct ApplyFact {
  enum class Match : std::uint8_t {
    kUnwanted,   ///< a table that this sink does not want: not judged here
    kUnknown,    ///< no such commit so far
    kForgotten,  ///< at or below what was applied and checkpointed before
    kAgain,      ///< a row, or a whole transaction, that was applied before
    kFirst,      ///< a row of a transaction that is not whole yet
    kWhole,      ///< the row that makes its transaction whole
  };
  Match match = Match::kUnwanted;
  bool differs = false;             ///< kWhole, and the rows applied are not the rows committed
  std::size_t sink = 0;             ///< index
  std::uint32_t applied_epoch = 0;  ///< kAgain: the sink's epoch when it was applied before
  Tso previous_ts = 0;              ///< change applied to this row before; 0: none
  std::uint32_t previous_epoch = 0;
  Duration lag = 0;  ///< kWhole: commit to now
  Commit commit;     ///< as it was before this event; commit_ts 0 when there is none
};

/// How the run ended, for the outcome.
struct RunFacts {
  bool ended = false;
  trace::RunEnd end = trace::RunEnd::kQuiet;
  Evidence end_evidence;
  std::string fault_never_fired;  ///< description of the first; empty: none
  bool engine_started = false;
  int engine_end = -1;  ///< EngineEnd; -1: it did not finish, or makes no claims
  std::string engine_why;
};

/// A transaction whose prewrite was acknowledged and whose end is not known.
struct OpenTxn {
  NodeId pump = kNoNode;
  bool late = false;      ///< acknowledged by an old Pump after a gate decision
  std::uint8_t drop = 0;  ///< 1 + DropReason
};

class Model {
 public:
  Model(const trace::Header& header, const trace::TextTable& texts);

  void Apply(const trace::Event& event, std::uint64_t index) {
    using trace::EventKind;
    now_index_ = index;
    switch (event.kind) {
      case EventKind::kRowApplied: RowApplied(event); break;
      case EventKind::kRowCommitted: RowCommitted(event); break;
      case EventKind::kTxnCommitted: TxnCommitted(event); break;
      case EventKind::kTxnHanded: TxnHanded(event); break;
      case EventKind::kBinlogAcked: BinlogAcked(event); break;
      default: ApplyRare(event); break;
    }
  }

  const trace::Header& header() const { return header_; }
  /// Does the procedure hand a drained stream over? A full import abandons it.
  bool has_drain_gate() const { return !is_import_; }
  const NodeFacts& node(NodeId id) const { return nodes_[id]; }
  const trace::NodeInfo& info(NodeId id) const { return header_.nodes[id]; }
  bool IsNode(NodeId id) const { return id < nodes_.size(); }
  bool IsOldPump(NodeId id) const { return IsNode(id) && old_pump_[id]; }
  /// A Pump or Drainer of the cluster version that stays and is to run another release.
  bool UpgradedInPlace(NodeId id) const {
    if (!IsNode(id)) return false;
    const trace::NodeInfo& node = header_.nodes[id];
    const bool part = node.role == Role::kPump || node.role == Role::kDrainer;
    return part && node.era == Era::kCluster && !node.old_side && !node.new_side &&
           !node.target_version.empty();
  }
  /// It ran its target version, and then a fault started it on another one.
  bool TakenBackByFault(NodeId id) const {
    return IsNode(id) && nodes_[id].ran_target &&
           texts_.Get(nodes_[id].version) != header_.nodes[id].target_version &&
           acts_.upped_by(id) == Cause::kScenario;
  }
  /// Clients reach a TiDB that runs.
  bool AnyTidbServes() const {
    for (const NodeFacts& node : nodes_) {
      if (node.clients && node.up) return true;
    }
    return false;
  }
  /// Whose acts started and stopped nodes.
  const Acts& acts() const { return acts_; }
  const DrainerFacts& drainer(NodeId id) const { return drainers_[id]; }

  const std::vector<SinkFacts>& sinks() const { return sinks_; }
  std::vector<SinkFacts>& mutable_sinks() { return sinks_; }
  /// Index of the sink that is node `downstream`, or kNoSink.
  std::size_t SinkIndex(NodeId downstream) const {
    return downstream < sink_index_.size() ? sink_index_[downstream] : kNoSink;
  }
  /// Index of the sink that `drainer` applies to, or kNoSink.
  std::size_t SinkOfDrainer(NodeId drainer) const {
    return drainer < drainers_.size() ? SinkIndex(drainers_[drainer].sink) : kNoSink;
  }
  bool Wants(std::size_t sink, std::uint16_t table) const {
    return table < table_count_ && wants_[sink * table_count_ + table] != 0;
  }
  const RowMap& Rows(std::size_t sink, std::uint16_t table) const {
    return rows_[sink * table_count_ + table];
  }
  /// Transactions that are applied in part, in the order in which that began.
  std::vector<Tso> PartlyApplied(std::size_t sink) const;
  /// Is the commit's stream the one that `drainer` reads? Its sides are old and new.
  bool SameStream(const Commit& commit, NodeId drainer) const {
    return commit.pump != kNoNode && !commit.Has(kCommitUnlogged) &&
           old_pump_[commit.pump] == (header_.nodes[drainer].old_side ? 1 : 0);
  }
  /// Shape that the last DDL gave the table; 0: none was seen.
  std::uint32_t UpShape(std::uint16_t table) const { return up_shape_[table]; }
  std::uint32_t DownShape(std::size_t sink, std::uint16_t table) const {
    return down_shape_[sink * table_count_ + table];
  }
  /// Smallest shape that a DDL of this run gave the table; UINT32_MAX: none did.
  std::uint32_t FirstDdlShape(std::uint16_t table) const { return first_ddl_shape_[table]; }

  /// Of the event being shown.
  const ApplyFact& apply() const { return apply_; }
  /// Index of the sink whose gate decision the event being shown was, or kNoSink.
  std::size_t decided_now() const {
    return decided_now_ == now_index_ + 1 ? decided_sink_ : kNoSink;
  }
  /// The transaction whose last row the event being shown brought: its commits by sink are in the
  /// ledgers. Null for other events.
  const Commit* committed_now() const {
    return committed_now_ == now_index_ + 1 ? &current_ : nullptr;
  }
  /// Does the sink want something of committed_now()? Nobody: it is not real.
  bool CurrentWantedBy(std::size_t sink) const { return (current_sinks_ >> sink & 1) != 0; }
  bool current_is_real() const { return current_sinks_ != 0; }
  /// The node whose readable /status answer the event being shown brought, or kNoNode.
  NodeId status_now() const { return status_now_ == now_index_ + 1 ? status_node_ : kNoNode; }
  const StatusBody& last_status(NodeId id) const { return statuses_[id]; }

  /// PD timestamp at which the last path from a writer to the old side closed; 0 while one is open
  /// or before any was.
  Tso t0() const { return t0_; }
  const Evidence& t0_evidence() const { return t0_evidence_; }
  std::uint32_t old_paths_open() const { return old_paths_open_; }
  bool any_old_path_seen() const { return any_old_path_seen_; }
  std::uint32_t new_paths_open() const { return new_paths_open_; }
  bool any_gate_taken() const { return any_gate_taken_; }
  /// Some transaction committed a second and more below one before it: PD's timestamps went back.
  bool pd_went_back() const { return pd_went_back_; }
  bool any_fault() const { return any_fault_; }
  Time last_fault_time() const { return last_fault_time_; }
  bool workload_stopped() const { return workload_stopped_; }
  const RunFacts& run() const { return run_; }
  Time now() const { return now_; }
  const OpenTxn* Open(Tso start_ts) const;

  static constexpr std::size_t kNoSink = SIZE_MAX;

 private:
  struct InFlight {
    Tso commit_ts = 0;
    std::vector<std::uint64_t> rows;  ///< identities applied so far
  };
  struct Pending {
    std::uint32_t rows = 0;
    std::uint64_t digest = 0;
  };

  void TxnCommitted(const trace::Event& event);
  void RowCommitted(const trace::Event& event);
  void RowApplied(const trace::Event& event);
  void TxnHanded(const trace::Event& event);
  void BinlogAcked(const trace::Event& event);
  void ApplyRare(const trace::Event& event);
  void NodeMoved(const trace::Event& event);
  void WriterPathMoved(const trace::Event& event);
  void DdlCommitted(const trace::Event& event);
  void DdlApplied(const trace::Event& event);
  void BinlogDropped(const trace::Event& event);
  void CheckpointSaved(const trace::Event& event);
  void CheckpointLoaded(const trace::Event& event);
  void RegistryMoved(const trace::Event& event);
  void ActionStarted(const trace::Event& event);
  void FileWritten(std::string_view what);
  void FaultFired(const trace::Event& event);
  void Asked(const trace::Event& event);
  void Answered(const trace::Event& event);
  void Torn(const trace::Event& event);
  void RowChanged(const trace::Event& event);
  void LoadMoved(const trace::Event& event);
  void TableLoaded(const trace::Event& event);
  void RowLoaded(const trace::Event& event);
  void Decide(NodeId drainer, const trace::Event& event);
  void FinishCommit();
  bool MarkRow(std::size_t sink, Commit* commit, std::uint64_t identity);
  void Match(const trace::Event& event, std::uint64_t identity, std::uint64_t digest);

  const trace::Header& header_;
  const trace::TextTable& texts_;
  Acts acts_;
  std::vector<NodeFacts> nodes_;
  std::vector<DrainerFacts> drainers_;
  std::vector<std::uint8_t> old_pump_;
  std::vector<std::size_t> sink_index_;
  std::vector<SinkFacts> sinks_;
  std::size_t table_count_ = 0;
  std::vector<std::uint8_t> wants_;
  std::vector<RowMap> rows_;
  std::vector<std::uint32_t> up_shape_;
  std::vector<std::uint32_t> first_ddl_shape_;
  std::vector<std::uint32_t> down_shape_;
  std::vector<std::vector<InFlight>> in_flight_;  // by sink
  boost::unordered_flat_map<Tso, OpenTxn> open_;
  Commit current_;  // the transaction whose rows are coming
  std::uint32_t current_rows_left_ = 0;
  Tso newest_commit_ts_ = 0;
  bool current_is_behind_ = false;  // far below newest_commit_ts_
  bool pd_went_back_ = false;
  std::uint64_t current_sinks_ = 0;  // bit by sink index
  std::uint16_t current_txn_flags_ = 0;
  std::vector<Pending> pending_;  // by sink, of current_
  ApplyFact apply_;
  std::uint64_t now_index_ = 0;
  std::uint64_t decided_now_ = 0;  // index + 1
  std::size_t decided_sink_ = kNoSink;
  std::uint64_t committed_now_ = 0;  // index + 1
  std::uint64_t status_now_ = 0;     // index + 1
  NodeId status_node_ = kNoNode;
  std::vector<StatusBody> statuses_;
  std::vector<trace::TextId> status_texts_;  ///< of which statuses_ were read
  boost::unordered_flat_map<std::int64_t, NodeId> status_asks_;
  Tso t0_ = 0;
  Evidence t0_evidence_;
  std::uint32_t old_paths_open_ = 0;
  std::uint32_t new_paths_open_ = 0;
  bool any_old_path_seen_ = false;
  bool any_gate_taken_ = false;
  bool is_import_ = false;
  bool any_fault_ = false;
  Time last_fault_time_ = 0;
  bool workload_stopped_ = false;
  RunFacts run_;
  Time now_ = 0;
};

}  // namespace tidegate::verifier
