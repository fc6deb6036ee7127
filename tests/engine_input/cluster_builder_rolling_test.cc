// A cluster that is upgraded within the cluster version, from its inventory, the same inventory
// with another tidb_version, and the site file.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>

#include "engine/cluster_builder.h"
#include "tests/support/why.h"

namespace tidegate::engine {
namespace {

std::string Fixture(const std::string& name) {
  return std::string(TIDEGATE_SOURCE_DIR) + "/fixtures/" + name;
}

std::string With(const std::string& version, const std::string& pumps = "m1\nm2",
                 const std::string& drainers = "d1") {
  return "[tidb_servers]\nt1\n[pd_servers]\np1\n[pump_servers]\n" + pumps +
         "\n[drainer_servers]\n" + drainers +
         "\n[all:vars]\nenable_binlog=True\ntidb_version=" + version + "\n";
}

std::string Built(const std::string& text, const std::string& target_text,
                  const std::string& site_text = "") {
  const Inventory inventory = Inventory::Parse(text, "now.ini").value();
  std::optional<Inventory> target;
  if (!target_text.empty()) target = Inventory::Parse(target_text, "then.ini").value();
  std::optional<Site> site;
  if (!site_text.empty()) site = ParseSite(site_text, "site.json").value();
  ClusterInput input;
  input.inventory = &inventory;
  input.target = target ? &*target : nullptr;
  input.site = site ? &*site : nullptr;
  input.procedure = Procedure::kRollingAnsible;
  const Result<Cluster> cluster = BuildCluster(input);
  if (cluster) return "built";
  return (cluster.error().code == ErrorCode::kRefused ? "refused: " : "") +
         cluster.error().ToString();
}

BOOST_AUTO_TEST_SUITE(cluster_builder_rolling)

BOOST_AUTO_TEST_CASE(the_fixture) {
  const Result<Cluster> built =
      LoadCluster({Fixture("inventories/cluster-standard.ini"),
                   Fixture("inventories/cluster-standard.target.ini"),
                   Fixture("sites/cluster-standard.json"), Procedure::kRollingAnsible});
  BOOST_REQUIRE_MESSAGE(built.has_value(), test::Why(built));
  const Cluster& c = *built;
  BOOST_TEST(c.era == "cluster");
  BOOST_TEST(c.binlog_version == "v2.1.8");
  BOOST_TEST(c.tidb_target_version == "v3.0.5");
  BOOST_TEST(c.old_pumps.empty());
  BOOST_TEST(c.old_drainers.empty());
  BOOST_REQUIRE(c.new_pumps.size() == 3U);
  const Process& pump = c.new_pumps[2].process;
  BOOST_TEST(fmt::format("{} {}:{} {} {} {}", pump.name, pump.host, pump.port, pump.unit,
                         pump.binary, pump.data_dir) ==
             "pump@pump3 10.30.1.43:8260 pump-8260.service /data1/pump/bin/pump "
             "/data1/pump/data.pump");
  BOOST_TEST(pump.alias == "pump3");
  BOOST_REQUIRE(c.new_drainers.size() == 2U);
  const Drainer& drainer = c.new_drainers[0];
  BOOST_TEST(drainer.process.unit == "drainer-8249.service");
  BOOST_TEST(drainer.sink.name == "reports");
  BOOST_TEST(drainer.filters.do_dbs.size() == 2U);
  BOOST_TEST(c.new_drainers[1].sink.type == "kafka");
  BOOST_TEST(c.ansible_dir == "/home/tidb/tidb-ansible");
}

BOOST_AUTO_TEST_CASE(the_target_is_the_same_cluster_on_a_later_release) {
  BOOST_TEST(Built(With("v2.1.8"), With("v3.0.5")) == "built");
  BOOST_TEST(Built(With("v2.1.8"), "") ==
             "now.ini: a rolling upgrade needs --target: the same inventory with the tidb_version "
             "that Pumps and Drainers are upgraded to");
  BOOST_TEST(Built(With("v3.0.5"), With("v2.1.8")) ==
             "refused: then.ini: the target inventory says v2.1.8, which is no release after "
             "v3.0.5: there is nothing to upgrade");
  BOOST_TEST(Built(With("v3.0.5"), With("v3.0.5")).starts_with("refused: "));
  BOOST_TEST(Built(With("v2.1.8"), With("v3.0.5", "m1")) ==
             "then.ini: pump@m2 is not in the target inventory; it would stay on its version");
  BOOST_TEST(Built(With("v2.1.8"), With("v3.0.5", "m1\nm2\nm3")) ==
             "then.ini:8:1: [pump_servers] m3:8250 of the target inventory is not in the present "
             "one; add it before or after the upgrade, not with it");
  BOOST_TEST(Built(With("v2.1.8"), With("v3.0.5", "m1\nm2 deploy_dir=/other"))
                 .find("a rolling upgrade moves nothing") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_supervisor_stays) {
  const std::string supervise = "process_supervision=supervise\n";
  BOOST_TEST(Built(With("v2.1.8") + supervise, With("v3.0.5") + supervise) == "built");
  BOOST_TEST(Built(With("v2.1.8") + supervise, With("v3.0.5")) == "built");
  BOOST_TEST(Built(With("v2.1.8"), With("v3.0.5") + supervise) ==
             "then.ini: process_supervision is systemd now and supervise in the target inventory; "
             "a rolling upgrade leaves the supervisor as it is");
}

BOOST_AUTO_TEST_CASE(it_is_of_the_cluster_version_already) {
  const std::string refusal = Built(With("v2.0.7"), With("v3.0.5"));
  BOOST_TEST(refusal.starts_with("refused: now.ini:12:14: tidb_version v2.0.7 goes with the Kafka"),
             refusal);
  BOOST_TEST(refusal.find("--procedure kafka-to-cluster") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_site_names_drainers_of_the_inventory) {
  BOOST_TEST(
      Built(With("v2.1.8"), With("v3.0.5"), R"({"drainers": [{"name": "d2", "host": "d2"}]})")
          .find("the inventory has no host 'd2' in [drainer_servers]; did you mean 'd1'?") !=
      std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
