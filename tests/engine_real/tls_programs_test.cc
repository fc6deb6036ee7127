// Both programs, whole, against a cluster with `enable_tls`: PD, a Pump and an old Drainer that
// answer nobody without a certificate of their CA.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <string>
#include <utility>

#include "base/files.h"
#include "engine/real/etcd_gateway.h"
#include "engine/real/spawn.h"
#include "tests/engine_real/tls_server.h"

namespace tidegate::engine {
namespace {

constexpr char kPump[] = R"({"id":"pump-id","LatestBinlog":{},"CommitTS":403700082278137856})";
constexpr char kDrainer[] =
    R"({"PumpPos":{},"Synced":false,"DepositWindow":{"Upper":403700082278137856,)"
    R"("Lower":403700082278137000},"TsMap":""})";

// The Pump of the inventory, and one that is in none.
std::string Registry(std::int64_t pump_port) {
  std::string nodes;
  for (const auto& [id, port] : {std::pair("pump-id", pump_port), std::pair("stranger", 6L)}) {
    const auto add = [&nodes, id = id](const std::string& name, const std::string& value) {
      const std::string key = fmt::format("/tidb-binlog/pumps/{}/{}", id, name);
      nodes += fmt::format(R"({}{{"key":"{}","value":"{}"}})", nodes.empty() ? "" : ",",
                           EncodeBase64(key), EncodeBase64(value));
    };
    add("object", fmt::format(R"({{"NodeID":"{}","Host":"127.0.0.1:{}"}})", id, port));
    add("alive", "");
  }
  return fmt::format(R"({{"kvs":[{}]}})", nodes);
}

// A cluster of the Kafka era on the loopback; what is no HTTP of ours refuses.
struct TlsCluster {
  Certificates certificates;
  TlsServer pump{certificates, "server", TlsServer::Bodies{{"GET /status", kPump}}};
  TlsServer pd{certificates, "server",
               TlsServer::Bodies{{"POST /v3/kv/range", Registry(pump.port())}}};
  TlsServer drainer{certificates, "server", TlsServer::Bodies{{"GET /status", kDrainer}}};
  test::TempDir dir;

  std::string Write(const char* name, const std::string& text) const {
    std::ofstream(dir / name) << text;
    return dir / name;
  }
  std::string Inventory() const {
    return Write("inventory.ini",
                 fmt::format("[tidb_servers]\n127.0.0.1\n[tikv_servers]\n127.0.0.1\n"
                             "[pd_servers]\n127.0.0.1 pd_client_port={}\n"
                             "[pump_servers:children]\ntidb_servers\n"
                             "[all:vars]\ndeploy_dir = /home/tidb/deploy\nansible_user = tidb\n"
                             "cluster_name = small\ntidb_version = v2.0.7\n"
                             "process_supervision = systemd\nenable_binlog = True\n"
                             "enable_tls = True\npump_port = {}\n"
                             "zookeeper_addrs = \"127.0.0.1:1\"\nkafka_addrs = \"127.0.0.1:2\"\n",
                             pd.port(), pump.port()));
  }
  std::string Target() const {
    return Write("target.ini",
                 fmt::format("[tidb_servers]\n127.0.0.1\n[tikv_servers]\n127.0.0.1\n"
                             "[pd_servers]\n127.0.0.1 pd_client_port={}\n"
                             "[pump_servers]\npump1 ansible_host=127.0.0.1 pump_port=3 "
                             "deploy_dir=/home/tidb/pump\n"
                             "[drainer_servers]\ndrainer1 ansible_host=127.0.0.1 drainer_port=4 "
                             "deploy_dir=/home/tidb/new-drainer initial_commit_ts=\"-1\"\n"
                             "[all:vars]\ndeploy_dir = /home/tidb/deploy\nansible_user = tidb\n"
                             "cluster_name = small\ntidb_version = v2.0.11-binlog\n"
                             "enable_binlog = True\nenable_tls = True\n",
                             pd.port()));
  }
  std::string Site(const std::string& ca) const {
    Write("drainer.toml", fmt::format("addr = \"127.0.0.1:{}\"\n[syncer]\ndb-type = \"mysql\"\n"
                                      "[syncer.to]\nhost = \"127.0.0.1\"\nport = 5\n",
                                      drainer.port()));
    return Write("site.json",
                 fmt::format(R"({{"drainers": [{{"name": "drainer", "host": "127.0.0.1",
          "port": {}, "unit": "drainer.service", "deploy_dir": "/home/tidb/drainer",
          "config": {{"path": "/home/tidb/drainer/conf/drainer.toml", "file": "drainer.toml"}},
          "sink": "orders"}}],
          "sinks": [{{"name": "orders", "type": "mysql", "host": "127.0.0.1", "port": 5}}],
          "kafka": {{"hosts": [{{"host": "127.0.0.1", "unit": "kafka.service"}}],
                     "carries_foreign": false, "ours_to_stop": true}},
          "zookeeper": {{"hosts": [{{"host": "127.0.0.1", "unit": "zookeeper.service"}}],
                         "carries_foreign": false, "ours_to_stop": true}},
          "hooks": {{"detach_service": ["/bin/true"], "attach_service": ["/bin/true"]}},
          "marker_schema": "orders", "budgets": {{"write_outage": "30m"}},
          "retention": {{"kafka": "7d", "pump_gc": "7d"}},
          "tls": {{"ca": "{}", "cert": "{}", "key": "{}"}}}})",
                             drainer.port(), certificates.Pem(ca), certificates.Pem("client"),
                             certificates.Key("client")));
  }

  CommandResult Run(std::vector<std::string> words, const std::string& ca,
                    std::vector<std::string> more) const {
    Command command;
    command.argv = {"env", "XDG_STATE_HOME=" + dir.path()};
    for (std::string& word : words) command.argv.push_back(std::move(word));
    for (const std::string& word :
         {std::string("--inventory"), Inventory(), std::string("--site"), Site(ca)}) {
      command.argv.push_back(word);
    }
    for (std::string& word : more) command.argv.push_back(std::move(word));
    command.timeout = kMinute;
    return RunCommand(command);
  }
  CommandResult Watch(const std::string& ca) const {
    return Run({TIDEGATE_PROGRAM, "watch"}, ca,
               {"--gate", "barrier", "--checkpoint", "none", "--trace", dir / "seen.jsonl"});
  }
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_FIXTURE_TEST_SUITE(tls_programs, TlsCluster)

BOOST_AUTO_TEST_CASE(the_watch_sees_a_cluster_over_tls) {
  const CommandResult seen = Watch("ca");
  BOOST_TEST(seen.status == 6, seen.errors);  // TiDB's units were not looked at
  for (const std::string line : {"registered alive", "old-drainer@drainer: up"}) {
    BOOST_TEST(Has(seen.output, line), seen.output);
  }
  BOOST_TEST(pd.Asked("POST /v3/kv/range") == 1);
  BOOST_TEST(pump.Asked("GET /status") == 1);
  BOOST_TEST(drainer.Asked("GET /status") == 1);
  const Result<std::string> trace = ReadFile(dir / "seen.jsonl");
  BOOST_REQUIRE(trace.has_value());
  BOOST_TEST(Has(*trace, "403700082278137000"));
}

BOOST_AUTO_TEST_CASE(the_watch_trusts_no_other_ca) {
  const CommandResult blind = Watch("other-ca");
  BOOST_TEST(blind.status == 6, blind.errors);
  BOOST_TEST(!Has(blind.output, "registered"), blind.output);
  const Result<std::string> trace = ReadFile(dir / "seen.jsonl");
  BOOST_REQUIRE(trace.has_value());
  BOOST_TEST(Has(*trace, fmt::format("TLS: the certificate of 127.0.0.1:{} is not to be trusted",
                                     drainer.port())));
  BOOST_TEST(drainer.Asked("GET /status") == 0);
}

// What it says of the registry it can only have from there.
BOOST_AUTO_TEST_CASE(the_upgrade_looks_over_tls_before_it_begins) {
  const CommandResult looked = Run({TIDEGATE_BINLOG_UPGRADE, "apply"}, "ca",
                                   {"--target", Target(), "--yes", "--journal", dir / "journal"});
  BOOST_TEST(looked.status == 6, looked.errors);
  BOOST_TEST(Has(looked.output,
                 "refused: an old Pump that no inventory lists is alive: stranger at 127.0.0.1:6"),
             looked.output);
  BOOST_TEST(pd.Asked("POST /v3/kv/range") > 0);
  BOOST_TEST(drainer.Asked("GET /status") > 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
