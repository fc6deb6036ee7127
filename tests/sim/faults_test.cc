// What each fault does to a cluster at work. Faults of the same names as in docs/faults.md.
#include "sim/faults.h"

#include <boost/test/unit_test.hpp>

#include "sim/world/hosts.h"
#include "sim/world/kafka.h"
#include "tests/sim/busy.h"
#include "tests/support/old_side.h"
#include "tests/support/world_trace.h"

namespace tidegate::sim {
namespace {

using trace::DropReason;
using trace::Event;
using trace::EventKind;

Duration LongestSilence(const WorldRun& run, EventKind kind, Time from, Time to) {
  Time last = from;
  Duration longest = 0;
  for (const Event& event : run.Events(kind)) {
    if (event.time < from || event.time > to) continue;
    longest = std::max(longest, event.time - last);
    last = event.time;
  }
  return std::max(longest, to - last);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(faults)

BOOST_AUTO_TEST_CASE(hang_and_resume) {
  RunPlan plan = MakeClusterPlan(Busy());
  plan.faults.push_back(
      FaultAt(FaultKind::kHang, 15 * kSecond, FindNode(plan, "drainer-1"), 10 * kSecond));
  WorldRun run(std::move(plan));
  run.Run();
  CheckAllApplied(run);
  BOOST_TEST(run.Count(EventKind::kNodeDown) == 0U);
  BOOST_TEST(LongestSilence(run, EventKind::kTxnHanded, 10 * kSecond, 30 * kSecond) > 9 * kSecond);
}

BOOST_AUTO_TEST_CASE(a_hung_pump_costs_the_write_timeout_and_makes_duplicates) {
  RunPlan plan = MakeClusterPlan(Busy());
  plan.faults.push_back(
      FaultAt(FaultKind::kHang, 15 * kSecond, FindNode(plan, "pump-1"), 40 * kSecond));
  WorldRun run(std::move(plan));
  run.Run();
  CheckAllApplied(run);
  BOOST_TEST(run.Count(EventKind::kWriteFailed) == 0U);
  // What the hung Pump had taken came to the other one as well; merging drops one of them.
  BOOST_TEST(Drops(run, DropReason::kDuplicate).size() > 0U);
  BOOST_TEST(Drops(run, DropReason::kLessThanLast).size() == 0U);
}

BOOST_AUTO_TEST_CASE(partition_one_way_loses_answers_only) {
  RunPlan plan = MakeClusterPlan(Busy());
  FaultPlan fault = FaultAt(FaultKind::kPartitionOneWay, 15 * kSecond, FindNode(plan, "pump-1"),
                            30 * kSecond, FindNode(plan, "tidb-1"));
  plan.faults.push_back(fault);
  WorldRun run(std::move(plan));
  run.Run();
  CheckAllApplied(run);
  // The Pump has them, TiDB does not know and writes them elsewhere.
  BOOST_TEST(Drops(run, DropReason::kDuplicate).size() > 0U);
}

BOOST_AUTO_TEST_CASE(delay_slows_a_link_and_is_taken_back) {
  RunPlan plan = MakeClusterPlan(Busy());
  plan.faults.push_back(Amounting(FaultAt(FaultKind::kDelay, 10 * kSecond, FindNode(plan, "pump-1"),
                                          10 * kSecond, FindNode(plan, "drainer-1")),
                                  2 * kSecond));
  WorldRun run(std::move(plan));
  const NodeId pump = run.Id("pump-1");
  const NodeId drainer = run.Id("drainer-1");
  const Duration before = run.world().kernel().Latency(pump, drainer);
  run.Run();
  CheckAllApplied(run);
  BOOST_TEST(run.world().kernel().Latency(pump, drainer) == before);
  BOOST_TEST(LongestSilence(run, EventKind::kTxnHanded, 9 * kSecond, 30 * kSecond) > kSecond);
}

BOOST_AUTO_TEST_CASE(failing_downstream_is_tried_again) {
  for (const bool for_long : {false, true}) {
    RunPlan plan = MakeClusterPlan(Busy("v3.0.10"));
    plan.drain_max = 20 * kMinute;
    if (for_long) plan.workload.transactions = 20'000;
    plan.faults.push_back(Amounting(
        FaultAt(FaultKind::kFailingDownstream, 15 * kSecond, FindNode(plan, "sink"), 10 * kMinute),
        for_long ? 100'000 : 5));
    WorldRun run(std::move(plan));
    run.Run();
    CheckAllApplied(run);
    BOOST_TEST(Alerted(run, "failed after all retries") == for_long);
  }
}

BOOST_AUTO_TEST_CASE(lose_acks_of_a_sink_makes_a_replay) {
  RunPlan plan = MakeClusterPlan(Busy());
  plan.faults.push_back(
      Amounting(FaultAt(FaultKind::kLoseAcks, 15 * kSecond, FindNode(plan, "sink"), kMinute), 3));
  WorldRun run(std::move(plan));
  run.Run();
  CheckAllApplied(run);
  std::set<std::tuple<std::uint16_t, std::int64_t, Tso>> seen;
  std::size_t again = 0;
  for (const Event& row : run.Events(EventKind::kRowApplied)) {
    const bool first = seen.insert({row.code, row.a, row.b}).second;
    const bool retry = (row.d & static_cast<std::int64_t>(trace::ApplyFlag::kRetry)) != 0;
    BOOST_TEST(first != retry);
    if (!first) ++again;
  }
  BOOST_TEST(again > 0U);
}

BOOST_AUTO_TEST_CASE(lose_acks_of_a_pump_makes_duplicates_across_pumps) {
  RunPlan plan = MakeClusterPlan(Busy());
  plan.faults.push_back(
      Amounting(FaultAt(FaultKind::kLoseAcks, 15 * kSecond, FindNode(plan, "pump-1"), kMinute), 4));
  WorldRun run(std::move(plan));
  run.Run();
  CheckAllApplied(run);
  BOOST_TEST(Drops(run, DropReason::kDuplicate).size() > 0U);
}

BOOST_AUTO_TEST_CASE(disk_full_by_release) {
  for (const char* version : {"v2.1.13", "v2.1.14", "v4.0.10"}) {
    BOOST_TEST_CONTEXT(version) {
      RunPlan plan = MakeClusterPlan(Busy(version));
      plan.drain_max = 15 * kMinute;
      plan.faults.push_back(
          FaultAt(FaultKind::kDiskFull, 15 * kSecond, FindNode(plan, "pump-1"), 5 * kSecond));
      WorldRun run(std::move(plan));
      run.Run();
      const bool guarded = version != std::string_view("v2.1.13");
      BOOST_TEST(Alerted(run, "no available space") == guarded);
      // Without the guard the disk takes half a record, and what follows it cannot be read back.
      BOOST_TEST(Alerted(run, "leads to no binlog") == !guarded);
      BOOST_TEST((Missing(run).size() == 0U) == guarded);
    }
  }
}

BOOST_AUTO_TEST_CASE(short_write_by_release) {
  for (const bool shifts : {true, false}) {
    RunPlan plan = MakeClusterPlan(Busy(shifts ? "v2.1.13" : "v2.1.14"));
    plan.drain_max = 5 * kMinute;
    plan.faults.push_back(FaultAt(FaultKind::kShortWrite, 15 * kSecond, FindNode(plan, "pump-1")));
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST((Missing(run).size() > 0U) == shifts);
    BOOST_TEST(Alerted(run, "short write"));
  }
}

BOOST_AUTO_TEST_CASE(power_loss_takes_what_was_not_synced) {
  for (const bool synced : {true, false}) {
    ClusterOptions options = Busy();
    if (!synced) options.pump_config = "[storage]\nsync-log = false\n";
    RunPlan plan = MakeClusterPlan(options);
    plan.faults.push_back(
        Amounting(FaultAt(FaultKind::kPowerLoss, 15 * kSecond, FindNode(plan, "pump-1")), 20));
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST(DownCount(run, "pump-1") == 1U);
    BOOST_TEST((Drops(run, DropReason::kTornTail).size() > 0U) == !synced);
    BOOST_TEST((Missing(run).size() > 0U) == !synced);
  }
}

BOOST_AUTO_TEST_CASE(unclean_leader_and_reordered_tail) {
  RunPlan plan = MakeClusterPlan({.transactions = 0});
  AddNode(&plan, "kafka-1", Role::kKafka, 9092);
  std::swap(plan.nodes[plan.nodes.size() - 1], plan.nodes[plan.nodes.size() - 2]);
  WorldRun run(std::move(plan));
  run.Run();
  auto& kafka = static_cast<Kafka&>(run.world().node(run.Id("kafka-1")));
  const NodeId topic = run.Id("pump-1");
  std::vector<Binlog> log(5);
  for (std::size_t i = 0; i < log.size(); ++i) {
    log[i].start_ts = static_cast<Tso>(10 * i + 1);
    log[i].commit_ts = static_cast<Tso>(10 * i + 2);
    log[i].type = static_cast<std::uint8_t>(trace::BinlogType::kCommit);
  }
  kafka.Preload(topic, 100, log);
  kafka.OnFault(Amounting(FaultAt(FaultKind::kReorderTail, 0, kafka.id(), 0, topic), 2), false);
  BOOST_TEST(kafka.At(topic, 103).commit_ts == 42);
  BOOST_TEST(kafka.At(topic, 104).commit_ts == 32);
  kafka.OnFault(Amounting(FaultAt(FaultKind::kUncleanLeader, 0, kafka.id(), 0, topic), 3), false);
  std::int64_t oldest = 0;
  std::int64_t end = 0;
  BOOST_TEST(kafka.Bounds(run.Id("drainer-1"), topic, &oldest, &end));
  BOOST_TEST(oldest == 100);
  BOOST_TEST(end == 102);
  const std::vector<Event> purged = run.Events(EventKind::kBinlogPurged);
  BOOST_REQUIRE(purged.size() == 3U);
  BOOST_TEST(purged[0].c == 104);
  BOOST_TEST(purged[2].b == 22);
}

BOOST_AUTO_TEST_CASE(an_oversized_message_is_passed_over_or_stops_the_drainer) {
  for (const char* version : {"v4.0.10", "v6.0.0"}) {
    BOOST_TEST_CONTEXT(version) {
      ClusterOptions options = Busy(version);
      options.drainer_config = "initial-commit-ts = 1\n[syncer]\ndb-type = \"kafka\"\n";
      options.drain_max = 5 * kMinute;
      RunPlan plan = MakeClusterPlan(options);
      plan.nodes[FindNode(plan, "sink")].info.keyed_sink = false;
      plan.faults.push_back(
          Amounting(FaultAt(FaultKind::kOversized, 15 * kSecond, FindNode(plan, "tidb-1")), 1));
      WorldRun run(std::move(plan));
      run.Run();
      const bool passes = version == std::string_view("v4.0.10");
      BOOST_TEST(Alerted(run, "Message was too large"));
      BOOST_TEST(Drops(run, DropReason::kTooLarge).size() == (passes ? 1U : 0U));
      BOOST_TEST((Missing(run).size() == 1U) == passes);
      BOOST_TEST(CameToRest(run) == passes);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_oversized_message_means_nothing_to_other_sinks) {
  RunPlan plan = MakeClusterPlan(Busy());
  plan.faults.push_back(
      Amounting(FaultAt(FaultKind::kOversized, 15 * kSecond, FindNode(plan, "tidb-1")), 5));
  WorldRun run(std::move(plan));
  run.Run();
  CheckAllApplied(run);
}

BOOST_AUTO_TEST_CASE(keep_socket_keeps_a_killed_pump_from_binding) {
  for (const char* version : {"kafka-head", "local-rc2.3"}) {
    for (const bool keeps : {false, true}) {
      RunPlan plan = MakeOldPlan({.version = version, .transactions = 100, .interval = kSecond});
      if (keeps) {
        plan.faults.push_back(
            FaultAt(FaultKind::kKeepSocket, kSecond, FindNode(plan, "pump-1"), 90 * kSecond));
      }
      plan.faults.push_back(FaultAt(FaultKind::kKill, 20 * kSecond, FindNode(plan, "pump-1")));
      WorldRun run(std::move(plan));
      run.Run();
      std::size_t refused = 0;
      for (const Event& down : run.Events(EventKind::kNodeDown)) {
        refused += run.Text(down).find("bind: address already in use") != std::string_view::npos;
      }
      BOOST_TEST((refused > 2U) == keeps, version);
      BOOST_TEST(DownCount(run, "pump-1") == 1U + refused, version);
      CheckAllApplied(run);
    }
  }
}

BOOST_AUTO_TEST_CASE(old_binary_reinstalls_and_restarts) {
  RunPlan plan = MakeClusterPlan(Busy());
  const NodeId tidb = FindNode(plan, "tidb-1");
  plan.faults.push_back(FaultAt(FaultKind::kOldBinary, 15 * kSecond, tidb));
  WorldRun run(std::move(plan));
  const trace::NodeInfo info = run.plan().nodes[tidb].info;
  run.world().hosts().InstallBinary(info.host, run.plan().nodes[tidb].binary_path, "v4.0.0");
  run.Run();
  const std::vector<Event> ups = run.Events(EventKind::kNodeUp);
  std::vector<std::string_view> versions;
  for (const Event& up : ups) {
    if (up.node == tidb) versions.push_back(run.Text(up));
  }
  BOOST_TEST((versions == std::vector<std::string_view>{"v4.0.0", "v3.0.0"}));
  CheckAllApplied(run);
}

BOOST_AUTO_TEST_CASE(reboot_brings_back_what_is_enabled) {
  for (const bool enabled : {true, false}) {
    RunPlan plan = MakeClusterPlan(Busy());
    plan.drain_max = 2 * kMinute;
    const NodeId pump = FindNode(plan, "pump-1");
    plan.nodes[pump].enabled = enabled;
    plan.faults.push_back(FaultAt(FaultKind::kReboot, 15 * kSecond, pump, 30 * kSecond));
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST(DownCount(run, "pump-1") == 1U);
    BOOST_TEST(UpCount(run, "pump-1") == (enabled ? 2U : 1U));
    BOOST_TEST((Missing(run).size() == 0U) == enabled);
  }
}

// A graceful stop that waits for what hangs: systemd gives up after 90 s, and kills or does not.
BOOST_AUTO_TEST_CASE(a_stop_with_a_hung_dependency) {
  for (const bool kills : {false, true}) {
    RunPlan plan = MakeClusterPlan(Busy("v3.0.5"));
    plan.drain_max = 2 * kMinute;
    const NodeId drainer = FindNode(plan, "drainer-1");
    // A syncer error in this release leaves a process that no signal ends.
    plan.workload.ddl_count = 2;
    plan.faults.push_back(
        FaultAt(FaultKind::kPartition, kMinute, drainer, kMinute, FindNode(plan, "tikv")));
    if (kills) plan.faults.push_back(FaultAt(FaultKind::kSendSigkill, kSecond, drainer));
    plan.faults.push_back(FaultAt(FaultKind::kStop, 125 * kSecond, drainer, 10 * kMinute));
    plan.workload.transactions = 24'000;
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST(Alerted(run, "fetch DDL job error"));
    BOOST_TEST(Alerted(run, "Skipping SIGKILL") == !kills);
    BOOST_TEST(DownCount(run, "drainer-1") == (kills ? 1U : 0U));
    BOOST_TEST((Missing(run).size() == 0U) == kills);
  }
}

BOOST_AUTO_TEST_CASE(a_clock_jump_changes_nothing_that_counts_elapsed_time) {
  RunPlan plan = MakeClusterPlan(Busy());
  for (const char* name : {"pump-1", "drainer-1", "tidb-1"}) {
    plan.faults.push_back(Amounting(
        FaultAt(FaultKind::kClockJump, 15 * kSecond, FindNode(plan, name)), -3600 * kSecond));
  }
  WorldRun run(std::move(plan));
  run.Run();
  CheckAllApplied(run);
  BOOST_TEST(Fired(run));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::sim
