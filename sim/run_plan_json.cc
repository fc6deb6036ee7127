// One list of fields for both directions: Visit*() names each field once, Writing and Reading do
// their half of the work.
#include "sim/run_plan_json.h"

#include <fmt/format.h>

#include <charconv>

#include "base/names.h"
#include "base/redact.h"
#include "sim/fault_text.h"
#include "trace/event_spec.h"

namespace tidegate::sim {
namespace {

template <typename E>
concept Enum = std::is_enum_v<E>;

class Writing {
 public:
  Writing(JsonWriter* out, const std::vector<NodePlan>* nodes) : out_(out), nodes_(nodes) {}

  void Text(std::string_view key, const std::string& value) { out_->Key(key).String(value); }
  void Secret(std::string_view key, const std::string& value) { Text(key, Redact(value)); }
  void Int(std::string_view key, std::int64_t value) { out_->Key(key).Int(value); }
  void Flag(std::string_view key, bool value) { out_->Key(key).Bool(value); }
  void Span(std::string_view key, Duration value) { out_->Key(key).String(FormatDuration(value)); }
  void Id(std::string_view key, std::uint64_t value) {
    out_->Key(key).String(std::to_string(value));
  }
  void Timestamp(std::string_view key, Tso value) { out_->Key(key).TsoString(value); }
  void Node(std::string_view key, NodeId value) { out_->Key(key).String(NameOf(value)); }
  template <Enum E, typename Names>
  void Name(std::string_view key, E value, const Names& names) {
    out_->Key(key).String(names(static_cast<std::size_t>(value)));
  }
  void Texts(std::string_view key, const std::vector<std::string>& values) {
    out_->Key(key).BeginArray();
    for (const std::string& value : values) out_->String(value);
    out_->EndArray();
  }
  void Nodes(std::string_view key, const std::vector<NodeId>& values) {
    out_->Key(key).BeginArray();
    for (const NodeId value : values) out_->String(NameOf(value));
    out_->EndArray();
  }
  template <typename T, typename F>
  void Each(std::string_view key, const std::vector<T>& values, F visit) {
    out_->Key(key).BeginArray();
    for (const T& value : values) {
      out_->BeginObject();
      visit(*this, value);
      out_->EndObject();
    }
    out_->EndArray();
  }
  template <typename T, typename F>
  void Object(std::string_view key, const T& value, F visit) {
    out_->Key(key).BeginObject();
    visit(*this, value);
    out_->EndObject();
  }

 private:
  std::string NameOf(NodeId id) const {
    return id == kNoNode ? std::string() : (*nodes_)[id].info.name;
  }

  JsonWriter* out_;
  const std::vector<NodePlan>* nodes_;
};

// Reads the members of one object. The first error of the whole document wins.
class Reading {
 public:
  struct Shared {
    const JsonDocument& document;
    std::vector<std::string> names;
    Status status = {};
  };
  Reading(Shared* shared, const JsonValue& value, std::string what)
      : shared_(shared), in_(shared->document, value, std::move(what)) {}
  ~Reading() {
    const Status end = in_.Finish();
    if (!end && shared_->status) shared_->status = end;
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  void Text(std::string_view key, std::string& value) {
    if (in_.Require(key) != nullptr) in_.String(key, &value);
  }
  void Secret(std::string_view key, std::string& value) { Text(key, value); }
  void Int(std::string_view key, std::int64_t& value) {
    if (in_.Require(key) != nullptr) in_.Int(key, INT64_MIN, INT64_MAX, &value);
  }
  void Flag(std::string_view key, bool& value) {
    if (in_.Require(key) != nullptr) in_.Bool(key, &value);
  }
  void Span(std::string_view key, Duration& value) {
    if (in_.Require(key) != nullptr) in_.DurationField(key, 0, kTimeMax, &value);
  }
  void Id(std::string_view key, std::uint64_t& value) {
    const JsonValue* found = in_.Require(key);
    if (found == nullptr) return;
    const std::string& text = found->text;
    const auto [stop, errc] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (found->kind != JsonKind::kString || errc != std::errc() ||
        stop != text.data() + text.size()) {
      in_.Fail(found->offset, fmt::format("'{}' must be a decimal string", key));
    }
  }
  void Timestamp(std::string_view key, Tso& value) {
    if (in_.Require(key) != nullptr) in_.TsoField(key, &value);
  }
  void Node(std::string_view key, NodeId& value) {
    const JsonValue* found = in_.Require(key);
    if (found != nullptr) value = Named(*found);
  }
  template <Enum E, typename Names>
  void Name(std::string_view key, E& value, const Names& names) {
    const JsonValue* found = in_.Require(key);
    if (found == nullptr) return;
    for (std::size_t i = 0; !names(i).empty(); ++i) {
      if (names(i) != found->text) continue;
      value = static_cast<E>(i);
      return;
    }
    in_.Fail(found->offset, fmt::format("'{}' is '{}', which names nothing", key, found->text));
  }
  void Texts(std::string_view key, std::vector<std::string>& values) {
    if (in_.Require(key) != nullptr) in_.Strings(key, &values);
  }
  void Nodes(std::string_view key, std::vector<NodeId>& values) {
    const JsonValue* found = in_.Require(key);
    if (found == nullptr) return;
    for (const JsonValue& element : found->elements) values.push_back(Named(element));
  }
  template <typename T, typename F>
  void Each(std::string_view key, std::vector<T>& values, F visit) {
    const JsonValue* found = in_.Require(key);
    if (found == nullptr) return;
    if (found->kind != JsonKind::kArray) {
      in_.Fail(found->offset, fmt::format("'{}' must be an array", key));
      return;
    }
    for (const JsonValue& element : found->elements) {
      values.emplace_back();
      Reading child(shared_, element, fmt::format("an element of '{}'", key));
      visit(child, values.back());
    }
  }
  template <typename T, typename F>
  void Object(std::string_view key, T& value, F visit) {
    const JsonValue* found = in_.Require(key);
    if (found == nullptr) return;
    Reading child(shared_, *found, fmt::format("'{}'", key));
    visit(child, value);
  }

 private:
  NodeId Named(const JsonValue& value) {
    if (value.text.empty() && value.kind == JsonKind::kString) return kNoNode;
    for (std::size_t i = 0; i < shared_->names.size(); ++i) {
      if (shared_->names[i] == value.text) return static_cast<NodeId>(i);
    }
    in_.Fail(value.offset, fmt::format("no node is named '{}'{}", value.text,
                                       DidYouMean(value.text, shared_->names)));
    return kNoNode;
  }

  Shared* shared_;
  JsonObjectReader in_;
};

// The names of enumerations by value; "" behind the last.
template <typename Array>
auto NamesIn(const Array& array) {
  return [&array](std::size_t i) { return i < array.size() ? array[i] : std::string_view(); };
}
std::string_view FaultNames(std::size_t i) {
  if (i >= static_cast<std::size_t>(FaultKind::kCount)) return {};
  return SpecOfFault(static_cast<FaultKind>(i)).key;
}
// "none" stands for kCount: a trigger by time.
std::string_view EventNames(std::size_t i) {
  const auto count = static_cast<std::size_t>(trace::EventKind::kCount);
  if (i == count) return "none";
  return i > count ? std::string_view() : trace::SpecOf(static_cast<trace::EventKind>(i)).name;
}

constexpr auto kVisitInfo = [](auto& a, auto& info) {
  a.Text("name", info.name);
  a.Name("role", info.role, NamesIn(kRoleNames));
  a.Name("era", info.era, NamesIn(kEraNames));
  a.Text("host", info.host);
  a.Int("port", info.port);
  a.Text("unit", info.unit);
  a.Text("data_dir", info.data_dir);
  a.Node("sink", info.sink);
  a.Flag("old_side", info.old_side);
  a.Flag("new_side", info.new_side);
  a.Text("target_version", info.target_version);
  a.Span("detect_interval", info.detect_interval);
  a.Flag("keyed_sink", info.keyed_sink);
  a.Flag("carries_foreign", info.carries_foreign);
};

constexpr auto kVisitNode = [](auto& a, auto& node) {
  kVisitInfo(a, node.info);
  a.Text("binary_path", node.binary_path);
  a.Text("config_path", node.config_path);
  a.Text("version", node.version);
  a.Secret("config", node.config);
  a.Text("control_path", node.control_path);
  a.Secret("control_config", node.control_config);
  a.Flag("running", node.running);
  a.Flag("enabled", node.enabled);
  a.Int("status_port", node.status_port);
  a.Text("etcd_id", node.etcd_id);
  a.Node("local_pump", node.local_pump);
  a.Int("fail_to_start", node.fail_to_start);
  a.Text("delivered", node.delivered);
};

constexpr auto kVisitTable = [](auto& a, auto& table) {
  a.Text("schema", table.schema);
  a.Text("name", table.name);
  a.Flag("key", table.has_key);
  a.Int("keys", table.key_count);
  a.Int("weight", table.weight);
  a.Flag("marker", table.marker);
  a.Nodes("sinks", table.sinks);
};

constexpr auto kVisitWorkload = [](auto& a, auto& load) {
  a.Int("transactions", load.transactions);
  a.Span("start", load.start);
  a.Span("interval", load.interval);
  a.Int("rows_max", load.rows_max);
  a.Int("multi_table_permille", load.multi_table_permille);
  a.Int("rollback_permille", load.rollback_permille);
  a.Int("delete_permille", load.delete_permille);
  a.Int("hot_key_permille", load.hot_key_permille);
  a.Int("ddl", load.ddl_count);
  a.Int("cancelled_ddl", load.cancelled_ddl_count);
  a.Each("long_transactions", load.long_transactions, [](auto& b, auto& txn) {
    b.Span("at", txn.at);
    b.Span("hold", txn.hold);
    b.Node("tidb", txn.tidb);
  });
  a.Span("tail", load.tail);
};

constexpr auto kVisitFault = [](auto& a, auto& fault) {
  a.Name("kind", fault.kind, FaultNames);
  a.Text("description", fault.description);
  a.Node("node", fault.node);
  a.Node("peer", fault.peer);
  a.Int("amount", fault.amount);
  a.Int("detail", fault.detail);
  a.Flag("on_event", fault.trigger.on_event);
  a.Span("at", fault.trigger.at);
  a.Name("event", fault.trigger.event, EventNames);
  a.Node("event_node", fault.trigger.node);
  a.Int("match_code", fault.trigger.match_code);
  a.Text("match_text", fault.trigger.match_text);
  a.Int("nth", fault.trigger.nth);
  a.Span("after", fault.trigger.after);
  a.Span("heal_after", fault.heal_after);
};

constexpr auto kVisitPlan = [](auto& a, auto& plan) {
  a.Text("scenario", plan.scenario);
  a.Text("scenario_digest", plan.scenario_digest);
  a.Id("seed", plan.seed);
  a.Text("procedure", plan.procedure);
  a.Int("epoch_ms", plan.epoch_ms);
  a.Id("cluster_id", plan.cluster_id);
  a.Each("nodes", plan.nodes, kVisitNode);
  a.Each("tables", plan.tables, kVisitTable);
  a.Object("workload", plan.workload, kVisitWorkload);
  a.Each("faults", plan.faults, kVisitFault);
  a.Each("backlog", plan.backlog, [](auto& b, auto& log) {
    b.Node("pump", log.pump);
    b.Int("first_offset", log.first_offset);
    b.Int("end_offset", log.end_offset);
  });
  a.Timestamp("saved_commit_ts", plan.saved_commit_ts);
  a.Span("engine_start", plan.engine_start);
  a.Span("latency_min", plan.latency_min);
  a.Span("latency_max", plan.latency_max);
  a.Span("exec_latency", plan.exec_latency);
  a.Span("kafka_retention", plan.kafka_retention);
  a.Span("boot_duration", plan.boot_duration);
  a.Flag("full_import", plan.full_import);
  a.Span("dump_duration", plan.dump_duration);
  a.Span("load_duration", plan.load_duration);
  a.Span("drain_max", plan.drain_max);
  a.Span("run_max", plan.run_max);
  a.Int("events_max", plan.events_max);
  a.Texts("operator_answers", plan.operator_answers);
};

}  // namespace

std::string RunPlanToJson(const RunPlan& plan, JsonWriter::Style style) {
  JsonWriter out(style);
  Writing writing(&out, &plan.nodes);
  out.BeginObject();
  kVisitPlan(writing, plan);
  out.EndObject();
  return out.Take();
}

Result<RunPlan> ParseRunPlan(std::string text, const std::string& file) {
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::move(text), file));
  Reading::Shared shared{document, {}};
  if (const JsonValue* nodes = document.root().Find("nodes"); nodes != nullptr) {
    if (nodes->elements.size() >= kNoNode) {
      return document.ErrorAt(nodes->offset, fmt::format("more than {} nodes", kNoNode - 1));
    }
    for (const JsonValue& node : nodes->elements) {
      const JsonValue* name = node.Find("name");
      shared.names.push_back(name == nullptr ? "" : name->text);
    }
  }
  RunPlan plan;
  {
    Reading reading(&shared, document.root(), "a run plan");
    kVisitPlan(reading, plan);
  }
  TRY(shared.status);
  return plan;
}

std::string DescribeRunPlan(const RunPlan& plan) {
  std::string out =
      fmt::format("scenario {} ({}), seed {}\n", plan.scenario, plan.scenario_digest, plan.seed);
  for (const NodePlan& node : plan.nodes) {
    if (node.info.host.empty()) continue;
    out += fmt::format("  {:<16} {}:{} {}\n", node.info.name, node.info.host, node.info.port,
                       node.version.empty() ? "(not installed)" : node.version);
  }
  for (const TablePlan& table : plan.tables) {
    out +=
        fmt::format("  table {}.{}{}{}\n", table.schema, table.name,
                    table.has_key ? "" : ", no key", table.sinks.empty() ? ", filtered out" : "");
  }
  out += fmt::format("  {} transactions, one each {}, from {}; engine starts at {}\n",
                     plan.workload.transactions, FormatDuration(plan.workload.interval),
                     FormatDuration(plan.workload.start), FormatDuration(plan.engine_start));
  for (const BacklogPlan& log : plan.backlog) {
    out += fmt::format("  backlog of {}: offsets {} to {}, synthesised\n",
                       plan.nodes[log.pump].info.name, log.first_offset, log.end_offset);
  }
  for (const FaultPlan& fault : plan.faults) out += fmt::format("  fault: {}\n", fault.description);
  return out;
}

}  // namespace tidegate::sim
