// The lines of a trace text that stand for an event, or for a handful that always come together.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/trace_text_builder.h"

namespace tidegate::test {
namespace {

constexpr std::array<std::string_view, 15> kDropNames = {
    "tolerant-write", "ignore-error",      "writer-gone", "no-prewrite",       "below-window",
    "duplicate",      "less-than-last",    "below-start", "resolved-rollback", "unknown-table",
    "purged-range",   "pending-at-forget", "torn-tail",   "job-lost",          "too-large"};

}  // namespace

Status Builder::Commit() {
  Event txn;
  txn.kind = EventKind::kTxnCommitted;
  txn.node = node_;
  TRY(Stamps(Word(2), &txn.a, &txn.b));
  TRY_ASSIGN(const std::vector<Row> rows,
             Rows(Word(3).find(':') == std::string::npos ? "" : Word(3)));
  TRY_ASSIGN(const NodeId pump, NodeNamed(Value("pump")));
  TRY_ASSIGN(const std::int64_t shape, Int(Value("shape")));
  txn.n = static_cast<std::uint32_t>(rows.size());
  txn.code = static_cast<std::uint16_t>((Has("unlogged") ? 4 : 0) | (Has("marker") ? 2 : 0));
  if (pump != kNoNode) Emit(EventKind::kBinlogAcked, pump, node_, 0, txn.a, 0);
  Emit(txn);
  for (const Row& row : rows) {
    Event event;
    event.kind = EventKind::kRowCommitted;
    event.node = node_;
    event.code = row.table;
    event.a = row.key;
    event.b = txn.b;
    event.c = row.value;
    event.n = static_cast<std::uint32_t>(shape);
    Emit(event);
  }
  if (pump != kNoNode) Emit(EventKind::kBinlogAcked, pump, node_, 1, txn.a, txn.b);
  return {};
}

Status Builder::Ddl() {
  const bool applied = Word(1) == "ddl-apply";
  Event event;
  event.kind = applied ? EventKind::kDdlApplied : EventKind::kDdlCommitted;
  event.node = applied ? trace.header.nodes[node_].sink : node_;
  event.peer = applied ? node_ : kNoNode;
  if (applied) {
    TRY_ASSIGN(event.b, Int(Word(2)));
  } else {
    TRY(Stamps(Word(2), &event.a, &event.b));
  }
  TRY_ASSIGN(event.code, TableNamed(Word(3)));
  TRY_ASSIGN(event.c, Int(Value("job")));
  TRY_ASSIGN(const std::int64_t shape, Int(Value("shape")));
  event.n = static_cast<std::uint32_t>(shape);
  event.d = Has("cancelled") ? 1 : 0;
  TRY_ASSIGN(const NodeId pump, NodeNamed(Value("pump")));
  if (pump != kNoNode) Emit(EventKind::kBinlogAcked, pump, node_, 0, event.a, 0);
  if (!applied) {
    Emit(EventKind::kTxnCommitted, node_, kNoNode, Has("marker") ? 3 : 1, event.a, event.b);
  }
  Emit(event);
  if (pump != kNoNode) Emit(EventKind::kBinlogAcked, pump, node_, 1, event.a, event.b);
  return {};
}

Status Builder::Ack() {
  constexpr std::array<std::string_view, 4> kTypes = {"prewrite", "commit", "rollback", "fake"};
  Event event;
  event.kind = EventKind::kBinlogAcked;
  event.node = node_;
  TRY_ASSIGN(const std::size_t type, Index(Word(2), kTypes));
  event.code = static_cast<std::uint16_t>(type);
  TRY(Stamps(Word(3), &event.a, &event.b));
  TRY_ASSIGN(event.peer, NodeNamed(Value("from")));
  Emit(event);
  return {};
}

Status Builder::Drop() {
  Event event;
  event.kind = EventKind::kBinlogDropped;
  event.node = node_;
  TRY_ASSIGN(const std::size_t reason, Index(Word(2), kDropNames));
  event.code = static_cast<std::uint16_t>(reason);
  TRY(Stamps(Word(3), &event.a, &event.b));
  Emit(event);
  return {};
}

Status Builder::Purge() {
  constexpr std::array<std::string_view, 2> kTypes = {"prewrite", "commit"};
  Event event;
  event.kind = EventKind::kBinlogPurged;
  event.node = node_;
  TRY_ASSIGN(const std::size_t type, Index(Word(2), kTypes));
  event.code = static_cast<std::uint16_t>(type);
  TRY(Stamps(Word(3), &event.a, &event.b));
  TRY_ASSIGN(event.peer, NodeNamed(Value("peer")));
  Emit(event);
  return {};
}

Status Builder::Apply() {
  TRY_ASSIGN(const Tso commit, Int(Word(2)));
  TRY_ASSIGN(const std::vector<Row> rows, Rows(Word(3)));
  TRY_ASSIGN(const std::int64_t shape, Int(Value("shape")));
  for (const Row& row : rows) {
    Event event;
    event.kind = EventKind::kRowApplied;
    event.node = trace.header.nodes[node_].sink;
    event.peer = node_;
    event.code = row.table;
    event.a = row.key;
    event.b = commit;
    event.c = row.value;
    event.n = static_cast<std::uint32_t>(shape);
    event.d = (Has("safe") ? 1 : 0) | (Has("retry") ? 2 : 0);
    Emit(event);
  }
  return {};
}

Status Builder::Checkpoint() {
  constexpr std::array<std::string_view, 4> kSources = {"stored", "initial", "now", "zero"};
  Event event;
  TRY_ASSIGN(event.b, Int(Word(2)));
  event.n = Intern(Value("store", "tidb_binlog.checkpoint"));
  if (Word(1) == "save") {
    const bool is_drainer = trace.header.nodes[node_].role == Role::kDrainer;
    event.kind = EventKind::kCheckpointSaved;
    event.node = is_drainer ? trace.header.nodes[node_].sink : node_;
    event.peer = is_drainer ? node_ : kNoNode;
    event.text = Intern(Value("text"));
  } else {
    event.kind = EventKind::kCheckpointLoaded;
    event.node = node_;
    const std::string source = Word(3).find('=') == std::string::npos ? Word(3) : "";
    TRY_ASSIGN(const std::size_t code, Index(source.empty() ? "stored" : source, kSources));
    event.code = static_cast<std::uint16_t>(code);
    TRY_ASSIGN(event.c, Int(Value("initial")));
  }
  Emit(event);
  return {};
}

Status Builder::Process() {
  Event event;
  event.node = node_;
  if (Word(1) == "up") {
    event.kind = EventKind::kNodeUp;
    event.text = Intern(Value("version", "v1"));
    event.n = Intern(Value("config"));
    TRY_ASSIGN(const std::int64_t incarnation, Int(Value("incarnation"), 1));
    event.code = static_cast<std::uint16_t>(incarnation);
  } else {
    event.kind = EventKind::kNodeDown;
    constexpr std::array<std::string_view, 4> kCauses = {"stopped", "killed", "exited", "failed"};
    TRY_ASSIGN(const std::size_t cause, Index(Word(2).empty() ? "stopped" : Word(2), kCauses));
    event.code = static_cast<std::uint16_t>(cause);
    event.text = Intern(Rest(3));
  }
  Emit(event);
  return {};
}

Status Builder::Path() {
  constexpr std::array<std::string_view, 3> kFlavours = {"off", "socket", "cluster"};
  Event event;
  event.kind = Word(2) == "open" ? EventKind::kWriterPathOpened : EventKind::kWriterPathClosed;
  event.node = node_;
  TRY_ASSIGN(const std::size_t flavour, Index(Word(3), kFlavours));
  event.code = static_cast<std::uint16_t>(flavour);
  const std::string peer = Word(4).find('=') == std::string::npos ? Word(4) : "";
  TRY_ASSIGN(event.peer, NodeNamed(peer));
  TRY_ASSIGN(event.a, Int(Value("tso")));
  Emit(event);
  return {};
}

Status Builder::Act() {
  constexpr std::array<std::string_view, 5> kActs = {"stop", "start", "enable", "install", "write"};
  Event event;
  event.kind = EventKind::kActionStarted;
  TRY_ASSIGN(const std::size_t act, Index(Word(1), kActs));
  TRY_ASSIGN(event.node, NodeNamed(Word(2)));
  event.code = static_cast<std::uint16_t>(act);
  event.a = ++ask_;
  event.text = Intern(fmt::format("{} {}", Word(1), Word(2)));
  Emit(event);
  event.kind = EventKind::kActionDone;
  event.code = 0;
  event.text = 0;
  Emit(event);
  return {};
}

Status Builder::StatusLine() {
  Event event;
  event.kind = EventKind::kAsked;
  TRY_ASSIGN(event.node, NodeNamed(Word(1)));
  event.a = ++ask_;
  event.text = Intern("http-get http://10.0.0.9:8249/status");
  Emit(event);
  event.kind = EventKind::kAnswered;
  event.n = 200;
  event.text = Intern(Rest(2));
  Emit(event);
  return {};
}

}  // namespace tidegate::test
