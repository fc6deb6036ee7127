// What the engine knows of a cluster before it asks anything: the old side and the new side, merged
// from the operator's inventory, the target inventory and the site file. Plain data without
// defaults: whoever builds it (cluster_builder.h) has filled each field and printed what it
// assumed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/tso.h"
#include "engine/supervision.h"

namespace tidegate::engine {

/// A TiDB release as written in an inventory ("v2.0.11-binlog", "v2.1.0-rc.4", "latest").
using VersionText = std::string;

struct HostPort {
  std::string host;
  std::int64_t port = 0;
  std::string ToString() const { return host + ":" + std::to_string(port); }
};

/// A process that a unit runs on a host, with its files. Old and new ones have the same shape.
struct Process {
  std::string name;  ///< unique in plans and messages: the inventory alias plus its part
  std::string host;  ///< ansible_host or the alias
  std::int64_t port = 0;
  /// "pump.service" (Kafka era), "pump-8250.service" (cluster era), DEPLOY_DIR/status/pump
  /// (supervise)
  std::string unit;
  std::string deploy_dir;
  std::string data_dir;
  std::string binary;  ///< full path of the binary that the unit runs
  std::string config;  ///< full path of its TOML file
  std::string script;  ///< full path of its run script
  VersionText version;
  std::string alias = {};  ///< of a rolling upgrade: its host's name in the inventory
};

struct Tidb {
  Process process;  ///< port: 4000
  std::int64_t status_port = 10080;
  std::string old_socket;  ///< "unix path" it writes to in the Kafka era; "" when binlog is off
};

/// Where a Drainer applies to and where it keeps its checkpoint.
struct Sink {
  std::string name;  ///< of the site file; several Drainers may share one
  std::string type;  ///< "mysql", "tidb", "pb" (file), "kafka", "flash"
  std::string host;
  std::int64_t port = 0;
  std::string checkpoint_schema = "tidb_binlog";
  std::string directory;                 ///< of type pb: where files go
  std::vector<std::string> kafka_addrs;  ///< of type kafka
};

/// What decides which rows reach the sink.
struct Filters {
  std::vector<std::string> ignore_schemas;
  std::vector<std::string> do_dbs;
  std::vector<std::string> do_tables;  ///< "schema.table"
  friend bool operator==(const Filters&, const Filters&) = default;
};

struct Drainer {
  Process process;  ///< port: 8249
  Sink sink;
  Filters filters;
  bool disable_dispatch = false;
  Duration detect_interval = 10 * kSecond;
  std::int64_t synced_check_minutes = 5;
  std::string config_text;     ///< the whole configuration file, as found or as it will be written
  Tso initial_commit_ts = -1;  ///< of a new one, from its inventory line; -1: not given
  std::string replaces;        ///< of a new one: name of the old Drainer whose sink it takes over
};

struct Pump {
  Process process;      ///< port: 8250
  std::string node_id;  ///< of an old one: as in etcd, "hostname:8250"
  std::string write_mode = "mixed";
  std::string config_text;
};

/// Kafka and ZooKeeper: who runs them, and whether anybody else needs them.
struct Bystander {
  Process process;
  bool carries_foreign = false;  ///< topics or nodes that are not this pipeline's
  bool ours_to_stop = true;      ///< the operator says that the engine may stop it
};

/// The operator's hooks: argv arrays, run on the engine's host, exit 0 = done.
struct Hooks {
  std::vector<std::string> detach_service;
  std::vector<std::string> attach_service;
  std::vector<std::string> dump;  ///< of a full import; takes ${DUMP_TS}
  std::vector<std::string> load;  ///< once a sink; takes ${SINK}
  std::vector<std::string>
      compare;  ///< after each load: rows of ${SINK} against ${DUMP_TS}; or none
};

/// Of a rolling upgrade `new_pumps` and `new_drainers` are the running ones, which are upgraded
/// where they are; there is no old side. Their version is the one that they are upgraded to.
struct Cluster {
  std::string name;
  std::vector<HostPort> pds;
  std::vector<HostPort> tikvs;
  std::vector<Tidb> tidbs;   ///< as they are now
  VersionText tidb_version;  ///< running now
  VersionText tidb_target_version;
  Supervision supervision = Supervision::kSystemd;         ///< of the old side and of TiDB
  Supervision target_supervision = Supervision::kSystemd;  ///< of new Pumps and Drainers
  std::string era;                                         ///< of the old side: "kafka", "local"
  std::vector<Pump> old_pumps;
  std::vector<Drainer> old_drainers;
  std::vector<Bystander> kafkas;
  std::vector<Bystander> zookeepers;
  std::vector<Pump> new_pumps;
  std::vector<Drainer> new_drainers;
  Hooks hooks;
  std::string marker_schema;      ///< a replicated schema in which the marker DDL may run; ""
  Duration write_outage_max = 0;  ///< 0: no budget
  Duration dump_max = 6 * kHour;  ///< how long the hooks of a full import may take
  Duration load_max = 12 * kHour;
  Duration kafka_retention = 7 * 24 * kHour;
  Duration pump_gc = 7 * 24 * kHour;
  VersionText binlog_version;  ///< of a rolling upgrade: what Pumps and Drainers run now
  std::string ansible_dir;     ///< where tidb-ansible lies on the control machine; "" not known
  std::vector<std::string> assumptions;  ///< sentences: what was not in the input and was assumed
};

/// The file on the control machine that deploy_drainer.yml puts in the place of the Drainer's own
/// (tidb-ansible: roles/drainer_deploy: conf/<inventory_hostname>_drainer.toml). REQUIRES: of a
/// rolling upgrade by playbooks.
inline std::string ControlConfigPath(const Cluster& cluster, const Drainer& drainer) {
  return cluster.ansible_dir + "/conf/" + drainer.process.alias + "_drainer.toml";
}

}  // namespace tidegate::engine
