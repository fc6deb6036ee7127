#include "engine/cluster_builder_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/toml.h"
#include "engine/procedure.h"

namespace tidegate::engine {
namespace {

// What the cluster Drainer understands (tidb-binlog drainer/config.go) and what is carried over.
// Addresses, directories and log files are not: the run script passes them.
constexpr std::array<std::string_view, 24> kCarried = {
    "detect-interval",
    "compressor",
    "log-level",
    "synced-check-time",
    "syncer.sql-mode",
    "syncer.ignore-schemas",
    "syncer.txn-batch",
    "syncer.worker-count",
    "syncer.disable-dispatch",
    "syncer.safe-mode",
    "syncer.db-type",
    "syncer.replicate-do-db",
    "syncer.to.host",
    "syncer.to.user",
    "syncer.to.password",
    "syncer.to.port",
    "syncer.to.dir",
    "syncer.to.compression",
    "syncer.to.kafka-addrs",
    "syncer.to.zookeeper-addrs",
    "syncer.to.kafka-version",
    "syncer.to.kafka-max-messages",
    "syncer.to.topic-name",
    "syncer.to.checkpoint.schema",
};
// Old keys that are passed by the run script or that were about reading from Kafka.
constexpr std::array<std::string_view, 14> kSuperseded = {
    "addr",
    "data-dir",
    "pd-urls",
    "log-file",
    "log-rotate",
    "metrics-addr",
    "metrics-interval",
    "kafka-addrs",
    "zookeeper-addrs",
    "kafka-version",
    "kafka-max-message-size",
    "initial-commit-ts",
    "config",
    "node-id",
};

template <typename Array>
bool Contains(const Array& array, std::string_view key) {
  for (const std::string_view known : array) {
    if (known == key) return true;
  }
  return false;
}

bool IsPlain(char c, std::string_view others) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         others.find(c) != std::string_view::npos;
}

bool IsAddress(std::string_view text) {
  if (text.empty() || text[0] == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return IsPlain(c, "._-:"); });
}

// Paths go into run scripts and units, where a blank or a $ would mean something else.
bool IsPlainPath(std::string_view text) {
  if (text.empty() || text[0] != '/') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return IsPlain(c, "/._-+@:,"); });
}

std::vector<std::string> SplitCommas(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    const std::size_t begin = part.find_first_not_of(" \t");
    if (begin != std::string_view::npos) {
      out.emplace_back(part.substr(begin, part.find_last_not_of(" \t") - begin + 1));
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return out;
}

std::string TextOf(const TomlTable& table, std::string_view key, std::string fallback) {
  const std::string* found = table.String(key);
  return found == nullptr ? std::move(fallback) : *found;
}

// `[[syncer.replicate-do-table]]` entries, "schema.table".
std::vector<std::string> TablesOf(const TomlTable& table, std::string_view list) {
  std::vector<std::string> out;
  for (int i = 0;; ++i) {
    const std::string* schema = table.String(fmt::format("{}.{}.db-name", list, i));
    const std::string* name = table.String(fmt::format("{}.{}.tbl-name", list, i));
    if (schema == nullptr || name == nullptr) return out;
    out.push_back(*schema + "." + *name);
  }
}

// A value of `key` as TOML, "" when it isn't there.
std::string ValueText(const TomlTable& table, std::string_view key) {
  if (const std::string* text = table.String(key); text != nullptr) return TomlQuote(*text);
  if (const std::int64_t* number = table.Int(key); number != nullptr)
    return fmt::to_string(*number);
  if (const bool* flag = table.Bool(key); flag != nullptr) return *flag ? "true" : "false";
  const std::vector<std::string>* list = table.Strings(key);
  if (list == nullptr) return "";
  std::string out = "[";
  for (const std::string& element : *list) {
    if (out.size() > 1) out += ", ";
    out += TomlQuote(element);
  }
  return out + "]";
}

bool IsTableEntry(std::string_view key) {
  return key.starts_with("syncer.replicate-do-table.") || key.starts_with("syncer.ignore-table.");
}

// Every carried key of one table ("", "syncer", "syncer.to", …), one line each.
std::string Lines(const TomlTable& table, std::string_view prefix) {
  std::string out;
  for (const std::string_view key : kCarried) {
    std::string_view name = key;
    if (!prefix.empty()) {
      if (!key.starts_with(prefix) || key.size() <= prefix.size() || key[prefix.size()] != '.') {
        continue;
      }
      name = key.substr(prefix.size() + 1);
    }
    if (name.find('.') != std::string_view::npos) continue;
    const std::string value = ValueText(table, key);
    if (!value.empty()) out += fmt::format("{} = {}\n", name, value);
  }
  return out;
}

std::string TableEntries(const TomlTable& table, std::string_view list) {
  std::string out;
  for (int i = 0;; ++i) {
    const std::string* schema = table.String(fmt::format("{}.{}.db-name", list, i));
    const std::string* name = table.String(fmt::format("{}.{}.tbl-name", list, i));
    if (schema == nullptr || name == nullptr) return out;
    out += fmt::format("\n[[{}]]\ndb-name = {}\ntbl-name = {}\n", list, TomlQuote(*schema),
                       TomlQuote(*name));
  }
}

// Where no old file is known: the sink alone. User and password are unknown then.
std::string SinkLines(const Sink& sink) {
  std::string out;
  if (!sink.host.empty()) out += fmt::format("host = {}\n", TomlQuote(sink.host));
  if (sink.port > 0) out += fmt::format("port = {}\n", sink.port);
  if (!sink.directory.empty()) out += fmt::format("dir = {}\n", TomlQuote(sink.directory));
  if (!sink.kafka_addrs.empty()) {
    out += fmt::format("kafka-addrs = {}\n",
                       TomlQuote(fmt::format("{}", fmt::join(sink.kafka_addrs, ","))));
  }
  return out;
}

}  // namespace

Result<std::string> HostVars::Text(std::string_view name, std::string fallback) const {
  TRY_ASSIGN(const std::optional<InventoryValue> value, inventory_.Value(host_, name));
  return value.has_value() ? value->text : std::move(fallback);
}

Result<bool> HostVars::Has(std::string_view name) const {
  TRY_ASSIGN(const std::optional<InventoryValue> value, inventory_.Value(host_, name));
  return value.has_value();
}

Error HostVars::ErrorAt(std::string_view name, std::string message) const {
  const Result<std::optional<InventoryValue>> value = inventory_.Value(host_, name);
  const bool known = value.has_value() && value->has_value();
  return inventory_.ErrorAt(known ? (*value)->place : host_.place, std::move(message));
}

Result<std::string> HostVars::Address() const {
  for (const std::string_view name : {"ansible_host", "ansible_ssh_host"}) {
    TRY_ASSIGN(std::string address, Text(name, ""));
    if (address.empty()) continue;
    if (!IsAddress(address)) {
      return ErrorAt(name, fmt::format("{} of host '{}' is '{}', which is no address", name,
                                       alias(), address));
    }
    return address;
  }
  if (!IsAddress(alias())) {
    return inventory_.ErrorAt(host_.place, fmt::format("'{}' is no address", alias()));
  }
  return alias();
}

Result<std::string> HostVars::Path(std::string_view name, std::string fallback) const {
  TRY_ASSIGN(std::string path, Text(name, std::move(fallback)));
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (!IsPlainPath(path)) {
    return ErrorAt(name, fmt::format("{} of host '{}' is '{}'; it must be an absolute path "
                                     "of letters, digits and . _ - + @ : ,",
                                     name, alias(), path));
  }
  return path;
}

Result<std::int64_t> HostVars::Port(std::string_view name, std::int64_t fallback) const {
  TRY_ASSIGN(const std::string text, Text(name, fmt::to_string(fallback)));
  const bool digits = !text.empty() && text.size() <= 5 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  const std::int64_t port = digits ? std::stoll(text) : 0;
  if (port < 1 || port > 65535) {
    return ErrorAt(name, fmt::format("{} of host '{}' is '{}'; it must be a port from 1 to 65535",
                                     name, alias(), text));
  }
  return port;
}

Result<std::vector<HostPort>> ParseAddresses(std::string_view text, std::int64_t fallback_port) {
  std::vector<HostPort> out;
  for (const std::string& part : SplitCommas(text.substr(0, text.find('/')))) {
    const std::size_t colon = part.rfind(':');
    HostPort address{part.substr(0, colon), fallback_port};
    const std::string port = colon == std::string::npos ? "" : part.substr(colon + 1);
    const bool digits = !port.empty() && port.size() <= 5 &&
                        port.find_first_not_of("0123456789") == std::string::npos;
    if (digits) address.port = std::stoll(port);
    if (address.host.empty() || (colon != std::string::npos && !digits) || address.port > 65535) {
      return Error{ErrorCode::kBadInput, fmt::format("'{}' is no host:port", part), ""};
    }
    out.push_back(std::move(address));
  }
  return out;
}

std::string TomlQuote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

Result<DrainerConfig> ReadDrainerConfig(const std::string& text, const std::string& file) {
  TRY_ASSIGN(const TomlTable table, TomlTable::Parse(text, file));
  DrainerConfig config;
  config.sink.type = TextOf(table, "syncer.db-type", "mysql");
  config.sink.host = TextOf(table, "syncer.to.host", "");
  if (const std::int64_t* port = table.Int("syncer.to.port"); port != nullptr) {
    if (*port < 1 || *port > 65535) {
      return Error{ErrorCode::kBadInput, fmt::format("syncer.to.port is {}", *port), file};
    }
    config.sink.port = *port;
  }
  config.sink.directory = TextOf(table, "syncer.to.dir", "");
  config.sink.kafka_addrs = SplitCommas(TextOf(table, "syncer.to.kafka-addrs", ""));
  config.sink.checkpoint_schema = TextOf(table, "syncer.to.checkpoint.schema", "tidb_binlog");
  // tidb-binlog drainer/config.go: the default of ignore-schemas
  config.filters.ignore_schemas = SplitCommas(
      TextOf(table, "syncer.ignore-schemas", "INFORMATION_SCHEMA,PERFORMANCE_SCHEMA,mysql"));
  if (const auto* list = table.Strings("syncer.replicate-do-db"); list != nullptr) {
    config.filters.do_dbs = *list;
  }
  config.filters.do_tables = TablesOf(table, "syncer.replicate-do-table");
  if (const bool* off = table.Bool("syncer.disable-dispatch"); off != nullptr) {
    config.disable_dispatch = *off;
  }
  const std::int64_t* detect = table.Int("detect-interval");
  if (detect != nullptr && *detect > 0 && *detect <= 86'400)
    config.detect_interval = *detect * kSecond;
  const std::int64_t* check = table.Int("synced-check-time");
  if (check != nullptr && *check > 0 && *check <= 10'000) config.synced_check_minutes = *check;
  config.data_dir = TextOf(table, "data-dir", "");
  return config;
}

Result<std::string> RenderDrainerConfig(const std::string& old_text, const std::string& file,
                                        const Sink& sink, std::vector<std::string>* dropped) {
  TRY_ASSIGN(const TomlTable table, TomlTable::Parse(old_text, file));
  for (const std::string& key : table.Keys()) {
    if (key.starts_with("security.") || IsTableEntry(key) || Contains(kCarried, key) ||
        Contains(kSuperseded, key)) {
      continue;
    }
    dropped->push_back(key);
  }
  std::string out = "# drainer.toml of the cluster version, written by binlog-upgrade\n";
  out += Lines(table, "");
  out += "\n[syncer]\n" + Lines(table, "syncer");
  if (table.String("syncer.db-type") == nullptr) {
    out += fmt::format("db-type = {}\n", TomlQuote(sink.type));
  }
  out += TableEntries(table, "syncer.replicate-do-table");
  out += TableEntries(table, "syncer.ignore-table");
  const std::string to = Lines(table, "syncer.to");
  out += "\n[syncer.to]\n" + (to.empty() ? SinkLines(sink) : to);
  const bool has_schema = table.String("syncer.to.checkpoint.schema") != nullptr;
  if (has_schema || sink.checkpoint_schema != "tidb_binlog") {
    out +=
        fmt::format("\n[syncer.to.checkpoint]\nschema = {}\n", TomlQuote(sink.checkpoint_schema));
  }
  std::string security;
  for (const std::string_view name : {"ssl-ca", "ssl-cert", "ssl-key"}) {
    const std::string value = ValueText(table, fmt::format("security.{}", name));
    if (!value.empty()) security += fmt::format("{} = {}\n", name, value);
  }
  if (!security.empty()) out += "\n[security]\n" + security;
  return out;
}

namespace {

Result<Supervision> SupervisionIn(const Inventory& inventory, Supervision fallback) {
  TRY_ASSIGN(const std::optional<InventoryValue> value,
             inventory.GlobalValue("process_supervision"));
  if (!value.has_value()) return fallback;
  const Result<Supervision> parsed = ParseSupervision(value->text);
  if (!parsed) return inventory.ErrorAt(value->place, parsed.error().message);
  return *parsed;
}

}  // namespace

Status FillSupervision(const ClusterInput& input, Cluster* cluster) {
  TRY_ASSIGN(cluster->supervision, SupervisionIn(*input.inventory, Supervision::kSystemd));
  cluster->target_supervision = cluster->supervision;
  if (input.target != nullptr) {
    TRY_ASSIGN(cluster->target_supervision, SupervisionIn(*input.target, cluster->supervision));
  }
  const std::string_view now = SupervisionName(cluster->supervision);
  const std::string_view then = SupervisionName(cluster->target_supervision);
  if (IsRolling(input.procedure) && now != then) {
    return Error{ErrorCode::kBadInput,
                 fmt::format("process_supervision is {} now and {} in the target inventory; a "
                             "rolling upgrade leaves the supervisor as it is",
                             now, then),
                 input.target->file()};
  }
  if (cluster->supervision == Supervision::kSupervise ||
      cluster->target_supervision == Supervision::kSupervise) {
    cluster->assumptions.push_back(
        "what runs under supervise does not start with its host: after a reboot somebody runs "
        "scripts/start_ROLE.sh");
  }
  return {};
}

}  // namespace tidegate::engine
