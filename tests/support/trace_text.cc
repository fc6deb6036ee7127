#include "tests/support/trace_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "base/names.h"
#include "tests/support/trace_text_builder.h"
#include "trace/event_spec.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCluster = R"(
node pd pd
node tidb-1 tidb target=v2.1.0
node tidb-2 tidb target=v2.1.0
node old-pump-1 pump old era=kafka host=10.0.0.1 port=8250
node old-pump-2 pump old era=kafka host=10.0.0.2 port=8250
node kafka kafka old
node zk zookeeper old
node old-drainer drainer old era=kafka sink=mysql detect=10s
node new-pump-1 pump new era=cluster host=10.0.0.3 port=8250
node new-drainer drainer new era=cluster sink=mysql detect=10s
node mysql downstream
table a sinks=mysql
table b sinks=mysql
table log keyless sinks=mysql
)";

Words Split(std::string_view line, char separator) {
  Words words;
  std::size_t at = 0;
  while (at <= line.size()) {
    const std::size_t end = std::min(line.find(separator, at), line.size());
    if (end > at) words.emplace_back(line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

}  // namespace

Result<std::int64_t> Builder::Int(const std::string& text, std::int64_t fallback) const {
  if (text.empty()) return fallback;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Bad(fmt::format("'{}' is no integer", text));
  }
  return value;
}

Result<NodeId> Builder::NodeNamed(const std::string& name) const {
  if (name.empty()) return kNoNode;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < trace.header.nodes.size(); ++i) {
    if (trace.header.nodes[i].name == name) return static_cast<NodeId>(i);
    names.push_back(trace.header.nodes[i].name);
  }
  return Bad(fmt::format("there is no node '{}'{}", name, DidYouMean(name, names)));
}

Result<std::uint16_t> Builder::TableNamed(const std::string& name) const {
  for (std::size_t i = 0; i < trace.header.tables.size(); ++i) {
    if (trace.header.tables[i].name == name) return static_cast<std::uint16_t>(i);
  }
  return Bad(fmt::format("there is no table '{}'", name));
}

Result<std::vector<Row>> Builder::Rows(const std::string& text) const {
  std::vector<Row> rows;
  for (const std::string& item : Split(text, ',')) {
    const std::size_t colon = item.find(':');
    const std::size_t equals = item.find('=');
    if (colon == std::string::npos || equals == std::string::npos || colon > equals) {
      return Bad(fmt::format("'{}' is no row; write TABLE:KEY=VALUE", item));
    }
    TRY_ASSIGN(const std::uint16_t table, TableNamed(item.substr(0, colon)));
    TRY_ASSIGN(const std::int64_t key, Int(item.substr(colon + 1, equals - colon - 1)));
    TRY_ASSIGN(const std::int64_t value, Int(item.substr(equals + 1)));
    rows.push_back({.table = table, .key = key, .value = value});
  }
  return rows;
}

Status Builder::Stamps(const std::string& text, Tso* start, Tso* commit) const {
  const std::size_t slash = text.find('/');
  TRY_ASSIGN(*start, Int(text.substr(0, slash)));
  if (slash == std::string::npos) return {};
  TRY_ASSIGN(*commit, Int(text.substr(slash + 1)));
  return {};
}

Result<std::size_t> Builder::Index(const std::string& word,
                                   std::span<const std::string_view> names) const {
  const auto found = std::find(names.begin(), names.end(), word);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  return Bad(fmt::format("'{}' is not known here{}", word, DidYouMean(word, names)));
}

Status Builder::Node() {
  trace::NodeInfo info;
  info.name = Word(1);
  TRY_ASSIGN(const std::size_t role, Index(Word(2), kRoleNames));
  TRY_ASSIGN(const std::size_t era, Index(Value("era", "none"), kEraNames));
  info.role = static_cast<Role>(role);
  info.era = static_cast<Era>(era);
  info.host = Value("host", info.name);
  TRY_ASSIGN(info.port, Int(Value("port")));
  info.unit = Value("unit");
  info.data_dir = Value("dir");
  info.old_side = Has("old");
  info.new_side = Has("new");
  info.keyed_sink = !Has("unkeyed");
  info.carries_foreign = Has("foreign");
  info.target_version = Value("target");
  TRY_ASSIGN(info.detect_interval, ParseDuration(Value("detect", "0s")));
  trace.header.nodes.push_back(info);
  return {};
}

Status Builder::Table() {
  trace::TableInfo table;
  table.schema = "test";
  table.name = Word(1);
  table.has_key = !Has("keyless");
  for (const std::string& name : Split(Value("sinks"), ',')) {
    TRY_ASSIGN(const NodeId node, NodeNamed(name));
    table.sinks.push_back(node);
  }
  trace.header.tables.push_back(table);
  return {};
}

Status Builder::HeaderLine() {
  trace.header.procedure = Value("procedure", trace.header.procedure);
  trace.header.gate = Value("gate", trace.header.gate);
  if (!Value("drain-max").empty()) {
    TRY_ASSIGN(trace.header.drain_max, ParseDuration(Value("drain-max")));
  }
  if (!Value("outage-max").empty()) {
    TRY_ASSIGN(trace.header.write_outage_max, ParseDuration(Value("outage-max")));
  }
  return {};
}

Status Builder::Global() {
  const std::string what = Word(0);
  Event event;
  if (what == "act") return Act();
  if (what == "status") return StatusLine();
  if (what == "event") return Generic();
  if (what == "fault") {
    event.kind = EventKind::kFaultFired;
    TRY_ASSIGN(event.node, NodeNamed(Word(1)));
    event.text = Intern(Rest(2));
  } else if (what == "heal") {
    event.kind = EventKind::kFaultHealed;
  } else if (what == "never-fired") {
    event.kind = EventKind::kFaultNeverFired;
    event.text = Intern(Rest(1));
  } else if (what == "workload") {
    event.kind = EventKind::kWorkloadStopped;
  } else if (what == "gate") {
    event.kind = EventKind::kGateJudged;
    event.code = Word(1) == "open" ? 1 : 0;
    event.text = Intern(Rest(2));
  } else if (what == "engine") {
    constexpr std::array<std::string_view, 5> kEnds = {"done", "refused", "aborted", "failed",
                                                       "started"};
    TRY_ASSIGN(const std::size_t end, Index(Word(1), kEnds));
    event.kind = end == 4 ? EventKind::kEngineStarted : EventKind::kEngineFinished;
    event.code = end == 4 ? 0 : static_cast<std::uint16_t>(end);
    event.n = end == 4 ? 1 : 0;
    event.text = Intern(Rest(2));
  } else if (what == "end") {
    constexpr std::array<std::string_view, 3> kEnds = {"quiet", "time-limit", "event-limit"};
    event.kind = EventKind::kRunEnded;
    TRY_ASSIGN(const std::size_t end, Index(Word(1), kEnds));
    event.code = static_cast<std::uint16_t>(end);
    TRY_ASSIGN(event.a, Int(Value("tso")));
  } else {
    return Bad(fmt::format("no line begins with '{}', and no node has that name", what));
  }
  Emit(event);
  return {};
}

Status Builder::Generic() {
  Event event;
  event.kind = trace::EventKindNamed(Word(1));
  if (event.kind == EventKind::kCount) return Bad(fmt::format("there is no event '{}'", Word(1)));
  TRY_ASSIGN(event.node, NodeNamed(Value("node")));
  TRY_ASSIGN(event.peer, NodeNamed(Value("peer")));
  TRY_ASSIGN(const std::int64_t code, Int(Value("code")));
  TRY_ASSIGN(event.a, Int(Value("a")));
  TRY_ASSIGN(event.b, Int(Value("b")));
  TRY_ASSIGN(event.c, Int(Value("c")));
  TRY_ASSIGN(event.d, Int(Value("d")));
  TRY_ASSIGN(const std::int64_t n, Int(Value("n")));
  event.code = static_cast<std::uint16_t>(code);
  event.n = static_cast<std::uint32_t>(n);
  std::size_t at = 2;
  while (at < words_.size() && !words_[at].starts_with("text=")) ++at;
  if (at < words_.size()) event.text = Intern(Rest(at).substr(5));
  Emit(event);
  return {};
}

Status Builder::Verb() {
  const std::string verb = Word(1);
  if (verb == "commit") return Commit();
  if (verb == "ddl" || verb == "ddl-apply") return Ddl();
  if (verb == "ack") return Ack();
  if (verb == "drop") return Drop();
  if (verb == "purge") return Purge();
  if (verb == "apply") return Apply();
  if (verb == "save" || verb == "load") return Checkpoint();
  if (verb == "up" || verb == "down") return Process();
  if (verb == "path") return Path();
  Event event;
  event.node = node_;
  if (verb == "rollback") {
    event.kind = EventKind::kTxnRolledBack;
    TRY_ASSIGN(event.a, Int(Word(2)));
  } else if (verb == "hand") {
    event.kind = EventKind::kTxnHanded;
    TRY(Stamps(Word(2), &event.a, &event.b));
  } else if (verb == "topic") {
    event.kind = EventKind::kTopicAdvanced;
    event.peer = node_;
    TRY_ASSIGN(event.node, NodeNamed("kafka"));
    TRY_ASSIGN(event.b, Int(Value("end")));
    TRY_ASSIGN(event.c, Int(Value("last")));
  } else if (verb == "window") {
    event.kind = EventKind::kWindowMoved;
    TRY_ASSIGN(event.a, Int(Value("upper")));
    TRY_ASSIGN(event.b, Int(Value("lower")));
  } else if (verb == "add" || verb == "remove") {
    event.kind = verb == "add" ? EventKind::kSourceAdded : EventKind::kSourceRemoved;
    TRY_ASSIGN(event.peer, NodeNamed(Word(2)));
  } else if (verb == "clients") {
    event.kind = Word(2) == "on" ? EventKind::kClientsAttached : EventKind::kClientsDetached;
  } else if (verb == "alert") {
    event.kind = EventKind::kAlert;
    event.text = Intern(Rest(2));
  } else if (verb == "registry") {
    constexpr std::array<std::string_view, 8> kStates = {
        "absent", "alive", "kafka-offline", "online", "pausing", "paused", "closing", "offline"};
    event.kind = EventKind::kRegistryMoved;
    TRY_ASSIGN(const std::size_t state, Index(Word(2), kStates));
    event.code = static_cast<std::uint16_t>(state);
    event.text = Intern(Value("key"));
  } else {
    return Bad(fmt::format("'{}' is nothing that a node does", verb));
  }
  Emit(event);
  return {};
}

Status Builder::Line(std::string_view line) {
  words_ = Split(line.substr(0, line.find('#')), ' ');
  if (words_.empty()) return {};
  if (Word(0) == "node") return Node();
  if (Word(0) == "table") return Table();
  if (Word(0) == "header") return HeaderLine();
  now_ += kMillisecond;
  if (Word(0).starts_with("@")) {
    TRY_ASSIGN(const Time at, ParseDuration(std::string_view(Word(0)).substr(1)));
    if (at < now_) return Bad(fmt::format("time goes back at '{}'", Word(0)));
    now_ = at;
    words_.erase(words_.begin());
  }
  for (std::size_t i = 0; i < trace.header.nodes.size(); ++i) {
    if (trace.header.nodes[i].name != Word(0)) continue;
    node_ = static_cast<NodeId>(i);
    return Verb();
  }
  return Global();
}

namespace {

// Sinks of Drainers are named before they exist, so they are resolved from the text.
Status ResolveSinks(const std::vector<std::string>& lines, Trace* trace) {
  for (const std::string& line : lines) {
    const Words words = Split(line, ' ');
    if (words.size() < 3 || words[0] != "node") continue;
    for (const std::string& word : words) {
      if (!word.starts_with("sink=")) continue;
      NodeId sink = kNoNode;
      for (std::size_t i = 0; i < trace->header.nodes.size(); ++i) {
        if (trace->header.nodes[i].name == word.substr(5)) sink = static_cast<NodeId>(i);
      }
      if (sink == kNoNode) {
        return Error{ErrorCode::kBadInput, fmt::format("there is no sink '{}'", word.substr(5)),
                     ""};
      }
      for (trace::NodeInfo& info : trace->header.nodes) {
        if (info.name == words[1]) info.sink = sink;
      }
    }
  }
  return {};
}

Status ReadLines(const std::vector<std::string>& lines, bool header, Builder* builder) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Words words = Split(lines[i].substr(0, lines[i].find('#')), ' ');
    const bool is_header =
        !words.empty() && (words[0] == "node" || words[0] == "table" || words[0] == "header");
    if (is_header != header) continue;
    const Status status = builder->Line(lines[i]);
    if (!status.has_value()) {
      return Error{ErrorCode::kBadInput, status.error().message, fmt::format("line {}", i + 1)};
    }
  }
  return {};
}

}  // namespace

Result<Trace> ParseTraceText(std::string_view text) {
  Builder builder;
  builder.trace.header.scenario = "test";
  builder.trace.header.procedure = "kafka-to-cluster";
  std::vector<std::string> lines;
  bool own_cluster = false;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.emplace_back(text.substr(at, end - at));
    own_cluster |= lines.back().starts_with("node ");
    at = end + 1;
  }
  if (!own_cluster) {
    const std::vector<std::string> cluster = Split(kCluster, '\n');
    TRY(ReadLines(cluster, true, &builder));
    TRY(ResolveSinks(cluster, &builder.trace));
  }
  TRY(ReadLines(lines, true, &builder));
  TRY(ResolveSinks(lines, &builder.trace));
  TRY(ReadLines(lines, false, &builder));
  return std::move(builder.trace);
}

Trace TraceOf(std::string_view text) {
  Result<Trace> trace = ParseTraceText(text);
  CHECK_MSG(trace.has_value(), trace.error().ToString());
  return *std::move(trace);
}

}  // namespace tidegate::test
