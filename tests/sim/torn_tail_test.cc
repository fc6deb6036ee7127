// A sink that is a file, when the power of its Drainer's host goes.
#include <boost/test/unit_test.hpp>
#include <map>
#include <tuple>

#include "sim/faults.h"
#include "tests/support/old_side.h"
#include "tests/support/world_trace.h"

namespace tidegate::sim {
namespace {

using trace::Event;
using trace::EventKind;

// 100 transactions a second from 5 s on, of a Drainer that saves every 3 s.
RunPlan PlanOf(std::string_view sink, std::int64_t transactions = 3000) {
  RunPlan plan =
      MakeClusterPlan({.tidb_count = 2,
                       .pump_count = 2,
                       .version = "v4.0.10",
                       .drainer_config = "initial-commit-ts = 1\n[syncer]\ndb-type = \"" +
                                         std::string(sink) + "\"\n",
                       .transactions = transactions});
  NodePlan& node = plan.nodes[FindNode(plan, "sink")];
  node.info.keyed_sink = sink == "mysql";
  node.version = sink;
  return plan;
}

FaultPlan PowerLoss(const RunPlan& plan, Time at, std::int64_t lose,
                    std::string_view node = "drainer-1") {
  return Amounting(FaultAt(FaultKind::kPowerLoss, at, FindNode(plan, node)), lose);
}

std::set<Tso> Torn(const WorldRun& run) {
  std::set<Tso> torn;
  for (const Event& row : run.Events(EventKind::kRowTorn)) torn.insert(row.b);
  for (const Event& ddl : run.Events(EventKind::kDdlTorn)) torn.insert(ddl.b);
  return torn;
}

Tso SavedBefore(const WorldRun& run, Time time) {
  Tso saved = 0;
  for (const Event& save : run.Events(EventKind::kCheckpointSaved)) {
    if (save.time <= time) saved = save.b;
  }
  return saved;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(torn_tail)

BOOST_AUTO_TEST_CASE(what_the_savepoint_covered_does_not_come_again) {
  RunPlan plan = PlanOf("file");
  plan.faults.push_back(PowerLoss(plan, 15 * kSecond, 400));
  WorldRun run(std::move(plan));
  run.Run();
  const std::set<Tso> torn = Torn(run);
  BOOST_TEST(torn.size() == 400U);
  const Tso saved = SavedBefore(run, 15 * kSecond);
  std::set<Tso> covered;
  for (const Tso commit_ts : torn) {
    if (commit_ts <= saved) covered.insert(commit_ts);
  }
  BOOST_TEST(!covered.empty());
  BOOST_TEST(covered.size() < torn.size());
  BOOST_TEST((Missing(run) == covered));
  BOOST_TEST(CameToRest(run));
}

BOOST_AUTO_TEST_CASE(what_lies_above_the_savepoint_is_written_again) {
  RunPlan plan = PlanOf("file");
  plan.faults.push_back(PowerLoss(plan, 15 * kSecond, 1));
  WorldRun run(std::move(plan));
  run.Run();
  BOOST_TEST(Torn(run).size() == 1U);
  BOOST_TEST(*Torn(run).begin() > SavedBefore(run, 15 * kSecond));
  CheckAllApplied(run);
}

BOOST_AUTO_TEST_CASE(other_sinks_and_other_deaths_lose_nothing) {
  for (const std::string_view sink : {"mysql", "kafka"}) {
    RunPlan plan = PlanOf(sink);
    plan.faults.push_back(PowerLoss(plan, 15 * kSecond, 400));
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST(Fired(run));
    BOOST_TEST(Torn(run).empty());
    CheckAllApplied(run);
  }
  for (const bool of_the_pump : {true, false}) {
    RunPlan plan = PlanOf("file");
    const std::string_view node = of_the_pump ? "pump-1" : "drainer-1";
    plan.faults.push_back(of_the_pump
                              ? PowerLoss(plan, 15 * kSecond, 400, node)
                              : FaultAt(FaultKind::kKill, 15 * kSecond, FindNode(plan, node)));
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST(Fired(run));
    BOOST_TEST(Torn(run).empty());
    CheckAllApplied(run);
  }
}

BOOST_AUTO_TEST_CASE(the_kernel_writes_back_what_is_half_a_minute_old) {
  RunPlan plan = PlanOf("file", 80);
  plan.workload.interval = 500 * kMillisecond;  // from 5 s to 45 s
  plan.faults.push_back(PowerLoss(plan, 44 * kSecond, 1000));
  WorldRun run(std::move(plan));
  run.Run();
  std::set<Tso> synced;
  for (const Event& row : run.Events(EventKind::kRowApplied)) {
    if (row.time <= 9 * kSecond) synced.insert(row.b);
  }
  BOOST_TEST(synced.size() >= 5U);
  const std::set<Tso> torn = Torn(run);
  BOOST_TEST(torn.size() >= 60U);
  BOOST_TEST(*torn.begin() > *synced.rbegin());
}

BOOST_AUTO_TEST_CASE(a_ddl_goes_with_the_rest) {
  RunPlan plan = PlanOf("file", 1000);
  plan.workload.ddl_count = 3;
  plan.faults.push_back(PowerLoss(plan, 20 * kSecond, 2000));
  WorldRun run(std::move(plan));
  run.Run();
  BOOST_TEST(run.Count(EventKind::kDdlTorn) == 3U);
  // Each gives back the shape that was there before it.
  for (const Event& ddl : run.Events(EventKind::kDdlTorn)) BOOST_TEST(ddl.d == ddl.n - 1);
}

// Behind a loss stand second records of what the file has already: their end takes nothing away.
BOOST_AUTO_TEST_CASE(a_second_record_of_the_same_is_no_loss) {
  RunPlan plan = PlanOf("file");
  plan.faults.push_back(PowerLoss(plan, 15 * kSecond, 1));
  plan.faults.push_back(PowerLoss(plan, 34 * kSecond, 5000));
  WorldRun run(std::move(plan));
  run.Run();
  BOOST_TEST(DownCount(run, "drainer-1") == 2U);
  std::map<std::tuple<std::uint16_t, std::int64_t, Tso>, bool> there;
  for (const Event& event : run.trace().events) {
    const std::tuple row = {event.code, event.a, event.b};
    if (event.kind == EventKind::kRowApplied) there[row] = true;
    if (event.kind != EventKind::kRowTorn) continue;
    BOOST_TEST(there[row]);
    there[row] = false;
  }
  BOOST_TEST(Torn(run).size() > 100U);
}

BOOST_AUTO_TEST_CASE(drainers_of_the_old_side_write_the_same_way) {
  for (const char* version : {"kafka", "local-rc2.3"}) {
    BOOST_TEST_CONTEXT(version) {
      RunPlan plan = MakeOldPlan({.version = version,
                                  .drainer_config = "[syncer]\ndb-type = \"pb\"\n",
                                  .transactions = 400});
      NodePlan& node = plan.nodes[FindNode(plan, "sink")];
      node.info.keyed_sink = false;
      node.version = "pb";
      plan.faults.push_back(PowerLoss(plan, 40 * kSecond, 300, "drainer"));
      WorldRun run(std::move(plan));
      run.Run();
      BOOST_TEST(Torn(run).size() > 0U);
      BOOST_TEST(Missing(run).size() > 0U);
      BOOST_TEST(Missing(run).size() <= Torn(run).size());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::sim
