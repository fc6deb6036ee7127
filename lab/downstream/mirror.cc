#include "lab/downstream/mirror.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "sim/world/config.h"

namespace tidegate::lab {
namespace {

using sim::Downstream;
using trace::EventKind;

constexpr std::size_t kRowsAtOnce = 500;
// A row's value of 0 says "deleted" in a trace.
constexpr std::int64_t kZero = -1;

// Waiting for a lock took too long; a deadlock; the tables are locked for reading only.
// mariadb.com/kb: "MariaDB Error Codes".
bool IsLocked(const Error& error) {
  return error.message.starts_with("1205:") || error.message.starts_with("1213:") ||
         error.message.starts_with("1223:");
}

std::int64_t IntOf(const std::optional<std::string>& field) {
  std::int64_t out = 0;
  if (field.has_value()) std::from_chars(field->data(), field->data() + field->size(), out);
  return out;
}

std::string Quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// "tidb_binlog.checkpoint"; the names of files are others.
bool IsTable(const std::string& store) { return !store.empty() && !store.starts_with("file:"); }

// In parts of kRowsAtOnce: `make` gets the words of each.
template <typename Make>
std::vector<std::string> InParts(const std::vector<std::string>& words, Make make) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < words.size(); at += kRowsAtOnce) {
    const std::size_t end = std::min(words.size(), at + kRowsAtOnce);
    out.push_back(
        make(fmt::format("{}", fmt::join(words.begin() + static_cast<std::ptrdiff_t>(at),
                                         words.begin() + static_cast<std::ptrdiff_t>(end), ", "))));
  }
  return out;
}

}  // namespace

std::string Mirror::NameOf(std::uint16_t table) const {
  return fmt::format("`{}`.`{}`", plan_.tables[table].schema, plan_.tables[table].name);
}

void Mirror::Saw(const trace::Event& event) {
  if (event.node != sink_) return;
  switch (event.kind) {
    case EventKind::kRowApplied: tables_[event.code].marked.insert(event.a); break;
    case EventKind::kTableLoaded: tables_[event.code].whole = true; break;
    default: break;
  }
}

Status Mirror::Connect() {
  TRY_ASSIGN(ServerLink link, ServerLink::Connect(socket_path_));
  TRY(link.LogIn());
  link_.emplace(std::move(link));
  const int wait = waits_for_locks_ ? 5 : 0;
  const Result<std::vector<ServerLink::Row>> set = link_->Query(
      fmt::format("SET innodb_lock_wait_timeout = {0}, lock_wait_timeout = {0}", wait));
  return set.has_value() ? Status() : Status(set.error());
}

Result<std::vector<ServerLink::Row>> Mirror::Query(const std::string& statement) {
  if (!link_.has_value()) TRY(Connect());
  Result<std::vector<ServerLink::Row>> rows = link_->Query(statement);
  if (rows.has_value() || rows.error().code == ErrorCode::kBadInput) return rows;
  // Somebody's KILL.
  TRY(Connect());
  return link_->Query(statement);
}

Result<bool> Mirror::Try(const std::string& statement) {
  const Result<std::vector<ServerLink::Row>> done = Query(statement);
  if (done.has_value()) return true;
  if (done.error().code != ErrorCode::kBadInput) return done.error();
  return !IsLocked(done.error());
}

Status Mirror::MakeStore(const std::string& store) {
  const std::size_t dot = store.find('.');
  TRY(Try(fmt::format("CREATE DATABASE IF NOT EXISTS `{}`", store.substr(0, dot))));
  // tidb-binlog branch kafka and release-3.0: drainer/checkpoint/mysql.go, util.go.
  TRY(
      Try(fmt::format("CREATE TABLE IF NOT EXISTS `{}`.`{}` (clusterID BIGINT UNSIGNED PRIMARY "
                      "KEY, checkPoint MEDIUMTEXT)",
                      store.substr(0, dot), store.substr(dot + 1))));
  stores_.emplace(store, "");
  return {};
}

// A table has its rows' key and value, and a column more for each DDL. What a marker DDL makes is a
// table of its own.
Status Mirror::MakeTables(const Downstream& sink) {
  for (std::uint16_t table = 0; table < plan_.tables.size(); ++table) {
    const sim::TablePlan& plan = plan_.tables[table];
    Table& mine = tables_[table];
    if (!sink.Wants(table)) continue;
    if (!mine.made) {
      mine.made = mine.whole = true;
      TRY(Try(fmt::format("CREATE DATABASE IF NOT EXISTS `{}`", plan.schema)));
      if (!plan.marker) {
        TRY(
            Try(fmt::format("CREATE TABLE IF NOT EXISTS {} (id INT NOT NULL{}, value BIGINT NOT "
                            "NULL)",
                            NameOf(table), plan.has_key ? " PRIMARY KEY" : "")));
      }
    }
    for (; mine.shape < sink.ShapeOf(table); ++mine.shape) {
      const int number = mine.shape + 1;
      TRY_ASSIGN(
          const bool done,
          Try(plan.marker ? fmt::format("CREATE TABLE IF NOT EXISTS `{}`.`{}_{}` (id INT)",
                                        plan.schema, plan.name, number)
                          : fmt::format("ALTER TABLE {} ADD COLUMN IF NOT EXISTS c{} INT NULL",
                                        NameOf(table), number)));
      if (!done) break;
    }
  }
  return {};
}

Result<bool> Mirror::WriteRows(const Downstream& sink, std::uint16_t table) {
  Table& mine = tables_[table];
  const bool keyed = plan_.tables[table].has_key;
  std::vector<std::string> gone;
  std::vector<std::string> there;
  const auto add = [&](std::int64_t key, const std::optional<Downstream::Row>& row) {
    if (!row.has_value() || !keyed) gone.push_back(fmt::to_string(key));
    if (!row.has_value()) return;
    for (std::int64_t i = 0; i < (keyed ? 1 : row->copies); ++i) {
      there.push_back(fmt::format("({}, {})", key, row->value));
    }
  };
  std::vector<std::string> statements;
  if (mine.whole) {
    statements.push_back("DELETE FROM " + NameOf(table));
    for (const auto& [key, row] : sink.RowsOf(table)) add(key, row);
    gone.clear();
  } else {
    for (const std::int64_t key : mine.marked) add(key, sink.FindRow(table, key));
  }
  for (std::string& one : InParts(gone, [&](const std::string& words) {
         return fmt::format("DELETE FROM {} WHERE id IN ({})", NameOf(table), words);
       })) {
    statements.push_back(std::move(one));
  }
  for (std::string& one : InParts(there, [&](const std::string& words) {
         return fmt::format("INSERT INTO {} (id, value) VALUES {}{}", NameOf(table), words,
                            keyed ? " ON DUPLICATE KEY UPDATE value = VALUES(value)" : "");
       })) {
    statements.push_back(std::move(one));
  }
  for (const std::string& statement : statements) {
    TRY_ASSIGN(const bool done, Try(statement));
    if (!done) return false;
  }
  return true;
}

// One transaction, so that nobody sees half of one of the sink's.
Result<bool> Mirror::WriteTables(const Downstream& sink) {
  if (std::none_of(tables_.begin(), tables_.end(), [](const auto& one) {
        return one.second.whole || !one.second.marked.empty();
      })) {
    return true;
  }
  TRY_ASSIGN(bool done, Try("START TRANSACTION"));
  for (const auto& [table, mine] : tables_) {
    if (!mine.made || plan_.tables[table].marker) continue;
    if (!done || (mine.marked.empty() && !mine.whole)) continue;
    TRY_ASSIGN(done, WriteRows(sink, table));
  }
  TRY_ASSIGN(const bool ended, Try(done ? "COMMIT" : "ROLLBACK"));
  return done && ended;
}

Result<bool> Mirror::WriteStores(const Downstream& sink) {
  for (const auto& [store, body] : sink.stores()) {
    if (IsTable(store) && !stores_.contains(store)) TRY(MakeStore(store));
  }
  for (auto& [store, written] : stores_) {
    const auto found = sink.stores().find(store);
    const std::string& body = found == sink.stores().end() ? std::string() : found->second;
    if (body == written) continue;
    TRY_ASSIGN(const bool done,
               Try(body.empty()
                       ? fmt::format("DELETE FROM {} WHERE clusterID = {}", store, plan_.cluster_id)
                       : fmt::format("REPLACE INTO {} VALUES ({}, {})", store, plan_.cluster_id,
                                     Quoted(body))));
    if (!done) return false;
    written = body;
  }
  return true;
}

Status Mirror::Write(const Downstream& sink) {
  if (waits_for_locks_) link_.reset();
  if (stores_.empty()) {
    // Drainers make their checkpoint's table when they start.
    for (const sim::NodePlan& node : plan_.nodes) {
      if (node.info.role != Role::kDrainer || node.info.sink != sink_ || !node.running) continue;
      TRY(MakeStore(
          sim::ReadConfigFile(node.config).String("syncer.to.checkpoint.schema", "tidb_binlog") +
          ".checkpoint"));
    }
  }
  TRY(MakeTables(sink));
  TRY_ASSIGN(const bool rows, WriteTables(sink));
  if (rows) {
    for (auto& [table, mine] : tables_) {
      mine.marked.clear();
      mine.whole = false;
    }
  }
  TRY(WriteStores(sink));
  return {};
}

Status Mirror::AddRowDifferences(const Downstream& sink, std::uint16_t table,
                                 std::vector<std::string>* out) {
  const bool keyed = plan_.tables[table].has_key;
  const Result<std::vector<ServerLink::Row>> read =
      Query(keyed ? fmt::format("SELECT id, value FROM {}", NameOf(table))
                  : fmt::format("SELECT id, MIN(value), MAX(value), COUNT(*) FROM {} GROUP BY id",
                                NameOf(table)));
  // Without its table, or without a column of it, no row is there.
  if (!read.has_value() && IsLocked(read.error())) return {};
  if (!read.has_value() && read.error().code != ErrorCode::kBadInput) return read.error();
  std::map<std::int64_t, Downstream::Row> there;
  for (const ServerLink::Row& row : read.has_value() ? *read : std::vector<ServerLink::Row>()) {
    if (row.size() < 2) continue;
    std::int64_t value = IntOf(row[1]);
    // Rows without a key that differ in their value are not what any Drainer wrote.
    if (!keyed && row.size() > 2 && row[1] != row[2]) value = kZero;
    there[IntOf(row[0])] = {value == 0 ? kZero : value, keyed ? 1 : IntOf(row.back())};
  }
  std::vector<std::string> gone;
  std::vector<std::string> changed;
  const Keys& marked = tables_[table].marked;
  if (tables_[table].whole) return {};
  std::map<std::int64_t, std::optional<Downstream::Row>> sinks;
  for (const auto& [key, row] : sink.RowsOf(table)) sinks[key] = row;
  for (const auto& [key, row] : there) sinks.try_emplace(key);
  for (const auto& [key, row] : sinks) {
    if (marked.contains(key)) continue;  // it is to be written still
    const auto now = there.find(key);
    if (now == there.end()) {
      gone.push_back(fmt::to_string(key));
    } else if (!row.has_value() || row->value != now->second.value ||
               row->copies != now->second.copies) {
      for (std::int64_t i = 0; i < now->second.copies; ++i) {
        changed.push_back(fmt::format("({}, {})", key, now->second.value));
      }
    }
  }
  const std::string name =
      fmt::format("{}.{}", plan_.tables[table].schema, plan_.tables[table].name);
  if (!gone.empty()) {
    out->push_back(fmt::format("{}delete from {} where id in ({})", sim::kByHand, name,
                               fmt::join(gone, ", ")));
  }
  if (!changed.empty()) {
    out->push_back(
        fmt::format("{}replace into {} values {}", sim::kByHand, name, fmt::join(changed, ", ")));
  }
  return {};
}

Status Mirror::AddStoreDifferences(const Downstream& sink, std::vector<std::string>* out) {
  for (auto& [store, written] : stores_) {
    const Result<std::vector<ServerLink::Row>> read = Query(
        fmt::format("SELECT checkPoint FROM {} WHERE clusterID = {}", store, plan_.cluster_id));
    if (!read.has_value() && IsLocked(read.error())) continue;
    if (!read.has_value() && read.error().code != ErrorCode::kBadInput) return read.error();
    const bool any = read.has_value() && !read->empty() && !read->front().empty();
    const std::string body = any ? read->front().front().value_or("") : "";
    const auto found = sink.stores().find(store);
    const std::string sinks = found == sink.stores().end() ? std::string() : found->second;
    if (written != sinks) continue;  // it is to be written still
    written = body;
    if (body == sinks) continue;
    out->push_back(body.empty() ? fmt::format("{}delete from {} where clusterID = {}", sim::kByHand,
                                              store, plan_.cluster_id)
                                : fmt::format("{}replace into {} values ({}, '{}')", sim::kByHand,
                                              store, plan_.cluster_id, body));
  }
  return {};
}

Result<std::vector<std::string>> Mirror::Differences(const Downstream& sink) {
  std::vector<std::string> out;
  for (std::uint16_t table = 0; table < plan_.tables.size(); ++table) {
    const auto mine = tables_.find(table);
    if (mine == tables_.end() || !mine->second.made || plan_.tables[table].marker) continue;
    TRY(AddRowDifferences(sink, table, &out));
  }
  TRY(AddStoreDifferences(sink, &out));
  return {std::move(out)};
}

}  // namespace tidegate::lab
