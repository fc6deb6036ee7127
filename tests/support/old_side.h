// A pipeline of the old side at work, Local or Kafka, with nothing to upgrade:
// MakeOldPlan({.version = "local-rc2.3"}).
#pragma once

#include <string>

#include "sim/dialect.h"
#include "tests/support/world_builder.h"

namespace tidegate::sim {

struct OldOptions {
  std::string version = "kafka-head";  ///< of Pumps and Drainer; its era is the cluster's
  int tidb_count = 1;                  ///< and as many Pumps
  std::string pump_config = {};
  std::string drainer_config = {};
  std::int64_t transactions = 100;
  Duration interval = 50 * kMillisecond;
  Duration start = 15 * kSecond;
  std::int64_t ddl_count = 0;
  Duration drain_max = 30 * kMinute;
};

inline RunPlan MakeOldPlan(const OldOptions& options) {
  const Era era = DialectOfVersion(options.version).era;
  RunPlan plan;
  plan.scenario = "test";
  plan.seed = 1;
  plan.epoch_ms = 1'546'300'800'000;
  plan.cluster_id = 6'500'000'000'000'000'001;
  AddNode(&plan, "pd", Role::kPd);
  AddNode(&plan, "tikv", Role::kTikv);
  if (era == Era::kKafka) {
    AddNode(&plan, "zookeeper", Role::kZookeeper, 2181);
    AddNode(&plan, "kafka", Role::kKafka, 9092);
  }
  for (int i = 1; i <= options.tidb_count; ++i) {
    NodePlan& pump = AddNode(&plan, "pump-" + std::to_string(i), Role::kPump, 8250);
    pump.info.era = era;
    pump.info.old_side = true;
    pump.info.data_dir = "/deploy/data.pump";
    pump.version = options.version;
    pump.config = options.pump_config;
    pump.etcd_id = "tidb" + std::to_string(i) + ":8250";
  }
  for (int i = 1; i <= options.tidb_count; ++i) {
    NodePlan& tidb = AddNode(&plan, "tidb-" + std::to_string(i), Role::kTidb, 4000);
    tidb.version = "v1.0.8";
    tidb.config = "[binlog]\nbinlog-socket = \"/deploy/pump.sock\"\n";
    tidb.local_pump = FindNode(plan, "pump-" + std::to_string(i));
  }
  AddNode(&plan, "sink", Role::kDownstream, 3306);
  NodePlan& drainer = AddNode(&plan, "drainer", Role::kDrainer, 8249);
  drainer.info.era = era;
  drainer.info.old_side = true;
  drainer.info.data_dir = "/deploy/data.drainer";
  drainer.info.sink = FindNode(plan, "sink");
  drainer.version = options.version;
  drainer.config = options.drainer_config;
  drainer.etcd_id = drainer.info.host + ":8249";
  AddNode(&plan, "service", Role::kService).info.unit.clear();
  AddNode(&plan, "engine", Role::kEngine).info.unit.clear();
  TablePlan& table = plan.tables.emplace_back();
  table.schema = "shop";
  table.name = "orders";
  table.sinks = {FindNode(plan, "sink")};
  plan.workload.transactions = options.transactions;
  plan.workload.interval = options.interval;
  plan.workload.start = options.start;
  plan.workload.ddl_count = options.ddl_count;
  plan.drain_max = options.drain_max;
  return plan;
}

}  // namespace tidegate::sim
