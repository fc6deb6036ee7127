// Every kind of fault in a whole upgrade, early, in its middle and late: none ends the world, and
// each run comes to a verdict.
#include <boost/test/unit_test.hpp>
#include <set>

#include "tests/rehearsal/rehearse.h"

namespace tidegate::test {
namespace {

BOOST_AUTO_TEST_SUITE(fault_catalogue)

constexpr const char* kFaults[] = {
    R"("kill": "pump-1")",
    R"("kill": "drainer-1")",
    R"("restart": "pump-1")",
    R"("stop": "pump-2", "for": "20s")",
    R"("partition": ["pump-1", "drainer-1"], "for": "20s")",
    R"("hang": "pump-1", "for": "40s")",
    R"("hang": "pd-1", "for": "5s")",
    R"("slow_downstream": "downstream-1", "by": "50ms")",
    R"("hung_downstream": "downstream-1", "for": "20s")",
    R"("kafka_unreachable": "kafka-1", "for": "10s")",
    R"("retention": "kafka-1", "topic": "old-pump-1", "keep": 5)",
    R"("pd_no_tso": "pd-1", "for": "10s")",
    R"("clock_jump": "pump-1", "by": "-1h")",
    R"("clock_jump": "engine", "by": "1h")",
    R"("engine_crash": "torn-tail")",
    R"("lose_binlogs": "pump-1", "count": 5)",
    R"("start_node": "drainer-1")",
    R"("registry_stale": "pd-1")",
    R"("pd_tso_back": "pd-1", "by": "10m")",
    R"("partition_one_way": ["pump-1", "tidb-1"], "for": "20s")",
    R"("delay": ["tidb-1", "pump-1"], "by": "1s", "for": "10s")",
    R"("failing_downstream": "downstream-1", "count": 20)",
    R"("lose_acks": "downstream-1", "count": 3)",
    R"("lose_acks": "pump-1", "count": 3)",
    R"("disk_full": "pump-1", "for": "10s")",
    R"("short_write": "pump-1")",
    R"("power_loss": "pump-1", "lose": 9)",
    R"("unclean_leader": "kafka-1", "topic": "old-pump-1", "lose": 3)",
    R"("reorder_tail": "kafka-1", "topic": "old-pump-1", "count": 3)",
    R"("etcd_down": "pd-1", "for": "30s")",
    R"("stale_pump": "pd-1", "state": "paused")",
    R"("stale_drainer": "pd-1", "state": "online")",
    R"("duplicate_id": "pump-2", "of": "pump-1")",
    R"("new_identity": "pump-1")",
    R"("oversized": "tidb-1", "count": 3)",
    R"("update_state": "pump-1", "state": "offline")",
    R"("put_state": "pump-1", "action": "pause")",
    R"("put_state": "drainer-1", "action": "close")",
    R"("old_binary": "tidb-1")",
    R"("reboot": "old-pump-1")",
    R"("reboot": "pump-1")",
    R"("send_sigkill": "drainer-1")",
    R"("registry_garbage": "pd-1", "for": "20s")",
    R"("keep_socket": "old-pump-1", "for": "20s")",
    R"("power_loss": "old-pump-1", "lose": 3)",
};

BOOST_AUTO_TEST_CASE(no_fault_ends_the_world) {
  for (const char* fault : kFaults) {
    for (const char* at : {"1s", "25s", "70s"}) {
      const std::string faults = std::string("faults=[{") + fault + ", \"at\": \"" + at + "\"}]";
      const sim::Scenario scenario = LoadScenario(
          "kafka-to-cluster/small.json",
          {faults, "topology.tidbs=2", "topology.new_pumps=2", "workload.transactions=5000",
           "limits={\"drain_max\": \"2m\", \"run_max\": \"30m\"}"});
      const Rehearsed run = Rehearse(scenario, {.keep_trace = false});
      BOOST_TEST(!run.outcome().empty(), fault << " at " << at);
    }
  }
}

// Each kind is in a scenario, whose expectation says what comes of it.
BOOST_AUTO_TEST_CASE(every_fault_has_a_scenario) {
  std::set<sim::FaultKind> seen;
  for (const std::string& file : ScenarioFiles()) {
    for (const sim::FaultText& fault : LoadScenario(file).faults) seen.insert(fault.kind);
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(sim::FaultKind::kCount); ++i) {
    const auto kind = static_cast<sim::FaultKind>(i);
    BOOST_TEST(seen.contains(kind), sim::SpecOfFault(kind).key);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
