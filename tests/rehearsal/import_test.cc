// From captures to a scenario: what is taken, what is told, what never gets out of the files.
#include <boost/test/unit_test.hpp>
#include <string>

#include "base/files.h"
#include "rehearsal/expect_text.h"
#include "rehearsal/import_listing.h"
#include "rehearsal/import_log.h"
#include "rehearsal/import_scenario.h"
#include "rehearsal/import_time.h"
#include "rehearsal/run.h"
#include "sim/scenario.h"
#include "tests/support/temp_dir.h"
#include "tests/support/why.h"

namespace tidegate::test {
namespace {

using namespace rehearsal;  // NOLINT(google-build-using-namespace)

const std::string kFixtures = std::string(TIDEGATE_SOURCE_DIR) + "/fixtures/";

ImportInput Small(const std::string& incident) {
  ImportInput input;
  input.name = "imported";
  input.out = "/imported.json";
  input.inventory = kFixtures + "inventories/small.ini";
  input.target = kFixtures + "inventories/small.target.ini";
  input.site = kFixtures + "sites/small.json";
  const std::string folder = kFixtures + "captured/" + incident + "/";
  input.statuses = {{"", folder + "status-1.json", 1'540'030'320'000},
                    {"", folder + "status-2.json", 1'540'030'660'000}};
  input.savepoint = folder + "checkpoint.txt";
  return input;
}

std::string Messages(const ImportInput& input) {
  const Result<Imported> imported = ImportScenario(input);
  return imported.has_value() ? "imported" : imported.error().ToString();
}

std::string Write(const TempDir& folder, const std::string& name, const std::string& text) {
  const std::string path = folder / name;
  BOOST_REQUIRE(WriteFileAtomically(path, text).has_value());
  return path;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::int64_t Ms(std::string_view text, std::int64_t zone = 0) {
  const Result<WallTime> time = ParseWallTime(text, zone);
  BOOST_REQUIRE_MESSAGE(time.has_value(), Why(time));
  return time->ms;
}

BOOST_AUTO_TEST_SUITE(import_times)

BOOST_AUTO_TEST_CASE(each_form_is_the_same_moment) {
  BOOST_TEST(Ms("1970-01-01T00:00:00Z") == 0);
  BOOST_TEST(Ms("2018-10-20T00:00:00Z") == 1'539'993'600'000);
  BOOST_TEST(Ms("2018/10/20 08:00:00", 8 * 60) == 1'539'993'600'000);
  BOOST_TEST(Ms("2018/10/20 08:00:00.250 +08:00") == 1'539'993'600'250);
  BOOST_TEST(Ms("2018-10-19 20:30:00-03:30") == 1'539'993'600'000);
  BOOST_TEST(Ms("2020-02-29T00:00:00Z") - Ms("2020-02-28T00:00:00Z") == 86'400'000);
  BOOST_TEST(Ms("2001-01-01T00:00:00Z") - Ms("2000-01-01T00:00:00Z") == 366 * 86'400'000LL);
}

BOOST_AUTO_TEST_CASE(what_is_no_time_is_refused) {
  for (const char* text : {"", "yesterday", "2018-13-01T00:00:00Z", "2019-02-29T00:00:00Z",
                           "2018-10-20T24:00:00Z", "2018-10-20", "2018-10-20T00:00:00+99:00"}) {
    BOOST_TEST(!ParseWallTime(text, 0).has_value(), text);
  }
  BOOST_TEST(!ParseZone("8").has_value());
  BOOST_TEST(*ParseZone("+08:00") == 480);
  BOOST_TEST(!ParseStatusArgument("status.json", 0).has_value());
  BOOST_TEST(!ParseStatusArgument("status.json@2018-10-20T00:00:00Z or so", 0).has_value());
  const auto named = ParseStatusArgument("old-drainer-2=a@b.json@2018-10-20T00:00:00Z", 0);
  BOOST_REQUIRE(named.has_value());
  BOOST_TEST(named->drainer == "old-drainer-2");
  BOOST_TEST(named->file == "a@b.json");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(import_logs)

BOOST_AUTO_TEST_CASE(both_log_forms_are_read_and_other_lines_counted) {
  const auto log = ParseLog(
      "2018/11/05 12:00:00 version.go:18: [info] Release Version: v2.1.0\n"
      "2018/11/05 12:00:03 syncer.go:9: [info] [write save point]404411535951691779[positions]\n"
      "2018/11/05 12:00:04 syncer.go:9: [info] something else\n"
      "[2018/11/05 12:00:05.500 +00:00] [INFO] [syncer.go:9] [\"write save point\"] "
      "[ts=404411535951691780]\n"
      "[2018/11/05 12:00:06.000 +00:00] [INFO] [server.go:1] [\"begin to close pump server\"]\n"
      "[2018/11/05 12:00:07.000 +00:00] [INFO] [server.go:1] [\"pump1:8250 has update status to "
      "paused\"]\n"
      "    a second line of that\n",
      "p.log", 0);
  BOOST_REQUIRE_MESSAGE(log.has_value(), Why(log));
  BOOST_TEST(log->line_count == 7U);
  BOOST_TEST(log->unknown_count == 2U);
  BOOST_TEST(log->first_unknown_line == 3U);
  BOOST_REQUIRE(log->facts.size() == 5U);
  BOOST_TEST(log->facts[0].text == "v2.1.0");
  BOOST_TEST(log->facts[1].tso == 404411535951691779);
  BOOST_TEST(log->facts[2].tso == 404411535951691780);
  BOOST_TEST(log->facts[2].ms - log->facts[1].ms == 2500);
  BOOST_TEST((log->facts[3].kind == LogFactKind::kClosing));
  BOOST_TEST(log->facts[4].text == "paused");
}

// The statement may hold anything; what counts stands behind it.
BOOST_AUTO_TEST_CASE(ddls_are_read_in_all_three_forms) {
  const auto log = ParseLog(
      "2018/05/04 12:00:00 syncer.go:9: [info] [ddl][start]use `a`; alter table `b` comment "
      "'[commit ts]400000000000000001';[commit ts]404411535951691779[pos]{0 20}\n"
      "2018/05/04 12:00:01 syncer.go:9: [info] [ddl][end]use `a`; x;[commit ts]404411535951691779\n"
      "[2020/05/21 09:51:58.019 +08:00] [INFO] [syncer.go:398] [\"add ddl item to syncer, you can "
      "add this commit ts to `ignore-txn-commit-ts` to skip this ddl if needed\"] [sql=\"ALTER "
      "TABLE "
      "`test` ADD INDEX (`index1`)\"] [\"commit ts\"=416815754209656834]\n",
      "d.log", 0);
  BOOST_REQUIRE_MESSAGE(log.has_value(), Why(log));
  BOOST_REQUIRE(log->facts.size() == 3U);
  BOOST_TEST((log->facts[0].kind == LogFactKind::kDdlBegun));
  BOOST_TEST(log->facts[0].tso == 404411535951691779);
  BOOST_TEST((log->facts[1].kind == LogFactKind::kDdlDone));
  BOOST_TEST(log->facts[1].tso == 404411535951691779);
  BOOST_TEST(log->facts[2].tso == 416815754209656834);
  const auto without = ParseLog("2018/05/04 12:00:00 [ddl][start]use `a`; x;\n", "d.log", 0);
  BOOST_REQUIRE(!without.has_value());
  BOOST_TEST(without.error().ToString() == "d.log:1: a DDL without a timestamp of PD");
}

// As a Pump of 2017 wrote them.
BOOST_AUTO_TEST_CASE(lines_of_the_local_version) {
  const auto log = ParseLog(
      "2017/11/30 17:31:11 version.go:21: [info] pump Version: 2.0.0+git\n"
      "2017/11/30 17:31:11 version.go:24: [info] Go Version: go1.8\n"
      "2017/11/30 17:31:11 server.go:119: [info] clusterID of pump server is 6485180256003903346\n"
      "2017/11/30 17:31:14 server.go:375: [info] generate fake binlog successfully\n"
      "2017/12/01 08:21:59 binlogger.go:223: [info] GC binlog file: /data/binlog-0000000000000277\n"
      "2017/12/01 12:43:29 binlogger.go:285: [info] segmented binlog file "
      "/data/binlog-0000000000000288 is created\n"
      "2017/12/01 12:43:30 main.go:41: [info] got signal [15] to exit.\n",
      "p.log", 0);
  BOOST_REQUIRE_MESSAGE(log.has_value(), Why(log));
  BOOST_TEST(log->unknown_count == 1U);
  std::vector<LogFactKind> kinds;
  for (const LogFact& fact : log->facts) kinds.push_back(fact.kind);
  BOOST_TEST((kinds == std::vector<LogFactKind>{LogFactKind::kVersion, LogFactKind::kStarted,
                                                LogFactKind::kAlive, LogFactKind::kFileGone,
                                                LogFactKind::kFileBegun, LogFactKind::kClosing}));
  BOOST_TEST(log->facts[0].text == "2.0.0+git");
}

BOOST_AUTO_TEST_CASE(a_known_line_that_cannot_be_read_is_named) {
  const auto no_number =
      ParseLog("2018/11/05 12:00:00 a\n2018/11/05 12:00:01 write save point\n", "d.log", 0);
  BOOST_REQUIRE(!no_number.has_value());
  BOOST_TEST(no_number.error().ToString() == "d.log:2: a save point without a timestamp of PD");
  const auto no_time = ParseLog("\n\n[write save point]404411535951691779\n", "d.log", 0);
  BOOST_REQUIRE(!no_time.has_value());
  BOOST_TEST(no_time.error().ToString() == "d.log:3: no line up to here has a time");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(imports)

BOOST_AUTO_TEST_CASE(captures_become_a_scenario_that_runs) {
  const auto imported = ImportScenario(Small("hung-statement"));
  BOOST_REQUIRE_MESSAGE(imported.has_value(), Why(imported));
  const auto scenario = sim::ParseScenario(imported->text, "/imported.json");
  BOOST_REQUIRE_MESSAGE(scenario.has_value(), Why(scenario));
  BOOST_TEST(scenario->captured.positions.at("172.16.10.49:8250") == 879176);
  BOOST_REQUIRE(scenario->observed.size() == 2U);
  BOOST_TEST(scenario->observed[1].after == 340 * kSecond);
  BOOST_TEST(scenario->observed[1].synced);
  BOOST_TEST(scenario->expect.verdict == "pass");
  const auto prepared = Prepare(*scenario, 1);
  BOOST_REQUIRE_MESSAGE(prepared.has_value(), Why(prepared));
  const auto run = Run(*prepared, prepared->plan, scenario->engine, {});
  BOOST_REQUIRE(run.has_value());
  BOOST_TEST((run->verdict.outcome == verifier::Outcome::kPass));
}

BOOST_AUTO_TEST_CASE(ends_in_logs_become_faults_and_save_points_observations) {
  const TempDir folder;
  ImportInput input = Small("hung-statement");
  input.pump_logs = {{"172.16.10.49:8250",
                      Write(folder, "pump.log",
                            "2018/10/20 10:11:00 server.go:1: [info] pump is closed\n"
                            "2018/10/20 10:11:30 server.go:1: [info] register success\n"
                            "2018/10/20 10:12:20 server.go:1: [info] begin to close pump server\n"
                            "2018/10/20 10:12:21 server.go:1: [info] pump is closed\n"
                            "2018/10/20 10:13:00 server.go:1: [info] register success\n")}};
  input.drainer_logs = {{"", Write(folder, "drainer.log",
                                   "2018/10/20 10:11:00 v.go:1: [info] Release Version: v1.1\n"
                                   "2018/10/20 10:11:20 s.go:1: [info] [write save point]"
                                   "403709697720320003\n"
                                   "2018/10/20 10:15:20 s.go:1: [info] [write save point]"
                                   "403709697720320009\n")}};
  const auto imported = ImportScenario(input);
  BOOST_REQUIRE_MESSAGE(imported.has_value(), Why(imported));
  const auto scenario = sim::ParseScenario(imported->text, "/imported.json");
  BOOST_REQUIRE_MESSAGE(scenario.has_value(), Why(scenario));
  BOOST_REQUIRE(scenario->faults.size() == 1U);
  BOOST_TEST(sim::DescribeFault(scenario->faults[0], scenario->faults[0].at_low) ==
             "stop old-pump-1 at 20s for 40s");
  BOOST_TEST(scenario->old_version == "v1.1");
  BOOST_TEST(scenario->observed[0].saved_commit_ts == 403709697720320003);
  BOOST_TEST(scenario->observed[1].saved_commit_ts == 403709697720320009);
  std::string notes;
  for (const std::string& note : imported->notes) notes += note + "\n";
  BOOST_TEST(Has(notes, "pump.log:1: the end of old-pump-1 lies before the first status"));
  BOOST_TEST(Has(notes, "2 save point"));
}

BOOST_AUTO_TEST_CASE(no_row_and_no_password_gets_out) {
  const TempDir folder;
  ImportInput input = Small("hung-statement");
  const std::string secret =
      "2018/10/20 10:11:30 e.go:7: exec sqls[replace into `a`.`b` values ('hunter2')] write save "
      "point 403709697720320003\n"
      "2018/10/20 10:11:31 c.go:7: config password = \"swordfish\" 4000-0012\n";
  input.drainer_logs = {{"", Write(folder, "drainer.log", secret)}};
  const auto imported = ImportScenario(input);
  BOOST_REQUIRE_MESSAGE(imported.has_value(), Why(imported));
  std::string all = imported->text;
  for (const std::string& note : imported->notes) all += note;
  for (const char* word : {"hunter2", "swordfish", "4000-0012", "s3cret", "replace into"}) {
    BOOST_TEST(!Has(all, word), word);
  }
}

// A Drainer that dies and comes back, a Pump that is upgraded, and one whose start fails.
BOOST_AUTO_TEST_CASE(of_the_cluster_version_logs_become_faults) {
  const TempDir folder;
  const std::string captured = kFixtures + "captured/notify-blocked/";
  ImportInput input;
  input.name = "imported";
  input.out = "/imported.json";
  input.inventory = captured + "inventory.ini";
  input.target = captured + "target.ini";
  input.site = captured + "site.json";
  input.zone_minutes = 480;
  input.statuses = {{"drainer-1", captured + "status-1.json", Ms("2019-08-12T02:00:10Z")}};
  input.pump_logs = {{"pump-1", captured + "pump.log"}};
  input.drainer_logs = {
      {"drainer-2",
       Write(folder, "d.log",
             "2019/08/12 10:00:05 version.go:54: [info] Release Version: v2.1.8\n"
             "2019/08/12 10:00:06 mysql.go:60: [info] read checkpoint from downstream table\n"
             "2019/08/12 10:00:14 syncer.go:200: [info] [write save point]410406149000000000\n"
             "2019/08/12 10:00:40 version.go:54: [info] Release Version: v2.1.8\n"
             "2019/08/12 10:00:50 main.go:64: [info] drainer exit\n"
             "2019/08/12 10:01:10 version.go:54: [info] Release Version: v2.1.8\n"
             "2019/08/12 10:01:10 mysql.go:60: [info] read checkpoint from downstream table\n")}};
  const Result<Imported> imported = ImportScenario(input);
  BOOST_REQUIRE_MESSAGE(imported.has_value(), Why(imported));
  const auto scenario = sim::ParseScenario(imported->text, input.out);
  BOOST_REQUIRE_MESSAGE(scenario.has_value(), Why(scenario));
  BOOST_TEST(scenario->procedure == "rolling-manual");
  BOOST_TEST(Has(imported->text, "\"kill\":\"drainer-2\",\"at\":\"4s\""));
  BOOST_TEST(Has(imported->text, "\"stop\":\"drainer-2\",\"at\":\"40s\",\"for\":\"20s\""));
  BOOST_TEST(scenario->faults.size() == 2U);
  BOOST_REQUIRE(scenario->observed.size() == 1U);
  BOOST_TEST(scenario->observed[0].of_cluster);
  BOOST_TEST(scenario->observed[0].lower == 410406147194880001);
}

BOOST_AUTO_TEST_CASE(eras_are_not_mixed) {
  const std::string captured = kFixtures + "captured/notify-blocked/";
  ImportInput input = Small("hung-statement");
  input.statuses.push_back({"", captured + "status-1.json", 1'540'030'700'000});
  BOOST_TEST(Has(Messages(input), "status-1.json:1:1: this /status is of another era"));
  input = Small("hung-statement");
  input.listings = {{"", captured + "pumps.txt", 1'540'030'700'000}};
  BOOST_TEST(Has(Messages(input), "pumps.txt: binlogctl lists the cluster version"));
  input = Small("hung-statement");
  input.procedure = "rolling-manual";
  BOOST_TEST(Has(Messages(input), "--procedure rolling-manual does not go with statuses"));
  input.procedure = "";
  input.statuses = {{"drainer-1", captured + "status-1.json", 1'565'575'210'000}};
  BOOST_TEST(Has(Messages(input), "checkpoint.txt: a checkpoint or log ends go with statuses"));
}

BOOST_AUTO_TEST_CASE(listings_of_binlogctl) {
  const auto read = ParseListing(
      "[2019/04/28 09:29:59.016 +00:00] [INFO] [nodes.go:48] [\"query node\"] [type=pump] "
      "[node=\"{NodeID: 1.1.1.1:8250, Addr: pump:8250, State: online, MaxCommitTS: 4, UpdateTime: "
      "2019-04-28 09:29:57 +0000 UTC}\"]\nsomething else\n"
      "2018/12/01 10:00:00 nodes.go:47: [info] query node, type: drainer, node: {NodeID: d:8249, "
      "Addr: d:8249, State: paused, MaxCommitTS: 4, UpdateTime: x}\n",
      "l.txt");
  BOOST_REQUIRE_MESSAGE(read.has_value(), Why(read));
  BOOST_TEST(read->size() == 2U);
  BOOST_TEST(read->at("1.1.1.1:8250") == "online");
  BOOST_TEST(read->at("d:8249") == "paused");
  BOOST_TEST(ParseListing("{NodeID: a, State: onlin, X}\n", "l.txt").error().ToString() ==
             "l.txt:1: the state of a is 'onlin'; did you mean 'online'?");
  BOOST_TEST(Has(ParseListing("nothing\n", "l.txt").error().ToString(), "no line lists a node"));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_with_its_place) {
  const TempDir folder;
  ImportInput input = Small("hung-statement");
  input.pump_logs = {{"172.16.10.48:8250", Write(folder, "p.log", "")}};
  BOOST_TEST(Has(Messages(input),
                 "p.log: whose log is it? No old pump is named "
                 "'172.16.10.48:8250'; did you mean '172.16.10.49:8250'?"));
  input = Small("hung-statement");
  input.statuses[1].file = Write(folder, "s.json", "{\"PumpPos\":\n 7, \"LastTS\":1}");
  BOOST_TEST(Has(Messages(input), "s.json:1:1: this /status is of another era than the first"));
  input = Small("hung-statement");
  input.statuses[1].file = Write(folder, "s.json", "{\"PumpPos\":\n 7, \"Last\":1}");
  BOOST_TEST(Has(Messages(input), "s.json:1:1: this is no /status"));
  input = Small("hung-statement");
  input.statuses.clear();
  BOOST_TEST(Has(Messages(input), "at least one --status FILE@TIME is needed"));
  input = Small("hung-statement");
  input.savepoint = Write(folder, "late.toml", "commitTS = 403709797335040009\n");
  BOOST_TEST(Has(Messages(input), "late.toml: its commitTS 403709797335040009 is above Upper"));
  input = Small("hung-statement");
  input.inventory = folder / "no.ini";
  BOOST_TEST(Has(Messages(input), "no.ini"));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_there_is_replaced_by_force_only) {
  const TempDir folder;
  const std::string path = Write(folder, "there.json", "old");
  BOOST_TEST(!WriteScenario(path, "new", false).has_value());
  BOOST_TEST(*ReadFile(path) == "old");
  BOOST_TEST(WriteScenario(path, "new", true).has_value());
  BOOST_TEST(*ReadFile(path) == "new");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
