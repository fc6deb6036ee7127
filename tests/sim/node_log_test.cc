// The lines that Pumps and Drainers write, in the words and layout of their release.
#include "sim/world/node_log.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "tests/support/old_side.h"
#include "tests/support/world_trace.h"

namespace tidegate::sim {
namespace {

namespace port = engine::port;
using trace::Event;
using trace::EventKind;

RunPlan Plan(const char* version) {
  RunPlan plan = MakeClusterPlan({.pump_count = 2,
                                  .version = version,
                                  .drainer_config = "initial-commit-ts = 1\n",
                                  .transactions = 1500});
  FaultPlan close = FaultAt(FaultKind::kPutState, 12 * kSecond, FindNode(plan, "pump-2"));
  close.detail = 1;  // close: offline
  plan.faults.push_back(close);
  plan.faults.push_back(FaultAt(FaultKind::kStop, 16 * kSecond, FindNode(plan, "pump-1")));
  plan.faults.back().heal_after = 5 * kSecond;
  return plan;
}

std::string LogOf(WorldRun& run, const char* name) {
  return run.world().node(run.Id(name)).ReadLog();
}

std::string TsoOfFirstSave(const WorldRun& run) {
  for (const Event& event : run.Events(EventKind::kCheckpointSaved)) return fmt::to_string(event.b);
  return "none";
}

bool Has(const std::string& log, const std::string& part) {
  return log.find(part) != std::string::npos;
}

std::size_t CountOf(const std::string& log, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = log.find(part); at != std::string::npos; at = log.find(part, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(node_log)

// ngaut/log: a date, file:line, the level (tidb-binlog release-2.1).
BOOST_AUTO_TEST_CASE(up_to_2_1) {
  WorldRun run(Plan("v2.1.8"));
  run.Run();
  const std::string pump = LogOf(run, "pump-1");
  BOOST_TEST(
      pump.starts_with("2019/01/01 00:00:00 version.go:1: [info] Release Version: v2.1.8\n"));
  BOOST_TEST(CountOf(pump, "server.go:1: [info] register success, this pump's node id is ") == 2U);
  BOOST_TEST(CountOf(pump, "server.go:1: [info] begin to close pump server\n") == 1U);
  BOOST_TEST(Has(pump, " has update status to paused\n"));
  BOOST_TEST(Has(pump, "[info] writeBinlogCount: "));
  BOOST_TEST(Has(pump, ",  maxCommitTS: "));
  BOOST_TEST(CountOf(pump, "main.go:1: [info] pump exit\n") == 1U);
  const std::string drainer = LogOf(run, "drainer-1");
  BOOST_TEST(Has(drainer, "[info] [write save point]" + TsoOfFirstSave(run) + "\n"));
  BOOST_TEST(CountOf(drainer, "[info] merger add source ") == 2U);
  BOOST_TEST(CountOf(drainer, " has been removed and release the connection to it\n") == 1U);
  BOOST_TEST(!Has(drainer, "[\""));
}

// pingcap/log: zap's fields in brackets (tidb-binlog release-3.0, release-4.0).
BOOST_AUTO_TEST_CASE(from_3_0_on) {
  WorldRun run(Plan("v4.0.10"));
  run.Run();
  const std::string pump = LogOf(run, "pump-1");
  BOOST_TEST(
      pump.starts_with("[2019/01/01 00:00:00.000 +00:00] [INFO] [version.go:1] [\"Welcome to "
                       "Pump\"] [\"Release Version\"=v4.0.10] "));
  BOOST_TEST(CountOf(pump, "[\"register success\"] [NodeID=") == 2U);
  BOOST_TEST(Has(pump, "[\"server info tick\"] [writeBinlogCount="));
  BOOST_TEST(Has(pump, "[\"update state success\"] [NodeID="));
  BOOST_TEST(Has(pump, "] [state=paused]\n"));
  const std::string gone = LogOf(run, "pump-2");
  BOOST_TEST(Has(gone,
                 "[WARN] [server.go:1] [\"Waiting for drainer to consume binlog\"] [\"Minimum "
                 "Drainer MaxCommitTS\"="));
  BOOST_TEST(Has(gone, "[\"safe to offline now\"]\n"));
  BOOST_TEST(Has(gone, "] [state=offline]\n"));
  const std::string drainer = LogOf(run, "drainer-1");
  BOOST_TEST(Has(drainer,
                 "[INFO] [syncer.go:1] [\"write save point\"] [ts=" + TsoOfFirstSave(run) + "]\n"));
  BOOST_TEST(CountOf(drainer, "[\"merger add source\"] [\"source id\"=") == 2U);
  BOOST_TEST(CountOf(drainer, "[\"merger remove source\"] [\"source id\"=") == 1U);
  BOOST_TEST(CountOf(drainer, "[\"pump pause pull binlog\"] [id=") == 1U);
  BOOST_TEST(CountOf(drainer, "[\"pump continue pull binlog\"] [id=") == 1U);
}

// ngaut/log as well; the Local version names its component in the first line.
BOOST_AUTO_TEST_CASE(of_the_old_side) {
  for (const char* version : {"local-rc2.3", "kafka-2018-04", "kafka"}) {
    BOOST_TEST_CONTEXT(version) {
      RunPlan plan = MakeOldPlan({.version = version,
                                  .pump_config = "binlog-file-size = 12800\ngc = 0\n",
                                  .transactions = 400,
                                  .ddl_count = 1});
      plan.faults.push_back(FaultAt(FaultKind::kStop, 30 * kSecond, FindNode(plan, "pump-1")));
      plan.faults.back().heal_after = 2 * kSecond;
      WorldRun run(std::move(plan));
      run.Run();
      const std::string pump = LogOf(run, "pump-1");
      const bool local = std::string_view(version).starts_with("local");
      BOOST_TEST(
          pump.starts_with(fmt::format("2019/01/01 00:00:00 version.go:1: [info] {} Version: {}\n",
                                       local ? "pump" : "Release", version)));
      BOOST_TEST(
          CountOf(pump, "server.go:1: [info] clusterID of pump server is 6500000000000000001\n") ==
          2U);
      BOOST_TEST(CountOf(pump, "main.go:1: [info] got signal [15] to exit.\n") == 1U);
      BOOST_TEST(CountOf(pump, "server.go:1: [info] generate fake binlog successfully\n") > 2U);
      // The head of the branch puts the time behind the number.
      const bool dated = version == std::string_view("kafka");
      BOOST_TEST(CountOf(pump, fmt::format("binlogger.go:1: [info] segmented binlog file "
                                           "/deploy/data.pump/clusters/6500000000000000001/"
                                           "binlog-0000000000000001{}",
                                           dated ? "-20190101" : " is created\n")) == 1U);
      const std::string drainer = LogOf(run, "drainer");
      BOOST_TEST(CountOf(drainer, "server.go:1: [info] clusterID of drainer server is 6500") == 1U);
      const Event ddl = run.Events(EventKind::kDdlApplied).at(0);
      for (const char* part : {"start", "end"}) {
        BOOST_TEST(
            Has(drainer, fmt::format("syncer.go:1: [info] [ddl][{}]use `shop`; alter table "
                                     "`shop`.`orders` add column `c1` int;[commit ts]{}[pos]{{0 ",
                                     part, ddl.b)));
      }
    }
  }
}

// What ends with an error says which, and not that it exits.
BOOST_AUTO_TEST_CASE(a_start_that_fails) {
  RunPlan plan = MakeClusterPlan({.pump_count = 1, .version = "v3.0.5", .transactions = 3000});
  plan.faults.push_back(FaultAt(FaultKind::kPdNoTso, kSecond, FindNode(plan, "pd"), kMinute));
  plan.faults.push_back(FaultAt(FaultKind::kKill, 2 * kSecond, FindNode(plan, "pump-1")));
  plan.run_max = 30 * kSecond;
  WorldRun run(std::move(plan));
  run.Run();
  const std::string pump = LogOf(run, "pump-1");
  BOOST_TEST(Has(pump, "[ERROR] [main.go:1] [\"pump server error\"] [error="));
  BOOST_TEST(!Has(pump, "pump exit"));
}

// A configuration is refused before there is a log (tidb-binlog: cmd/pump/main.go).
BOOST_AUTO_TEST_CASE(a_configuration_that_is_refused) {
  RunPlan plan = MakeClusterPlan({.pump_count = 1, .version = "v3.0.5", .transactions = 0});
  plan.nodes[FindNode(plan, "pump-1")].config = "gc = \"no number\"\n";
  plan.run_max = 10 * kSecond;
  WorldRun run(std::move(plan));
  run.Run();
  BOOST_TEST(LogOf(run, "pump-1") == "");
}

// Beside the configuration, for whoever reads files of the host; other files are not there.
BOOST_AUTO_TEST_CASE(it_is_a_file_of_its_host) {
  RunPlan plan = Plan("v3.0.5");
  NodePlan& node = plan.nodes[FindNode(plan, "pump-1")];
  node.config_path = "/home/tidb/deploy/conf/pump.toml";
  const std::string host = node.info.host;
  BOOST_TEST(LogPath(node) == "/home/tidb/deploy/log/pump.log");
  WorldRun run(std::move(plan));
  run.world().Ask(1, 1, port::ReadRemoteFile{host, "/home/tidb/deploy/log/pump.log"}, kSecond);
  run.world().Ask(2, 1, port::ReadRemoteFile{host, "/home/tidb/deploy/log/drainer.log"}, kSecond);
  run.Run();
  const std::vector<Event> answers = run.Events(EventKind::kAnswered);
  BOOST_REQUIRE(answers.size() == 2U);
  BOOST_TEST(run.Text(answers[0]).starts_with("[2019/01/01 00:00:00.000 +00:00] [INFO] "));
  BOOST_TEST(answers[1].code == static_cast<std::uint16_t>(port::AnswerCode::kNotFound));
}

BOOST_AUTO_TEST_CASE(dates) {
  BOOST_TEST(UtcText(0, '/') == "1970/01/01 00:00:00");
  BOOST_TEST(UtcText(951'782'399'000, '-') == "2000-02-28 23:59:59");
  BOOST_TEST(UtcText(951'782'400'000, '-') == "2000-02-29 00:00:00");
  BOOST_TEST(UtcText(951'868'800'000, '-') == "2000-03-01 00:00:00");
  BOOST_TEST(UtcText(1'577'836'799'999, '/') == "2019/12/31 23:59:59");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::sim
