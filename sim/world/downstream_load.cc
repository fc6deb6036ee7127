// A sink as the operator's load and comparison find it: tables replaced as a whole, and their rows.
#include <algorithm>

#include "sim/world/downstream.h"

namespace tidegate::sim {

bool Downstream::Wants(std::uint16_t table) const {
  const std::vector<NodeId>& sinks = world_.plan().tables[table].sinks;
  return std::find(sinks.begin(), sinks.end(), id_) != sinks.end();
}

void Downstream::Load(Tso as_of, const std::vector<Tikv::RowVersion>& rows,
                      const std::vector<std::uint16_t>& shapes) {
  boost::unordered::erase_if(
      rows_, [&](const auto& row) { return Wants(static_cast<std::uint16_t>(row.first >> 48U)); });
  auto row = rows.begin();
  for (std::uint16_t table = 0; table < shapes.size(); ++table) {
    const auto end = std::find_if(
        row, rows.end(), [&](const Tikv::RowVersion& other) { return other.table != table; });
    if (!Wants(table)) {
      row = end;
      continue;
    }
    shapes_[table] = shapes[table];
    world_.Record({.kind = trace::EventKind::kTableLoaded,
                   .node = id_,
                   .code = table,
                   .a = end - row,
                   .b = as_of,
                   .n = shapes[table]});
    for (; row != end; ++row) {
      rows_[RowKeyOf(table, row->key)] = {row->value, 1};
      world_.Record({.kind = trace::EventKind::kRowLoaded,
                     .node = id_,
                     .code = table,
                     .a = row->key,
                     .b = as_of,
                     .c = row->value});
    }
  }
}

bool Downstream::Equals(const std::vector<Tikv::RowVersion>& rows) const {
  std::size_t wanted = 0;
  for (const Tikv::RowVersion& row : rows) {
    if (!Wants(row.table)) continue;
    ++wanted;
    const auto found = rows_.find(RowKeyOf(row.table, row.key));
    if (found == rows_.end() || found->second.value != row.value || found->second.copies != 1) {
      return false;
    }
  }
  return wanted == rows_.size();
}

}  // namespace tidegate::sim
