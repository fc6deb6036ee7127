// The part of the model that follows a full import: a load replaces the tables of a sink by rows as
// of a timestamp, so that everything at or below it counts as applied.
#include <algorithm>

#include "verifier/model/model.h"

namespace tidegate::verifier {

using trace::Event;
using trace::ImportMove;

void Model::LoadMoved(const Event& event) {
  const std::size_t index = SinkIndex(event.node);
  if (index == kNoSink) return;
  SinkFacts& sink = sinks_[index];
  const Evidence now = {.index = now_index_, .event = event};
  if (event.code == static_cast<std::uint16_t>(ImportMove::kBegan)) {
    sink.load = {.ended = false, .as_of = event.b, .began = now, .evidence = {}, .tables = {}};
    sink.load.tables.assign(table_count_, false);
    ++sink.epoch;
    if (sink.gate.taken || !is_import_) return;
    // The engine goes on: from here on the old stream is given up.
    sink.gate.taken = true;
    sink.gate.evidence = now;
    sink.gate.t0 = t0_;
    any_gate_taken_ = true;
    return;
  }
  if (event.code != static_cast<std::uint16_t>(ImportMove::kEnded)) return;
  sink.load.ended = true;
  sink.load.evidence = now;
  for (std::uint16_t table = 0; table < table_count_; ++table) {
    if (Wants(index, table) && !sink.load.tables[table]) return;  // it left something out
  }
  sink.ledger.CompleteUpTo(event.b, sink.epoch);
  std::erase_if(in_flight_[index],
                [&](const InFlight& flight) { return flight.commit_ts <= event.b; });
  // What was saved before says nothing about these rows: the dump's timestamp is the new base.
  sink.stores.clear();
  sink.saved = true;
  sink.last_saved = {.store = 0, .commit_ts = event.b, .saver = kNoNode, .evidence = now};
}

void Model::TableLoaded(const Event& event) {
  const std::size_t index = SinkIndex(event.node);
  if (index == kNoSink || event.code >= table_count_) return;
  SinkFacts& sink = sinks_[index];
  if (sink.load.tables.size() == table_count_) sink.load.tables[event.code] = true;
  down_shape_[index * table_count_ + event.code] = event.n;
  RowMap& rows = rows_[index * table_count_ + event.code];
  std::for_each(rows.begin(), rows.end(), [&](auto& row) {
    row.second.down_value = 0;
    row.second.down_ts = event.b;
    row.second.down_epoch = sink.epoch;
    row.second.copies = 0;
  });
}

void Model::RowLoaded(const Event& event) {
  const std::size_t index = SinkIndex(event.node);
  if (index == kNoSink || !Wants(index, event.code)) return;
  RowState& row = rows_[index * table_count_ + event.code][event.a];
  row.down_value = event.c;
  row.down_ts = event.b;
  row.down_epoch = sinks_[index].epoch;
  row.copies = header_.tables[event.code].has_key ? 0 : 1;
}

}  // namespace tidegate::verifier
