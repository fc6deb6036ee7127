#include "tests/contract/upgrade_world.h"

#include <fmt/format.h>
#include <poll.h>

#include <filesystem>
#include <utility>

#include "engine/real/etcd_gateway.h"

namespace tidegate::test {
namespace {

constexpr char kTidbHost[] = "127.0.0.2";
constexpr char kPdHost[] = "127.0.0.3";
constexpr char kKafkaHost[] = "127.0.0.4";
constexpr char kNewPumpHost[] = "127.0.0.5";
constexpr char kNewDrainerHost[] = "127.0.0.6";
constexpr char kOldDrainerHost[] = "127.0.0.7";
constexpr char kOldVersion[] = "v2.0.7";
constexpr char kNewVersion[] = "v2.0.11-binlog";
constexpr int kLookMs = 10;

std::string KeyValue(const std::string& key, const std::string& value) {
  return fmt::format("{{\"key\":\"{}\",\"value\":\"{}\"}}", engine::EncodeBase64(key),
                     engine::EncodeBase64(value));
}

}  // namespace

UpgradeWorld::UpgradeWorld() {
  tidb_port_ = FreePort(kTidbHost);
  do {
    tidb_status_port_ = FreePort(kTidbHost);
    old_pump_port_ = FreePort(kTidbHost);
  } while (tidb_status_port_ == tidb_port_ || old_pump_port_ == tidb_port_ ||
           old_pump_port_ == tidb_status_port_);
  old_drainer_port_ = FreePort(kOldDrainerHost);
  new_pump_port_ = FreePort(kNewPumpHost);
  new_drainer_port_ = FreePort(kNewDrainerHost);
  pd_port_ = FreePort(kPdHost);
  kafka_port_ = FreePort(kKafkaHost);
  do {
    zookeeper_port_ = FreePort(kKafkaHost);
  } while (zookeeper_port_ == kafka_port_);
  tidb_unit = fmt::format("tidb-{}.service", tidb_port_);
  new_pump_unit = fmt::format("pump-{}.service", new_pump_port_);
  new_drainer_unit = fmt::format("drainer-{}.service", new_drainer_port_);
  Deploy();
  WriteInputs();
  const auto silent = [](const std::string&, const std::string&) {
    return Reply{.way = Reply::Way::kClose};
  };
  const auto add = [&](const std::string& unit, const char* host, std::int64_t port, auto handler) {
    listeners_.push_back({unit, host, port, std::move(handler)});
  };
  using Text = const std::string&;
  add("", kPdHost, pd_port_, [this](Text, Text) { return Registry(); });
  add(tidb_unit, kTidbHost, tidb_port_, silent);
  add(tidb_unit, kTidbHost, tidb_status_port_, [this](Text path, Text) { return Tidb(path); });
  add(old_pump_unit, kTidbHost, old_pump_port_, silent);
  add(old_drainer_unit, kOldDrainerHost, old_drainer_port_,
      [this](Text path, Text) { return OldDrainer(path); });
  add("kafka.service", kKafkaHost, kafka_port_, silent);
  add("zookeeper.service", kKafkaHost, zookeeper_port_, silent);
  add(new_pump_unit, kNewPumpHost, new_pump_port_, [this](Text, Text) { return NewPump(); });
  add(new_drainer_unit, kNewDrainerHost, new_drainer_port_,
      [this](Text, Text) { return NewDrainer(); });
  supervisor_ = std::jthread([this] { Supervise(); });
}

UpgradeWorld::~UpgradeWorld() {
  stop_ = true;
  supervisor_.join();
}

// A server listens as long as its unit is active.
void UpgradeWorld::Supervise() {
  while (!stop_) {
    for (Listener& listener : listeners_) {
      const bool up = listener.unit.empty() || Active(listener.unit);
      if (up && listener.server == nullptr) {
        listener.server =
            std::make_unique<LoopbackServer>(listener.host, listener.port, listener.handler);
      } else if (!up) {
        listener.server.reset();
      }
    }
    poll(nullptr, 0, kLookMs);
  }
}

void UpgradeWorld::Deploy() {
  for (const std::string& unit : {tidb_unit, old_pump_unit, old_drainer_unit,
                                  std::string("kafka.service"), std::string("zookeeper.service")}) {
    stubs_.AddUnit(unit, "active");
  }
  stubs_.AddBinary("tidb/bin/tidb-server", kOldVersion);
  for (const char* version : {kOldVersion, kNewVersion}) {
    for (const char* part : {"tidb-server", "pump", "drainer"}) {
      stubs_.AddBinary(fmt::format("resources/{}/bin/{}", version, part), version);
    }
  }
  stubs_.Write("tidb/conf/tidb.toml", "port = 4000\n\n[binlog]\nwrite-timeout = \"15s\"\n");
  stubs_.Write("tidb/scripts/run_tidb.sh",
               fmt::format("#!/bin/bash\nexec bin/tidb-server \\\n    -P {} \\\n"
                           "    --binlog-socket=\"{}/tidb/status/pump.sock\" \\\n    -L info\n",
                           tidb_port_, stubs_.path()),
               true);
  stubs_.Write("drainer/conf/drainer.toml", "detect-interval = 1\n");
  stubs_.Write("checkpoint",
               fmt::format("{{\"commitTS\":{},\"positions\":{{}},\"ts-map\":{{}}}}", Now()));
}

void UpgradeWorld::WriteInputs() {
  const std::string common = fmt::format(
      "[tidb_servers]\ntidb1 ansible_host={} tidb_port={} tidb_status_port={} "
      "deploy_dir={}/tidb\n\n"
      "[tikv_servers]\n127.0.0.9\n\n[pd_servers]\npd1 ansible_host={} pd_client_port={}\n\n",
      kTidbHost, tidb_port_, tidb_status_port_, stubs_.path(), kPdHost, pd_port_);
  stubs_.Write("in/inventory.ini",
               fmt::format("{}[pump_servers:children]\ntidb_servers\n\n[all:vars]\n"
                           "deploy_dir = {}/deploy\ncluster_name = loopback\ntidb_version = {}\n"
                           "enable_binlog = True\npump_port = {}\nzookeeper_addrs = \"{}:{}\"\n"
                           "kafka_addrs = \"{}:{}\"\n",
                           common, stubs_.path(), kOldVersion, old_pump_port_, kKafkaHost,
                           zookeeper_port_, kKafkaHost, kafka_port_));
  stubs_.Write(
      "in/target.ini",
      fmt::format("{}[pump_servers]\npump1 ansible_host={} deploy_dir={}/pump pump_port={}\n"
                  "\n[drainer_servers]\ndrainer1 ansible_host={} deploy_dir={}/new-drainer "
                  "drainer_port={} initial_commit_ts=\"-1\"\n\n[all:vars]\n"
                  "deploy_dir = {}/deploy\ncluster_name = loopback\ntidb_version = {}\n"
                  "enable_binlog = True\n",
                  common, kNewPumpHost, stubs_.path(), new_pump_port_, kNewDrainerHost,
                  stubs_.path(), new_drainer_port_, stubs_.path(), kNewVersion));
  stubs_.Write("in/drainer.toml",
               "detect-interval = 1\n[syncer]\nignore-schemas = \"mysql\"\ndb-type = \"mysql\"\n"
               "[syncer.to]\nhost = \"127.0.0.8\"\nuser = \"binlog\"\npassword = \"s3cret\"\n"
               "port = 3306\n");
  stubs_.Write(
      "in/site.json",
      fmt::format(
          R"({{"drainers": [{{"name": "drainer", "host": "{}", "port": {}, "unit": "drainer.service",
  "deploy_dir": "{}/drainer", "sink": "orders",
  "config": {{"path": "{}/drainer/conf/drainer.toml", "file": "drainer.toml"}}}}],
 "sinks": [{{"name": "orders", "type": "mysql", "host": "127.0.0.8", "port": 3306}}],
 "kafka": {{"hosts": [{{"host": "{}", "port": {}, "unit": "kafka.service"}}],
  "carries_foreign": false, "ours_to_stop": true}},
 "zookeeper": {{"hosts": [{{"host": "{}", "port": {}, "unit": "zookeeper.service"}}],
  "carries_foreign": false, "ours_to_stop": true}},
 "hooks": {{"detach_service": ["{}", "detach-service"], "attach_service": ["{}", "attach-service"]}},
 "marker_schema": "orders"}}
)",
          kOldDrainerHost, old_drainer_port_, stubs_.path(), stubs_.path(), kKafkaHost, kafka_port_,
          kKafkaHost, zookeeper_port_, stubs_.hook(), stubs_.hook()));
}

engine::CommandResult UpgradeWorld::Run(const std::string& verb, std::vector<std::string> more) {
  engine::Command command;
  command.argv = {"env",
                  "XDG_STATE_HOME=" + (stubs_ / "state"),
                  TIDEGATE_BINLOG_UPGRADE,
                  verb,
                  "--inventory",
                  stubs_ / "in/inventory.ini",
                  "--target",
                  stubs_ / "in/target.ini",
                  "--site",
                  stubs_ / "in/site.json"};
  if (verb != "plan") command.argv.insert(command.argv.end(), {"--journal", stubs_ / "journal"});
  if (verb == "apply" || verb == "resume" || verb == "abort") {
    command.argv.insert(command.argv.end(), {"--resources", stubs_ / "resources", "--sudo"});
  }
  for (std::string& word : more) command.argv.push_back(std::move(word));
  command.timeout = 4 * kMinute;
  return engine::RunCommand(command);
}

engine::CommandResult UpgradeWorld::Watch(std::vector<std::string> more) {
  engine::Command command;
  command.argv = {TIDEGATE_PROGRAM, "watch",
                  "--inventory",    stubs_ / "in/inventory.ini",
                  "--target",       stubs_ / "in/target.ini",
                  "--site",         stubs_ / "in/site.json"};
  for (std::string& word : more) command.argv.push_back(std::move(word));
  command.timeout = kMinute;
  return engine::RunCommand(command);
}

std::vector<std::string> UpgradeWorld::Requests() const {
  std::vector<std::string> all;
  for (const Listener& listener : listeners_) {
    if (listener.server == nullptr) continue;
    for (std::string& line : listener.server->requests()) all.push_back(std::move(line));
  }
  return all;
}

std::map<std::string, std::string> UpgradeWorld::Tree() const {
  namespace fs = std::filesystem;
  std::map<std::string, std::string> tree;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(stubs_.path())) {
    const auto mode = static_cast<unsigned>(entry.status().permissions());
    tree[entry.path().string()] = fmt::format(
        "{:o} {}", mode, entry.is_regular_file() ? stubs_.Read(entry.path().string()) : "");
  }
  return tree;
}

// ------------------------------------------------------------------ who answers what

// tidb: server/http_status.go, server/http_handler.go
Reply UpgradeWorld::Tidb(const std::string& target) {
  if (target != "/status") return {.body = "{\"Skipped\":false,\"SkippedCommitterCounter\":0}"};
  const bool upgraded = stubs_.Read("tidb/bin/tidb-server").find(kNewVersion) != std::string::npos;
  const bool detached = std::filesystem::exists(stubs_ / "detached");
  return {.body =
              fmt::format("{{\"connections\":{},\"version\":\"5.7.10-TiDB-{}\",\"git_hash\":\"\"}}",
                          detached ? 0 : 3, upgraded ? kNewVersion : kOldVersion)};
}

// tidb-binlog kafka: drainer/status.go
Reply UpgradeWorld::OldDrainer(const std::string& target) {
  if (target == "/metrics") return {.body = "binlog_drainer_queue_size{name=\"a\"} 0\n"};
  const Tso upper = Now();
  return {.body = fmt::format(
              "{{\"PumpPos\":{{\"tidb1:{}\":{{\"offset\":9}}}},\"Synced\":false,\"DepositWindow\":"
              "{{\"Upper\":{},\"Lower\":{}}},\"TsMap\":\"\"}}\n",
              old_pump_port_, upper, upper - (Tso{100} << kTsoLogicalBits))};
}

// tidb-binlog: pump/status.go
Reply UpgradeWorld::NewPump() {
  const Tso now = Now();
  return {.body = fmt::format(
              "{{\"status\":{{\"pump1\":{{\"nodeId\":\"pump1\",\"host\":\"{}:{}\",\"state\":"
              "\"online\",\"isAlive\":false,\"score\":0,\"label\":null,\"maxCommitTS\":{},"
              "\"updateTS\":{}}}}},\"CommitTS\":{},\"Checkpoint\":{{}},\"ErrMsg\":\"\"}}\n",
              kNewPumpHost, new_pump_port_, now, now, now)};
}

// tidb-binlog: drainer/status.go
Reply UpgradeWorld::NewDrainer() {
  return {.body = fmt::format(
              "{{\"PumpPos\":{{\"pump1\":{}}},\"Synced\":false,\"LastTS\":{},\"TsMap\":\"\"}}\n",
              Now(), Now())};
}

// tidb-binlog kafka: pump/registry.go; master: pkg/node/registry.go
Reply UpgradeWorld::Registry() {
  const std::string pump = fmt::format("tidb1:{}", old_pump_port_);
  const std::string pump_key = fmt::format("/tidb-binlog/pumps/{}/", pump);
  std::string kvs =
      fmt::format("{},{},{}", KeyValue(pump_key + "alive", "{}"),
                  KeyValue(pump_key + "object",
                           fmt::format("{{\"NodeID\":\"{}\",\"Host\":\"{}:{}\",\"IsAlive\":false,"
                                       "\"IsOffline\":false,\"OfflineTS\":0}}",
                                       pump, kTidbHost, old_pump_port_)),
                  KeyValue("/tidb-binlog/cisterns/drainer/object",
                           fmt::format("{{\"NodeID\":\"drainer\",\"Host\":\"{}:{}\"}}",
                                       kOldDrainerHost, old_drainer_port_)));
  const bool registered = Active(new_pump_unit);
  if (registered) {
    const std::string entry =
        fmt::format("{{\"nodeId\":\"pump1\",\"host\":\"{}:{}\",\"state\":\"online\"}}",
                    kNewPumpHost, new_pump_port_);
    kvs += "," + KeyValue("/tidb-binlog/v1/pumps/pump1", entry);
  }
  return {.body = fmt::format("{{\"header\":{{}},\"kvs\":[{}],\"count\":\"{}\"}}", kvs,
                              registered ? 4 : 3)};
}

}  // namespace tidegate::test
