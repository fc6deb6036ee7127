#include "rehearsal/topology.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/cluster_builder.h"
#include "rehearsal/inventory_text.h"
#include "rehearsal/topology_parts.h"
#include "sim/dialect.h"
#include "sim/run_plan_json.h"

namespace tidegate::rehearsal {
namespace {

using engine::Cluster;
using sim::NodePlan;
using sim::Scenario;
using sim::Topology;

// One sink of the cluster, and what is known of it.
struct SinkSlot {
  engine::Sink sink;
  std::string host;  ///< of the downstream node
};

class TopologyBuilder {
 public:
  TopologyBuilder(const Scenario& scenario, const Cluster& cluster)
      : scenario_(scenario), cluster_(cluster) {}

  Topology Build() {
    out_.cluster_name = cluster_.name;
    out_.marker_schema = cluster_.marker_schema;
    CollectSinks();
    AddStores(cluster_, &out_);
    AddBystanders(cluster_.zookeepers, Role::kZookeeper);
    AddBystanders(cluster_.kafkas, Role::kKafka);
    AddOldPumps();
    AddTidbs();
    AddDownstreams();
    AddOldDrainers();
    AddNewSide();
    AddRest(&out_);
    return std::move(out_);
  }

 private:
  NodePlan& Add(std::string_view stem, Role role) { return AddNode(stem, role, &out_); }

  // ---- sinks

  static bool SameSink(const engine::Sink& a, const engine::Sink& b) { return a.name == b.name; }

  void AddSink(const engine::Sink& sink, const std::string& drainer_host) {
    const auto same = [&](const SinkSlot& slot) { return SameSink(slot.sink, sink); };
    if (std::any_of(sinks_.begin(), sinks_.end(), same)) return;
    std::string host = sink.host.empty() ? drainer_host : sink.host;
    if (sink.type == "kafka" && !sink.kafka_addrs.empty()) {
      host = sink.kafka_addrs[0].substr(0, sink.kafka_addrs[0].find(':'));
    }
    sinks_.push_back({sink, std::move(host)});
  }

  void CollectSinks() {
    for (const engine::Drainer& drainer : cluster_.old_drainers) {
      AddSink(drainer.sink, drainer.process.host);
    }
    for (std::size_t i = 0; i < scenario_.hidden.old_drainers.size(); ++i) {
      const std::size_t index = cluster_.old_drainers.size() + i;
      const DrainerText text =
          WriteDrainer(scenario_, scenario_.hidden.old_drainers[i], index, index);
      engine::Sink sink;
      sink.name = fmt::format("hidden-{}", i + 1);
      sink.type = text.sink_type;
      sink.host = text.sink_host;
      sink.port = text.sink_port;
      if (!text.kafka_addrs.empty()) sink.kafka_addrs = {text.kafka_addrs};
      AddSink(sink, DrainerAddress(index));
    }
    for (const engine::Drainer& drainer : cluster_.new_drainers) {
      AddSink(drainer.sink, drainer.process.host);
    }
  }

  NodeId DownstreamOf(const engine::Sink& sink) const {
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
      if (SameSink(sinks_[i].sink, sink)) return static_cast<NodeId>(first_downstream_ + i);
    }
    return kNoNode;
  }

  void AddDownstreams() {
    first_downstream_ = out_.nodes.size();
    for (const SinkSlot& slot : sinks_) {
      NodePlan& node = Add("downstream", Role::kDownstream);
      node.info.host = slot.host;
      node.info.port = slot.sink.port;
      // A file has no server, and no two processes listen where a Kafka's brokers do.
      node.info.keyed_sink = slot.sink.type == "mysql" || slot.sink.type == "tidb";
      node.etcd_id = slot.sink.name;
      FillRunning(DownstreamKind(scenario_, slot.sink.type), &node);
    }
  }

  // ---- the old side

  // Also a broker that a sink's topics lie on carries what is not the pipeline's own.
  bool CarriesSink(const engine::Process& process) const {
    const std::string address = fmt::format("{}:{}", process.host, process.port);
    return std::any_of(sinks_.begin(), sinks_.end(), [&](const SinkSlot& slot) {
      const auto& brokers = slot.sink.kafka_addrs;
      return slot.sink.type == "kafka" &&
             std::any_of(brokers.begin(), brokers.end(), [&](const std::string& broker) {
               return broker.find(address) != std::string::npos;
             });
    });
  }

  void AddBystanders(const std::vector<engine::Bystander>& list, Role role) {
    for (const engine::Bystander& bystander : list) {
      NodePlan& node = Add(RoleName(role), role);
      FillProcess(bystander.process, &node);
      node.info.carries_foreign =
          bystander.carries_foreign || (role == Role::kKafka && CarriesSink(bystander.process));
      node.info.old_side = bystander.ours_to_stop && !node.info.carries_foreign;
      FillRunning(bystander.process.version.empty() ? std::string(RoleName(role))
                                                    : bystander.process.version,
                  &node);
    }
  }

  // tidb-binlog kafka: cmd/pump/pump.toml; flags of the run script that have a key there.
  std::string PumpConfig(const std::string& write_mode, const std::string& own) const {
    const std::string& extra = scenario_.pump_extra_config;
    return fmt::format("{}{}write-mode = \"{}\"\nenable-tolerant = {}\n",
                       own.empty() ? "" : own + "\n", extra.empty() ? "" : extra + "\n", write_mode,
                       scenario_.pump_tolerant);
  }

  NodePlan& AddOldPump() {
    NodePlan& node = Add("old-pump", Role::kPump);
    node.info.era = cluster_.era == "local" ? Era::kLocal : Era::kKafka;
    node.info.old_side = true;
    return node;
  }

  void AddOldPumps() {
    for (const engine::Pump& pump : cluster_.old_pumps) {
      NodePlan& node = AddOldPump();
      FillProcess(pump.process, &node);
      node.etcd_id = pump.node_id;
      node.config = PumpConfig(pump.write_mode, pump.config_text);
      FillRunning(OldVersionOf(scenario_, cluster_), &node);
    }
    for (std::int64_t i = 0; i < scenario_.hidden.tidbs; ++i) {
      NodePlan& node = AddOldPump();
      FillHiddenHome(i, "pump", &node);
      node.info.port = 8250;
      node.info.unit = HiddenUnit("pump", "/home/tidb/deploy", "pump.service");
      node.info.data_dir = "/home/tidb/deploy/data.pump";
      node.etcd_id = fmt::format("hidden{}:8250", i + 1);
      node.config = PumpConfig("mixed", "");
      FillRunning(OldVersionOf(scenario_, cluster_), &node);
    }
  }

  // What the inventory does not list is kept up as the rest is.
  std::string HiddenUnit(std::string_view role, const std::string& dir, std::string unit) const {
    return engine::UnitOf(cluster_.supervision, role, dir, std::move(unit));
  }

  static void FillHiddenHome(std::int64_t index, std::string_view part, NodePlan* node) {
    node->info.host = fmt::format("10.0.9.{}", index + 1);
    const std::string_view stem = part == "tidb-server" ? "tidb" : part;
    node->binary_path = fmt::format("/home/tidb/deploy/bin/{}", part);
    node->config_path = fmt::format("/home/tidb/deploy/conf/{}.toml", stem);
  }

  // The [binlog] table of the Kafka era's tidb.toml (tidb-ansible release-2.0: conf/tidb.yml).
  std::string TidbConfig(const std::string& socket) const {
    return fmt::format(
        "[binlog]\nbinlog-socket = \"{}\"\nwrite-timeout = \"15s\"\nignore-error = {}\n", socket,
        scenario_.tidb_ignore_error);
  }

  // A TiDB's socket leads to the Pump of its own host.
  NodeId PumpOn(const std::string& host) const {
    for (std::size_t i = 0; i < out_.nodes.size(); ++i) {
      const trace::NodeInfo& info = out_.nodes[i].info;
      if (info.role == Role::kPump && info.old_side && info.host == host) {
        return static_cast<NodeId>(i);
      }
    }
    return kNoNode;
  }

  void AddTidbs() {
    for (const engine::Tidb& tidb : cluster_.tidbs) {
      NodePlan& node = Add("tidb", Role::kTidb);
      FillProcess(tidb.process, &node);
      node.status_port = tidb.status_port;
      node.info.target_version = cluster_.tidb_target_version;
      node.local_pump = PumpOn(node.info.host);
      if (!tidb.old_socket.empty()) node.config = TidbConfig(tidb.old_socket);
      FillRunning(cluster_.tidb_version, &node);
    }
    for (std::int64_t i = 0; i < scenario_.hidden.tidbs; ++i) {
      NodePlan& node = Add("tidb", Role::kTidb);
      FillHiddenHome(i, "tidb-server", &node);
      node.info.port = 4000;
      node.info.unit = HiddenUnit("tidb", "/home/tidb/deploy", "tidb-4000.service");
      node.status_port = 10080;
      node.info.target_version = cluster_.tidb_target_version;
      node.local_pump = PumpOn(node.info.host);
      node.config = TidbConfig("/home/tidb/deploy/status/pump.sock");
      FillRunning(cluster_.tidb_version, &node);
    }
  }

  NodePlan& AddOldDrainer() {
    NodePlan& node = Add("old-drainer", Role::kDrainer);
    node.info.era = cluster_.era == "local" ? Era::kLocal : Era::kKafka;
    node.info.old_side = true;
    return node;
  }

  void AddRows(NodeId sink, std::vector<std::string> ignored, std::vector<std::string> do_dbs,
               std::vector<std::string> do_tables) {
    out_.sinks.push_back({sink, {std::move(ignored), std::move(do_dbs), std::move(do_tables)}});
  }

  void AddOldDrainers() {
    for (const engine::Drainer& drainer : cluster_.old_drainers) {
      NodePlan& node = AddOldDrainer();
      FillProcess(drainer.process, &node);
      node.info.detect_interval = drainer.detect_interval;
      node.info.sink = DownstreamOf(drainer.sink);
      node.etcd_id = fmt::format("{}:{}", drainer.process.host, drainer.process.port);
      node.config = drainer.config_text;
      FillRunning(OldVersionOf(scenario_, cluster_), &node);
      AddRows(node.info.sink, drainer.filters.ignore_schemas, drainer.filters.do_dbs,
              drainer.filters.do_tables);
    }
    for (std::size_t i = 0; i < scenario_.hidden.old_drainers.size(); ++i) AddHiddenDrainer(i);
  }

  void AddHiddenDrainer(std::size_t i) {
    const sim::DrainerSettings& settings = scenario_.hidden.old_drainers[i];
    const std::size_t index = cluster_.old_drainers.size() + i;
    const DrainerText text = WriteDrainer(scenario_, settings, index, index);
    NodePlan& node = AddOldDrainer();
    node.info.host = DrainerAddress(index);
    node.info.port = 8249;
    node.info.unit = HiddenUnit("drainer", "/home/tidb/drainer", "drainer.service");
    node.info.data_dir = "/home/tidb/drainer/data.drainer";
    node.binary_path = "/home/tidb/drainer/bin/drainer";
    node.config_path = "/home/tidb/drainer/conf/drainer.toml";
    node.info.detect_interval = settings.detect_interval.value_or(10 * kSecond);
    engine::Sink sink;
    sink.name = fmt::format("hidden-{}", i + 1);
    node.info.sink = DownstreamOf(sink);
    node.etcd_id = fmt::format("{}:8249", node.info.host);
    node.config = text.toml;
    FillRunning(OldVersionOf(scenario_, cluster_), &node);
    std::vector<std::string> ignored = {"INFORMATION_SCHEMA", "PERFORMANCE_SCHEMA", "mysql"};
    ignored.insert(ignored.end(), settings.ignore_schemas.begin(), settings.ignore_schemas.end());
    AddRows(node.info.sink, std::move(ignored), settings.do_dbs, settings.do_tables);
  }

  // ---- the new side: slots with nothing installed

  std::string NewVersion(const engine::Process& process) const {
    return scenario_.new_version.empty() ? process.version : scenario_.new_version;
  }

  void AddNewSide() {
    for (const engine::Pump& pump : cluster_.new_pumps) {
      NodePlan& node = Add("pump", Role::kPump);
      FillProcess(pump.process, &node);
      node.info.era = Era::kCluster;
      node.info.new_side = true;
      node.info.target_version = NewVersion(pump.process);
      node.etcd_id = pump.node_id;
    }
    for (const engine::Drainer& drainer : cluster_.new_drainers) {
      NodePlan& node = Add("drainer", Role::kDrainer);
      FillProcess(drainer.process, &node);
      node.info.era = Era::kCluster;
      node.info.new_side = true;
      node.info.target_version = NewVersion(drainer.process);
      node.info.detect_interval = drainer.detect_interval;
      node.info.sink = DownstreamOf(drainer.sink);
      node.etcd_id = fmt::format("{}:{}", drainer.process.host, drainer.process.port);
    }
  }

  const Scenario& scenario_;
  const Cluster& cluster_;
  Topology out_;
  std::vector<SinkSlot> sinks_;
  std::size_t first_downstream_ = 0;
};

// A version of the other era would be another product's.
Status CheckOldVersion(const Scenario& scenario, const Cluster& cluster) {
  if (engine::IsRolling(engine::ProcedureNamed(scenario.procedure))) return {};
  const std::string version = OldVersionOf(scenario, cluster);
  const Era era = cluster.era == "local" ? Era::kLocal : Era::kKafka;
  if (sim::DialectOfVersion(version).era == era) return {};
  return Error{ErrorCode::kBadInput,
               fmt::format("'versions.old' is '{}', and the old side of this cluster is of the {} "
                           "version",
                           version, cluster.era == "local" ? "Local" : "Kafka"),
               scenario.file};
}

Result<Cluster> BuildFromTexts(const Scenario& scenario) {
  const InventoryTexts texts = WriteInventories(scenario);
  TRY_ASSIGN(const engine::Inventory inventory,
             engine::Inventory::Parse(texts.inventory, "(generated)/inventory.ini"));
  TRY_ASSIGN(const engine::Inventory target,
             engine::Inventory::Parse(texts.target, "(generated)/target.ini"));
  TRY_ASSIGN(const engine::Site site, engine::ParseSite(texts.site, "(generated)/site.json"));
  return engine::BuildCluster(
      {&inventory, &target, &site, engine::ProcedureNamed(scenario.procedure)});
}

}  // namespace

std::string OldVersionOf(const Scenario& scenario, const Cluster& cluster) {
  if (!scenario.old_version.empty()) return scenario.old_version;
  return cluster.era == "local" ? "local-rc2.3" : "kafka-head";
}

Result<Cluster> BuildCluster(const Scenario& scenario) {
  Result<Cluster> cluster =
      scenario.topology ? BuildFromTexts(scenario)
                        : engine::LoadCluster({scenario.inventory, scenario.target, scenario.site,
                                               engine::ProcedureNamed(scenario.procedure)});
  if (!cluster) return cluster;
  if (!scenario.new_version.empty()) {
    for (engine::Pump& pump : cluster->new_pumps) pump.process.version = scenario.new_version;
    for (engine::Drainer& drainer : cluster->new_drainers) {
      drainer.process.version = scenario.new_version;
    }
  }
  if (scenario.engine.write_outage_max > 0) {
    cluster->write_outage_max = scenario.engine.write_outage_max;
  }
  return cluster;
}

Topology BuildTopology(const Scenario& scenario, const Cluster& cluster) {
  if (engine::IsRolling(engine::ProcedureNamed(scenario.procedure))) {
    return BuildRollingTopology(scenario, cluster);
  }
  return TopologyBuilder(scenario, cluster).Build();
}

Result<Prepared> Prepare(const Scenario& scenario, std::uint64_t seed) {
  Prepared out;
  TRY_ASSIGN(out.scenario, sim::Draw(scenario, seed));
  TRY_ASSIGN(out.cluster, BuildCluster(out.scenario));
  TRY(CheckOldVersion(out.scenario, out.cluster));
  out.topology = BuildTopology(out.scenario, out.cluster);
  TRY(CheckDownstreamKind(out.scenario, out.topology));
  TRY_ASSIGN(out.plan, sim::Resolve(out.scenario, out.topology, seed));
  return out;
}

Result<sim::RunPlan> Again(const Prepared& prepared, std::uint64_t seed) {
  return sim::Resolve(prepared.scenario, prepared.topology, seed);
}

trace::Header MakeHeader(const sim::RunPlan& plan, bool with_plan) {
  trace::Header header;
  header.scenario = plan.scenario;
  header.scenario_digest = plan.scenario_digest;
  header.seed = plan.seed;
  header.procedure = plan.procedure;
  for (const NodePlan& node : plan.nodes) header.nodes.push_back(node.info);
  for (const sim::TablePlan& table : plan.tables) {
    header.tables.push_back({table.schema, table.name, table.has_key, table.sinks});
  }
  header.drain_max = plan.drain_max;
  if (with_plan) header.run_plan = sim::RunPlanToJson(plan, JsonWriter::Style::kCompact);
  return header;
}

}  // namespace tidegate::rehearsal
