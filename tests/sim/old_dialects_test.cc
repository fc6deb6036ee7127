// The Local version and the first Kafka version beside the later ones: each enumeration of theirs
// by what it does to a whole pipeline, or to the bytes that somebody sees.
#include <boost/test/unit_test.hpp>
#include <set>

#include "base/toml.h"
#include "sim/world/hosts.h"
#include "sim/world/kafka_checkpoint.h"
#include "sim/world/kafka_http.h"
#include "sim/world/kafka_syncer.h"
#include "sim/world/old_transport.h"
#include "sim/world/pd.h"
#include "tests/support/old_side.h"

namespace tidegate::sim {
namespace {

using trace::DropReason;
using trace::Event;
using trace::EventKind;

std::size_t Missing(const WorldRun& run) {
  std::set<std::tuple<std::int64_t, Tso>> missing;
  for (const Event& row : run.Events(EventKind::kRowCommitted)) missing.insert({row.a, row.b});
  for (const Event& row : run.Events(EventKind::kRowApplied)) missing.erase({row.a, row.b});
  return missing.size();
}

std::size_t Drops(const WorldRun& run, DropReason reason) {
  std::size_t count = 0;
  for (const Event& drop : run.Events(EventKind::kBinlogDropped)) {
    count += drop.code == static_cast<std::uint16_t>(reason) ? 1 : 0;
  }
  return count;
}

std::string Status(WorldRun& run, std::string_view node) {
  return run.world().node(run.Id(node)).OnHttp({"GET", "/status", ""}).body;
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string SavePoint(WorldRun& run) {
  const NodePlan& drainer = run.plan().nodes[run.Id("drainer")];
  const std::string* file =
      run.world().hosts().File(drainer.info.host, drainer.info.data_dir + "/savePoint");
  return file == nullptr ? "" : *file;
}

FaultPlan LoseAt(Time at, NodeId pump, std::int64_t count) {
  FaultPlan fault = FaultAt(FaultKind::kLoseBinlogs, at, pump, kMinute);
  fault.amount = count;
  return fault;
}

bool IsLater(std::string_view version) {
  return version == "kafka-2018-04" || version == "kafka-v1.1" || version == "kafka-head";
}

constexpr const char* kOld[] = {"local-rc2.3", "kafka-v1.0", "kafka-2018-04", "kafka-v1.1",
                                "kafka-head"};

BOOST_AUTO_TEST_SUITE(old_dialects)

BOOST_AUTO_TEST_CASE(everything_arrives_in_every_dialect) {
  for (const char* version : kOld) {
    BOOST_TEST_CONTEXT(version) {
      WorldRun run(MakeOldPlan({.version = version, .tidb_count = 2, .ddl_count = 2}));
      run.Run();
      BOOST_TEST(run.Count(EventKind::kRowCommitted) > 100U);
      BOOST_TEST(Missing(run) == 0U);
    }
  }
}

BOOST_AUTO_TEST_CASE(names_and_texts_of_versions) {
  BOOST_TEST((DialectOfVersion("rc2.3").name == DialectName::kLocalRc23));
  BOOST_TEST((DialectOfVersion("local-rc2.3").era == Era::kLocal));
  BOOST_TEST((DialectOfVersion("v1.0").name == DialectName::kKafkaV10));
  BOOST_TEST((DialectOfVersion("v1.0.3").era == Era::kKafka));
}

// position_form, early_status: the bytes.
BOOST_AUTO_TEST_CASE(early_status_in_four_dialects) {
  const auto early = [](const char* version) {
    return KafkaDrainerHttp({"GET", "/status", ""}, DialectOfVersion(version), {});
  };
  BOOST_TEST(early("local-rc2.3").body == "null\n");
  BOOST_TEST(early("kafka-v1.0").body == "null\n");
  BOOST_TEST(early("kafka-v1.1").closed);
  BOOST_TEST(early("kafka-head").body ==
             "{\"PumpPos\":null,\"Synced\":false,\"DepositWindow\":{\"Upper\":0,\"Lower\":0},"
             "\"TsMap\":\"\"}\n");
}

BOOST_AUTO_TEST_CASE(positions_in_registry_and_status) {
  WorldRun local(MakeOldPlan({.version = "local-rc2.3"}));
  local.Run();
  BOOST_TEST(Has(Status(local, "pump-1"), "{\"LatestBinlog\":{\"tidb1:8250\":{\"offset\":"));
  BOOST_TEST(!Has(Status(local, "pump-1"), "Checkpoint"));
  std::vector<const RegistryRecord*> pumps;
  BOOST_REQUIRE(
      local.world().pd().List(local.Id("drainer"), RegistryRecord::Root::kOldPumps, &pumps));
  BOOST_REQUIRE(pumps.size() == 1U);
  BOOST_TEST((pumps[0]->form == PositionForm::kLatestPosAlone));
  WorldRun first(MakeOldPlan({.version = "kafka-v1.0"}));
  first.Run();
  BOOST_TEST(Has(Status(first, "pump-1"), "{\"LatestBinlog\":{\"tidb1:8250\":{\"offset\":"));
  BOOST_TEST(!Has(Status(first, "pump-1"), "kafka-position"));
  WorldRun head(MakeOldPlan({.version = "kafka-head"}));
  head.Run();
  BOOST_TEST(Has(Status(head, "pump-1"), "\"kafka-position\":{\"offset\":"));
  BOOST_TEST(Has(Status(head, "pump-1"), "\"Checkpoint\":{\"offset\":"));
}

// synced: idle for an hour without dispatch, it rises by the clock in v1.1 and head alone.
BOOST_AUTO_TEST_CASE(synced_rises_by_idleness_from_v11_on) {
  for (const char* version : kOld) {
    RunPlan plan = MakeOldPlan({.version = version,
                                .drainer_config = "[syncer]\ndisable-dispatch = true\n",
                                .transactions = 20});
    plan.workload.interval = 3 * kMinute;
    WorldRun run(std::move(plan));
    run.Run();
    run.world().kernel().Step(run.world().now() + kHour);
    const bool by_time = IsLater(version);
    // The last transaction is fresh; the clock starts there.
    for (int i = 0; i < 1'000'000 && run.world().kernel().Step(run.world().now() + 10 * kMinute);
         ++i) {
      if (run.world().now() > 2 * kHour) break;
    }
    BOOST_TEST(Has(Status(run, "drainer"), "\"Synced\":true") == by_time, version);
  }
}

// pump_writes: v1.0 knows no local file, whatever its configuration says.
BOOST_AUTO_TEST_CASE(v10_has_kafka_alone) {
  const char* config = "write-mode = \"mixed\"\n";
  WorldRun first(MakeOldPlan({.version = "kafka-v1.0", .pump_config = config}));
  first.Run();
  WorldRun later(MakeOldPlan({.version = "kafka-v1.1", .pump_config = config}));
  later.Run();
  const auto metric = [](WorldRun& run) {
    return run.world().node(run.Id("pump-1")).OnHttp({"GET", "/metrics", ""}).body;
  };
  BOOST_TEST(Has(metric(first), "binlog_pump_checkpoint{label=\"latest\"} 0\n"));
  BOOST_TEST(!Has(metric(later), "binlog_pump_checkpoint{label=\"latest\"} 0\n"));
}

// write_error: TiDB hears of it and tries again, so that nothing is lost; or it does not.
BOOST_AUTO_TEST_CASE(write_errors_go_back_to_tidb_before_v11) {
  for (const char* version : kOld) {
    RunPlan plan = MakeOldPlan({.version = version});
    plan.faults.push_back(LoseAt(16 * kSecond, FindNode(plan, "pump-1"), 3));
    WorldRun run(std::move(plan));
    run.Run();
    const bool swallowed = IsLater(version);
    BOOST_TEST((Drops(run, DropReason::kTolerantWrite) > 0) == swallowed, version);
    BOOST_TEST((Missing(run) > 0) == swallowed, version);
  }
}

// direct_resend: with Kafka away, v1.0 gives the error back at once.
BOOST_AUTO_TEST_CASE(v10_does_not_produce_again) {
  for (const char* version : {"kafka-v1.0", "kafka-v1.1"}) {
    RunPlan plan = MakeOldPlan({.version = version,
                                .pump_config = "write-mode = \"kafka\"\nenable-tolerant = false\n",
                                .transactions = 400});
    plan.faults.push_back(FaultAt(FaultKind::kPartition, 20 * kSecond, FindNode(plan, "pump-1"),
                                  12 * kSecond, FindNode(plan, "kafka")));
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST(Missing(run) == 0U, version);
    BOOST_TEST(Drops(run, DropReason::kTolerantWrite) == 0U, version);
  }
}

// pump_forgotten: a Local Pump that is stopped takes its key with it.
BOOST_AUTO_TEST_CASE(a_local_pump_takes_its_key_with_it) {
  for (const char* version : {"local-rc2.3", "kafka-head"}) {
    RunPlan plan = MakeOldPlan({.version = version, .tidb_count = 2, .transactions = 600});
    plan.faults.push_back(FaultAt(FaultKind::kStop, 25 * kSecond, FindNode(plan, "pump-1"), kHour));
    WorldRun run(std::move(plan));
    run.Run();
    bool absent = false;
    for (const Event& moved : run.Events(EventKind::kRegistryMoved)) {
      absent |= moved.node == run.Id("pump-1") &&
                moved.code == static_cast<std::uint16_t>(trace::RegistryState::kAbsent);
    }
    BOOST_TEST(absent == (std::string_view(version) == "local-rc2.3"), version);
    BOOST_TEST(run.Count(EventKind::kSourceRemoved) == 1U, version);
  }
}

// checkpoint_home, and what stands in it: the suffix of a file two before.
BOOST_AUTO_TEST_CASE(the_save_point_names_files) {
  WorldRun run(MakeOldPlan({.version = "local-rc2.3",
                            .pump_config = "binlog-file-size = 2560\n",  // 20 binlogs a file
                            .transactions = 2000}));
  run.Run();
  const Result<TomlTable> table = TomlTable::Parse(SavePoint(run), "savePoint");
  BOOST_REQUIRE(table.has_value());
  BOOST_TEST(*table->Int("commitTS") > 0);
  const KafkaCheckpoint read =
      ParseKafkaCheckpoint(SavePoint(run), CheckpointForm::kLocalSavePoint);
  BOOST_TEST(LocalSuffix(read.positions.at("tidb1:8250")) > 10);
  BOOST_TEST(Has(Status(run, "drainer"), "\"tidb1:8250\":{\"suffix\":"));
  BOOST_TEST(Missing(run) == 0U);
  BOOST_TEST(KafkaCheckpointBody(7, {{"a:1", 5 * kLocalRecordsPerFile + 3}},
                                 CheckpointForm::kLocalSavePoint) ==
             "commitTS = 7\n\n[suffixs]\n\"a:1\" = 3\n");
}

BOOST_AUTO_TEST_CASE(a_restarted_local_drainer_reads_on_from_its_file) {
  RunPlan plan = MakeOldPlan(
      {.version = "local-rc2.3", .pump_config = "binlog-file-size = 2560\n", .transactions = 2000});
  plan.faults.push_back(FaultAt(FaultKind::kKill, 80 * kSecond, FindNode(plan, "drainer")));
  WorldRun run(std::move(plan));
  run.Run();
  BOOST_TEST(run.Count(EventKind::kCheckpointLoaded) == 2U);
  BOOST_TEST(Missing(run) == 0U);
}

// rc2.3: pump/binlogger.go GC: by age, whoever has not read it.
BOOST_AUTO_TEST_CASE(local_files_go_by_age_alone) {
  RunPlan plan = MakeOldPlan({.version = "local-rc2.3",
                              .pump_config = "binlog-file-size = 256\ngc = 1\n",
                              .transactions = 60});
  plan.workload.interval = kHour;
  plan.run_max = 100 * kHour;
  plan.faults.push_back(FaultAt(FaultKind::kPartition, kHour, FindNode(plan, "drainer"), 50 * kHour,
                                FindNode(plan, "pump-1")));
  WorldRun run(std::move(plan));
  run.Run();
  BOOST_TEST(run.Count(EventKind::kBinlogPurged) > 0U);
  BOOST_TEST(Missing(run) > 0U);
}

// rc2.3: a file that is gone is an error, and the Drainer asks for it for ever (pingcap/tidb issue
// 6239), whatever else there is to read.
BOOST_AUTO_TEST_CASE(a_local_drainer_asks_for_a_file_that_is_gone) {
  for (const Duration away : {3 * kHour, 60 * kHour}) {
    RunPlan plan = MakeOldPlan({.version = "local-rc2.3",
                                .pump_config = "binlog-file-size = 2560\ngc = 1\n",
                                .transactions = 100});
    plan.workload.interval = kHour;
    plan.run_max = 200 * kHour;
    plan.faults.push_back(FaultAt(FaultKind::kStop, kHour, FindNode(plan, "drainer"), away));
    WorldRun run(std::move(plan));
    run.Run();
    const Time back = kHour + away + kMinute;
    std::size_t applied = 0;
    for (const Event& row : run.Events(EventKind::kRowApplied)) applied += row.time > back ? 1 : 0;
    const bool gone = away > 24 * kHour;
    BOOST_TEST((run.Count(EventKind::kBinlogPurged) > 0U));
    BOOST_TEST((applied == 0U) == gone, away);
    BOOST_TEST((Missing(run) > 0U) == gone, away);
  }
}

// file_gc: with Kafka away for longer than `gc`, what was written first is gone, or kept.
BOOST_AUTO_TEST_CASE(files_go_before_kafka_has_them) {
  for (const char* version : {"kafka-2018-04", "kafka-v1.1"}) {
    RunPlan plan = MakeOldPlan({.version = version,
                                .pump_config = "binlog-file-size = 25600\ngc = 1\n",
                                .transactions = 60});
    plan.workload.interval = kHour;
    plan.run_max = 100 * kHour;
    plan.faults.push_back(FaultAt(FaultKind::kPartition, kHour, FindNode(plan, "pump-1"),
                                  50 * kHour, FindNode(plan, "kafka")));
    WorldRun run(std::move(plan));
    run.Run();
    const bool lost = std::string_view(version) == "kafka-2018-04";
    BOOST_TEST((run.Count(EventKind::kBinlogPurged) > 0U) == lost, version);
    BOOST_TEST((Missing(run) > 0U) == lost, version);
  }
}

// torn_record: the forwarder stops for good, or goes on behind it and counts.
BOOST_AUTO_TEST_CASE(a_torn_record_stops_the_forwarder_or_is_skipped) {
  for (const char* version : {"kafka-2018-04", "kafka-v1.1"}) {
    RunPlan plan = MakeOldPlan({.version = version, .transactions = 400, .drain_max = kHour});
    FaultPlan crash = FaultAt(FaultKind::kPowerLoss, 20 * kSecond, FindNode(plan, "pump-1"));
    crash.amount = 4;
    plan.faults.push_back(crash);
    WorldRun run(std::move(plan));
    run.Run();
    const bool stops = std::string_view(version) == "kafka-2018-04";
    const std::string metrics =
        run.world().node(run.Id("pump-1")).OnHttp({"GET", "/metrics", ""}).body;
    BOOST_TEST(Drops(run, DropReason::kTornTail) > 0U, version);
    BOOST_TEST(Has(metrics, "binlog_pump_corruption_binlog_count 4\n") == !stops, version);
    BOOST_TEST(Missing(run) > 0U, version);
    BOOST_TEST((Missing(run) > 100U) == stops, version);
  }
}

// produce_batch: a backlog in one batch is more than a reader decodes, in the format that has
// arrays.
BOOST_AUTO_TEST_CASE(a_backlog_in_one_batch_cannot_be_read) {
  const auto missing = [](const char* version, const char* config) {
    RunPlan plan = MakeOldPlan({.version = version,
                                .pump_config = config,
                                .transactions = 70'000,
                                .interval = kMillisecond,
                                .drain_max = kHour});
    plan.faults.push_back(FaultAt(FaultKind::kPartition, 10 * kSecond, FindNode(plan, "pump-1"),
                                  90 * kSecond, FindNode(plan, "kafka")));
    WorldRun run(std::move(plan));
    run.Run();
    return Missing(run);
  };
  BOOST_TEST(missing("kafka-2018-04", "kafka-version = \"0.11.0.2\"\n") > 60'000U);
  BOOST_TEST(missing("kafka-2018-04", "") == 0U);
  BOOST_TEST(missing("kafka-v1.1", "kafka-version = \"0.11.0.2\"\n") == 0U);
}

// empty_topic: a Pump that never wrote waits for the Drainer, and the Drainer for its first
// message.
BOOST_AUTO_TEST_CASE(an_empty_topic_holds_drainer_and_pump) {
  for (const char* version : {"kafka-2018-04", "kafka-v1.1"}) {
    RunPlan plan =
        MakeOldPlan({.version = version, .tidb_count = 2, .transactions = 200, .drain_max = kHour});
    plan.faults.push_back(
        FaultAt(FaultKind::kStop, 500 * kMillisecond, FindNode(plan, "pump-2"), 10 * kSecond));
    WorldRun run(std::move(plan));
    run.Run();
    const bool held = std::string_view(version) == "kafka-2018-04";
    BOOST_TEST((run.Count(EventKind::kRowApplied) == 0U) == held, version);
    BOOST_TEST((Missing(run) > 0U) == held, version);
  }
}

/// When `node` gave up its start for want of an answer to its Notify.
std::vector<Time> NotifyFailures(const WorldRun& run, std::string_view node) {
  std::vector<Time> failures;
  for (const Event& down : run.Events(EventKind::kNodeDown)) {
    if (down.node != run.Id(node)) continue;
    if (Has(std::string(run.trace().texts.Get(down.text)), "fail to notify")) {
      failures.push_back(down.time);
    }
  }
  return failures;
}

// A Notify breaks off with the Drainer that has it, whichever way that one ends: a Pump does not
// wait for an answer that nobody will give.
BOOST_AUTO_TEST_CASE(a_notify_ends_with_its_drainer) {
  for (const char* version : {"local-rc2.3", "kafka-head"}) {
    RunPlan plan = MakeOldPlan({.version = version,
                                .transactions = 100'000,
                                .interval = kMillisecond,
                                .drain_max = kMinute});
    // The queues before the sink are full, so that no tick ends.
    plan.faults.push_back(
        FaultAt(FaultKind::kStop, 14 * kSecond, FindNode(plan, "sink"), 20 * kMinute));
    plan.faults.push_back(
        FaultAt(FaultKind::kRestart, 105 * kSecond, FindNode(plan, "pump-1"), 2 * kSecond));
    plan.faults.push_back(FaultAt(FaultKind::kKill, 112 * kSecond, FindNode(plan, "drainer")));
    WorldRun run(std::move(plan));
    run.Run();
    const std::vector<Time> failures = NotifyFailures(run, "pump-1");
    BOOST_TEST_CONTEXT(version) {
      BOOST_REQUIRE(!failures.empty());
      BOOST_TEST(failures[0] >= 112 * kSecond);
      BOOST_TEST(failures[0] < 113 * kSecond);
    }
  }
}

// The Drainer waits for the first message of a Pump's topic while its syncer fails for good.
BOOST_AUTO_TEST_CASE(a_notify_ends_with_a_drainer_that_gives_up) {
  RunPlan plan = MakeOldPlan({.version = "kafka-2018-04",
                              .tidb_count = 2,
                              .transactions = 600,
                              .interval = kSecond,
                              .drain_max = kMinute});
  const NodeId pump = FindNode(plan, "pump-2");
  plan.nodes[pump].running = false;
  plan.faults.push_back(
      FaultAt(FaultKind::kStop, 30 * kSecond, FindNode(plan, "sink"), 20 * kMinute));
  plan.faults.push_back(FaultAt(FaultKind::kStartNode, kMinute, pump));
  WorldRun run(std::move(plan));
  run.Run();
  Time gave_up = kTimeMax;
  for (const Event& down : run.Events(EventKind::kNodeDown)) {
    if (down.node == run.Id("drainer")) gave_up = std::min(gave_up, down.time);
  }
  BOOST_TEST(gave_up > 5 * kMinute);
  const std::vector<Time> failures = NotifyFailures(run, "pump-2");
  BOOST_REQUIRE(!failures.empty());
  BOOST_TEST(failures[0] >= gave_up);
  BOOST_TEST(failures[0] < gave_up + kSecond);
}

// below_window: what comes below Lower is counted as an error and discarded, or pushed into the
// heap, where the publisher leaves it out.
BOOST_AUTO_TEST_CASE(what_comes_below_lower) {
  for (const char* version : {"local-rc2.3", "kafka-head"}) {
    // Stopped for long enough to be let go of, a Pump is read again from before what was applied.
    RunPlan plan = MakeOldPlan({.version = version, .tidb_count = 2, .transactions = 600});
    plan.faults.push_back(
        FaultAt(FaultKind::kStop, 25 * kSecond, FindNode(plan, "pump-1"), 25 * kSecond));
    WorldRun run(std::move(plan));
    run.Run();
    const bool local = DialectOfVersion(version).era == Era::kLocal;
    BOOST_TEST(Drops(run, DropReason::kBelowWindow) > 0U, version);
    const std::string metrics =
        run.world().node(run.Id("drainer")).OnHttp({"GET", "/metrics", ""}).body;
    BOOST_TEST(Has(metrics, "binlog_drainer_error_binlog_count 0\n") == local, version);
    // What the Local Drainer had of the Pump when its key went is gone with it.
    BOOST_TEST((Drops(run, DropReason::kPendingAtForget) > 0) == local, version);
    BOOST_TEST((Missing(run) > 0) == local, version);
  }
}

// lower_moves: while a full queue holds the publisher back, Lower of rc2.3 is ahead of it.
BOOST_AUTO_TEST_CASE(lower_moves_before_or_after_what_it_stands_for) {
  for (const char* version : {"local-rc2.3", "kafka-head"}) {
    WorldRun run(MakeOldPlan({.version = version}));
    run.Run();
    Tso lower = 0;
    bool handed_first = false;  // what Lower does not stand for yet
    for (const Event& event : run.trace().events) {
      if (event.kind == EventKind::kWindowMoved) lower = event.b;
      if (event.kind == EventKind::kTxnHanded) handed_first |= event.b > lower;
    }
    BOOST_TEST(handed_first == (DialectOfVersion(version).era == Era::kKafka), version);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::sim
