// pkill, pgrep, and stubs that were started by hand.
#include <boost/test/unit_test.hpp>

#include "tests/lab/support/asked.h"

namespace tidegate::lab {
namespace {

namespace port = engine::port;
using test::AskedLab;
using test::ExpectReply;
using Lines = std::vector<std::string>;

const std::string kHost = "10.0.1.1";

}  // namespace

BOOST_AUTO_TEST_SUITE(lab_signals)

BOOST_AUTO_TEST_CASE(pkill_hits_what_runs_on_this_host) {
  AskedLab lab;
  lab.hands().states["pump.service on 10.0.1.1"] = "active";
  lab.hands().states["pump.service on 10.0.1.2"] = "active";
  const std::string hit = "stop-process pump.service on 10.0.1.1 by signal 9";
  ExpectReply(lab.Run(kHost, "pkill", {"-9", "-f", "bin/pump.*--gc"}), 0, "", "");
  BOOST_TEST(lab.hands().log.back() == hit);
  BOOST_TEST(lab.hands().log.size() == 2U);
  BOOST_TEST(lab.Run(kHost, "pkill", {"drainer"}).exit == 1);
  BOOST_TEST(lab.Run(kHost, "pkill", {"-x", "pum"}).exit == 1);
  BOOST_TEST(lab.Run("localhost", "pkill", {"pump"}).exit == 1);
  ExpectReply(lab.Run(kHost, "killall", {"tidb-server"}), 1, "", "tidb-server: no process found\n");
  BOOST_TEST(lab.Run(kHost, "pgrep", {"pump"}).exit == 1);  // it is down by now
  lab.hands().states["pump.service on 10.0.1.1"] = "active";
  const Reply found = lab.Run(kHost, "pgrep", {"pump"});
  BOOST_REQUIRE(found.exit == 0);
  std::string pid = found.output;
  pid.pop_back();
  BOOST_TEST(lab.Run(kHost, "kill", {"-0", pid}).exit == 0);
  ExpectReply(lab.Run(kHost, "kill", {"-9", pid}), 0, "", "");
  BOOST_TEST(lab.hands().log == (Lines{hit}));
  BOOST_TEST(lab.Run(kHost, "kill", {"-0", pid}).exit == 1);
  BOOST_TEST(lab.Run("10.0.1.2", "kill", {"-9", pid}).exit == 1);
}

// Kafka and ZooKeeper are known by their classes, as in Apache's own stop scripts.
BOOST_AUTO_TEST_CASE(parts_that_nobody_upgrades_have_processes_too) {
  sim::RunPlan plan = test::SmallPlan();
  sim::NodePlan& kafka = test::AddPart(&plan, Role::kKafka, kHost, 9092, "kafka-1", "/usr");
  kafka.info.unit = "kafka.service";
  AskedLab lab(std::move(plan));
  lab.hands().states["pd.service on 10.0.1.1"] = "active";
  lab.hands().states["kafka.service on 10.0.1.1"] = "active";
  BOOST_TEST(lab.Run(kHost, "pgrep", {"pd-server"}).exit == 0);
  BOOST_TEST(lab.Run(kHost, "pgrep", {"-x", "java"}).exit == 0);
  BOOST_TEST(lab.Run(kHost, "pgrep", {"-f", "tikv-server --addr"}).exit == 1);
  const std::string ps = lab.Run(kHost, "ps", {"-ef"}).output;
  BOOST_TEST(ps.find("java kafka.Kafka /home/tidb/kafka/config/server.properties\n") !=
             std::string::npos);
  BOOST_TEST(ps.find("bin/pd-server --name=") != std::string::npos);
  ExpectReply(lab.Run(kHost, "pkill", {"-f", "kafka\\.Kafka"}), 0, "", "");
  BOOST_TEST(lab.hands().log.back() == "stop-process kafka.service on 10.0.1.1 by signal 15");
}

BOOST_AUTO_TEST_CASE(a_stub_by_hand_is_a_node_until_it_is_down) {
  AskedLab lab;
  const Request stub{"pump", kHost, {"--addr=0.0.0.0:8250"}, "/home/tidb/deploy/bin/pump", ""};
  std::optional<Reply> end;
  lab.translator().Translate(stub, [&](const Reply& reply) { end = reply; });
  BOOST_TEST(!end.has_value());
  BOOST_TEST(lab.hands().log == (Lines{"show-unit pump.service on 10.0.1.1",
                                       "start-process pump.service on 10.0.1.1"}));
  // A second one finds the port taken.
  std::optional<Reply> second;
  lab.translator().Translate(stub, [&](const Reply& reply) { second = reply; });
  BOOST_REQUIRE(second.has_value());
  BOOST_TEST(second->exit == 1);
  BOOST_TEST(second->errors == "listen tcp :8250: bind: address already in use\n");
  // SIGTERM: the stub tells, and ends when the node is down.
  lab.hands().log.clear();
  Request signal = stub;
  signal.program = "stub-signal";
  signal.input = "pump";
  signal.argv.insert(signal.argv.begin(), "15");
  lab.translator().Translate(signal, [](const Reply& reply) { BOOST_TEST(reply.exit == 0); });
  BOOST_TEST(lab.hands().log == (Lines{"stop-process pump.service on 10.0.1.1 by signal 15"}));
  BOOST_REQUIRE(end.has_value());
  BOOST_TEST(end->exit == 0);
}

BOOST_AUTO_TEST_CASE(a_killed_stub_takes_its_node_along) {
  AskedLab lab;
  const Request stub{"pump", kHost, {}, "/home/tidb/deploy/bin/pump", ""};
  lab.translator().CallerDied(stub);  // nothing runs by hand
  BOOST_TEST(lab.hands().log.empty());
  lab.translator().Translate(stub, [](const Reply&) {});
  lab.translator().CallerDied(stub);
  BOOST_TEST(lab.hands().log.back() == "stop-process pump.service on 10.0.1.1 by signal 9");
}

BOOST_AUTO_TEST_CASE(a_stub_reads_the_configuration_that_it_is_given) {
  AskedLab lab;
  BOOST_REQUIRE(lab.On(kHost).Write("/tmp/mine.toml", "gc = 1\n", 0644).has_value());
  Request stub{"pump", kHost, {"-config", "/tmp/mine.toml"}, "/home/tidb/deploy/bin/pump", ""};
  lab.translator().Translate(stub, [](const Reply&) {});
  BOOST_TEST(lab.hands().log[1] == "write-file /home/tidb/deploy/conf/pump.toml on 10.0.1.1");
  AskedLab other;
  stub.argv = {"--config=/tmp/none.toml"};
  std::optional<Reply> end;
  other.translator().Translate(stub, [&](const Reply& reply) { end = reply; });
  BOOST_REQUIRE(end.has_value());
  BOOST_TEST(end->exit == 1);
}

// The same by way of a unit, whose script names other files than the inventory.
BOOST_AUTO_TEST_CASE(a_unit_starts_with_what_its_script_names) {
  AskedLab lab;
  const std::string host = "10.0.1.9";
  const RootDir& root = lab.On(host);
  const std::string dir = "/home/tidb/drainer";
  ExpectReply(lab.Run(host, "systemctl", {"start", "drainer"}), 0, "", "");
  BOOST_TEST(lab.hands().log == (Lines{"start-process drainer.service on 10.0.1.9"}));
  BOOST_REQUIRE(root.Write("/opt/d.toml", "detect-interval = 5\n", 0644).has_value());
  BOOST_REQUIRE(root.Write("/opt/data/savepoint", "commitTS = 3\n", 0644).has_value());
  BOOST_REQUIRE(root.Write("/opt/run.sh",
                           "exec /home/tidb/drainer/bin/drainer --config=/opt/d.toml \\\n"
                           "  --data-dir \"/opt/data\" --initial-commit-ts=7\n",
                           0755)
                    .has_value());
  BOOST_REQUIRE(
      root.Write("/etc/systemd/system/drainer.service", "[Service]\nExecStart=/opt/run.sh\n", 0644)
          .has_value());
  const Lines wanted = {"write-file " + dir + "/conf/drainer.toml on 10.0.1.9",
                        "write-file " + dir + "/scripts/run_drainer.sh on 10.0.1.9",
                        "write-file " + dir + "/data.drainer/savepoint on 10.0.1.9",
                        "start-process drainer.service on 10.0.1.9"};
  ExpectReply(lab.Run(host, "systemctl", {"start", "drainer"}), 0, "", "");
  BOOST_TEST(lab.hands().log == wanted, boost::test_tools::per_element());
  // Once it knows, it isn't told again; when its own file changed, it is.
  ExpectReply(lab.Run(host, "systemctl", {"start", "drainer"}), 0, "", "");
  BOOST_TEST(lab.hands().log == (Lines{wanted[3]}));
  BOOST_REQUIRE(root.Write(dir + "/conf/drainer.toml", "detect-interval = 6\n", 0644).has_value());
  ExpectReply(lab.Run(host, "systemctl", {"start", "drainer"}), 0, "", "");
  BOOST_TEST(lab.hands().log == (Lines{wanted[0], wanted[3]}));
}

BOOST_AUTO_TEST_CASE(ps_shows_what_runs_as_a_unit) {
  AskedLab lab;
  lab.hands().states["pump.service on 10.0.1.1"] = "active";
  const Reply all = lab.Run(kHost, "ps", {"-ef"});
  BOOST_TEST(all.output.find(" bin/pump --gc=5 --addr=0.0.0.0:8250 ") != std::string::npos);
  BOOST_TEST(all.output.find("tidb-server") == std::string::npos);
  BOOST_TEST(lab.Run(kHost, "ps", {"-C", "drainer"}).output.empty());
  BOOST_TEST(!lab.Run(kHost, "ps", {"aux"}).output.empty());
  BOOST_TEST(lab.Run(kHost, "ps", {}).output.empty());
}

BOOST_AUTO_TEST_CASE(a_binary_that_the_cluster_has_no_slot_for_is_reported) {
  AskedLab lab;
  std::optional<Reply> end;
  lab.translator().Translate({"pump", kHost, {}, "/opt/bin/pump", ""},
                             [&](const Reply& reply) { end = reply; });
  BOOST_REQUIRE(end.has_value());
  BOOST_TEST(end->exit == 1);
  BOOST_TEST(lab.hands().refused.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::lab
