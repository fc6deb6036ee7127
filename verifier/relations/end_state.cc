#include "verifier/relations/end_state.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "trace/event_spec.h"
#include "verifier/model/model.h"

namespace tidegate::verifier {
namespace {

using trace::Event;
using trace::EventKind;
using trace::Trace;

// Value of each row, by (sink index, table, key); upstream under its own index.
constexpr std::size_t kUpstream = SIZE_MAX;
using RowKey = std::pair<std::size_t, std::pair<std::uint16_t, std::int64_t>>;
using RowValues = std::map<RowKey, std::int64_t>;

void TakeRow(const Event& event, const Model& model, RowValues* rows) {
  if (event.kind == EventKind::kRowCommitted) {
    (*rows)[{kUpstream, {event.code, event.a}}] = event.c;
  } else if (event.kind == EventKind::kRowApplied) {
    const std::size_t sink = model.SinkIndex(event.node);
    if (sink != Model::kNoSink) (*rows)[{sink, {event.code, event.a}}] = event.c;
  } else if (event.kind == EventKind::kRowTorn || event.kind == EventKind::kRowChanged) {
    const std::size_t sink = model.SinkIndex(event.node);
    if (sink != Model::kNoSink) (*rows)[{sink, {event.code, event.a}}] = event.d;
  } else if (event.kind == EventKind::kTableLoaded) {
    const std::size_t sink = model.SinkIndex(event.node);
    rows->erase(rows->lower_bound({sink, {event.code, INT64_MIN}}),
                rows->upper_bound({sink, {event.code, INT64_MAX}}));
  } else if (event.kind == EventKind::kRowLoaded) {
    const std::size_t sink = model.SinkIndex(event.node);
    if (sink != Model::kNoSink) (*rows)[{sink, {event.code, event.a}}] = event.c;
  }
}

std::uint64_t SumOf(const RowValues& rows, std::size_t side, std::uint16_t table) {
  std::uint64_t sum = 0;
  for (auto row = rows.lower_bound({side, {table, INT64_MIN}});
       row != rows.end() && row->first.first == side && row->first.second.first == table; ++row) {
    if (row->second != 0) sum += RowDigest(table, row->first.second.second, row->second);
  }
  return sum;
}

Serving ServingOf(const Model& model) {
  bool old_side = false;
  bool new_side = false;
  for (NodeId node = 0; model.IsNode(node); ++node) {
    const NodeFacts& facts = model.node(node);
    if (!facts.clients || !facts.up) continue;
    // One that logs nothing serves all the same: on the side that its version is of.
    const bool no_path = facts.old_paths + facts.new_paths == 0;
    new_side |= facts.new_paths > 0;
    old_side |= facts.old_paths > 0 || no_path;
  }
  if (old_side && new_side) return Serving::kBoth;
  if (old_side) return Serving::kOldSide;
  return new_side ? Serving::kNewSide : Serving::kNobody;
}

void DescribeNodes(const Trace& trace, const Model& model, EndState* state) {
  for (NodeId node = 0; model.IsNode(node); ++node) {
    const NodeFacts& facts = model.node(node);
    const trace::NodeInfo& info = model.info(node);
    NodeEnd end;
    end.name = info.name;
    end.old_side = info.old_side;
    end.new_side = info.new_side;
    end.up = facts.up;
    end.unit_enabled = facts.unit_enabled && !info.unit.empty();
    end.clients = facts.clients;
    end.registry = trace::kRegistryStateNames[static_cast<std::size_t>(facts.registry)];
    if (facts.up) {
      end.version = trace.texts.Get(facts.version);
      end.config = trace.texts.Get(facts.config);
    }
    state->nodes.push_back(std::move(end));
  }
}

EndState StateAfter(const Trace& trace, std::size_t event_count) {
  Model model(trace.header, trace.texts);
  RowValues rows;
  EndState state;
  state.has_old_side = std::any_of(trace.header.nodes.begin(), trace.header.nodes.end(),
                                   [](const trace::NodeInfo& info) { return info.old_side; });
  for (std::size_t i = 0; i < event_count; ++i) {
    const Event& event = trace.events[i];
    model.Apply(event, i);
    TakeRow(event, model, &rows);
    state.passed_door |= state.has_old_side && model.new_paths_open() > 0;
  }
  DescribeNodes(trace, model, &state);
  for (std::size_t table = 0; table < trace.header.tables.size(); ++table) {
    const trace::TableInfo& info = trace.header.tables[table];
    for (const NodeId sink : info.sinks) {
      if (model.SinkIndex(sink) == Model::kNoSink) continue;
      const auto id = static_cast<std::uint16_t>(table);
      state.tables.push_back({.table = info.schema + "." + info.name,
                              .sink = trace.header.nodes[sink].name,
                              .upstream = SumOf(rows, kUpstream, id),
                              .downstream = SumOf(rows, model.SinkIndex(sink), id)});
    }
  }
  state.serving = ServingOf(model);
  state.engine_end = model.run().engine_end;
  state.engine_why = model.run().engine_why;
  return state;
}

}  // namespace

std::string_view ServingName(Serving serving) {
  static constexpr std::array<std::string_view, 4> kNames = {"nobody", "the old side",
                                                             "the new side", "both sides"};
  return kNames[static_cast<std::size_t>(serving)];
}

EndState EndStateOf(const Trace& trace) { return StateAfter(trace, trace.events.size()); }

EndState StateBeforeEngine(const Trace& trace) {
  std::size_t count = 0;
  while (count < trace.events.size() &&
         trace::SpecOf(trace.events[count].kind).event_class == trace::EventClass::kTruth) {
    ++count;
  }
  return StateAfter(trace, count);
}

}  // namespace tidegate::verifier
