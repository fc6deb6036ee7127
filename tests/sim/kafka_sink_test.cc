// A Drainer whose sink is Kafka, when Kafka is slow to answer or does not at all.
#include <boost/test/unit_test.hpp>

#include "sim/faults.h"
#include "tests/support/old_side.h"
#include "tests/support/world_trace.h"

namespace tidegate::sim {
namespace {

using trace::DownCause;
using trace::Event;
using trace::EventKind;
using trace::RegistryState;

constexpr Time kSilentFrom = 15 * kSecond;

// Ten transactions a second for three minutes from the fifth second on.
RunPlan PlanOf(const char* version, const char* sink = "kafka") {
  RunPlan plan = MakeClusterPlan(
      {.tidb_count = 2,
       .pump_count = 2,
       .version = version,
       .drainer_config =
           std::string("initial-commit-ts = 1\n[syncer]\ndb-type = \"") + sink + "\"\n",
       .transactions = 1800,
       .interval = 100 * kMillisecond,
       .drain_max = 5 * kMinute});
  plan.nodes[FindNode(plan, "sink")].info.keyed_sink = sink == std::string_view("mysql");
  return plan;
}

WorldRun SilentFor(const char* version, Duration silence) {
  RunPlan plan = PlanOf(version);
  plan.faults.push_back(
      FaultAt(FaultKind::kHungDownstream, kSilentFrom, FindNode(plan, "sink"), silence));
  WorldRun run(std::move(plan));
  run.Run();
  return run;
}

Time FirstDown(const WorldRun& run, const char* name) {
  for (const Event& down : run.Events(EventKind::kNodeDown)) {
    if (down.node == run.Id(name)) return down.time;
  }
  return kTimeMax;
}

Time FirstAlert(const WorldRun& run, std::string_view part) {
  for (const Event& alert : run.Events(EventKind::kAlert)) {
    if (run.Text(alert).find(part) != std::string_view::npos) return alert.time;
  }
  return kTimeMax;
}

bool Within(Time time, Time low, Time high) { return time >= low && time <= high; }

}  // namespace

BOOST_AUTO_TEST_SUITE(kafka_sink)

BOOST_AUTO_TEST_CASE(half_a_minute_of_silence_is_borne) {
  for (const char* version : {"v2.1.8", "v3.0.3", "v4.0.10"}) {
    BOOST_TEST_CONTEXT(version) {
      const WorldRun run = SilentFor(version, 25 * kSecond);
      BOOST_TEST(Fired(run));
      BOOST_TEST(DownCount(run, "drainer-1") == 0U);
      CheckAllApplied(run);
    }
  }
}

// log.Fatal: the registry says online, the supervisor starts it again, nothing is missing.
BOOST_AUTO_TEST_CASE(a_longer_one_ends_2_1_until_it_is_started_again) {
  const WorldRun run = SilentFor("v2.1.8", 2 * kMinute);
  BOOST_TEST(
      Within(FirstDown(run, "drainer-1"), kSilentFrom + 30 * kSecond, kSilentFrom + 33 * kSecond));
  BOOST_TEST(UpCount(run, "drainer-1") >= 3U);
  for (const RegistryState state : StatesOf(run, "drainer-1")) {
    BOOST_TEST((state == RegistryState::kOnline));
  }
  CheckAllApplied(run);
}

// From 3.0 on the syncer panics ten seconds later. Up to 3.0.5 the process stays; afterwards it
// ends with exit code 0, also where other errors end with 2, so that nobody starts it again.
BOOST_AUTO_TEST_CASE(a_longer_one_stops_3_0_and_later_for_good) {
  for (const char* version : {"v3.0.3", "v3.0.10", "v4.0.10"}) {
    BOOST_TEST_CONTEXT(version) {
      const WorldRun run = SilentFor(version, 2 * kMinute);
      const Time gave_up = FirstAlert(run, "fail to push msg to kafka after 30s");
      BOOST_TEST(Within(gave_up, kSilentFrom + 30 * kSecond, kSilentFrom + 33 * kSecond));
      const Time panicked = FirstAlert(run, "Waiting too long for `Syncer.run` to quit.");
      BOOST_TEST(Within(panicked, gave_up + 10 * kSecond, gave_up + 11 * kSecond));
      const bool stays = version == std::string_view("v3.0.3");
      BOOST_TEST(FirstDown(run, "drainer-1") == (stays ? kTimeMax : panicked));
      BOOST_TEST(UpCount(run, "drainer-1") == 1U);
      BOOST_TEST((StatesOf(run, "drainer-1").back() == RegistryState::kPaused));
      BOOST_TEST(Missing(run).size() > 100U);
    }
  }
}

// What comes within those ten seconds is saved; what is behind it is not even sent.
BOOST_AUTO_TEST_CASE(kafka_comes_back_while_the_syncer_closes) {
  const WorldRun run = SilentFor("v4.0.10", 35 * kSecond);
  const Time back = kSilentFrom + 35 * kSecond;
  std::set<Tso> applied_behind;
  for (const Event& row : run.Events(EventKind::kRowApplied)) {
    if (row.time >= back) applied_behind.insert(row.b);
  }
  BOOST_TEST(applied_behind.size() >= 1U);
  BOOST_TEST(applied_behind.size() <= 20U);
  BOOST_TEST(DownCount(run, "drainer-1") == 1U);
}

BOOST_AUTO_TEST_CASE(a_producer_tries_again_after_half_a_second) {
  for (const char* sink : {"kafka", "mysql"}) {
    RunPlan plan = PlanOf("v2.1.8", sink);
    FaultPlan errors = FaultAt(FaultKind::kFailingDownstream, 40 * kSecond, FindNode(plan, "sink"));
    errors.amount = 20;
    plan.faults.push_back(errors);
    WorldRun run(std::move(plan));
    run.Run();
    Time next = kTimeMax;
    for (const Event& row : run.Events(EventKind::kRowApplied)) {
      if (row.time > 40 * kSecond) next = std::min(next, row.time);
    }
    // Sixteen workers of MySQL share the errors; each waits 3 s after one.
    const Duration waited = next - 40 * kSecond;
    if (sink == std::string_view("kafka")) BOOST_TEST(Within(waited, 9 * kSecond, 11 * kSecond));
    BOOST_TEST(DownCount(run, "drainer-1") == 0U);
    CheckAllApplied(run);
  }
}

// Its Close waits for the acknowledgements; no panic ends that.
BOOST_AUTO_TEST_CASE(a_stop_waits_for_kafka) {
  for (const char* sink : {"kafka", "mysql"}) {
    RunPlan plan = PlanOf("v4.0.10", sink);
    plan.faults.push_back(
        FaultAt(FaultKind::kHungDownstream, kSilentFrom, FindNode(plan, "sink"), 45 * kSecond));
    plan.faults.push_back(
        FaultAt(FaultKind::kStop, 20 * kSecond, FindNode(plan, "drainer-1"), 2 * kMinute));
    WorldRun run(std::move(plan));
    run.Run();
    const Time down = FirstDown(run, "drainer-1");
    if (sink == std::string_view("kafka")) {
      BOOST_TEST(Within(down, kMinute, kMinute + 5 * kSecond));
      BOOST_TEST(!Alerted(run, "Waiting too long"));
    } else {
      BOOST_TEST(Within(down, 30 * kSecond, 32 * kSecond));
    }
  }
}

// drainer/executor/kafka.go of the Kafka era, whose units start again whatever ends.
BOOST_AUTO_TEST_CASE(a_drainer_of_the_old_side_ends_likewise) {
  for (const Duration silence : {25 * kSecond, 2 * kMinute}) {
    RunPlan plan = MakeOldPlan({.version = "kafka",
                                .drainer_config = "[syncer]\ndb-type = \"kafka\"\n",
                                .transactions = 1200});
    plan.nodes[FindNode(plan, "sink")].info.keyed_sink = false;
    plan.faults.push_back(
        FaultAt(FaultKind::kHungDownstream, 40 * kSecond, FindNode(plan, "sink"), silence));
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST(Fired(run));
    BOOST_TEST((DownCount(run, "drainer") > 0U) == (silence > 30 * kSecond));
    BOOST_TEST(Alerted(run, "fail to push msg to kafka after 30s") == (silence > 30 * kSecond));
    CheckAllApplied(run);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::sim
