// What becomes of rows downstream without a Drainer: a sink that is a file loses its end, and what
// was applied is outstanding again; or somebody changes rows by SQL of his own.
#include <algorithm>

#include "verifier/model/model.h"

namespace tidegate::verifier {

using trace::Event;
using trace::EventKind;

const SavedCheckpoint* SaveAbove(const SinkFacts& sink, Tso commit_ts) {
  const SavedCheckpoint* found = nullptr;
  for (const SavedCheckpoint& saved : sink.stores) {
    if (saved.commit_ts < commit_ts) continue;
    if (found == nullptr || saved.evidence.index > found->evidence.index) found = &saved;
  }
  return found;
}

// A transaction is one record of the file (tidb-binlog: drainer/sync/pb.go), so that all of it
// goes; what was applied in part before belongs to no file and stays as it is.
void Model::Torn(const Event& event) {
  const std::size_t at = SinkIndex(event.node);
  if (at == kNoSink || !Wants(at, event.code)) return;
  SinkFacts& sink = sinks_[at];
  const bool ddl = event.kind == EventKind::kDdlTorn;
  const Commit* known = sink.ledger.Peek(event.b);
  if (known != nullptr && !known->done() && known->Has(kCommitPartial)) return;
  const std::uint64_t digest =
      ddl ? RowDigest(event.code, event.c, event.n) : RowDigest(event.code, event.a, event.c);
  Commit* commit = sink.ledger.TakeBack(event.b, digest);
  if (commit == nullptr) return;
  if (SaveAbove(sink, event.b) != nullptr) commit->drop = kTornBelowCheckpoint;
  if (ddl) {
    down_shape_[at * table_count_ + event.code] = static_cast<std::uint32_t>(event.d);
    return;
  }
  // Whatever changed the row before stands: replays up to there change nothing for a reader.
  RowState& row = rows_[at * table_count_ + event.code][event.a];
  row.down_value = event.d;
  row.down_ts = std::min(row.down_ts, event.b - 1);
}

void Model::RowChanged(const Event& event) {
  const std::size_t at = SinkIndex(event.node);
  if (at == kNoSink || !Wants(at, event.code)) return;
  RowState& row = rows_[at * table_count_ + event.code][event.a];
  row.down_value = event.d;
  row.copies = header_.tables[event.code].has_key ? 0 : event.n;
  sinks_[at].changed_by_hand[{event.code, event.a}] = row.down_ts;
}

}  // namespace tidegate::verifier
