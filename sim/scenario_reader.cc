#include "sim/scenario_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/names.h"
#include "sim/scenario_parts.h"

namespace tidegate::sim {
namespace {

// TiDB ends a transaction by itself after this long (TiDB vendored in tidb-binlog kafka:
// store/tikv/2pc.go maxTxnTimeUse).
constexpr Duration kTxnLifeMax = 590 * kSecond;

std::vector<TablePlan> DefaultTables() {
  std::vector<TablePlan> out(3);
  out[0] = {.schema = "shop", .name = "orders", .weight = 3};
  out[1] = {.schema = "shop", .name = "items", .weight = 2};
  out[2] = {.schema = "shop", .name = "customers", .key_count = 200};
  return out;
}

class Reader {
 public:
  explicit Reader(const JsonDocument& document) : document_(document) {}

  Result<Scenario> Read() {
    JsonObjectReader in(document_, document_.root(), "a scenario");
    std::string ignored;
    in.String("$schema", &ignored);
    in.String("comment", &ignored);
    in.String("name", &out_.name);
    in.String("description", &out_.description);
    if (const JsonValue* incident = in.Find("incident"); incident != nullptr) {
      TRY_ASSIGN(out_.incident, ReadIncident(document_, *incident));
    }
    in.String("procedure", &out_.procedure);
    std::int64_t seed = -1;
    in.Int("seed", 0, INT64_MAX, &seed);
    if (seed >= 0) out_.seed = static_cast<std::uint64_t>(seed);
    TRY(ReadCluster(&in));
    TRY(ReadLoad(&in));
    TRY(ReadFaults(in.Find("faults")));
    TRY(ReadEngine(document_, in.Find("engine"), &out_.engine));
    TRY(ReadExpect(document_, in.Find("expect"), &out_.expect));
    TRY(ReadVariants(in.Find("variants")));
    TRY(ReadNumbers(&in));
    if (const JsonValue* captured = in.Find("captured"); captured != nullptr) {
      TRY_ASSIGN(out_.captured, ReadCaptured(document_, *captured, Folder()));
    }
    if (const JsonValue* observed = in.Find("observed"); observed != nullptr) {
      TRY_ASSIGN(out_.observed, ReadObserved(document_, *observed));
    }
    in.Bool("fresh", &out_.fresh);
    if (out_.fresh && out_.captured.given) {
      in.Fail(document_.root().Find("fresh")->offset, "'fresh' contradicts 'captured'");
    }
    const JsonValue* draw = in.Find("draw");
    out_.has_draws = draw != nullptr && !draw->members.empty();
    TRY(in.Finish());
    return std::move(out_);
  }

 private:
  std::string Folder() const {
    const std::size_t slash = document_.file().rfind('/');
    return slash == std::string::npos ? "" : document_.file().substr(0, slash + 1);
  }

  void Path(JsonObjectReader* in, std::string_view key, std::string* out) {
    in->String(key, out);
    if (!out->empty() && (*out)[0] != '/') *out = Folder() + *out;
  }

  Status ReadCluster(JsonObjectReader* in) {
    Path(in, "inventory", &out_.inventory);
    Path(in, "target", &out_.target);
    Path(in, "site", &out_.site);
    const JsonValue* topology = in->Find("topology");
    if ((topology == nullptr) == out_.inventory.empty()) {
      return document_.ErrorAt(document_.root().offset,
                               "a scenario needs 'inventory' or 'topology', one of them");
    }
    TRY(OnlyWith("inventory", out_.inventory.empty(), {"target", "site"}));
    TRY(OnlyWith("topology", topology == nullptr, {"drainer", "drainers", "new_drainer"}));
    if (topology != nullptr) TRY(ReadTopology(*topology));
    TRY(ReadVersions(in->Find("versions"), topology == nullptr));
    TRY(ReadDrainer(document_, in->Find("drainer"), &out_.drainer));
    TRY(ReadDrainers(in->Find("drainers")));
    if (const JsonValue* changed = in->Find("new_drainer"); changed != nullptr) {
      out_.new_drainer = out_.drainer;
      TRY(ReadDrainer(document_, changed, &*out_.new_drainer));
    }
    TRY(ReadHidden(in->Find("hidden")));
    if (const JsonValue* downstream = in->Find("downstream"); downstream != nullptr) {
      JsonObjectReader kind(document_, *downstream, "'downstream'");
      kind.String("kind", &out_.downstream_kind);
      TRY(kind.Finish());
    }
    return ReadPumpAndTidb(in, topology == nullptr);
  }

  // With `absent`, none of `keys` may stand in the scenario.
  Status OnlyWith(std::string_view what, bool absent, std::vector<std::string_view> keys) {
    for (const std::string_view key : keys) {
      for (const JsonMember& member : document_.root().members) {
        if (!absent || member.name != key) continue;
        return document_.ErrorAt(
            member.offset,
            fmt::format("'{}' goes with '{}'{}", key, what,
                        what == "topology" ? "; with an inventory, the site file says it" : ""));
      }
    }
    return {};
  }

  Status ReadTopology(const JsonValue& value) {
    ScenarioTopology& topology = out_.topology.emplace();
    JsonObjectReader in(document_, value, "a topology");
    if (out_.procedure == "local-to-cluster") topology.era = "local";
    in.String("era", &topology.era);
    if (topology.era == "local") {
      topology.kafkas = topology.zookeepers = 0;
      out_.tidb_from = "v1.0.8";
      for (const char* key : {"kafkas", "zookeepers"}) {
        if (const JsonValue* found = value.Find(key); found != nullptr) {
          in.Fail(found->offset, fmt::format("'{}' goes with the era 'kafka'", key));
        }
      }
    }
    in.Int("tidbs", 1, 100, &topology.tidbs);
    topology.new_pumps = topology.tidbs;
    in.Int("kafkas", 1, 20, &topology.kafkas);
    in.Int("zookeepers", 1, 20, &topology.zookeepers);
    in.Int("old_drainers", 0, 20, &topology.old_drainers);
    in.Int("new_pumps", 1, 100, &topology.new_pumps);
    if (IsRolling()) topology.new_pumps = std::max<std::int64_t>(2, topology.tidbs);
    for (const auto& [key, field] :
         {std::pair{"pumps", &topology.new_pumps}, std::pair{"drainers", &topology.old_drainers}}) {
      in.Int(key, 1, 100, field);
      if (const JsonValue* found = value.Find(key); found != nullptr && !IsRolling()) {
        in.Fail(found->offset, fmt::format("'{}' goes with a rolling procedure", key));
      }
    }
    if (const JsonValue* enabled = in.Find("units_enabled"); enabled != nullptr) {
      topology.units_enabled = enabled->boolean;
    }
    in.String("supervision", &topology.supervision);
    in.String("control_files", &topology.control_files);
    in.Bool("same_hosts", &topology.same_hosts);
    in.Bool("kafka_carries_foreign", &topology.kafka_carries_foreign);
    in.Bool("kafka_ours_to_stop", &topology.kafka_ours_to_stop);
    in.Strings("tidb_addresses", &topology.tidb_addresses);
    if (const JsonValue* marker = in.Find("marker_schema"); marker != nullptr) {
      topology.marker_schema = marker->text;
    }
    return in.Finish();
  }

  bool IsRolling() const { return out_.procedure.starts_with("rolling-"); }

  Status ReadVersions(const JsonValue* value, bool has_inventory) {
    if (IsRolling() && !has_inventory) {
      out_.old_version = "v2.1.8";
      out_.new_version = "v3.0.5";
    }
    if (value == nullptr) return {};
    JsonObjectReader in(document_, *value, "'versions'");
    in.String("old", &out_.old_version);
    in.String("new", &out_.new_version);
    in.String("tidb_from", &out_.tidb_from);
    in.String("tidb_to", &out_.tidb_to);
    for (const char* key : {"tidb_from", "tidb_to"}) {
      if (const JsonValue* found = value->Find(key); found != nullptr && has_inventory) {
        in.Fail(found->offset, fmt::format("'{}' goes with 'topology'; with an inventory, "
                                           "tidb_version says it",
                                           key));
      }
    }
    return in.Finish();
  }

  Status ReadDrainers(const JsonValue* value) {
    if (!out_.topology) return {};
    const std::size_t listed = value == nullptr ? 0 : value->elements.size();
    const auto count = std::max(listed, static_cast<std::size_t>(out_.topology->old_drainers));
    for (std::size_t i = 0; i < count; ++i) {
      DrainerSettings settings = out_.drainer;
      if (i < listed) {
        const JsonValue& element = value->elements[i];
        TRY(ReadDrainer(document_, &element, &settings));
        TRY(CheckSinkOf(element, settings, i));
      }
      out_.drainers.push_back(std::move(settings));
    }
    out_.topology->old_drainers = static_cast<std::int64_t>(count);
    return {};
  }

  Status CheckSinkOf(const JsonValue& element, const DrainerSettings& settings, std::size_t at) {
    if (settings.sink_of.empty()) return {};
    std::vector<std::string> before;
    for (std::size_t i = 0; i < at; ++i) before.push_back(fmt::format("old-drainer-{}", i + 1));
    if (std::find(before.begin(), before.end(), settings.sink_of) != before.end()) return {};
    const JsonValue* place = element.Find("sink_of");
    return document_.ErrorAt(place != nullptr ? place->offset : element.offset,
                             fmt::format("'sink_of' must name an old Drainer before this one, not "
                                         "'{}'{}",
                                         settings.sink_of, DidYouMean(settings.sink_of, before)));
  }

  Status ReadHidden(const JsonValue* value) {
    if (value == nullptr) return {};
    JsonObjectReader in(document_, *value, "'hidden'");
    in.Int("tidbs", 0, 10, &out_.hidden.tidbs);
    if (const JsonValue* broken = in.Find("broken"); broken != nullptr) {
      for (const JsonValue& name : broken->elements) {
        out_.hidden.broken.push_back({name.text, document_.Position(name.offset)});
      }
    }
    if (const JsonValue* resources = in.Find("resources"); resources != nullptr) {
      for (const JsonMember& member : resources->members) {
        out_.hidden.resources[member.name] = member.value.text;
      }
    }
    if (const JsonValue* drainers = in.Find("old_drainers"); drainers != nullptr) {
      for (const JsonValue& element : drainers->elements) {
        DrainerSettings settings = out_.drainer;
        TRY(ReadDrainer(document_, &element, &settings));
        out_.hidden.old_drainers.push_back(std::move(settings));
      }
    }
    return in.Finish();
  }

  Status ReadPumpAndTidb(JsonObjectReader* scenario, bool has_inventory) {
    if (const JsonValue* pump = scenario->Find("pump"); pump != nullptr) {
      JsonObjectReader in(document_, *pump, "'pump'");
      in.String("write_mode", &out_.pump_write_mode);
      in.Bool("tolerant", &out_.pump_tolerant);
      in.String("extra_config", &out_.pump_extra_config);
      if (const JsonValue* mode = pump->Find("write_mode"); mode != nullptr && has_inventory) {
        in.Fail(mode->offset,
                "'write_mode' goes with 'topology'; with an inventory, the site file "
                "says it");
      }
      TRY(in.Finish());
    }
    if (const JsonValue* tidb = scenario->Find("tidb"); tidb != nullptr) {
      JsonObjectReader in(document_, *tidb, "'tidb'");
      in.Bool("ignore_error", &out_.tidb_ignore_error);
      TRY(in.Finish());
    }
    return {};
  }

  Status ReadLoad(JsonObjectReader* in) {
    const JsonValue* tables = in->Find("tables");
    if (tables == nullptr) {
      out_.tables = DefaultTables();
    } else {
      std::set<std::string> seen;
      for (const JsonValue& element : tables->elements) {
        TablePlan table;
        JsonObjectReader row(document_, element, "a table");
        row.String("schema", &table.schema);
        row.String("name", &table.name);
        row.Bool("key", &table.has_key);
        row.Int("keys", 1, 1'000'000'000, &table.key_count);
        row.Int("weight", 0, 1'000'000, &table.weight);
        TRY(row.Finish());
        const std::string name = table.schema + "." + table.name;
        if (!seen.insert(name).second) {
          return document_.ErrorAt(element.offset,
                                   fmt::format("the table '{}' stands here a second time", name));
        }
        out_.tables.push_back(std::move(table));
      }
    }
    return ReadWorkload(in->Find("workload"));
  }

  Status ReadWorkload(const JsonValue* value) {
    if (value == nullptr) return {};
    WorkloadPlan& load = out_.workload;
    JsonObjectReader in(document_, *value, "a workload");
    in.Int("transactions", 0, 100'000'000, &load.transactions);
    in.DurationField("start", 0, kLongest, &load.start);
    in.DurationField("interval", kMicrosecond, kLongest, &load.interval);
    in.Int("rows_max", 1, 1000, &load.rows_max);
    in.Int("multi_table_permille", 0, 1000, &load.multi_table_permille);
    in.Int("rollback_permille", 0, 1000, &load.rollback_permille);
    in.Int("delete_permille", 0, 1000, &load.delete_permille);
    in.Int("hot_key_permille", 0, 1000, &load.hot_key_permille);
    in.Int("ddl", 0, 10000, &load.ddl_count);
    in.Int("cancelled_ddl", 0, 10000, &load.cancelled_ddl_count);
    in.DurationField("tail", 0, kLongest, &load.tail);
    if (const JsonValue* list = in.Find("long_transactions"); list != nullptr) {
      for (const JsonValue& element : list->elements) {
        Scenario::LongTransactionText txn;
        JsonObjectReader one(document_, element, "a long transaction");
        one.DurationField("at", 0, kLongest, &txn.at);
        one.DurationField("hold", 0, kTxnLifeMax, &txn.hold);
        one.String("tidb", &txn.tidb.name);
        TRY(one.Finish());
        txn.tidb.where = document_.Position(element.Find("tidb")->offset);
        out_.long_transactions.push_back(std::move(txn));
      }
    }
    return in.Finish();
  }

  Status ReadFaults(const JsonValue* value) {
    if (value == nullptr) return {};
    for (const JsonValue& element : value->elements) {
      TRY_ASSIGN(FaultText fault, ReadFault(document_, element));
      out_.faults.push_back(std::move(fault));
    }
    return {};
  }

  Status ReadVariants(const JsonValue* value) {
    if (value == nullptr) return {};
    for (const JsonMember& member : value->members) {
      ScenarioVariant variant;
      variant.name = member.name;
      variant.engine = out_.engine;
      JsonObjectReader in(document_, member.value, "a variant");
      std::string ignored;
      in.String("comment", &ignored);
      TRY(ReadEngine(document_, in.Find("engine"), &variant.engine));
      TRY(ReadExpect(document_, in.Find("expect"), &variant.expect));
      TRY(in.Finish());
      out_.variants.push_back(std::move(variant));
    }
    return {};
  }

  Status ReadNumbers(JsonObjectReader* scenario) {
    if (const JsonValue* timing = scenario->Find("timing"); timing != nullptr) {
      JsonObjectReader in(document_, *timing, "'timing'");
      in.DurationField("latency_min", 0, kMinute, &out_.latency_min);
      in.DurationField("latency_max", 0, kMinute, &out_.latency_max);
      in.DurationField("downstream", 0, kHour, &out_.exec_latency);
      in.DurationField("boot", 0, kHour, &out_.boot_duration);
      if (out_.latency_min > out_.latency_max) {
        in.Fail(timing->offset,
                fmt::format("'latency_min' {} is above 'latency_max' {}",
                            FormatDuration(out_.latency_min), FormatDuration(out_.latency_max)));
      }
      TRY(in.Finish());
    }
    if (const JsonValue* kafka = scenario->Find("kafka"); kafka != nullptr) {
      JsonObjectReader in(document_, *kafka, "'kafka'");
      in.DurationField("retention", kSecond, kLongest, &out_.kafka_retention);
      TRY(in.Finish());
    }
    if (const JsonValue* import = scenario->Find("import"); import != nullptr) {
      JsonObjectReader in(document_, *import, "'import'");
      in.DurationField("dump", 0, kLongest, &out_.dump_duration);
      in.DurationField("load", 0, kLongest, &out_.load_duration);
      in.DurationField("dump_max", kMinute, kLongest, &out_.dump_max);
      in.DurationField("load_max", kMinute, kLongest, &out_.load_max);
      in.Bool("compare", &out_.compare);
      if (out_.procedure != "full-import") {
        in.Fail(import->offset, "'import' goes with the procedure 'full-import'");
      }
      TRY(in.Finish());
    }
    if (const JsonValue* limits = scenario->Find("limits"); limits != nullptr) {
      JsonObjectReader in(document_, *limits, "'limits'");
      in.DurationField("drain_max", kSecond, kLongest, &out_.drain_max);
      in.DurationField("run_max", kSecond, kLongest, &out_.run_max);
      in.Int("events_max", 1000, INT64_MAX, &out_.events_max);
      TRY(in.Finish());
    }
    if (out_.engine.start > out_.run_max) {
      return document_.ErrorAt(
          document_.root().offset,
          fmt::format("the engine starts at {}, behind 'run_max' {}",
                      FormatDuration(out_.engine.start), FormatDuration(out_.run_max)));
    }
    return {};
  }

  const JsonDocument& document_;
  Scenario out_;
};

}  // namespace

Result<Scenario> ReadScenario(std::string text, const std::string& file) {
  static const JsonSchema schema(ScenarioSchemaText(), "scenario.schema.json");
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::move(text), file));
  TRY(schema.Validate(document));
  Result<Scenario> scenario = Reader(document).Read();
  if (!scenario) return scenario;
  scenario->file = file;
  scenario->text = document.text();
  return scenario;
}

}  // namespace tidegate::sim
