// Behaviour that changed between releases of the cluster era, on either side of the change.
#include <boost/test/unit_test.hpp>

#include "sim/world/hosts.h"
#include "sim/world/pd.h"
#include "sim/world/tidb.h"
#include "tests/support/world_trace.h"

namespace tidegate::sim {
namespace {

using trace::DropReason;
using trace::Event;
using trace::EventKind;
using trace::RegistryState;

constexpr const char* kFromStart = "initial-commit-ts = 1\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(cluster_versions)

BOOST_AUTO_TEST_CASE(unknown_keys_stop_the_start_from_some_release_on) {
  for (const char* version : {"v2.1.15", "v2.1.16", "v3.0.1", "v3.0.2"}) {
    WorldRun run(
        MakeClusterPlan({.version = version, .pump_config = "port = 1\n", .drain_max = kMinute}));
    run.Run();
    const std::string_view text(version);
    const bool refuses = text == "v2.1.16" || text == "v3.0.2";
    BOOST_TEST(Alerted(run, "unknown configuration options: port") == refuses, version);
  }
}

// A checkpoint beyond everything that the Pump has, which was restarted with an index on disk.
BOOST_AUTO_TEST_CASE(a_pull_from_the_future_kills_old_pumps) {
  for (const char* version : {"v3.0.3", "v3.0.4"}) {
    RunPlan plan = MakeClusterPlan({.pump_count = 1,
                                    .version = version,
                                    .drainer_config = "initial-commit-ts = 999999999999999999\n",
                                    .start = 60 * kSecond,
                                    .drain_max = kMinute});
    const NodeId drainer = FindNode(plan, "drainer-1");
    plan.nodes[drainer].running = false;
    plan.faults.push_back(
        FaultAt(FaultKind::kRestart, 12 * kSecond, FindNode(plan, "pump-1"), 2 * kSecond));
    plan.faults.push_back(FaultAt(FaultKind::kStartNode, 20 * kSecond, drainer));
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST((AlertCount(run, "slice bounds out of range") > 1U) ==
               (version == std::string_view("v3.0.3")));
  }
}

BOOST_AUTO_TEST_CASE(gc_waits_for_drainers_or_does_not) {
  for (const char* version : {"v2.1.14", "v2.1.15", "v3.0.0", "v3.0.1"}) {
    RunPlan plan = MakeClusterPlan({.tidb_count = 1,
                                    .version = version,
                                    .drainer_config = kFromStart,
                                    .pump_config = "gc = 1\n",
                                    .transactions = 220,
                                    .interval = 15 * kMinute,
                                    .drain_max = kMinute});
    const NodeId drainer = FindNode(plan, "drainer-1");
    // It is away for longer than the Pump keeps binlogs, and comes back.
    plan.faults.push_back(FaultAt(FaultKind::kStop, 5 * kSecond, drainer, 50 * kHour));
    plan.run_max = 60 * kHour;
    WorldRun run(std::move(plan));
    run.Run();
    const std::string_view text(version);
    const bool by_age = text == "v2.1.15" || text == "v3.0.1";
    const std::vector<Event> purged = run.Events(EventKind::kBinlogPurged);
    const bool while_away = !purged.empty() && purged.front().time < 50 * kHour;
    BOOST_TEST(while_away == by_age, version);
  }
}

BOOST_AUTO_TEST_CASE(the_purged_range_is_skipped_without_a_word_to_the_drainer) {
  RunPlan plan = MakeClusterPlan({.tidb_count = 1,
                                  .version = "v3.0.10",
                                  .drainer_config = kFromStart,
                                  .pump_config = "gc = \"2h\"\n",
                                  .transactions = 100,
                                  .interval = 5 * kMinute,
                                  .drain_max = 10 * kMinute});
  const NodeId drainer = FindNode(plan, "drainer-1");
  plan.faults.push_back(FaultAt(FaultKind::kStop, 6 * kSecond, drainer, 6 * kHour));
  plan.run_max = 12 * kHour;
  WorldRun run(std::move(plan));
  run.Run();
  BOOST_TEST(Alerted(run, "drainer request a purged binlog"));
  BOOST_TEST(Missing(run).size() > 0U);
  BOOST_TEST(CameToRest(run));
  BOOST_TEST(DownCount(run, "drainer-1") == 1U);
}

BOOST_AUTO_TEST_CASE(a_ddl_that_tikv_answers_for_is_lost_up_to_3_0_7) {
  for (const char* version : {"v3.0.7", "v3.0.8"}) {
    RunPlan plan = MakeClusterPlan({.tidb_count = 2,
                                    .version = version,
                                    .drainer_config = kFromStart,
                                    .transactions = 2000,
                                    .ddl_count = 1});
    // Its TiDB dies when the job is in the history and the commit binlog is not sent yet.
    FaultPlan kill = FaultAt(FaultKind::kKill, 0, kNoNode);
    kill.node = FindNode(plan, "tidb-1");
    kill.trigger.on_event = true;
    kill.trigger.event = EventKind::kDdlCommitted;
    plan.faults.push_back(kill);
    FaultPlan other = kill;
    other.node = FindNode(plan, "tidb-2");
    plan.faults.push_back(other);
    WorldRun run(std::move(plan));
    run.Run();
    const bool lost = version == std::string_view("v3.0.7");
    BOOST_TEST(Drops(run, DropReason::kJobLost).size() == (lost ? 1U : 0U));
    BOOST_TEST(run.Count(EventKind::kDdlApplied) == (lost ? 0U : 1U));
  }
}

BOOST_AUTO_TEST_CASE(a_syncer_error_leaves_a_process_or_an_exit_code) {
  struct Case {
    const char* version;
    std::size_t downs;
    std::size_t ups;
  };
  for (const Case& expected :
       {Case{"v3.0.5", 0, 1}, Case{"v3.0.6", 1, 1}, Case{"v4.0.8", 1, 1}, Case{"v4.0.9", 1, 2}}) {
    RunPlan plan = MakeClusterPlan({.version = expected.version,
                                    .drainer_config = kFromStart,
                                    .transactions = 6000,
                                    .ddl_count = 2,
                                    .drain_max = kMinute});
    const NodeId drainer = FindNode(plan, "drainer-1");
    plan.faults.push_back(FaultAt(FaultKind::kPartition, 20 * kSecond, drainer, 20 * kSecond,
                                  FindNode(plan, "tikv")));
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST_CONTEXT(expected.version) {
      BOOST_TEST(DownCount(run, "drainer-1") == expected.downs);
      BOOST_TEST(UpCount(run, "drainer-1") == expected.ups);
      BOOST_TEST((StatesOf(run, "drainer-1")[1] == RegistryState::kPaused));
    }
  }
}

BOOST_AUTO_TEST_CASE(what_a_tidb_does_when_no_pump_takes_its_binlog) {
  for (const char* version : {"v3.0.12", "v3.0.13", "v4.0.0"}) {
    RunPlan plan = MakeClusterPlan(
        {.tidb_count = 1, .pump_count = 1, .drainer_config = kFromStart, .transactions = 6000});
    const NodeId tidb = FindNode(plan, "tidb-1");
    plan.nodes[tidb].version = version;
    plan.faults.push_back(
        FaultAt(FaultKind::kStop, 15 * kSecond, FindNode(plan, "pump-1"), 25 * kSecond));
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST_CONTEXT(version) {
      const std::string_view text(version);
      BOOST_TEST(Alerted(run, "stop the server listener") == (text == "v3.0.12"));
      BOOST_TEST(DownCount(run, "tidb-1") == (text == "v4.0.0" ? 1U : 0U));
      BOOST_TEST(UpCount(run, "tidb-1") == (text == "v4.0.0" ? 2U : 1U));
      // Only a closed listener waits for somebody to come.
      const bool serves = static_cast<Tidb&>(run.world().node(tidb)).listening();
      BOOST_TEST(serves == (text != "v3.0.12"));
      CheckAllApplied(run);
    }
  }
}

BOOST_AUTO_TEST_CASE(ignore_error_skips_until_somebody_recovers) {
  RunPlan plan = MakeClusterPlan(
      {.tidb_count = 1, .pump_count = 1, .drainer_config = kFromStart, .transactions = 6000});
  const NodeId tidb = FindNode(plan, "tidb-1");
  plan.nodes[tidb].config = "[binlog]\nenable = true\nignore-error = true\n";
  plan.faults.push_back(
      FaultAt(FaultKind::kStop, 15 * kSecond, FindNode(plan, "pump-1"), 25 * kSecond));
  WorldRun run(std::move(plan));
  run.Run();
  BOOST_TEST(Alerted(run, "binlogs are skipped from now on"));
  BOOST_TEST(Missing(run).size() > 1000U);  // long after the Pump was back
  Node& node = run.world().node(tidb);
  BOOST_TEST(
      node.OnHttp({"GET", "/binlog/recover?op=status", ""}).body.rfind("{\"Skipped\":true", 0) ==
      0U);
  BOOST_TEST(
      node.OnHttp({"POST", "/binlog/recover?op=nowait", ""}).body.rfind("{\"Skipped\":false", 0) ==
      0U);
}

BOOST_AUTO_TEST_CASE(old_clients_forget_a_pump_that_was_killed) {
  for (const char* version : {"v2.1.12", "v2.1.13"}) {
    RunPlan plan = MakeClusterPlan(
        {.tidb_count = 1, .pump_count = 2, .drainer_config = kFromStart, .transactions = 20'000});
    plan.nodes[FindNode(plan, "tidb-1")].version = version;
    plan.faults.push_back(FaultAt(FaultKind::kKill, 15 * kSecond, FindNode(plan, "pump-1")));
    WorldRun run(std::move(plan));
    run.Run();
    CheckAllApplied(run);
    std::size_t late = 0;  // taken by pump-1 after it was back
    for (const Event& acked : run.Events(EventKind::kBinlogAcked)) {
      if (acked.node == run.Id("pump-1") && acked.time > 80 * kSecond) ++late;
    }
    BOOST_TEST((late == 0U) == (version == std::string_view("v2.1.12")));
  }
}

BOOST_AUTO_TEST_CASE(hash_strategy_spreads_by_start_ts) {
  RunPlan plan = MakeClusterPlan(
      {.tidb_count = 1, .pump_count = 3, .drainer_config = kFromStart, .transactions = 1000});
  plan.nodes[FindNode(plan, "tidb-1")].config = "[binlog]\nenable = true\nstrategy = \"hash\"\n";
  WorldRun run(std::move(plan));
  run.Run();
  CheckAllApplied(run);
  for (const Event& acked : run.Events(EventKind::kBinlogAcked)) {
    if (static_cast<trace::BinlogType>(acked.code) != trace::BinlogType::kPrewrite) continue;
    BOOST_REQUIRE(acked.node == run.Id("pump-1") + static_cast<NodeId>(acked.a % 3));
  }
}

// Up to 2.1.15 and 3.0.2 a closing Pump refuses the commits of what it has taken, and waits for
// TiKV's word on each.
BOOST_AUTO_TEST_CASE(an_offline_wait_under_load) {
  for (const char* version : {"v3.0.2", "v3.0.3"}) {
    RunPlan plan = MakeClusterPlan({.tidb_count = 2,
                                    .pump_count = 2,
                                    .version = version,
                                    .drainer_config = kFromStart,
                                    .transactions = 4000});
    FaultPlan close = FaultAt(FaultKind::kPutState, 15 * kSecond, FindNode(plan, "pump-1"));
    close.detail = 1;
    plan.faults.push_back(close);
    for (int i = 0; i < 6; ++i) {  // some of them at either Pump
      plan.workload.long_transactions.push_back(
          {14 * kSecond + i * 7 * kMillisecond, 4 * kSecond, FindNode(plan, "tidb-1")});
    }
    WorldRun run(std::move(plan));
    run.Run();
    BOOST_TEST_CONTEXT(version) {
      CheckAllApplied(run);
      BOOST_TEST((StatesOf(run, "pump-1").back() == RegistryState::kOffline));
      bool refused = false;
      for (const Event& event : run.Events(EventKind::kBinlogAcked)) {
        refused =
            refused || (event.node == run.Id("pump-1") && event.time > 17 * kSecond &&
                        static_cast<trace::BinlogType>(event.code) == trace::BinlogType::kCommit);
      }
      BOOST_TEST(refused == (version == std::string_view("v3.0.3")));
    }
  }
}

BOOST_AUTO_TEST_CASE(state_is_changed_by_sql) {
  WorldRun run(MakeClusterPlan({.drainer_config = kFromStart}));
  run.Run();
  Node& tidb = run.world().node(run.Id("tidb-1"));
  const std::string shown = tidb.OnSql("SHOW PUMP STATUS").body;
  BOOST_TEST(shown.rfind("NodeID\tAddress\tState\tMax_Commit_Ts\tUpdate_Time\n"
                         "10.0.0.3:8250\t10.0.0.3:8250\tonline\t",
                         0) == 0U);
  BOOST_TEST(shown.find("\t2019-01-01 00:00:") != std::string::npos);
  const auto change = [&](const char* statement) { return tidb.OnSql(statement).body; };
  BOOST_TEST(change("change pump to node_state ='paused' for node_id '10.0.0.3:8250'") == "");
  BOOST_TEST((StatesOf(run, "pump-1").back() == RegistryState::kPaused));
  BOOST_TEST(change("change pump to node_state ='gone' for node_id '10.0.0.3:8250'") ==
             "ERROR 1105 (HY000): state gone is illegal");
  BOOST_TEST(change("change drainer to node_state ='paused' for node_id 'x'") ==
             "ERROR 1105 (HY000): node x not found");
  BOOST_TEST(tidb.OnSql("show drainer status").body.find("\tonline\t") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(debug_pages_by_release) {
  struct Case {
    const char* version;
    bool binlog;
    bool gc;
  };
  for (const Case& expected :
       {Case{"v2.1.2", false, false}, Case{"v2.1.3", true, false}, Case{"v2.1.14", true, true}}) {
    WorldRun run(MakeClusterPlan({.version = expected.version, .drainer_config = kFromStart}));
    run.Run();
    Node& pump = run.world().node(run.Id("pump-1"));
    BOOST_TEST_CONTEXT(expected.version) {
      BOOST_TEST((pump.OnHttp({"GET", "/debug/binlog/x", ""}).status == 200) == expected.binlog);
      BOOST_TEST((pump.OnHttp({"POST", "/debug/gc/trigger", ""}).status == 200) == expected.gc);
    }
    if (!expected.gc) continue;
    BOOST_TEST(pump.OnHttp({"GET", "/debug/binlog/x", ""}).body == "invalid parameter ts: x");
    BOOST_TEST(pump.OnHttp({"GET", "/debug/binlog/1", ""}).body == "leveldb: not found");
    const Tso commit_ts = run.Events(EventKind::kTxnCommitted).front().b;
    BOOST_TEST(pump.OnHttp({"GET", "/debug/binlog/" + std::to_string(commit_ts), ""})
                   .body.rfind("tp:Commit start_ts:", 0) == 0U);
    BOOST_TEST(pump.OnHttp({"POST", "/debug/gc/trigger", ""}).body == "trigger gc success");
    BOOST_TEST(pump.OnHttp({"GET", "/debug/gc/trigger", ""}).status == 405);
    BOOST_TEST(pump.OnHttp({"GET", "/debug/pprof/", ""}).status == 200);
    BOOST_TEST(pump.OnHttp({"GET", "/debug/other", ""}).status == 404);
    BOOST_TEST(pump.OnHttp({"GET", "/state/x/pause", ""}).status == 405);
  }
}

// What a release looks at itself when a commit never comes, it shows of a prewrite too.
BOOST_AUTO_TEST_CASE(the_binlog_page_shows_mvcc_from_3_0_0_rc_3_on) {
  for (const auto& [version, shows] : {std::pair{"v2.1.14", false}, std::pair{"v3.0.1", true}}) {
    WorldRun run(MakeClusterPlan({.version = version, .drainer_config = kFromStart}));
    run.Run();
    const trace::Event first = run.Events(EventKind::kTxnCommitted).front();
    const auto page = [&](Tso ts) {
      return run.world()
          .node(run.Id("pump-1"))
          .OnHttp({"GET", "/debug/binlog/" + std::to_string(ts), ""})
          .body;
    };
    const std::string mvcc =
        "\n\n GetMvccByEncodedKey: \ninfo:<writes:<start_ts:" + std::to_string(first.a) +
        " commit_ts:" + std::to_string(first.b);
    BOOST_TEST_CONTEXT(version) {
      BOOST_TEST(page(first.a).rfind("tp:Prewrite start_ts:", 0) == 0U);
      BOOST_TEST((page(first.a).find(mvcc) != std::string::npos) == shows);
      BOOST_TEST(page(first.b).find("GetMvccByEncodedKey") == std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_ts_map_for_sinks_that_are_tidb) {
  for (const char* version : {"v3.0.15", "v3.0.16"}) {
    WorldRun run(MakeClusterPlan(
        {.version = version,
         .drainer_config = "initial-commit-ts = 1\n[syncer]\ndb-type = \"tidb\"\n"}));
    run.Run();
    const bool renamed = version == std::string_view("v3.0.16");
    const std::string_view body = run.Text(run.Events(EventKind::kCheckpointSaved).back());
    BOOST_TEST(
        (body.find(renamed ? "\"primary-ts\":" : "\"master-ts\":") != std::string_view::npos));
    BOOST_TEST(
        (body.find(renamed ? "\"secondary-ts\":" : "\"slave-ts\":") != std::string_view::npos));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::sim
