#include "engine/site.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "base/names.h"

namespace tidegate::engine {
namespace {

constexpr std::size_t kSiteBytesMax = 16ULL << 20;
constexpr std::size_t kConfigBytesMax = 1ULL << 20;
constexpr Duration kDurationMax = 365 * 24 * kHour;

// Reads the parts of one document; the schema has already refused wrong shapes, so what is checked
// here is what a schema can't say.
class SiteReader {
 public:
  explicit SiteReader(const JsonDocument& document) : document_(document) {
    site_.file = document.file();
  }

  Result<Site> Read() {
    JsonObjectReader in(document_, document_.root(), "a site file");
    std::string ignored;
    in.String("$schema", &ignored);
    in.String("comment", &ignored);
    in.String("name", &site_.name);
    in.String("marker_schema", &site_.marker_schema);
    in.String("ansible_dir", &site_.ansible_dir);
    in.Find("tls");  // read by whoever opens a connection (engine/tls.h)
    // Sinks first: Drainers name them.
    TRY(ReadEach(in.Find("sinks"), [this](const JsonValue& v) { return ReadSink(v); }));
    TRY(ReadEach(in.Find("drainers"), [this](const JsonValue& v) { return ReadDrainer(v); }));
    TRY(ReadEach(in.Find("new_drainers"), [this](const JsonValue& v) { return ReadNew(v); }));
    TRY(ReadEach(in.Find("pumps"), [this](const JsonValue& v) { return ReadPump(v); }));
    TRY(ReadService(in.Find("kafka"), 9092, &site_.kafka));
    TRY(ReadService(in.Find("zookeeper"), 2181, &site_.zookeeper));
    TRY(ReadRest(&in));
    TRY(in.Finish());
    return std::move(site_);
  }

 private:
  template <typename F>
  static Status ReadEach(const JsonValue* list, F read) {
    if (list == nullptr) return {};
    for (const JsonValue& element : list->elements) TRY(read(element));
    return {};
  }

  std::string Where(const JsonValue& value) const { return document_.Position(value.offset); }

  Status Unique(std::set<std::string>* seen, const std::string& name, std::string_view what,
                const JsonValue& value) {
    if (seen->insert(name).second) return {};
    return document_.ErrorAt(value.offset, fmt::format("two {} are named '{}'", what, name));
  }

  Status ReadSink(const JsonValue& value) {
    SiteSink sink;
    JsonObjectReader in(document_, value, "a sink");
    in.String("name", &sink.name);
    in.String("type", &sink.type);
    in.String("host", &sink.host);
    in.Int("port", 1, 65535, &sink.port);
    in.String("checkpoint_schema", &sink.checkpoint_schema);
    in.String("directory", &sink.directory);
    in.Strings("kafka_addrs", &sink.kafka_addrs);
    in.String("defaults_file", &sink.defaults_file);
    TRY(in.Finish());
    TRY(Unique(&sink_names_, sink.name, "sinks", value));
    site_.sinks.push_back(std::move(sink));
    return {};
  }

  Status CheckSink(const std::string& sink, const JsonValue& value) {
    if (sink.empty() || sink_names_.contains(sink)) return {};
    const std::vector<std::string> known(sink_names_.begin(), sink_names_.end());
    const JsonValue* at = value.Find("sink");
    return document_.ErrorAt(at->offset,
                             fmt::format("no sink is named '{}'{}", sink, DidYouMean(sink, known)));
  }

  Status ReadConfig(const JsonValue* value, SiteConfig* config) {
    if (value == nullptr) return {};
    JsonObjectReader in(document_, *value, "a configuration");
    std::string copy;
    in.String("path", &config->path);
    in.String("toml", &config->text);
    in.String("file", &copy);
    TRY(in.Finish());
    config->origin = Where(*value);
    if (copy.empty()) return {};
    if (!config->text.empty()) {
      return document_.ErrorAt(value->offset, "a configuration has either 'toml' or 'file'");
    }
    std::string path = copy;
    const std::size_t slash = document_.file().rfind('/');
    if (copy[0] != '/' && slash != std::string::npos) {
      path = document_.file().substr(0, slash + 1) + copy;
    }
    Result<std::string> text = ReadFile(path, kConfigBytesMax);
    if (!text) {
      Error error = document_.ErrorAt(value->Find("file")->offset, text.error().ToString());
      error.code = text.error().code;
      return error;
    }
    config->text = *std::move(text);
    config->origin = path;
    return {};
  }

  Status ReadDrainer(const JsonValue& value) {
    SiteDrainer drainer;
    JsonObjectReader in(document_, value, "a Drainer");
    in.String("name", &drainer.name);
    in.String("host", &drainer.host);
    in.Int("port", 1, 65535, &drainer.port);
    in.String("unit", &drainer.unit);
    in.String("deploy_dir", &drainer.deploy_dir);
    in.String("data_dir", &drainer.data_dir);
    in.String("binary", &drainer.binary);
    in.String("script", &drainer.script);
    in.String("sink", &drainer.sink);
    in.String("version", &drainer.version);
    TRY(ReadConfig(in.Find("config"), &drainer.config));
    TRY(in.Finish());
    TRY(Unique(&drainer_names_, drainer.name, "Drainers", value));
    TRY(CheckSink(drainer.sink, value));
    drainer.where = Where(value);
    site_.drainers.push_back(std::move(drainer));
    return {};
  }

  Status ReadNew(const JsonValue& value) {
    SiteNewDrainer drainer;
    JsonObjectReader in(document_, value, "a new Drainer");
    in.String("name", &drainer.name);
    in.String("replaces", &drainer.replaces);
    in.String("sink", &drainer.sink);
    TRY(ReadConfig(in.Find("config"), &drainer.config));
    TRY(in.Finish());
    TRY(Unique(&new_names_, drainer.name, "new Drainers", value));
    TRY(CheckSink(drainer.sink, value));
    drainer.where = Where(value);
    site_.new_drainers.push_back(std::move(drainer));
    return {};
  }

  Status ReadPump(const JsonValue& value) {
    SitePump pump;
    JsonObjectReader in(document_, value, "a Pump");
    in.String("name", &pump.name);
    in.String("node_id", &pump.node_id);
    in.String("write_mode", &pump.write_mode);
    TRY(in.Finish());
    TRY(Unique(&pump_names_, pump.name, "Pumps", value));
    pump.where = Where(value);
    site_.pumps.push_back(std::move(pump));
    return {};
  }

  Status ReadServiceHost(const JsonValue& value, std::int64_t port, SiteService* service) {
    SiteServiceHost host;
    host.port = port;
    JsonObjectReader in(document_, value, "a host");
    in.String("host", &host.host);
    in.Int("port", 1, 65535, &host.port);
    in.String("unit", &host.unit);
    in.String("deploy_dir", &host.deploy_dir);
    in.String("data_dir", &host.data_dir);
    TRY(in.Finish());
    service->hosts.push_back(std::move(host));
    return {};
  }

  Status ReadService(const JsonValue* value, std::int64_t port, SiteService* service) {
    if (value == nullptr) return {};
    JsonObjectReader in(document_, *value, "a service");
    const auto flag = [&in](std::string_view name, std::optional<bool>* out) {
      if (in.Find(name) == nullptr) return;
      bool set = false;
      in.Bool(name, &set);
      *out = set;
    };
    flag("carries_foreign", &service->carries_foreign);
    flag("ours_to_stop", &service->ours_to_stop);
    TRY(ReadEach(in.Find("hosts"),
                 [&](const JsonValue& v) { return ReadServiceHost(v, port, service); }));
    return in.Finish();
  }

  Status ReadDuration(const JsonValue* group, std::string_view name, Duration low,
                      std::optional<Duration>* out) {
    const JsonValue* value = group == nullptr ? nullptr : group->Find(name);
    if (value == nullptr) return {};
    const Result<Duration> read = ParseDuration(value->text);
    if (!read) return document_.ErrorAt(value->offset, read.error().message);
    if (*read < low || *read > kDurationMax) {
      return document_.ErrorAt(
          value->offset, fmt::format("'{}' is {}; it must be from {} to {}", name, value->text,
                                     FormatDuration(low), FormatDuration(kDurationMax)));
    }
    *out = *read;
    return {};
  }

  Status ReadRest(JsonObjectReader* in) {
    if (const JsonValue* hooks = in->Find("hooks"); hooks != nullptr) {
      JsonObjectReader each(document_, *hooks, "hooks");
      each.Strings("detach_service", &site_.detach_service);
      each.Strings("attach_service", &site_.attach_service);
      each.Strings("dump", &site_.dump);
      each.Strings("load", &site_.load);
      each.Strings("compare", &site_.compare);
      TRY(each.Finish());
      if (site_.detach_service.empty() != site_.attach_service.empty()) {
        return document_.ErrorAt(hooks->offset,
                                 "hooks that detach the service need one that attaches it again, "
                                 "and the other way round");
      }
    }
    if (const JsonValue* sql = in->Find("sql"); sql != nullptr) {
      JsonObjectReader each(document_, *sql, "sql");
      each.String("defaults_file", &site_.sql_defaults_file);
      TRY(each.Finish());
    }
    const JsonValue* budgets = in->Find("budgets");
    TRY(ReadDuration(budgets, "write_outage", kSecond, &site_.write_outage_max));
    TRY(ReadDuration(budgets, "dump", kSecond, &site_.dump_max));
    TRY(ReadDuration(budgets, "load", kSecond, &site_.load_max));
    const JsonValue* retention = in->Find("retention");
    TRY(ReadDuration(retention, "kafka", kMinute, &site_.kafka_retention));
    // cluster Pump: gc is counted in days and must be above 0 (pump/config.go)
    return ReadDuration(retention, "pump_gc", 24 * kHour, &site_.pump_gc);
  }

  const JsonDocument& document_;
  Site site_;
  std::set<std::string> sink_names_;
  std::set<std::string> drainer_names_;
  std::set<std::string> new_names_;
  std::set<std::string> pump_names_;
};

}  // namespace

Result<Site> ParseSite(std::string text, const std::string& file) {
  static const JsonSchema schema(SiteSchemaText(), "site.schema.json");
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::move(text), file));
  TRY(schema.Validate(document));
  return SiteReader(document).Read();
}

Result<Site> LoadSite(const std::string& path) {
  TRY_ASSIGN(std::string text, ReadFile(path, kSiteBytesMax));
  return ParseSite(std::move(text), path);
}

}  // namespace tidegate::engine
