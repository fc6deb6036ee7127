// The processes of a cluster whose Pumps and Drainers are upgraded where they are. Units that
// tidb-ansible manages do not start with their host (its plays say enabled=no); those of a manual
// deployment do.
#include <fmt/format.h>

#include <algorithm>

#include "engine/procedure.h"
#include "rehearsal/topology_parts.h"

namespace tidegate::rehearsal {
namespace {

using engine::Cluster;
using sim::NodePlan;

class RollingBuilder {
 public:
  RollingBuilder(const sim::Scenario& scenario, const Cluster& cluster)
      : scenario_(scenario), cluster_(cluster) {}

  sim::Topology Build() {
    out_.cluster_name = cluster_.name;
    AddStores(cluster_, &out_);
    // Before the TiDBs: those that find no Pump in etcd do not start.
    for (const engine::Pump& pump : cluster_.new_pumps) AddPump(pump);
    for (const engine::Tidb& tidb : cluster_.tidbs) AddTidb(tidb);
    for (const engine::Drainer& drainer : cluster_.new_drainers) AddDownstream(drainer);
    for (const engine::Drainer& drainer : cluster_.new_drainers) AddDrainer(drainer);
    AddRest(&out_);
    return std::move(out_);
  }

 private:
  void FillUpgraded(const engine::Process& process, NodePlan* node) const {
    FillProcess(process, node);
    node->info.era = Era::kCluster;
    node->info.target_version = process.version;
    node->etcd_id = fmt::format("{}:{}", process.alias, process.port);
    FillRunning(cluster_.binlog_version, node);
    const bool by_hand =
        engine::ProcedureNamed(scenario_.procedure) == engine::Procedure::kRollingManual;
    const bool starts =
        scenario_.topology ? scenario_.topology->units_enabled.value_or(by_hand) : by_hand;
    node->enabled = node->enabled && starts;
  }

  void AddPump(const engine::Pump& pump) {
    NodePlan& node = AddNode("pump", Role::kPump, &out_);
    FillUpgraded(pump.process, &node);
    if (!pump.node_id.empty()) node.etcd_id = pump.node_id;
    node.config =
        fmt::format("gc = {}\n{}", std::max<std::int64_t>(1, cluster_.pump_gc / (24 * kHour)),
                    scenario_.pump_extra_config);
  }

  void AddTidb(const engine::Tidb& tidb) {
    NodePlan& node = AddNode("tidb", Role::kTidb, &out_);
    FillProcess(tidb.process, &node);
    node.status_port = tidb.status_port;
    node.config =
        fmt::format("[binlog]\nenable = true\nwrite-timeout = \"15s\"\nignore-error = {}\n",
                    scenario_.tidb_ignore_error);
    FillRunning(cluster_.tidb_version, &node);
  }

  NodeId DownstreamOf(const engine::Drainer& drainer) const {
    for (std::size_t i = 0; i < out_.nodes.size(); ++i) {
      const NodePlan& node = out_.nodes[i];
      if (node.info.role == Role::kDownstream && node.etcd_id == drainer.sink.name) {
        return static_cast<NodeId>(i);
      }
    }
    return kNoNode;
  }

  void AddDownstream(const engine::Drainer& drainer) {
    const engine::Sink& sink = drainer.sink;
    if (DownstreamOf(drainer) != kNoNode) return;
    NodePlan& node = AddNode("downstream", Role::kDownstream, &out_);
    node.info.host = sink.host.empty() ? drainer.process.host : sink.host;
    if (!sink.kafka_addrs.empty()) {
      node.info.host = sink.kafka_addrs[0].substr(0, sink.kafka_addrs[0].find(':'));
    }
    node.info.port = sink.port;
    node.info.keyed_sink = sink.type == "mysql" || sink.type == "tidb";
    node.etcd_id = sink.name;
    FillRunning(DownstreamKind(scenario_, sink.type), &node);
  }

  // The file that deploy_drainer.yml puts in the place of the host's own.
  void AddControlFile(const engine::Drainer& drainer, NodePlan* node) const {
    const std::string wanted = scenario_.topology ? scenario_.topology->control_files : "same";
    if (cluster_.ansible_dir.empty() || wanted == "missing") return;
    node->control_path = engine::ControlConfigPath(cluster_, drainer);
    node->control_config = drainer.config_text;
    if (wanted != "stale") return;
    // As it was before somebody set the filters on the host.
    std::string text;
    for (std::size_t at = 0; at < drainer.config_text.size();) {
      const std::size_t end =
          std::min(drainer.config_text.find('\n', at), drainer.config_text.size());
      const std::string line = drainer.config_text.substr(at, end - at);
      at = end + 1;
      if (!line.starts_with("replicate-do-db") && !line.starts_with("ignore-schemas")) {
        text += line + "\n";
      }
    }
    node->control_config = std::move(text);
  }

  void AddDrainer(const engine::Drainer& drainer) {
    NodePlan& node = AddNode("drainer", Role::kDrainer, &out_);
    FillUpgraded(drainer.process, &node);
    node.info.detect_interval = drainer.detect_interval;
    node.info.sink = DownstreamOf(drainer);
    node.config = drainer.config_text;
    AddControlFile(drainer, &node);
    out_.sinks.push_back(
        {node.info.sink,
         {drainer.filters.ignore_schemas, drainer.filters.do_dbs, drainer.filters.do_tables}});
  }

  const sim::Scenario& scenario_;
  const Cluster& cluster_;
  sim::Topology out_;
};

}  // namespace

sim::Topology BuildRollingTopology(const sim::Scenario& scenario, const Cluster& cluster) {
  return RollingBuilder(scenario, cluster).Build();
}

}  // namespace tidegate::rehearsal
