// The site file: what no inventory says about a deployment of the Kafka or Local era. Drainers were
// set up by hand, Kafka and ZooKeeper by somebody else (pingcap/docs tools/tidb-binlog-kafka.md).
// JSON; its schema is site.schema.json and is checked first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tidegate::engine {

/// A Drainer's TOML file. `text` is empty where the site file gives only a path.
struct SiteConfig {
  std::string path;  ///< on the Drainer's host; "" = default
  std::string text;
  std::string origin;  ///< for messages: where `text` came from
};

/// Empty texts and a zero port mean "not given".
struct SiteDrainer {
  std::string name;
  std::string host;
  std::int64_t port = 0;
  std::string unit;
  std::string deploy_dir;
  std::string data_dir;
  std::string binary;
  std::string script;
  SiteConfig config;
  std::string sink;
  std::string version;
  std::string where;  ///< file:line:column of its name
};

struct SiteNewDrainer {
  std::string name;  ///< an alias of the target inventory's [drainer_servers]
  std::string replaces;
  std::string sink;
  SiteConfig config;
  std::string where;
};

struct SitePump {
  std::string name;
  std::string node_id;
  std::string write_mode;
  std::string where;
};

struct SiteSink {
  std::string name;
  std::string type;
  std::string host;
  std::int64_t port = 0;
  std::string checkpoint_schema;
  std::string directory;
  std::vector<std::string> kafka_addrs;
  std::string defaults_file;  ///< mysql --defaults-extra-file: user and password stay out of argv
};

struct SiteServiceHost {
  std::string host;
  std::int64_t port = 0;
  std::string unit;
  std::string deploy_dir;
  std::string data_dir;
};

/// Kafka or ZooKeeper. Without a word from the operator nobody's Kafka is stopped.
struct SiteService {
  std::vector<SiteServiceHost> hosts;
  std::optional<bool> carries_foreign;
  std::optional<bool> ours_to_stop;
};

struct Site {
  std::string file;
  std::string name;
  std::vector<SiteDrainer> drainers;
  std::vector<SiteNewDrainer> new_drainers;
  std::vector<SitePump> pumps;
  std::vector<SiteSink> sinks;
  SiteService kafka;
  SiteService zookeeper;
  std::vector<std::string> detach_service;
  std::vector<std::string> attach_service;
  std::vector<std::string> dump;
  std::vector<std::string> load;
  std::vector<std::string> compare;
  std::string marker_schema;
  std::string ansible_dir;  ///< where tidb-ansible lies on the control machine
  std::string sql_defaults_file;
  std::optional<Duration> write_outage_max;
  std::optional<Duration> dump_max;
  std::optional<Duration> load_max;
  std::optional<Duration> kafka_retention;
  std::optional<Duration> pump_gc;
};

/// The published JSON Schema of site files.
std::string_view SiteSchemaText();

/// Reads a site file. `config.file` is looked up beside `file`. Errors: file:line:column with the
/// nearest known name; a name used twice; a sink that is not listed; an unreadable copy.
Result<Site> ParseSite(std::string text, const std::string& file);
Result<Site> LoadSite(const std::string& path);

}  // namespace tidegate::engine
