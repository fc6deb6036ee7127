#include "trace/header_json.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/names.h"

namespace tidegate::trace {
namespace {

constexpr std::size_t kNodesMax = kNoNode - 1;
constexpr std::size_t kTablesMax = 0xFFFE;

std::vector<std::string_view> RoleNames() { return {kRoleNames.begin(), kRoleNames.end()}; }
std::vector<std::string_view> EraNames() { return {kEraNames.begin(), kEraNames.end()}; }

std::string_view NodeName(const Header& header, NodeId node) {
  if (node == kNoNode) return "";
  CHECK(node < header.nodes.size());
  return header.nodes[node].name;
}

void WriteNode(const Header& header, const NodeInfo& node, JsonWriter* out) {
  out->BeginObject();
  out->Key("name").String(node.name);
  out->Key("role").String(RoleName(node.role));
  out->Key("era").String(EraName(node.era));
  out->Key("host").String(node.host);
  out->Key("port").Int(node.port);
  out->Key("unit").String(node.unit);
  out->Key("data_dir").String(node.data_dir);
  out->Key("sink").String(NodeName(header, node.sink));
  out->Key("old_side").Bool(node.old_side);
  out->Key("new_side").Bool(node.new_side);
  out->Key("target_version").String(node.target_version);
  out->Key("detect_interval_ns").Int(node.detect_interval);
  out->Key("keyed_sink").Bool(node.keyed_sink);
  out->Key("carries_foreign").Bool(node.carries_foreign);
  out->EndObject();
}

void WriteTable(const Header& header, const TableInfo& table, JsonWriter* out) {
  out->BeginObject();
  out->Key("schema").String(table.schema);
  out->Key("name").String(table.name);
  out->Key("has_key").Bool(table.has_key);
  out->Key("sinks").BeginArray();
  for (const NodeId sink : table.sinks) out->String(NodeName(header, sink));
  out->EndArray();
  out->EndObject();
}

// Names of nodes that are used before every node is known: looked up when all are.
struct NodeReference {
  std::string name;
  std::uint32_t offset = 0;
};

class HeaderReader {
 public:
  explicit HeaderReader(const JsonDocument& document) : document_(document) {}

  Result<Header> Read() {
    JsonObjectReader reader(document_, document_.root(), "the header");
    std::int64_t format = 0;
    const JsonValue* version = reader.Require("format");
    reader.Int("format", INT64_MIN, INT64_MAX, &format);
    if (version != nullptr && !reader.failed() && format != kFormatVersion) {
      return document_.ErrorAt(version->offset, WrongFormat(format));
    }
    reader.String("scenario", &header_.scenario);
    reader.String("scenario_digest", &header_.scenario_digest);
    std::string seed = "0";
    reader.String("seed", &seed);
    reader.String("engine", &header_.engine);
    reader.String("procedure", &header_.procedure);
    reader.String("gate", &header_.gate);
    reader.Int("write_outage_max_ns", 0, INT64_MAX, &header_.write_outage_max);
    reader.Int("drain_max_ns", 0, INT64_MAX, &header_.drain_max);
    reader.Strings("accepted", &header_.accepted);
    reader.Bool("tidb_may_be_upgraded", &header_.tidb_may_be_upgraded);
    reader.Bool("watched", &header_.watched);
    reader.String("reproduce", &header_.reproduce);
    reader.String("run_plan", &header_.run_plan);
    const JsonValue* nodes = reader.Find("nodes");
    const JsonValue* tables = reader.Find("tables");
    TRY(reader.Finish());
    TRY(ReadSeed(seed));
    if (nodes != nullptr) TRY(ReadNodes(*nodes));
    if (tables != nullptr) TRY(ReadTables(*tables));
    return std::move(header_);
  }

 private:
  // A seed uses all 64 bits, more than an integer of JsonValue holds: a decimal string.
  Status ReadSeed(const std::string& seed) {
    std::uint64_t value = 0;
    const auto [stop, errc] = std::from_chars(seed.data(), seed.data() + seed.size(), value);
    if (seed.empty() || errc != std::errc() || stop != seed.data() + seed.size()) {
      return document_.ErrorAt(
          document_.root().Find("seed")->offset,
          fmt::format("'seed' is '{}'; it must be a decimal number of 64 bits", seed));
    }
    header_.seed = value;
    return {};
  }

  Status ExpectArray(const JsonValue& value, std::string_view what, std::size_t count_max) const {
    if (value.kind != JsonKind::kArray) {
      return document_.ErrorAt(value.offset, fmt::format("'{}' must be an array, not {}", what,
                                                         JsonKindName(value.kind)));
    }
    if (value.elements.size() > count_max) {
      return document_.ErrorAt(value.offset, fmt::format("more than {} {}", count_max, what));
    }
    return {};
  }

  Status ReadNodes(const JsonValue& nodes) {
    TRY(ExpectArray(nodes, "nodes", kNodesMax));
    std::vector<NodeReference> sinks;
    for (const JsonValue& value : nodes.elements) {
      NodeInfo node;
      NodeReference sink;
      TRY(ReadNode(value, &node, &sink));
      if (!ids_.emplace(node.name, static_cast<NodeId>(header_.nodes.size())).second) {
        return document_.ErrorAt(value.offset,
                                 fmt::format("a second node is named '{}'", node.name));
      }
      header_.nodes.push_back(std::move(node));
      sinks.push_back(std::move(sink));
    }
    for (std::size_t i = 0; i < sinks.size(); ++i) {
      if (!sinks[i].name.empty()) TRY(Resolve(sinks[i], &header_.nodes[i].sink));
    }
    return {};
  }

  Status ReadNode(const JsonValue& value, NodeInfo* node, NodeReference* sink) {
    JsonObjectReader reader(document_, value, "a node");
    std::size_t role = 0;
    std::size_t era = 0;
    const JsonValue* name = reader.Require("name");
    reader.String("name", &node->name);
    if (name != nullptr && node->name.empty()) reader.Fail(name->offset, "a node needs a name");
    reader.Require("role");
    reader.Choice("role", RoleNames(), &role);
    reader.Choice("era", EraNames(), &era);
    reader.String("host", &node->host);
    reader.Int("port", 0, 65535, &node->port);
    reader.String("unit", &node->unit);
    reader.String("data_dir", &node->data_dir);
    if (const JsonValue* found = reader.Find("sink")) sink->offset = found->offset;
    reader.String("sink", &sink->name);
    reader.Bool("old_side", &node->old_side);
    reader.Bool("new_side", &node->new_side);
    reader.String("target_version", &node->target_version);
    reader.Int("detect_interval_ns", 0, INT64_MAX, &node->detect_interval);
    reader.Bool("keyed_sink", &node->keyed_sink);
    reader.Bool("carries_foreign", &node->carries_foreign);
    node->role = static_cast<Role>(role);
    node->era = static_cast<Era>(era);
    return reader.Finish();
  }

  Status ReadTables(const JsonValue& tables) {
    TRY(ExpectArray(tables, "tables", kTablesMax));
    for (const JsonValue& value : tables.elements) {
      TableInfo table;
      JsonObjectReader reader(document_, value, "a table");
      reader.Require("schema");
      reader.String("schema", &table.schema);
      reader.Require("name");
      reader.String("name", &table.name);
      reader.Bool("has_key", &table.has_key);
      std::vector<std::string> sinks;
      const JsonValue* at = reader.Find("sinks");
      reader.Strings("sinks", &sinks);
      TRY(reader.Finish());
      for (std::size_t i = 0; i < sinks.size(); ++i) {
        NodeId sink = kNoNode;
        TRY(Resolve(NodeReference{sinks[i], at->elements[i].offset}, &sink));
        table.sinks.push_back(sink);
      }
      header_.tables.push_back(std::move(table));
    }
    return {};
  }

  Status Resolve(const NodeReference& reference, NodeId* out) const {
    const auto found = ids_.find(reference.name);
    if (found == ids_.end()) {
      std::vector<std::string> names;
      for (const NodeInfo& node : header_.nodes) names.push_back(node.name);
      return document_.ErrorAt(reference.offset,
                               fmt::format("no node is named '{}'{}", reference.name,
                                           DidYouMean(reference.name, names)));
    }
    *out = found->second;
    return {};
  }

  const JsonDocument& document_;
  Header header_;
  std::map<std::string, NodeId, std::less<>> ids_;
};

}  // namespace

std::string WrongFormat(std::int64_t version) {
  return fmt::format("the trace has format version {}; this program reads {}", version,
                     kFormatVersion);
}

std::string HeaderToJson(const Header& header) {
  JsonWriter out;
  out.BeginObject();
  out.Key("format").Int(header.format);
  out.Key("scenario").String(header.scenario);
  out.Key("scenario_digest").String(header.scenario_digest);
  out.Key("seed").String(std::to_string(header.seed));
  out.Key("engine").String(header.engine);
  out.Key("procedure").String(header.procedure);
  out.Key("gate").String(header.gate);
  out.Key("nodes").BeginArray();
  for (const NodeInfo& node : header.nodes) WriteNode(header, node, &out);
  out.EndArray();
  out.Key("tables").BeginArray();
  for (const TableInfo& table : header.tables) WriteTable(header, table, &out);
  out.EndArray();
  out.Key("write_outage_max_ns").Int(header.write_outage_max);
  out.Key("drain_max_ns").Int(header.drain_max);
  if (!header.accepted.empty()) {
    out.Key("accepted").BeginArray();
    for (const std::string& risk : header.accepted) out.String(risk);
    out.EndArray();
  }
  out.Key("tidb_may_be_upgraded").Bool(header.tidb_may_be_upgraded);
  if (header.watched) out.Key("watched").Bool(true);
  out.Key("reproduce").String(header.reproduce);
  out.Key("run_plan").String(header.run_plan);
  out.EndObject();
  return out.Take();
}

Result<Header> HeaderFromJson(std::string text, std::string file) {
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::move(text), std::move(file)));
  return HeaderReader(document).Read();
}

}  // namespace tidegate::trace
