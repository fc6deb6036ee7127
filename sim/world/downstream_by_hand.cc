// Rows of a sink that somebody else than a Drainer changed. Where the database is a real one, its
// front tells what the rows became, in statements that need no database to be carried out:
//
//   /* by hand */ delete from shop.orders where id in (3, 5)
//   /* by hand */ replace into shop.orders values (7, 12), (8, 40)
//
// The second one gives the rows' whole content: of a table without a key a row stands there as
// often as there are copies of it. The same of a checkpoint's table is its row, as for anybody.
#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "sim/world/downstream.h"

namespace tidegate::sim {
namespace {

using engine::port::Answer;
using engine::port::AnswerCode;

// All numbers of the text, in their order; other characters separate them.
std::vector<std::int64_t> NumbersIn(std::string_view text) {
  std::vector<std::int64_t> out;
  for (std::size_t at = text.find_first_of("-0123456789"); at != std::string_view::npos;
       at = text.find_first_of("-0123456789", at)) {
    std::int64_t number = 0;
    const std::from_chars_result read =
        std::from_chars(text.data() + at, text.data() + text.size(), number);
    if (read.ec == std::errc()) out.push_back(number);
    at = std::max(at + 1, static_cast<std::size_t>(read.ptr - text.data()));
  }
  return out;
}

}  // namespace

std::vector<std::pair<std::int64_t, Downstream::Row>> Downstream::RowsOf(
    std::uint16_t table) const {
  std::vector<std::pair<std::int64_t, Row>> out;
  // The map's order is nobody's business: what comes of it is sorted.
  for (const auto& [key, row] : rows_) {
    if (key >> 48U == table) out.emplace_back(static_cast<std::int64_t>(key << 16U) >> 16U, row);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return out;
}

std::optional<Downstream::Row> Downstream::FindRow(std::uint16_t table, std::int64_t key) const {
  const auto found = rows_.find(RowKeyOf(table, key));
  if (found == rows_.end()) return std::nullopt;
  return found->second;
}

void Downstream::ChangeRow(std::uint16_t table, std::int64_t key, const Row& now) {
  const Row before = FindRow(table, key).value_or(Row{});
  if (before.value == now.value && before.copies == now.copies) return;
  if (now.copies == 0) {
    rows_.erase(RowKeyOf(table, key));
  } else {
    rows_[RowKeyOf(table, key)] = now;
  }
  world_.Record({.kind = trace::EventKind::kRowChanged,
                 .node = id_,
                 .code = table,
                 .a = key,
                 .c = before.value,
                 .d = now.value,
                 .n = static_cast<std::uint32_t>(now.copies)});
}

// Nothing: the statement is about no table of rows.
std::optional<Answer> Downstream::ByHand(std::string_view statement) {
  const std::vector<TablePlan>& tables = world_.plan().tables;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const std::string name = tables[i].schema + "." + tables[i].name;
    const auto table = static_cast<std::uint16_t>(i);
    for (const bool deletes : {true, false}) {
      const std::string head =
          deletes ? "delete from " + name + " where id in " : "replace into " + name + " values ";
      if (!statement.starts_with(head)) continue;
      const std::vector<std::int64_t> numbers = NumbersIn(statement.substr(head.size()));
      if (!deletes && numbers.size() % 2 != 0) {
        return Answer{AnswerCode::kFailed, 1, "ERROR 1136 (21S01): a value is missing"};
      }
      std::map<std::int64_t, Row> rows;
      for (std::size_t at = 0; at < numbers.size(); at += deletes ? 1 : 2) {
        Row& row = rows[numbers[at]];
        if (deletes) continue;
        row.value = numbers[at + 1];
        row.copies = tables[i].has_key ? 1 : row.copies + 1;
      }
      for (const auto& [key, row] : rows) ChangeRow(table, key, row);
      return Answer{};
    }
  }
  return std::nullopt;
}

}  // namespace tidegate::sim
