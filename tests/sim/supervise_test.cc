// What keeps processes up: systemd's units, and the supervise of daemontools. The same thing
// happens to the same node under both.
#include <boost/test/unit_test.hpp>

#include "sim/world/hosts.h"
#include "tests/support/world_trace.h"

namespace tidegate::sim {
namespace {

using trace::Event;
using trace::EventKind;

RunPlan Plan(const char* name, bool supervise, const char* version = "v3.0.10") {
  RunPlan plan = MakeClusterPlan({.tidb_count = 1,
                                  .pump_count = 2,
                                  .version = version,
                                  .drainer_config = "initial-commit-ts = 1\n",
                                  .transactions = 3000,
                                  .drain_max = 2 * kMinute});
  NodePlan& node = plan.nodes[FindNode(plan, name)];
  if (supervise) node.info.unit = std::string("/home/tidb/deploy/status/") + name;
  return plan;
}

std::vector<Time> Ups(const WorldRun& run, const char* name) {
  std::vector<Time> times;
  for (const Event& event : run.Events(EventKind::kNodeUp)) {
    if (event.node == run.Id(name)) times.push_back(event.time);
  }
  return times;
}

std::size_t DownCount(const WorldRun& run, const char* name) {
  std::size_t count = 0;
  for (const Event& event : run.Events(EventKind::kNodeDown)) count += event.node == run.Id(name);
  return count;
}

// The time from a kill at 15 s to the next start.
Duration BackAfterKill(bool supervise) {
  RunPlan plan = Plan("pump-1", supervise);
  plan.faults.push_back(FaultAt(FaultKind::kKill, 15 * kSecond, FindNode(plan, "pump-1")));
  const Duration boot = plan.boot_duration;
  WorldRun run(std::move(plan));
  run.Run();
  const std::vector<Time> ups = Ups(run, "pump-1");
  BOOST_REQUIRE(ups.size() == 2U);
  return ups[1] - 15 * kSecond - boot;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(supervise)

BOOST_AUTO_TEST_CASE(what_is_killed_comes_back_at_once) {
  BOOST_TEST(BackAfterKill(false) == 15 * kSecond);
  BOOST_TEST(BackAfterKill(true) == 0);
}

// A Drainer or Pump that is paused ends with 0: Restart=on-failure leaves it, supervise does not.
BOOST_AUTO_TEST_CASE(what_ends_well_comes_back_too) {
  for (const char* name : {"drainer-1", "pump-1"}) {
    for (const bool supervise : {false, true}) {
      RunPlan plan = Plan(name, supervise);
      FaultPlan fault = FaultAt(FaultKind::kPutState, 15 * kSecond, FindNode(plan, name));
      fault.detail = 0;  // pause
      plan.faults.push_back(fault);
      WorldRun run(std::move(plan));
      run.Run();
      BOOST_TEST(DownCount(run, name) == 1U);
      BOOST_TEST(Ups(run, name).size() == (supervise ? 2U : 1U));
    }
  }
}

BOOST_AUTO_TEST_CASE(nothing_starts_it_with_its_host) {
  for (const bool supervise : {false, true}) {
    RunPlan plan = Plan("pump-1", supervise);
    plan.faults.push_back(
        FaultAt(FaultKind::kReboot, 15 * kSecond, FindNode(plan, "pump-1"), 30 * kSecond));
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST(Ups(run, "pump-1").size() == (supervise ? 1U : 2U));
  }
}

// supervise.c sleeps for a second after each start; systemd waits for RestartSec.
BOOST_AUTO_TEST_CASE(what_cannot_start_is_tried_each_second) {
  for (const bool supervise : {false, true}) {
    RunPlan plan = Plan("pump-1", supervise);
    plan.nodes[FindNode(plan, "pump-1")].config = "gc = \"no number\"\n";
    plan.boot_duration = 0;
    plan.workload.transactions = 0;
    plan.run_max = 40 * kSecond;
    WorldRun run(std::move(plan));
    run.Run();
    const std::vector<Time> ups = Ups(run, "pump-1");
    BOOST_REQUIRE(ups.size() >= 2U);
    BOOST_TEST(ups[1] - ups[0] == (supervise ? kSecond : 15 * kSecond));
  }
}

// A stop is a SIGTERM and nothing more: no time-out, no SIGKILL, no failed unit.
BOOST_AUTO_TEST_CASE(a_stop_has_no_time_out) {
  for (const bool supervise : {false, true}) {
    RunPlan plan = Plan("pump-1", supervise);
    const NodeId pump = FindNode(plan, "pump-1");
    plan.faults.push_back(FaultAt(FaultKind::kHang, 15 * kSecond, pump, 10 * kMinute));
    plan.faults.push_back(FaultAt(FaultKind::kStop, 16 * kSecond, pump, 10 * kMinute));
    plan.run_max = 4 * kMinute;
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST(run.world().hosts().LeftOver(pump) == !supervise);
    BOOST_TEST((run.world().hosts().state(pump) == UnitState::kDeactivating) == supervise);
    if (!supervise) continue;
    const std::string shown = run.world().hosts().Svstat(pump);
    BOOST_TEST(shown.starts_with("/home/tidb/deploy/status/pump-1: up (pid "));
    BOOST_TEST(shown.ends_with(" seconds, want down\n"));
  }
}

BOOST_AUTO_TEST_CASE(svstat_says_what_it_does) {
  RunPlan plan = Plan("pump-1", true);
  const NodeId pump = FindNode(plan, "pump-1");
  WorldRun run(std::move(plan));
  run.Run();
  Hosts& hosts = run.world().hosts();
  BOOST_TEST(hosts.Svstat(pump).starts_with("/home/tidb/deploy/status/pump-1: up (pid "));
  hosts.Kill(pump);
  BOOST_TEST(hosts.Svstat(pump).find(": down ") != std::string::npos);
  BOOST_TEST(hosts.Svstat(pump).ends_with(", want up\n"));
  hosts.Stop(pump);
  BOOST_TEST(hosts.Svstat(pump) == "/home/tidb/deploy/status/pump-1: supervise not running\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::sim
