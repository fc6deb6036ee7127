#include "tests/verifier/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace tidegate::test {
namespace {

using trace::DropReason;
using trace::Event;
using trace::EventKind;
using trace::Trace;
using RowId = std::pair<std::uint16_t, std::int64_t>;  // table, key

class Reference {
 public:
  explicit Reference(const Trace& trace) : trace_(trace) {
    for (std::size_t i = 0; i < trace.header.nodes.size(); ++i) {
      if (trace.header.nodes[i].name == "mysql") sink_ = static_cast<NodeId>(i);
    }
  }

  ReferenceAnswer Answer() const {
    ReferenceAnswer answer;
    const std::size_t end = trace_.events.size();
    bool any_missing = false;
    bool any_lost = false;
    for (std::size_t i = 0; i < end; ++i) {
      const Event& event = trace_.events[i];
      if (event.kind == EventKind::kTxnCommitted && IsReal(event.b)) {
        const bool missing = !IsWhole(event.b, end);
        any_missing |= missing;
        any_lost |= missing && IsLost(event);
        if (missing && IsLost(event) && AppliedRows(event.b, end).empty()) {
          answer.lost.insert(event.b);
        }
      }
      if (event.kind == EventKind::kCheckpointSaved) {
        for (const Tso commit_ts : CommittedBefore(i)) {
          if (commit_ts <= event.b && !IsWhole(commit_ts, i)) answer.ahead.insert(commit_ts);
        }
      }
    }
    const bool waits_for_nobody = GateTaken() && NewDrainerRan();
    answer.converges_judged = IsQuiet() && (!any_missing || any_lost || waits_for_nobody);
    if (answer.converges_judged) answer.differing = Differing();
    return answer;
  }

 private:
  bool Wanted(std::uint16_t table) const {
    const std::vector<NodeId>& sinks = trace_.header.tables[table].sinks;
    return std::find(sinks.begin(), sinks.end(), sink_) != sinks.end();
  }

  std::set<RowId> CommittedRows(Tso commit_ts) const {
    std::set<RowId> rows;
    for (const Event& event : trace_.events) {
      if (event.kind != EventKind::kRowCommitted || event.b != commit_ts) continue;
      if (Wanted(event.code)) rows.insert({event.code, event.a});
    }
    return rows;
  }

  std::set<RowId> AppliedRows(Tso commit_ts, std::size_t before) const {
    std::set<RowId> rows;
    for (std::size_t i = 0; i < before; ++i) {
      const Event& event = trace_.events[i];
      if (event.kind != EventKind::kRowApplied || event.b != commit_ts) continue;
      if (event.node == sink_ && Wanted(event.code)) rows.insert({event.code, event.a});
    }
    return rows;
  }

  bool IsReal(Tso commit_ts) const { return !CommittedRows(commit_ts).empty(); }
  bool IsWhole(Tso commit_ts, std::size_t before) const {
    return AppliedRows(commit_ts, before) == CommittedRows(commit_ts);
  }

  std::vector<Tso> CommittedBefore(std::size_t before) const {
    std::vector<Tso> found;
    for (std::size_t i = 0; i < before; ++i) {
      const Event& event = trace_.events[i];
      if (event.kind == EventKind::kTxnCommitted && IsReal(event.b)) found.push_back(event.b);
    }
    return found;
  }

  // Nobody will bring it any more.
  bool IsLost(const Event& commit) const {
    std::map<trace::TextId, Tso> saved;
    Tso applied_max = 0;
    for (const Event& event : trace_.events) {
      if (event.kind == EventKind::kCheckpointSaved) saved[event.n] = event.b;
      if (event.kind == EventKind::kRowApplied) applied_max = std::max(applied_max, event.b);
    }
    for (const auto& [store, commit_ts] : saved) {
      if (commit_ts >= commit.b) return true;
    }
    const auto unlogged = static_cast<std::uint16_t>(trace::TxnFlag::kUnlogged);
    if ((commit.code & unlogged) != 0 || WasDropped(commit.b)) return true;
    if (!IsQuiet()) return false;
    return applied_max > commit.b || (GateTaken() && NewDrainerRan());
  }

  bool WasDropped(Tso commit_ts) const {
    bool handed = false;
    for (std::size_t i = 0; i < trace_.events.size(); ++i) {
      const Event& event = trace_.events[i];
      if (event.b != commit_ts) continue;
      handed |= event.kind == EventKind::kTxnHanded;
      if (event.kind != EventKind::kBinlogDropped || handed || IsWhole(commit_ts, i)) continue;
      const auto reason = static_cast<DropReason>(event.code);
      if (reason != DropReason::kWriterGone && reason != DropReason::kDuplicate) return true;
    }
    return false;
  }

  bool GateTaken() const {
    bool old_path_open = false;
    bool barrier = false;
    for (const Event& event : trace_.events) {
      const bool moved = event.code == static_cast<std::uint16_t>(trace::Flavour::kSocket);
      if (event.kind == EventKind::kWriterPathOpened && moved) old_path_open = true;
      if (event.kind == EventKind::kWriterPathClosed && moved && old_path_open) barrier = true;
      const bool acts = event.kind == EventKind::kActionStarted && event.code == 0;
      if (acts && barrier && trace_.header.nodes[event.node].old_side) return true;
    }
    return NewDrainerRan();
  }

  bool NewDrainerRan() const {
    return std::any_of(trace_.events.begin(), trace_.events.end(), [&](const Event& event) {
      return event.kind == EventKind::kNodeUp && trace_.header.nodes[event.node].new_side &&
             trace_.header.nodes[event.node].role == Role::kDrainer;
    });
  }

  bool IsQuiet() const {
    const Event& last = trace_.events.back();
    return last.kind == EventKind::kRunEnded &&
           static_cast<trace::RunEnd>(last.code) == trace::RunEnd::kQuiet;
  }

  std::set<std::string> Differing() const {
    std::map<RowId, std::int64_t> up;
    std::map<RowId, std::int64_t> down;
    std::map<RowId, int> inserts;  // of keyless rows
    for (const Event& event : trace_.events) {
      const RowId row = {event.code, event.a};
      if (event.kind == EventKind::kRowCommitted && Wanted(event.code)) up[row] = event.c;
      if (event.kind != EventKind::kRowApplied || !Wanted(event.code)) continue;
      down[row] = event.c;
      if (!trace_.header.tables[event.code].has_key) ++inserts[row];
    }
    std::map<std::uint16_t, int> count;
    for (const auto& [row, value] : up) {
      const auto found = down.find(row);
      const bool equal = found == down.end() ? value == 0 : found->second == value;
      if (!equal || inserts[row] > 1) ++count[row.first];
    }
    std::set<std::string> text;
    for (const auto& [table, rows] : count) {
      text.insert(fmt::format("{} rows of table {}", rows, trace_.header.tables[table].name));
    }
    return text;
  }

  const Trace& trace_;
  NodeId sink_ = kNoNode;
};

}  // namespace

ReferenceAnswer AskReference(const Trace& trace) { return Reference(trace).Answer(); }

}  // namespace tidegate::test
