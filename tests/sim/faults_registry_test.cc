// What faults of PD and of the registry do to a cluster at work. Faults of the same names as in
// docs/faults.md.
#include <boost/test/unit_test.hpp>

#include "sim/faults.h"
#include "sim/world/pd.h"
#include "tests/sim/busy.h"
#include "tests/support/old_side.h"
#include "tests/support/world_trace.h"

namespace tidegate::sim {
namespace {

using trace::Event;
using trace::EventKind;
using trace::RegistryState;

constexpr std::int64_t Choice(RegistryState state) {
  return static_cast<std::int64_t>(state) - static_cast<std::int64_t>(RegistryState::kOnline);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(registry_faults)

BOOST_AUTO_TEST_CASE(etcd_down_leaves_writers_and_readers_at_work) {
  for (const char* version : {"v4.0.8", "v4.0.9"}) {
    BOOST_TEST_CONTEXT(version) {
      RunPlan plan = MakeClusterPlan(Busy(version));
      plan.faults.push_back(
          FaultAt(FaultKind::kEtcdDown, 10 * kSecond, FindNode(plan, "pd"), 30 * kSecond));
      WorldRun run(std::move(plan));
      run.Run();
      CheckAllApplied(run);
      // From 4.0.9 on a Drainer gives up after twenty heartbeats without an answer.
      const bool gives_up = version == std::string_view("v4.0.9");
      BOOST_TEST(Alerted(run, "heartbeat error") == gives_up);
      BOOST_TEST((DownCount(run, "drainer-1") > 0U) == gives_up);
      BOOST_TEST(DownCount(run, "pump-1") == 0U);
    }
  }
}

BOOST_AUTO_TEST_CASE(pd_without_tso_keeps_a_pump_from_registering) {
  RunPlan plan = MakeClusterPlan(Busy());
  const NodeId pump = FindNode(plan, "pump-1");
  plan.faults.push_back(FaultAt(FaultKind::kPdNoTso, 14 * kSecond, FindNode(plan, "pd"), kMinute));
  plan.faults.push_back(FaultAt(FaultKind::kRestart, 15 * kSecond, pump, 2 * kSecond));
  WorldRun run(std::move(plan));
  run.Run();
  CheckAllApplied(run);
  BOOST_TEST(Alerted(run, "pump server error"));
  BOOST_TEST(UpCount(run, "pump-1") > 2U);
}

BOOST_AUTO_TEST_CASE(a_stale_pump_halts_drainers_that_see_it) {
  for (const RegistryState state : {RegistryState::kPaused, RegistryState::kOffline}) {
    RunPlan plan = MakeClusterPlan(Busy());
    plan.drain_max = kMinute;
    plan.faults.push_back(Amounting(
        FaultAt(FaultKind::kStalePump, 15 * kSecond, FindNode(plan, "pd")), 0, Choice(state)));
    WorldRun run(std::move(plan));
    run.Run();
    const bool halts = state == RegistryState::kPaused;
    BOOST_TEST((Missing(run).size() > 0U) == halts);
    BOOST_TEST(CameToRest(run) == !halts);
  }
}

BOOST_AUTO_TEST_CASE(a_stale_drainer_blocks_starts_and_offline_waits) {
  for (const char* version : {"v2.1.17", "v3.0.10"}) {
    RunPlan plan = MakeClusterPlan(Busy(version));
    plan.drain_max = kMinute;
    plan.faults.push_back(
        Amounting(FaultAt(FaultKind::kStaleDrainer, 10 * kSecond, FindNode(plan, "pd")), 0,
                  Choice(RegistryState::kOnline)));
    plan.faults.push_back(
        FaultAt(FaultKind::kRestart, 15 * kSecond, FindNode(plan, "pump-1"), 2 * kSecond));
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST(Alerted(run, "fail to notify all living drainer") ==
               (version == std::string_view("v2.1.17")));
  }
}

BOOST_AUTO_TEST_CASE(two_pumps_with_one_id_overwrite_each_other) {
  RunPlan plan = MakeClusterPlan(Busy());
  plan.drain_max = 2 * kMinute;
  const NodeId second = FindNode(plan, "pump-2");
  plan.faults.push_back(
      FaultAt(FaultKind::kDuplicateId, kSecond, second, 0, FindNode(plan, "pump-1")));
  plan.faults.push_back(FaultAt(FaultKind::kRestart, 2 * kSecond, second, kSecond));
  plan.workload.start = 10 * kSecond;
  WorldRun run(std::move(plan));
  run.Run();
  // One entry for both; the Drainer reads one of them, the other's binlogs never come.
  std::vector<const RegistryRecord*> pumps;
  run.world().pd().List(run.Id("tidb-1"), RegistryRecord::Root::kPumps, &pumps);
  BOOST_TEST(pumps.size() == 2U);  // the shared one, and the old one of pump-2
  BOOST_TEST(Missing(run).size() > 0U);
}

BOOST_AUTO_TEST_CASE(a_lost_identity_leaves_the_old_entry_behind) {
  RunPlan plan = MakeClusterPlan(Busy());
  plan.drain_max = 2 * kMinute;
  const NodeId pump = FindNode(plan, "pump-1");
  plan.faults.push_back(FaultAt(FaultKind::kNewIdentity, 10 * kSecond, pump));
  plan.faults.push_back(FaultAt(FaultKind::kRestart, 15 * kSecond, pump, 2 * kSecond));
  plan.faults.push_back(
      FaultAt(FaultKind::kRestart, 25 * kSecond, FindNode(plan, "drainer-1"), 2 * kSecond));
  WorldRun run(std::move(plan));
  run.Run();
  BOOST_TEST(run.world().pd().IdOf(pump).rfind("renamed-", 0) == 0U);
  // The Drainer that started afterwards waits for a Pump that will never come.
  BOOST_TEST(Missing(run).size() > 0U);
  BOOST_TEST(!CameToRest(run));
}

BOOST_AUTO_TEST_CASE(registry_garbage_ends_the_detection_of_pumps) {
  RunPlan plan = MakeOldPlan({.transactions = 400});
  plan.faults.push_back(
      FaultAt(FaultKind::kRegistryGarbage, 2 * kSecond, FindNode(plan, "pd"), kMinute));
  WorldRun run(std::move(plan));
  run.Run();
  const std::vector<Event> added = run.Events(EventKind::kSourceAdded);
  BOOST_REQUIRE(added.size() == 1U);
  BOOST_TEST(added[0].time == 40 * kSecond);  // the first tick would be at 10 s
  CheckAllApplied(run);
}

BOOST_AUTO_TEST_CASE(update_state_is_undone_by_the_next_heartbeat) {
  RunPlan plan = MakeClusterPlan(Busy());
  plan.faults.push_back(
      Amounting(FaultAt(FaultKind::kUpdateState, 15 * kSecond, FindNode(plan, "pump-1")), 0,
                Choice(RegistryState::kPaused)));
  WorldRun run(std::move(plan));
  run.Run();
  CheckAllApplied(run);
  const std::vector<RegistryState> expected = {RegistryState::kOnline, RegistryState::kPaused,
                                               RegistryState::kOnline};
  BOOST_TEST((StatesOf(run, "pump-1") == expected));
}

BOOST_AUTO_TEST_CASE(update_state_of_a_dead_pump_to_offline_loses_its_tail) {
  RunPlan plan = MakeClusterPlan(Busy());
  plan.drain_max = 5 * kMinute;
  const NodeId pump = FindNode(plan, "pump-1");
  plan.nodes[pump].info.unit.clear();  // nobody brings it back
  // The Drainer is away while the Pump takes what nobody will read.
  plan.faults.push_back(
      FaultAt(FaultKind::kStop, 10 * kSecond, FindNode(plan, "drainer-1"), 20 * kSecond));
  plan.faults.push_back(FaultAt(FaultKind::kKill, 15 * kSecond, pump));
  plan.faults.push_back(Amounting(FaultAt(FaultKind::kUpdateState, 20 * kSecond, pump), 0,
                                  Choice(RegistryState::kOffline)));
  WorldRun run(std::move(plan));
  run.Run();
  BOOST_TEST(Missing(run).size() > 0U);
  BOOST_TEST(CameToRest(run));
}

BOOST_AUTO_TEST_CASE(put_state_by_hand) {
  for (const bool close : {false, true}) {
    RunPlan plan = MakeClusterPlan(Busy());
    plan.drain_max = 5 * kMinute;
    plan.faults.push_back(Amounting(
        FaultAt(FaultKind::kPutState, 15 * kSecond, FindNode(plan, "pump-1")), 0, close ? 1 : 0));
    WorldRun run(std::move(plan));
    run.Run();
    const RegistryState last = StatesOf(run, "pump-1").back();
    BOOST_TEST((last == (close ? RegistryState::kOffline : RegistryState::kPaused)));
    // Exit code 0: no supervisor brings it back; paused, it holds every Drainer.
    BOOST_TEST(UpCount(run, "pump-1") == 1U);
    BOOST_TEST((Missing(run).size() == 0U) == close);
  }
}

BOOST_AUTO_TEST_CASE(a_restored_pd_gives_timestamps_that_were_used) {
  for (const char* version : {"v2.1.17", "v4.0.10"}) {
    RunPlan plan = MakeClusterPlan(Busy(version));
    plan.drain_max = 5 * kMinute;
    plan.faults.push_back(
        Amounting(FaultAt(FaultKind::kPdTsoBack, 20 * kSecond, FindNode(plan, "pd")), 3 * kMinute));
    plan.faults.push_back(
        FaultAt(FaultKind::kRestart, 25 * kSecond, FindNode(plan, "pump-1"), 2 * kSecond));
    WorldRun run(std::move(plan));
    run.Run();  // it must not end the world; what is lost is the verifier's
    BOOST_TEST(Fired(run));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::sim
