// The rare half of the model: nodes, paths, DDL, drops, checkpoints, the gate decision, answers.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {

using trace::Event;
using trace::EventKind;

std::vector<Tso> Model::PartlyApplied(std::size_t sink) const {
  std::vector<Tso> partly;
  for (const InFlight& flight : in_flight_[sink]) partly.push_back(flight.commit_ts);
  return partly;
}

void Model::ApplyRare(const Event& event) {
  now_ = event.time;
  acts_.OnEvent(event, now_index_);
  switch (event.kind) {
    case EventKind::kNodeUp:
    case EventKind::kNodeDown:
    case EventKind::kBinaryInstalled:
    case EventKind::kConfigInstalled:
    case EventKind::kUnitEnabled:
    case EventKind::kClientsAttached:
    case EventKind::kClientsDetached: NodeMoved(event); break;
    case EventKind::kWriterPathOpened:
    case EventKind::kWriterPathClosed: WriterPathMoved(event); break;
    case EventKind::kTxnRolledBack: open_.erase(event.a); break;
    case EventKind::kDdlCommitted: DdlCommitted(event); break;
    case EventKind::kDdlApplied: DdlApplied(event); break;
    case EventKind::kBinlogDropped: BinlogDropped(event); break;
    case EventKind::kTopicAdvanced:
      if (IsNode(event.peer)) nodes_[event.peer].topic_last_ts = event.c;
      break;
    case EventKind::kRegistryMoved: RegistryMoved(event); break;
    case EventKind::kCheckpointSaved: CheckpointSaved(event); break;
    case EventKind::kCheckpointLoaded: CheckpointLoaded(event); break;
    case EventKind::kRowTorn:
    case EventKind::kDdlTorn: Torn(event); break;
    case EventKind::kRowChanged: RowChanged(event); break;
    case EventKind::kLoadMoved: LoadMoved(event); break;
    case EventKind::kTableLoaded: TableLoaded(event); break;
    case EventKind::kRowLoaded: RowLoaded(event); break;
    case EventKind::kFaultFired: FaultFired(event); break;
    case EventKind::kFaultHealed: last_fault_time_ = event.time; break;
    case EventKind::kWorkloadStopped: workload_stopped_ = true; break;
    case EventKind::kRunEnded:
      run_.ended = true;
      run_.end = static_cast<trace::RunEnd>(event.code);
      run_.end_evidence = {.index = now_index_, .event = event};
      break;
    case EventKind::kFaultNeverFired:
      if (run_.fault_never_fired.empty()) run_.fault_never_fired = texts_.Get(event.text);
      break;
    case EventKind::kEngineStarted: run_.engine_started = true; break;
    case EventKind::kEngineFinished:
      run_.engine_end = event.code;
      run_.engine_why = texts_.Get(event.text);
      break;
    case EventKind::kActionStarted: ActionStarted(event); break;
    case EventKind::kAsked: Asked(event); break;
    case EventKind::kAnswered: Answered(event); break;
    default: break;
  }
}

void Model::NodeMoved(const Event& event) {
  if (!IsNode(event.node)) return;
  NodeFacts& node = nodes_[event.node];
  switch (event.kind) {
    case EventKind::kNodeUp: {
      node.up = true;
      node.ever_up = true;
      node.incarnation = event.code;
      node.version = event.text;
      node.config = event.n;
      node.ran_target |= !info(event.node).target_version.empty() &&
                         texts_.Get(event.text) == info(event.node).target_version;
      node.up_since = event.time;
      node.up_index = now_index_;
      drainers_[event.node].handed_ts = 0;
      drainers_[event.node].loaded = false;
      const std::size_t sink = SinkOfDrainer(event.node);
      if (sink == kNoSink || !info(event.node).new_side) break;
      sinks_[sink].new_drainer_ran = true;
      Decide(event.node, event);
      break;
    }
    case EventKind::kNodeDown:
      node.up = false;
      node.down_cause = static_cast<trace::DownCause>(event.code);
      // Where no actions are shown, an old Drainer that goes behind the barrier is the going on.
      if (info(event.node).role == Role::kDrainer && info(event.node).old_side && t0_ != 0 &&
          !acts_.any_action() && acts_.downed_by(event.node) == Cause::kEngine) {
        Decide(event.node, event);
      }
      break;
    case EventKind::kBinaryInstalled:
      node.installed_version = event.text;
      node.configured_by_engine |= acts_.PlaybookOpen();
      break;
    case EventKind::kConfigInstalled:
      node.installed_config = event.text;
      node.configured_by_engine |= acts_.PlaybookOpen();
      break;
    case EventKind::kUnitEnabled: node.unit_enabled = event.code != 0; break;
    case EventKind::kClientsAttached: node.clients = true; break;
    default: node.clients = false; break;
  }
}

void Model::WriterPathMoved(const Event& event) {
  if (!IsNode(event.node)) return;
  const bool opened = event.kind == EventKind::kWriterPathOpened;
  const auto flavour = static_cast<trace::Flavour>(event.code);
  NodeFacts& node = nodes_[event.node];
  if (flavour == trace::Flavour::kCluster) {
    if (opened) {
      ++node.new_paths;
      ++new_paths_open_;
    } else if (node.new_paths > 0) {
      --node.new_paths;
      --new_paths_open_;
    }
    return;
  }
  if (flavour != trace::Flavour::kSocket) return;
  if (opened) {
    ++node.old_paths;
    ++old_paths_open_;
    any_old_path_seen_ = true;
    t0_ = 0;
    return;
  }
  if (node.old_paths == 0) return;
  --node.old_paths;
  if (--old_paths_open_ > 0) return;
  t0_ = event.a;
  t0_evidence_ = {.index = now_index_, .event = event};
}

void Model::DdlCommitted(const Event& event) {
  const bool follows_txn = current_.commit_ts == event.b;
  if (!follows_txn) {
    current_ = Commit{};
    current_.start_ts = event.a;
    current_.commit_ts = event.b;
    current_txn_flags_ = 0;
  }
  current_.time = event.time;
  current_.Set(kCommitDdl);
  current_sinks_ = 0;
  const auto open = open_.find(event.a);
  if (open != open_.end()) {
    if (open->second.pump != kNoNode) current_.pump = open->second.pump;
    current_.drop = open->second.drop;
    if (open->second.late) current_.Set(kCommitLateAck);
    open_.erase(open);
  }
  const bool cancelled = event.d != 0;
  if (!cancelled && event.code < table_count_) {
    up_shape_[event.code] = event.n;
    first_ddl_shape_[event.code] = std::min(first_ddl_shape_[event.code], event.n);
    for (std::size_t sink = 0; sink < sinks_.size(); ++sink) {
      if (!Wants(sink, event.code)) continue;
      pending_[sink].rows += 1;
      pending_[sink].digest += RowDigest(event.code, event.c, event.n);
    }
  }
  FinishCommit();
}

void Model::DdlApplied(const Event& event) {
  apply_.sink = SinkIndex(event.node);
  apply_.differs = false;
  apply_.previous_ts = 0;
  apply_.previous_epoch = 0;
  if (apply_.sink == kNoSink || !Wants(apply_.sink, event.code)) {
    apply_.match = ApplyFact::Match::kUnwanted;
    return;
  }
  Match(event, RowDigest(event.code, event.c, 0), RowDigest(event.code, event.c, event.n));
  SinkFacts& sink = sinks_[apply_.sink];
  sink.applied_max = std::max(sink.applied_max, event.b);
  down_shape_[apply_.sink * table_count_ + event.code] = event.n;
}

void Model::BinlogDropped(const Event& event) {
  const auto reason = static_cast<std::uint8_t>(event.code + 1);
  const auto open = open_.find(event.a);
  if (event.a != 0 && open != open_.end()) {
    if (!IsFatalDrop(open->second.drop)) open->second.drop = reason;
    return;
  }
  bool known = event.b != 0;
  const std::size_t only = SinkOfDrainer(event.node);
  for (std::size_t i = 0; i < sinks_.size(); ++i) {
    if (only != kNoSink && only != i) continue;
    Ledger& ledger = sinks_[i].ledger;
    Commit* commit = event.b != 0 ? ledger.Find(event.b) : ledger.FindByStart(event.a);
    if (commit == nullptr) continue;
    known = true;
    // What is applied, or on its way, loses nothing by a second copy's drop. What Kafka refused
    // was on its way, and is not any more.
    const bool on_its_way = commit->Has(kCommitHanded) &&
                            event.code != static_cast<std::uint16_t>(trace::DropReason::kTooLarge);
    if (commit->done() || on_its_way || IsFatalDrop(commit->drop)) continue;
    commit->drop = reason;
  }
  // A prewrite that a writer or its Pump lost before it was acknowledged: remembered for its
  // commit.
  if (!known && event.a != 0 && IsNode(event.node) && info(event.node).role != Role::kDrainer) {
    open_[event.a].drop = reason;
  }
}

void Model::CheckpointSaved(const Event& event) {
  const std::size_t index = SinkIndex(event.node);
  if (index == kNoSink) return;
  SinkFacts& sink = sinks_[index];
  const SavedCheckpoint saved = {.store = event.n,
                                 .commit_ts = event.b,
                                 .saver = event.peer,
                                 .evidence = {.index = now_index_, .event = event}};
  const auto known =
      std::find_if(sink.stores.begin(), sink.stores.end(),
                   [&](const SavedCheckpoint& store) { return store.store == saved.store; });
  if (known == sink.stores.end()) {
    sink.stores.push_back(saved);
  } else {
    *known = saved;
  }
  if (!sink.gate.taken && IsNode(event.peer) && info(event.peer).old_side) {
    sink.covered_before_gate = std::max(sink.covered_before_gate, event.b);
  }
  sink.saved = true;
  sink.touched_since_save = false;
  sink.last_saved = saved;
  if (IsNode(event.peer)) drainers_[event.peer].saved_ts = event.b;
  sink.ledger.Forget(event.b);
}

void Model::CheckpointLoaded(const Event& event) {
  const std::size_t index = SinkOfDrainer(event.node);
  if (index == kNoSink) return;
  DrainerFacts& drainer = drainers_[event.node];
  const SinkFacts& sink = sinks_[index];
  drainer.resumed_ts = event.b;
  drainer.resumed_own =
      sink.saved && !sink.touched_since_save && event.b <= sink.last_saved.commit_ts;
  drainer.epoch = ++sinks_[index].epoch;
  drainer.loaded = true;
  drainer.loaded_index = now_index_;
  drainer.handed_ts = 0;
}

void Model::RegistryMoved(const Event& event) {
  if (!IsNode(event.node)) return;
  NodeFacts& node = nodes_[event.node];
  node.registry = static_cast<trace::RegistryState>(event.code);
  if (node.registry != trace::RegistryState::kAbsent) node.ever_registered = true;
  // /tidb-binlog/pumps/<node id>[/object|/alive] or /tidb-binlog/v1/pumps/<node id>
  // tidb-binlog branch kafka: pump/registry.go; master: pkg/node/node.go
  std::string_view key = texts_.Get(event.text);
  for (const std::string_view leaf : {std::string_view("/object"), std::string_view("/alive")}) {
    if (key.ends_with(leaf)) key.remove_suffix(leaf.size());
  }
  const std::size_t slash = key.rfind('/');
  if (slash != std::string_view::npos) key.remove_prefix(slash + 1);
  if (!key.empty()) node.registry_id = std::string(key);
}

void Model::Decide(NodeId drainer, const Event& event) {
  const std::size_t index = SinkOfDrainer(drainer);
  if (index == kNoSink || is_import_) return;
  SinkFacts& sink = sinks_[index];
  if (sink.gate.taken || !sink.has_old_drainer || !sink.has_new_drainer) return;
  sink.gate.taken = true;
  sink.gate.evidence = {.index = now_index_, .event = event};
  sink.gate.t0 = t0_;
  any_gate_taken_ = true;
  decided_now_ = now_index_ + 1;
  decided_sink_ = index;
}

// "write-file /data/savepoint on 10.0.4.1": a checkpoint that lies in a file is the engine's to
// spoil.
void Model::FileWritten(std::string_view what) {
  constexpr std::string_view kFile = "file:";
  for (SinkFacts& sink : sinks_) {
    const std::string_view store = texts_.Get(sink.last_saved.store);
    if (!store.starts_with(kFile)) continue;
    const std::string path = fmt::format(" {} ", store.substr(kFile.size()));
    if (what.find(path) != std::string_view::npos) sink.touched_since_save = true;
  }
}

void Model::ActionStarted(const Event& event) {
  if (event.code == kActWriteFile) FileWritten(texts_.Get(event.text));
  if (!IsNode(event.node)) return;
  NodeFacts& node = nodes_[event.node];
  const trace::NodeInfo& target = info(event.node);
  switch (event.code) {
    case kActStopProcess:
      node.stopped_by_engine = true;
      // Before the barrier stands, stopping an old Drainer is not yet going on: it may come back.
      if (target.role == Role::kDrainer && target.old_side && t0_ != 0) Decide(event.node, event);
      break;
    case kActStartProcess:
      if (target.role == Role::kDrainer && target.new_side) Decide(event.node, event);
      break;
    case kActRunSql:
      if (SinkIndex(event.node) != kNoSink) sinks_[SinkIndex(event.node)].touched_since_save = true;
      break;
    case kActInstallBinary:
    case kActCopyBinary:
    case kActWriteFile: node.configured_by_engine = true; break;
    default: break;
  }
}

void Model::FaultFired(const Event& event) {
  any_fault_ = true;
  last_fault_time_ = event.time;
  if (IsNode(event.node)) nodes_[event.node].hit_by_fault = true;
  if (IsNode(event.peer)) nodes_[event.peer].hit_by_fault = true;
}

void Model::Asked(const Event& event) {
  if (!IsNode(event.node) || event.code != kQueryHttpGet) return;
  if (info(event.node).role != Role::kDrainer) return;
  if (texts_.Get(event.text).ends_with("/status")) status_asks_[event.a] = event.node;
}

void Model::Answered(const Event& event) {
  const auto ask = status_asks_.find(event.a);
  if (ask == status_asks_.end()) return;
  const NodeId node = ask->second;
  status_asks_.erase(ask);
  if (event.code != kAnswerOk) return;
  // Polls find the same bytes again and again.
  if (status_texts_[node] != event.text) statuses_[node] = ParseStatusBody(texts_.Get(event.text));
  status_texts_[node] = event.text;
  if (!statuses_[node].readable) return;
  status_now_ = now_index_ + 1;
  status_node_ = node;
}

}  // namespace tidegate::verifier
