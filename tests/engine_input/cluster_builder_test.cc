#include "engine/cluster_builder.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/files.h"
#include "base/toml.h"
#include "tests/support/why.h"

namespace tidegate::engine {
namespace {

const std::string kRoot = TIDEGATE_SOURCE_DIR;

// A Cluster as text, every field, for comparison with golden files.
class Dump {
 public:
  static std::string Of(const Cluster& c) {
    Dump dump;
    dump.Line("cluster {} era {} tidb {} -> {}", c.name, c.era, c.tidb_version,
              c.tidb_target_version);
    for (const HostPort& pd : c.pds) dump.Line("pd {}", pd.ToString());
    for (const HostPort& tikv : c.tikvs) dump.Line("tikv {}", tikv.ToString());
    for (const Tidb& tidb : c.tidbs) {
      dump.Add("tidb", tidb.process);
      dump.Line("  status {} socket {}", tidb.status_port, tidb.old_socket);
    }
    for (const Pump& pump : c.old_pumps) dump.AddPump("old pump", pump);
    for (const Drainer& drainer : c.old_drainers) dump.AddDrainer("old drainer", drainer);
    for (const Bystander& kafka : c.kafkas) dump.AddBystander("kafka", kafka);
    for (const Bystander& zookeeper : c.zookeepers) dump.AddBystander("zookeeper", zookeeper);
    for (const Pump& pump : c.new_pumps) dump.AddPump("new pump", pump);
    for (const Drainer& drainer : c.new_drainers) dump.AddDrainer("new drainer", drainer);
    dump.Line("detach {} attach {}", fmt::join(c.hooks.detach_service, " "),
              fmt::join(c.hooks.attach_service, " "));
    dump.Line("marker '{}' outage {} kafka {} gc {}", c.marker_schema,
              FormatDuration(c.write_outage_max), FormatDuration(c.kafka_retention),
              FormatDuration(c.pump_gc));
    for (const std::string& assumption : c.assumptions) dump.Line("assumed: {}", assumption);
    return dump.out_;
  }

 private:
  template <typename... Args>
  void Line(fmt::format_string<Args...> format, Args&&... args) {
    out_ += fmt::format(format, std::forward<Args>(args)...) + "\n";
  }
  void Add(std::string_view what, const Process& p) {
    Line("{} {} {}:{} {} version {}", what, p.name, p.host, p.port, p.unit, p.version);
    Line("  dir {} data {} bin {} conf {} script {}", p.deploy_dir, p.data_dir, p.binary, p.config,
         p.script);
  }
  void AddPump(std::string_view what, const Pump& pump) {
    Add(what, pump.process);
    Line("  node {} mode '{}'", pump.node_id, pump.write_mode);
    AddText(pump.config_text);
  }
  void AddDrainer(std::string_view what, const Drainer& d) {
    Add(what, d.process);
    Line("  sink {} {} {}:{} checkpoint {} dir '{}' kafka {}", d.sink.name, d.sink.type,
         d.sink.host, d.sink.port, d.sink.checkpoint_schema, d.sink.directory,
         fmt::join(d.sink.kafka_addrs, ","));
    Line("  ignore {} do {} tables {}", fmt::join(d.filters.ignore_schemas, ","),
         fmt::join(d.filters.do_dbs, ","), fmt::join(d.filters.do_tables, ","));
    Line("  no-dispatch {} detect {} synced {} initial {} replaces '{}'", d.disable_dispatch,
         FormatDuration(d.detect_interval), d.synced_check_minutes, d.initial_commit_ts,
         d.replaces);
    if (what == "new drainer") AddText(d.config_text);
  }
  void AddBystander(std::string_view what, const Bystander& b) {
    Add(what, b.process);
    Line("  foreign {} may stop {}", b.carries_foreign, b.ours_to_stop);
  }
  void AddText(const std::string& text) {
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      Line("  | {}", text.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  std::string out_;
};

// Compares with a golden file; TIDEGATE_UPDATE_GOLDEN=1 rewrites it.
void CheckGolden(const std::string& text, const std::string& name) {
  const std::string path = kRoot + "/tests/engine_input/golden/" + name;
  if (std::getenv("TIDEGATE_UPDATE_GOLDEN") != nullptr) {
    BOOST_REQUIRE(WriteFileAtomically(path, text).has_value());
  }
  const Result<std::string> golden = ReadFile(path);
  BOOST_REQUIRE_MESSAGE(golden.has_value(), path);
  BOOST_TEST(text == *golden);
}

std::string Inventories(const std::string& name) { return kRoot + "/fixtures/inventories/" + name; }
std::string Sites(const std::string& name) { return kRoot + "/fixtures/sites/" + name; }

Cluster Load(const ClusterPaths& paths) {
  Result<Cluster> cluster = LoadCluster(paths);
  BOOST_REQUIRE_MESSAGE(cluster.has_value(), test::Why(cluster));
  return *std::move(cluster);
}

// Builds from texts; `site` may be empty.
std::string Built(const std::string& old_text, const std::string& target_text = "",
                  const std::string& site_text = "") {
  const Result<Inventory> old_inventory = Inventory::Parse(old_text, "old.ini");
  BOOST_REQUIRE_MESSAGE(old_inventory.has_value(), test::Why(old_inventory));
  ClusterInput input;
  input.inventory = &*old_inventory;
  std::optional<Inventory> target;
  std::optional<Site> site;
  if (!target_text.empty()) {
    Result<Inventory> read = Inventory::Parse(target_text, "new.ini");
    BOOST_REQUIRE_MESSAGE(read.has_value(), test::Why(read));
    target = *std::move(read);
    input.target = &*target;
  }
  if (!site_text.empty()) {
    Result<Site> read = ParseSite(site_text, "site.json");
    BOOST_REQUIRE_MESSAGE(read.has_value(), test::Why(read));
    site = *std::move(read);
    input.site = &*site;
  }
  const Result<Cluster> cluster = BuildCluster(input);
  if (cluster.has_value()) return "built";
  return (cluster.error().code == ErrorCode::kRefused ? "refused: " : "") +
         cluster.error().ToString();
}

// The smallest inventory that builds, with `vars` in [all:vars] (a later line wins).
std::string OldWith(const std::string& vars, const std::string& hosts = "t1") {
  return "[tidb_servers]\n" + hosts +
         "\n[pd_servers]\np1\n[pump_servers:children]\ntidb_servers\n[all:vars]\n"
         "tidb_version=v2.0.7\nenable_binlog=True\nzookeeper_addrs=z:2181\n" +
         vars;
}
std::string NewWith(const std::string& vars, const std::string& drainers = "d1") {
  return "[tidb_servers]\nt1\n[pd_servers]\np1\n[pump_servers]\nn1\n[drainer_servers]\n" +
         drainers + "\n[all:vars]\ntidb_version=v2.1.0\nenable_binlog=True\n" + vars;
}

BOOST_AUTO_TEST_SUITE(cluster_builder)

BOOST_AUTO_TEST_CASE(fixtures_as_golden) {
  CheckGolden(Dump::Of(Load({Inventories("small.ini"), Inventories("small.target.ini"),
                             Sites("small.json")})),
              "small.txt");
  CheckGolden(Dump::Of(Load({Inventories("standard.ini"), Inventories("standard.target.ini"),
                             Sites("standard.json")})),
              "standard.txt");
  CheckGolden(Dump::Of(Load({Inventories("twenty-hosts.ini"),
                             Inventories("twenty-hosts.target.ini"), Sites("twenty-hosts.json")})),
              "twenty-hosts.txt");
  CheckGolden(Dump::Of(Load({Inventories("local-era.rc2.3.ini"),
                             Inventories("local-era.rc2.3.target.ini"), Sites("local-era.json")})),
              "local-era.txt");
}

BOOST_AUTO_TEST_CASE(without_a_target_the_new_side_is_derived_and_listed) {
  CheckGolden(Dump::Of(Load({Inventories("standard.ini"), "", ""})), "standard-alone.txt");
}

BOOST_AUTO_TEST_CASE(carried_configuration_is_toml_and_keeps_password_filters_and_schema) {
  const Cluster cluster = Load(
      {Inventories("standard.ini"), Inventories("standard.target.ini"), Sites("standard.json")});
  const Result<TomlTable> table = TomlTable::Parse(cluster.new_drainers[0].config_text, "new.toml");
  BOOST_REQUIRE_MESSAGE(table.has_value(), test::Why(table));
  BOOST_TEST(*table->String("syncer.to.password") == "pa\\ss#word");
  BOOST_TEST(*table->String("syncer.to.checkpoint.schema") == "binlog_checkpoint");
  BOOST_TEST(*table->Int("syncer.worker-count") == 16);
  BOOST_TEST(table->Strings("syncer.replicate-do-db")->size() == 2);
  BOOST_TEST(*table->String("syncer.replicate-do-table.0.tbl-name") == "~^log_20.*");
  BOOST_TEST(table->String("zookeeper-addrs") == nullptr);
  BOOST_TEST((cluster.new_drainers[0].filters == cluster.old_drainers[0].filters));
  for (const std::string& assumption : cluster.assumptions) {
    BOOST_TEST(assumption.find("word") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(refuses_what_cannot_be_upgraded) {
  BOOST_TEST(Built(OldWith("")) == "built");
  BOOST_TEST(
      Built(OldWith("enable_binlog = False\n")) ==
      "refused: old.ini:11:17: enable_binlog is 'False': this cluster writes no binlog, so there "
      "is nothing to upgrade; deploy the cluster version afresh");
  BOOST_TEST(
      Built(OldWith("tidb_version = v2.1.0\n")) ==
      "refused: old.ini:11:16: TiDB v2.1.0 writes to cluster Pumps already; the steps from the "
      "Kafka or Local version do not apply, use the rolling upgrade");
  BOOST_TEST(
      Built(OldWith("tidb_version = rc2.3\n")) ==
      "old.ini:11:16: TiDB rc2.3 goes with the Local version only, but Kafka or ZooKeeper is "
      "configured; check tidb_version and zookeeper_addrs");
  BOOST_TEST(Built(OldWith("zookeeper_addrs = \"\"\n")) ==
             "old.ini:11:19: enable_binlog is on and TiDB v2.0.7 goes with the Kafka version, but "
             "zookeeper_addrs is empty; set it here or list the ZooKeeper hosts in the site file");
  BOOST_TEST(Built(OldWith("tidb_version = two\n")).starts_with("old.ini:11:16: 'two' is no TiDB"));
}

BOOST_AUTO_TEST_CASE(bad_values_have_their_place) {
  BOOST_TEST(Built(OldWith("", "t1 pump_port=82x")) ==
             "old.ini:2:4: pump_port of host 't1' is '82x'; it must be a port from 1 to 65535");
  BOOST_TEST(
      Built(OldWith("deploy_dir = deploy\n"))
          .starts_with(
              "old.ini:11:14: deploy_dir of host 't1' is 'deploy'; it must be an absolute path"));
  BOOST_TEST(Built(OldWith("deploy_dir = /a;rm -rf\n")).starts_with("old.ini:11:14: deploy_dir"));
  BOOST_TEST(Built(OldWith("deploy_dir = \"/a$(id)\"\n")).starts_with("old.ini:11:14: deploy_dir"));
  BOOST_TEST(Built(OldWith("", "t1 ansible_host=-oProxyCommand=x")) ==
             "old.ini:2:4: ansible_host of host 't1' is '-oProxyCommand=x', which is no address");
  BOOST_TEST(Built(OldWith("kafka_addrs = k:x\n")) ==
             "old.ini:11:15: kafka_addrs: 'k:x' is no host:port");
  BOOST_TEST(Built("[tidb_server]\nt1\n[pd_servers]\np\n[all:vars]\nenable_binlog=True\n"
                   "tidb_version=v2.0.7\nzookeeper_addrs=z\n") ==
             "old.ini: no group [tidb_servers]; did you mean 'tidb_server'?");
}

BOOST_AUTO_TEST_CASE(supervision_is_systemd_or_supervise) {
  BOOST_TEST(Built(OldWith("process_supervision=supervise\n"), NewWith("")) == "built");
  BOOST_TEST(Built(OldWith("process_supervision=supervisor\n"), NewWith("")) ==
             "old.ini:11:21: process_supervision is 'supervisor'; it must be systemd or supervise; "
             "did you mean 'supervise'?");
  BOOST_TEST(Built(OldWith(""), NewWith("process_supervision=runit\n")) ==
             "new.ini:12:21: process_supervision is 'runit'; it must be systemd or supervise");
  const Result<Site> site = ParseSite(
      R"({"drainers": [{"name": "d1", "host": "h", "unit": "/etc/drainer"}]})", "site.json");
  BOOST_REQUIRE(!site.has_value());
  BOOST_TEST(site.error().ToString() ==
             "site.json:1:51: 'unit' is '/etc/drainer'; it must be a systemd unit such as "
             "drainer.service, or a status folder of supervise: DEPLOY_DIR/status/drainer");
}

BOOST_AUTO_TEST_CASE(target_must_be_the_same_cluster) {
  BOOST_TEST(Built(OldWith(""), NewWith("")) == "built");
  BOOST_TEST(Built(OldWith(""), NewWith("enable_binlog = False\n")) ==
             "new.ini:12:17: enable_binlog is not True in the target inventory; the new TiDB would "
             "write no binlog, and what it commits would never be replicated");
  BOOST_TEST(
      Built(OldWith(""), NewWith("deploy_dir = /other\n")) ==
      "new.ini:12:14: TiDB t1:4000 is deployed in /home/tidb/deploy now and in /other in the "
      "target inventory; it can't move during the upgrade");
  BOOST_TEST(
      Built(OldWith("", "t2"), NewWith("")) ==
      "new.ini:2:1: TiDB t1:4000 of the target inventory is not in the old one; add new TiDBs "
      "before or after the upgrade, not with it");
  BOOST_TEST(
      Built(OldWith("", "t1\nt2"), NewWith("")) ==
      "new.ini: tidb@t2 is not in the target inventory; it would keep writing to the old Pump");
  BOOST_TEST(Built(OldWith(""), NewWith("", "d1 initial_commit_ts=soon")) ==
             "new.ini:8:4: initial_commit_ts of host 'd1' is 'soon'; it must be a PD timestamp");
}

BOOST_AUTO_TEST_CASE(each_new_drainer_knows_whom_it_replaces) {
  const std::string two =
      R"("drainers": [{"name": "a", "host": "x"}, {"name": "b", "host": "x", "port": 8259}])";
  const std::string both = "m1 ansible_host=x drainer_port=1\nm2 ansible_host=x drainer_port=2";
  BOOST_TEST(Built(OldWith(""), NewWith("", both), "{" + two + "}") ==
             "new.ini:8:1: which old Drainer does 'm1' replace? Say so in the site file: "
             "new_drainers[].replaces, one of a, b");
  BOOST_TEST(Built(OldWith(""), NewWith("", both),
                   "{" + two +
                       R"(, "new_drainers": [{"name": "m1", "replaces": "a"}, )"
                       R"({"name": "m2", "replaces": "b"}]})") == "built");
  BOOST_TEST(Built(OldWith(""), NewWith("", both),
                   "{" + two + R"(, "new_drainers": [{"name": "m1", "replaces": "c"}]})") ==
             "site.json:1:103: no old Drainer is named 'c'; did you mean 'a'?");
  BOOST_TEST(Built(OldWith(""), NewWith("", "a\nb"), "{" + two + "}") == "built");
  BOOST_TEST(Built(OldWith(""), NewWith(""), R"({"new_drainers": [{"name": "d2"}]})")
                 .find("no host 'd2' in [drainer_servers]") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(site_and_inventory_must_agree) {
  BOOST_TEST(Built(OldWith(""), "", R"({"pumps": [{"name": "t2", "node_id": "h:8250"}]})") ==
             "site.json:1:12: the inventory has no Pump host 't2'; did you mean 't1'?");
  const std::string site =
      R"({"sinks": [{"name": "s", "type": "mysql", "host": "a"}], )"
      R"("drainers": [{"name": "d", "host": "x", "sink": "s", "config": )"
      R"({"toml": "[syncer]\ndb-type = \"mysql\"\n[syncer.to]\nhost = \"b\"\n"}}]})";
  BOOST_TEST(
      Built(OldWith(""), "", site) ==
      "site.json:1:71: old-drainer@d: the site file says that the host of the sink is 'a', the "
      "Drainer's configuration says 'b'");
  BOOST_TEST(
      Built(OldWith(""), "",
            R"({"marker_schema": "mysql", "drainers": [{"name": "d", "host": "x"}]})") ==
      "site.json: marker_schema 'mysql' is filtered out by old-drainer@d; the marker must reach "
      "every sink, so name a schema that each old Drainer replicates");
  BOOST_TEST(
      Built(OldWith(""), "",
            R"({"marker_schema": "shop", "drainers": [{"name": "d", "host": "x", "config": )"
            R"({"toml": "[syncer]\nreplicate-do-db = [\"billing\"]\n"}}]})") ==
      "site.json: marker_schema 'shop' is filtered out by old-drainer@d; the marker must reach "
      "every sink, so name a schema that each old Drainer replicates");
  BOOST_TEST(Built(OldWith(""), "",
                   R"({"drainers": [{"name": "d", "host": "x", "config": {"toml": "a ="}}]})")
                 .find("not TOML") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
