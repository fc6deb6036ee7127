// Cluster-era Pumps and Drainer in a whole simulated cluster: judged by the trace that they leave.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "sim/world/hosts.h"
#include "sim/world/pd.h"
#include "tests/support/world_trace.h"

namespace tidegate::sim {
namespace {

using trace::DropReason;
using trace::Event;
using trace::EventKind;
using trace::RegistryState;

void CheckOrder(const WorldRun& run) {
  Tso last = 0;
  for (const Event& handed : run.Events(EventKind::kTxnHanded)) {
    BOOST_TEST(handed.b > last);
    last = handed.b;
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cluster_run)

BOOST_AUTO_TEST_CASE(everything_arrives_in_every_dialect) {
  for (const char* version : {"v2.1.17", "v3.0.10", "v4.0.10"}) {
    for (const int pumps : {1, 3}) {
      BOOST_TEST_CONTEXT(version << " with " << pumps) {
        WorldRun run(MakeClusterPlan({.tidb_count = 2,
                                      .pump_count = pumps,
                                      .version = version,
                                      .drainer_config = "initial-commit-ts = 1\n",
                                      .transactions = 500,
                                      .ddl_count = 3,
                                      .cancelled_ddl_count = 1}));
        run.Run();
        BOOST_TEST(run.Count(EventKind::kTxnCommitted) > 400U);
        BOOST_TEST(run.Count(EventKind::kDdlApplied) == 3U);
        CheckAllApplied(run);
        CheckOrder(run);
        BOOST_TEST(run.Count(EventKind::kAlert) == 0U);
        BOOST_TEST(run.Count(EventKind::kNodeDown) == 0U);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_killed_pump_loses_nothing_and_halts_the_drainer_meanwhile) {
  RunPlan plan = MakeClusterPlan({.tidb_count = 2,
                                  .pump_count = 3,
                                  .drainer_config = "initial-commit-ts = 1\n",
                                  .transactions = 4000});
  plan.faults.push_back(FaultAt(FaultKind::kKill, 20 * kSecond, FindNode(plan, "pump-2")));
  WorldRun run(std::move(plan));
  run.Run();
  CheckAllApplied(run);
  CheckOrder(run);
  // Back after RestartSec and boot: 17 s without output, but for what was on its way.
  for (const Event& handed : run.Events(EventKind::kTxnHanded)) {
    BOOST_TEST((handed.time < 21 * kSecond || handed.time > 37 * kSecond));
  }
}

BOOST_AUTO_TEST_CASE(a_killed_drainer_goes_on_from_its_checkpoint) {
  for (const char* version : {"v2.1.17", "v4.0.10"}) {
    RunPlan plan = MakeClusterPlan({.tidb_count = 2,
                                    .pump_count = 2,
                                    .version = version,
                                    .drainer_config = "initial-commit-ts = 1\n",
                                    .transactions = 6000,
                                    .ddl_count = 2});
    plan.faults.push_back(FaultAt(FaultKind::kKill, 20 * kSecond, FindNode(plan, "drainer-1")));
    WorldRun run(std::move(plan));
    run.Run();
    CheckAllApplied(run);
    const std::vector<Event> loads = run.Events(EventKind::kCheckpointLoaded);
    BOOST_REQUIRE(loads.size() == 2U);
    BOOST_TEST(loads[0].code ==
               static_cast<std::uint16_t>(trace::CheckpointSource::kInitialCommitTs));
    BOOST_TEST(loads[1].code == static_cast<std::uint16_t>(trace::CheckpointSource::kStored));
    Tso saved = 0;
    for (const Event& event : run.Events(EventKind::kCheckpointSaved)) {
      if (event.time < loads[1].time) saved = event.b;
      BOOST_TEST((event.time < loads[1].time || event.b >= loads[1].b));
    }
    BOOST_TEST(loads[1].b == saved);
  }
}

BOOST_AUTO_TEST_CASE(partitions_between_any_two_heal_without_loss) {
  for (const auto& [one, other] :
       std::vector<std::pair<const char*, const char*>>{{"pump-1", "drainer-1"},
                                                        {"sink", "drainer-1"},
                                                        {"pump-1", "pd"},
                                                        {"pd", "drainer-1"},
                                                        {"tidb-1", "pump-1"},
                                                        {"tikv", "drainer-1"},
                                                        {"tikv", "pump-1"}}) {
    for (const Duration length : {2 * kSecond, 8 * kSecond, kMinute}) {
      BOOST_TEST_CONTEXT(one << " and " << other << " for " << FormatDuration(length)) {
        RunPlan plan = MakeClusterPlan({.tidb_count = 2,
                                        .pump_count = 2,
                                        .version = "v4.0.10",
                                        .drainer_config = "initial-commit-ts = 1\n",
                                        .transactions = 10000,
                                        .ddl_count = 2});
        plan.faults.push_back(FaultAt(FaultKind::kPartition, 14 * kSecond, FindNode(plan, one),
                                      length, FindNode(plan, other)));
        WorldRun run(std::move(plan));
        run.Run();
        CheckAllApplied(run);
        BOOST_TEST(Drops(run, DropReason::kLessThanLast).empty());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_drainer_that_cannot_read_a_ddl_job_stops) {
  for (const bool comes_back : {false, true}) {
    RunPlan plan = MakeClusterPlan({.version = comes_back ? "v4.0.10" : "v3.0.10",
                                    .drainer_config = "initial-commit-ts = 1\n",
                                    .transactions = 6000,
                                    .ddl_count = 2,
                                    .drain_max = kMinute});
    const NodeId drainer = FindNode(plan, "drainer-1");
    plan.faults.push_back(FaultAt(FaultKind::kPartition, 20 * kSecond, drainer, 20 * kSecond,
                                  FindNode(plan, "tikv")));
    WorldRun run(std::move(plan));
    run.Run();
    // Exit code 0 before 4.0.9: the supervisor leaves it down.
    const std::vector<RegistryState> states = StatesOf(run, "drainer-1");
    BOOST_REQUIRE(states.size() >= 2U);
    BOOST_TEST((states[1] == RegistryState::kPaused));
    BOOST_TEST((states.back() == RegistryState::kOnline) == comes_back);
    BOOST_TEST(Alerted(run, "fetch DDL job error"));
    if (comes_back) CheckAllApplied(run);
  }
}

BOOST_AUTO_TEST_CASE(a_dead_drainer_that_is_called_online_keeps_old_pumps_from_starting) {
  for (const bool old_rule : {true, false}) {
    RunPlan plan = MakeClusterPlan({.tidb_count = 1,
                                    .pump_count = 2,
                                    .version = old_rule ? "v2.1.17" : "v3.0.10",
                                    .transactions = 100,
                                    .drain_max = kMinute});
    const NodeId drainer = FindNode(plan, "drainer-1");
    plan.nodes[drainer].info.unit.clear();  // nobody brings it back
    plan.workload.start = 30 * kSecond;
    plan.faults.push_back(FaultAt(FaultKind::kKill, 10 * kSecond, drainer));
    plan.faults.push_back(
        FaultAt(FaultKind::kRestart, 15 * kSecond, FindNode(plan, "pump-1"), 5 * kSecond));
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST(Alerted(run, "fail to notify all living drainer") == old_rule);
    const std::vector<RegistryState> states = StatesOf(run, "pump-1");
    BOOST_REQUIRE(states.size() >= 3U);
    BOOST_TEST((states[1] == RegistryState::kPaused));
    BOOST_TEST((states[2] == RegistryState::kOnline));
    BOOST_TEST((states.back() == (old_rule ? RegistryState::kPaused : RegistryState::kOnline)));
  }
}

BOOST_AUTO_TEST_CASE(initial_commit_ts_decides_only_where_nothing_is_stored) {
  struct Case {
    const char* version;
    const char* config;
    trace::CheckpointSource source;
  };
  for (const Case& expected :
       {Case{"v2.1.17", "", trace::CheckpointSource::kZero},
        Case{"v3.0.10", "", trace::CheckpointSource::kNow},
        Case{"v3.0.10", "initial-commit-ts = 77\n", trace::CheckpointSource::kInitialCommitTs}}) {
    WorldRun run(MakeClusterPlan(
        {.version = expected.version, .drainer_config = expected.config, .transactions = 10}));
    run.Run();
    const std::vector<Event> loads = run.Events(EventKind::kCheckpointLoaded);
    BOOST_REQUIRE(loads.size() == 1U);
    BOOST_TEST(loads[0].code == static_cast<std::uint16_t>(expected.source));
    CheckAllApplied(run);
  }
}

BOOST_AUTO_TEST_CASE(a_clean_stop_pauses_saves_and_ends) {
  RunPlan plan = MakeClusterPlan(
      {.version = "v4.0.10", .drainer_config = "initial-commit-ts = 1\n", .transactions = 2000});
  plan.faults.push_back(
      FaultAt(FaultKind::kRestart, 15 * kSecond, FindNode(plan, "drainer-1"), 5 * kSecond));
  WorldRun run(std::move(plan));
  run.Run();
  CheckAllApplied(run);
  const std::vector<RegistryState> states = StatesOf(run, "drainer-1");
  BOOST_REQUIRE(states.size() == 3U);
  BOOST_TEST((states[1] == RegistryState::kPaused));
  std::size_t consistent = 0;
  Tso final_save = 0;
  for (const Event& saved : run.Events(EventKind::kCheckpointSaved)) {
    if (run.Text(saved).find("\"consistent\":true") == std::string_view::npos) continue;
    ++consistent;
    final_save = saved.b;
  }
  BOOST_TEST(consistent == 1U);
  BOOST_TEST(run.Events(EventKind::kCheckpointLoaded)[1].b == final_save);
  // What was applied before is covered: nothing comes twice.
  std::set<std::tuple<std::uint16_t, std::int64_t, Tso>> seen;
  for (const Event& row : run.Events(EventKind::kRowApplied)) {
    BOOST_TEST(seen.insert({row.code, row.a, row.b}).second);
  }
}

BOOST_AUTO_TEST_CASE(an_orphan_holds_everything_until_it_is_resolved) {
  // Its TiDB dies between prewrite and commit: MVCC after a second does not know it, so that ten
  // minutes pass.
  RunPlan plan = MakeClusterPlan({.tidb_count = 2,
                                  .pump_count = 2,
                                  .drainer_config = "initial-commit-ts = 1\n",
                                  .transactions = 1000});
  const NodeId tidb = FindNode(plan, "tidb-1");
  plan.workload.long_transactions.push_back({8 * kSecond, 30 * kMinute, tidb});
  plan.faults.push_back(FaultAt(FaultKind::kKill, 10 * kSecond, tidb));
  WorldRun run(std::move(plan));
  run.Run();
  CheckAllApplied(run);
  BOOST_TEST(Drops(run, DropReason::kResolvedRollback).size() == 1U);
  Time last = 0;
  for (const Event& handed : run.Events(EventKind::kTxnHanded)) last = handed.time;
  BOOST_TEST(last > 600 * kSecond);
  BOOST_TEST(last < 620 * kSecond);
}

BOOST_AUTO_TEST_CASE(a_long_commit_is_lost_before_the_lock_was_asked_for) {
  for (const bool asks : {false, true}) {
    RunPlan plan = MakeClusterPlan({.tidb_count = 1,
                                    .version = asks ? "v4.0.10" : "v3.0.10",
                                    .drainer_config = "initial-commit-ts = 1\n",
                                    .transactions = 70000});
    plan.workload.long_transactions.push_back(
        {8 * kSecond, 605 * kSecond, FindNode(plan, "tidb-1")});
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST(Drops(run, DropReason::kNoPrewrite).size() == (asks ? 0U : 1U));
  }
}

BOOST_AUTO_TEST_CASE(status_speaks_of_what_was_received_and_saved) {
  WorldRun run(MakeClusterPlan({.pump_count = 1, .drainer_config = "initial-commit-ts = 1\n"}));
  run.Run();
  Node& drainer = run.world().node(run.Id("drainer-1"));
  const std::string body = drainer.OnHttp({"GET", "/status", ""}).body;
  BOOST_TEST(body.rfind("{\"PumpPos\":{\"10.0.0.3:8250\":", 0) == 0U);
  BOOST_TEST(body.find("\"Synced\":false,\"LastTS\":") != std::string::npos);
  BOOST_TEST(drainer.OnHttp({"GET", "/nothing", ""}).status == 404);
  BOOST_TEST(drainer.OnHttp({"POST", "/status", ""}).status == 405);
  Node& pump = run.world().node(run.Id("pump-1"));
  BOOST_TEST(pump.OnHttp({"GET", "/status", ""})
                 .body.rfind("{\"status\":{\"10.0.0.3:8250\":{\"nodeId\":\"10.0.0.3:8250\"", 0) ==
             0U);
  BOOST_TEST(pump.OnHttp({"GET", "/metrics", ""}).body.find("binlog_pump_storage_gc_ts 0\n") !=
             std::string::npos);
  BOOST_TEST(pump.OnHttp({"GET", "/drainers", ""}).body.rfind("[{\"nodeId\":", 0) == 0U);
}

BOOST_AUTO_TEST_CASE(file_sinks_keep_a_savepoint_on_their_host) {
  WorldRun run(
      MakeClusterPlan({.version = "v4.0.10",
                       .drainer_config = "initial-commit-ts = 1\n[syncer]\ndb-type = \"file\"\n"}));
  run.Run();
  CheckAllApplied(run);
  const NodePlan& drainer = run.plan().nodes[run.Id("drainer-1")];
  const std::string* file =
      run.world().hosts().File(drainer.info.host, "/deploy/data.drainer/savepoint");
  BOOST_REQUIRE(file != nullptr);
  BOOST_TEST(file->rfind("consistent = false\ncommitTS = ", 0) == 0U);
}

BOOST_AUTO_TEST_CASE(an_offline_pump_leaves_once_its_drainer_has_consumed_it) {
  RunPlan plan = MakeClusterPlan(
      {.pump_count = 2, .drainer_config = "initial-commit-ts = 1\n", .transactions = 1000});
  WorldRun run(std::move(plan));
  // Asked for before the run: the node answers when the world has started it.
  run.Run();
  Node& pump = run.world().node(run.Id("pump-1"));
  const std::string id = run.plan().nodes[run.Id("pump-1")].etcd_id;
  BOOST_TEST(pump.OnHttp({"PUT", "/state/" + id + "/close", ""}).body.find("success!") !=
             std::string::npos);
  const Time until = run.world().now() + 30 * kSecond;
  while (run.world().kernel().Step(until)) {
  }
  BOOST_TEST((StatesOf(run, "pump-1").back() == RegistryState::kOffline));
  BOOST_TEST(run.Count(EventKind::kSourceRemoved) == 1U);
  // Without it the Drainer goes on: its checkpoint is fresh.
  BOOST_TEST(run.Events(EventKind::kCheckpointSaved).back().time > until - 10 * kSecond);
}

BOOST_AUTO_TEST_CASE(an_idle_day_writes_no_events_but_checkpoints) {
  RunPlan plan = MakeClusterPlan({.pump_count = 3, .transactions = 0, .start = 24 * kHour});
  plan.run_max = 25 * kHour;
  WorldRun run(std::move(plan));
  run.Run();
  const std::size_t saves = run.Count(EventKind::kCheckpointSaved);
  BOOST_TEST(saves > 14000U);
  BOOST_TEST(saves < 30000U);
  BOOST_TEST(run.trace().events.size() - saves < 50U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::sim
