// Scenario files: what is read, what is refused and with which words, overrides and draws.
#include "sim/scenario.h"

#include <boost/test/unit_test.hpp>

#include "base/json.h"

namespace tidegate::sim {
namespace {

constexpr const char* kExpect = R"("expect": {"verdict": "pass"})";

// A scenario with one topology and `rest` behind it, on lines of its own from line 2 on.
std::string With(const std::string& rest) {
  return std::string("{\"name\": \"s\", \"topology\": {}, ") + kExpect + ",\n" + rest + "}";
}

Scenario Good(const std::string& text) {
  Result<Scenario> scenario = ParseScenario(text, "s.json");
  BOOST_TEST_REQUIRE(scenario.has_value(), (scenario ? "" : scenario.error().ToString()));
  return *std::move(scenario);
}

std::string Refusal(const std::string& text) {
  const Result<Scenario> scenario = ParseScenario(text, "s.json");
  return scenario ? "(accepted)" : scenario.error().ToString();
}

BOOST_AUTO_TEST_SUITE(scenario)

BOOST_AUTO_TEST_CASE(reads_a_whole_one) {
  const Scenario s = Good(R"({
    "name": "whole", "description": "d", "seed": 7,
    "topology": {"tidbs": 3, "kafkas": 2, "same_hosts": true, "tidb_addresses": ["10.1.1.1"]},
    "versions": {"old": "kafka-v1.1", "new": "v3.0.0", "tidb_from": "v1.0.8", "tidb_to": "v2.1.0"},
    "drainer": {"worker_count": 4, "do_dbs": ["shop"]},
    "drainers": [{"sink": "tidb"}, {"sink": "pb", "disable_dispatch": true}],
    "pump": {"write_mode": "kafka", "tolerant": false},
    "tables": [{"schema": "shop", "name": "log", "key": false, "weight": 2}],
    "workload": {"transactions": 10, "interval": "5ms",
                 "long_transactions": [{"at": "1s", "hold": "2s", "tidb": "tidb-1"}]},
    "faults": [{"kill": "tidb-1", "at": ["1s", "9s"]}],
    "engine": {"gate": "both", "start": "5s", "operator": {"one-way": "no"}},
    "expect": {"verdict": "fail",
               "findings": ["gate-sound", {"check": "no-lost-commit", "kind": "loss"}],
               "figures": {"failed_writes": [0, 5]},
               "events": [{"step": "wait-drained"},
                          {"event": "binlog-dropped", "node": "pump-1", "match": "purged-range",
                           "times": [0, 2]}]},
    "variants": {"literal": {"engine": {"style": "literal"}, "expect": {"verdict": "pass"}}},
    "kafka": {"retention": "2h"}, "limits": {"run_max": "1h"}
  })");
  BOOST_TEST(s.seed.value() == 7U);
  BOOST_TEST(s.topology->tidbs == 3);
  BOOST_TEST(s.topology->new_pumps == 3);     // as many as TiDBs when nobody says
  BOOST_TEST(s.topology->old_drainers == 2);  // as many as are listed
  BOOST_TEST(s.old_version == "kafka-v1.1");
  BOOST_TEST_REQUIRE(s.drainers.size() == 2U);
  BOOST_TEST(s.drainers[0].sink == "tidb");
  BOOST_TEST(s.drainers[1].worker_count.value() == 4);  // from `drainer`
  BOOST_TEST(s.drainers[1].disable_dispatch.value());
  BOOST_TEST(!s.drainers[0].disable_dispatch.has_value());
  BOOST_TEST(!s.tables[0].has_key);
  BOOST_TEST(s.workload.interval == 5 * kMillisecond);
  BOOST_TEST(s.faults[0].at_high == 9 * kSecond);
  BOOST_TEST(s.engine.operator_answers.at("one-way") == "no");
  BOOST_TEST(s.expect.findings[1].kind == "loss");
  BOOST_TEST(s.expect.figures[0].high == 5);
  BOOST_TEST(s.expect.events[0].times.low == 1);  // at least once when nobody says
  BOOST_TEST(DescribeEventText(s.expect.events[0].text) == "step-started 'wait-drained'");
  BOOST_TEST(s.expect.events[1].times.high == 2);
  BOOST_TEST(DescribeEventText(s.expect.events[1].text) ==
             "binlog-dropped of pump-1 'purged-range'");
  BOOST_TEST(s.variants[0].engine.style == "literal");
  BOOST_TEST(s.variants[0].engine.gate == "both");  // what the variant does not say stays
  BOOST_TEST(s.kafka_retention == 2 * kHour);
}

BOOST_AUTO_TEST_CASE(each_mistake_has_its_place_and_a_near_name) {
  const auto check = [](const std::string& rest, const std::string& message) {
    BOOST_TEST(Refusal(With(rest)) == message);
  };
  check(R"(  "worklod": {})", "s.json:2:3: unknown key 'worklod'; did you mean 'workload'?");
  check(R"("workload": {"transactons": 5})",
        "s.json:2:14: unknown key 'transactons'; did you mean 'transactions'?");
  check(R"("workload": {"transactions": "5"})",
        "s.json:2:30: 'transactions' must be of type integer, not '5'");
  check(R"("workload": {"transactions": -5})",
        "s.json:2:30: 'transactions' is -5; it must be at least 0");
  check(
      R"("workload": {"interval": "5 seconds"})",
      "s.json:2:26: 'interval' is '5 seconds'; it must be a duration such as 250ms, 30s or 1h30m");
  check(R"("workload": {"interval": "0s"})",
        "s.json:2:26: 'interval' is 0s; it must be from 1us to 8760h");
  check(R"("engine": {"until": "wait-draind"})",
        "s.json:2:21: 'until' is 'wait-draind'; it must be one of deploy-pump, stop-tidb, "
        "upgrade-tidb, start-tidb, wait-drained, start-drainer, retire-old, copy-pump, "
        "upgrade-pump, upgrade-pump-1, copy-drainer, upgrade-drainer, upgrade-drainer-1, "
        "hold-gc, dump, abandon-old, load; did you mean 'wait-drained'?");
  check(R"("engine": {"until": "upgrade-pump-101"})",
        "s.json:2:21: 'until' is 'upgrade-pump-101'; it must be one of deploy-pump, stop-tidb, "
        "upgrade-tidb, start-tidb, wait-drained, start-drainer, retire-old, copy-pump, "
        "upgrade-pump, upgrade-pump-1, copy-drainer, upgrade-drainer, upgrade-drainer-1, "
        "hold-gc, dump, abandon-old, load; did you mean 'upgrade-pump-1'?");
  check(R"("engine": {"gate": "prof"})",
        "s.json:2:20: 'gate' is 'prof'; it must be one of proof, synced, both; did you mean "
        "'proof'?");
  check(R"("tables": [{"schema": "a", "name": "t"}, {"schema": "a", "name": "t"}])",
        "s.json:2:42: the table 'a.t' stands here a second time");
  check(R"("workload": {"long_transactions": [{"at": "1s", "hold": "11m", "tidb": "tidb-1"}]})",
        "s.json:2:57: 'hold' is 11m; it must be from 0s to 9m50s");
  check(R"("timing": {"latency_min": "2ms", "latency_max": "1ms"})",
        "s.json:2:11: 'latency_min' 2ms is above 'latency_max' 1ms");
  check(R"("site": "a.json")", "s.json:2:1: 'site' goes with 'inventory'");
  check(R"("drainers": [{}, {"sink_of": "old-drainer-2"}])",
        "s.json:2:30: 'sink_of' must name an old Drainer before this one, not 'old-drainer-2'; did "
        "you mean 'old-drainer-1'?");
  check(R"("drainer": {"detect_interval": "1500ms"})",
        "s.json:2:32: 'detect_interval' must be whole seconds, as in the Drainer's file");
  check(R"("drainer": {"do_tables": ["orders"]})",
        "s.json:2:26: 'orders' in 'do_tables' must be schema.table");
  check(R"("limits": {"run_max": "20s"})",
        "s.json:1:1: the engine starts at 30s, behind 'run_max' 20s");
  check(R"("workload": {"transactions": 5, "transactions": 6})",
        "s.json:2:33: the key 'transactions' stands here a second time");
  check(R"("workload": {"transactions" 5})",
        "s.json:2:29: not JSON: Missing a colon after a name of object member.");
}

BOOST_AUTO_TEST_CASE(a_cluster_is_given_once) {
  const std::string expect(kExpect);
  BOOST_TEST(Refusal("{\"name\": \"s\", " + expect + "}") ==
             "s.json:1:1: a scenario needs 'inventory' or 'topology', one of them");
  BOOST_TEST(Refusal("{\"name\": \"s\", \"inventory\": \"i\", \"topology\": {}, " + expect + "}") ==
             "s.json:1:1: a scenario needs 'inventory' or 'topology', one of them");
  BOOST_TEST(
      Refusal("{\"name\": \"s\", \"inventory\": \"i\",\n\"drainer\": {}, " + expect + "}") ==
      "s.json:2:1: 'drainer' goes with 'topology'; with an inventory, the site file says it");
  BOOST_TEST(Refusal("{\"name\": \"s\", \"topology\": {}}") ==
             "s.json:1:1: the value needs the key 'expect'");
}

BOOST_AUTO_TEST_CASE(expected_events_are_named) {
  const auto text = [](const std::string& event) {
    return R"({"name": "s", "topology": {}, "expect": {"verdict": "pass", "events": [)" + event +
           "]}}";
  };
  BOOST_TEST(Refusal(text(R"({"event": "binlog-droped"})")) ==
             "s.json:1:82: no event is named 'binlog-droped'; did you mean 'binlog-dropped'?");
  BOOST_TEST(Refusal(text(R"({"event": "binlog-dropped", "match": "purged"})"))
                 .starts_with("s.json:1:109: the event 'binlog-dropped' has no 'purged'"));
  BOOST_TEST(Refusal(text(R"({"node": "pump-1"})")) ==
             "s.json:1:72: an expected event needs 'event' or 'step'");
  BOOST_TEST(Refusal(text(R"({"step": "wait-drained", "times": [2, 1]})")) ==
             "s.json:1:106: 'times' must be [least, most]");
}

BOOST_AUTO_TEST_CASE(findings_that_are_no_exposures_need_the_verdict_fail) {
  const auto text = [](const std::string& finding) {
    return R"({"name": "s", "topology": {}, "expect": {"verdict": "pass", "findings": [)" +
           finding + "]}}";
  };
  BOOST_TEST(Refusal(text("\"gate-sound\"")) ==
             "s.json:1:73: findings that are no exposures make the verdict 'fail', not 'pass'");
  Good(text(R"({"check": "gate-sound", "kind": "exposure"})"));
}

BOOST_AUTO_TEST_CASE(paths_are_found_beside_the_scenario) {
  const std::string text =
      R"({"name": "s", "inventory": "a.ini", "site": "/abs/b.json", "expect": {"verdict": "pass"}})";
  const Result<Scenario> s = ParseScenario(text, "dir/x/s.json");
  BOOST_TEST_REQUIRE(s.has_value());
  BOOST_TEST(s->inventory == "dir/x/a.ini");
  BOOST_TEST(s->site == "/abs/b.json");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(overrides)

std::string Applied(std::string text, const std::string& path, const std::string& value) {
  const Status done = ApplyOverride(&text, path, value);
  return done ? text : done.error().ToString();
}

BOOST_AUTO_TEST_CASE(change_or_add_one_value_and_leave_the_rest) {
  const std::string text = "{\"a\": {\"b\": 1, \"c\": [1, {\"d\": \"x, }\"}]},\n \"e\": \"z\"}";
  BOOST_TEST(Applied(text, "a.b", "22") ==
             "{\"a\": {\"b\": 22, \"c\": [1, {\"d\": \"x, }\"}]},\n \"e\": \"z\"}");
  BOOST_TEST(Applied(text, "a.c[1].d", "40s") ==
             "{\"a\": {\"b\": 1, \"c\": [1, {\"d\": \"40s\"}]},\n \"e\": \"z\"}");
  BOOST_TEST(Applied(text, "a", "null") == "{\"a\": null,\n \"e\": \"z\"}");
  BOOST_TEST(Applied(text, "e", "[true]") ==
             "{\"a\": {\"b\": 1, \"c\": [1, {\"d\": \"x, }\"}]},\n \"e\": [true]}");
  BOOST_TEST(Applied("{}", "x.y.z", "1") == "{\"x\": {\"y\": {\"z\": 1}}}");
  BOOST_TEST(Applied("{\"q\": 1}", "x.y", "on") == "{\"x\": {\"y\": \"on\"}, \"q\": 1}");
}

BOOST_AUTO_TEST_CASE(refuse_what_leads_nowhere) {
  const std::string text = R"({"a": [1], "b": 2})";
  BOOST_TEST(Applied(text, "a[1]", "3") == "--set: 'a[1]' is beyond the end: there are 1");
  BOOST_TEST(Applied(text, "b.c", "3") == "--set: 'b.c' leads through an integer");
  BOOST_TEST(Applied(text, "a.c", "3") == "--set: 'a.c' leads through an array");
  BOOST_TEST(Applied(text, "n[0]", "3") == "--set: there is no 'n[0]' to change");
  for (const char* path : {"", ".", "a.", "a..b", "[0]", "a[x]", "a[0", "a[0]b"}) {
    BOOST_TEST(Applied(text, path, "3").find("is no path") != std::string::npos, path);
  }
  BOOST_TEST(!ParseOverride("workload.transactions").has_value());
  BOOST_TEST(ParseOverride("a.b=c=d")->value == "c=d");
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_refused_by_the_schema) {
  std::string text = With("\"workload\": {}");
  BOOST_TEST_REQUIRE(ApplyOverride(&text, "workload.transactoins", "5").has_value());
  BOOST_TEST(Refusal(text) ==
             "s.json:2:14: unknown key 'transactoins'; did you mean 'transactions'?");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(draws)

const char* const kDraws =
    R"("draw": {"topology.tidbs": [1, 4], "workload.interval": ["5ms", "90ms"],
  "versions.old": {"one_of": ["kafka-head", "kafka-v1.1"]}, "drainer.disable_dispatch": {"one_of": [true, false]}})";

BOOST_AUTO_TEST_CASE(the_seed_decides) {
  const Scenario s = Good(With(kDraws));
  BOOST_TEST(s.has_draws);
  bool tidbs[5] = {};
  bool v11 = false;
  bool dispatch_off = false;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Result<Scenario> drawn = Draw(s, seed);
    BOOST_TEST_REQUIRE(drawn.has_value());
    BOOST_TEST(!drawn->has_draws);
    BOOST_TEST(drawn->Digest() == s.Digest());
    BOOST_TEST_REQUIRE((drawn->topology->tidbs >= 1 && drawn->topology->tidbs <= 4));
    BOOST_TEST(drawn->workload.interval >= 5 * kMillisecond);
    BOOST_TEST(drawn->workload.interval <= 90 * kMillisecond);
    BOOST_TEST(drawn->workload.interval % kMillisecond == 0);
    tidbs[drawn->topology->tidbs] = true;
    v11 = v11 || drawn->old_version == "kafka-v1.1";
    dispatch_off = dispatch_off || drawn->drainers[0].disable_dispatch.value();
    const Result<Scenario> again = Draw(s, seed);
    BOOST_TEST(again->workload.interval == drawn->workload.interval);
  }
  BOOST_TEST((tidbs[1] && tidbs[2] && tidbs[3] && tidbs[4] && v11 && dispatch_off));
}

BOOST_AUTO_TEST_CASE(a_range_that_can_be_impossible_is_found_by_the_check) {
  const Scenario s = Good(With(R"("draw": {"topology.tidbs": [1, 400]})"));
  const Status checked = CheckDraws(s);
  BOOST_TEST_REQUIRE(!checked.has_value());
  BOOST_TEST(checked.error().message.find("'tidbs' is 400; it must be at most 100") !=
             std::string::npos);
  const Scenario unknown = Good(With(R"("draw": {"topology.tidb": [1, 4]})"));
  BOOST_TEST(CheckDraws(unknown).error().message.find("did you mean 'tidbs'?") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_range_is_two_numbers_or_two_durations_in_order) {
  for (const char* range : {"[4, 1]", "[1, \"2s\"]", "[\"2s\", \"1s\"]", "[true, false]"}) {
    const Scenario s = Good(With(std::string(R"("draw": {"topology.tidbs": )") + range + "}"));
    const Result<Scenario> drawn = Draw(s, 1);
    BOOST_TEST_REQUIRE(!drawn.has_value(), range);
    BOOST_TEST(drawn.error().ToString() ==
               "s.json:2:28: the draw of 'topology.tidbs' must be [low, high], both integers or "
               "both durations, or {\"one_of\": […]}");
  }
  BOOST_TEST(Refusal(With(R"("draw": {"topology.tidbs": [1]})")) != "(accepted)");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(captured)

BOOST_AUTO_TEST_CASE(the_manuals_own_sample) {
  CapturedState state;
  const std::string body =
      R"({"PumpPos":{"172.16.10.49:8250":{"offset":32686}},"Synced": true ,"DepositWindow":)"
      R"({"Upper":398907800202772481,"Lower":398907799455662081}})";
  BOOST_TEST_REQUIRE(ReadStatusBody(body, "b", &state).has_value());
  BOOST_TEST(state.upper == 398907800202772481);
  BOOST_TEST(state.lower == 398907799455662081);
  BOOST_TEST(state.positions.at("172.16.10.49:8250") == 32686);
}

BOOST_AUTO_TEST_CASE(a_pumps_body_says_log_ends) {
  CapturedState state;
  const std::string body =
      R"({"LatestBinlog":{"t1:8250":{"file-position":{"offset":9},"kafka-position":{"offset":41}},)"
      R"("t2:8250":{"file-position":{},"kafka-position":{}}},"CommitTS":1,"ErrMsg":""})";
  BOOST_TEST_REQUIRE(ReadStatusBody(body, "b", &state).has_value());
  BOOST_TEST(state.log_ends.at("t1:8250") == 42);
  BOOST_TEST(state.log_ends.at("t2:8250") == 1);
  BOOST_TEST(ReadStatusBody("{\"a\": 1}", "b", &state).error().ToString() ==
             "b:1:1: a status body of the Kafka era has PumpPos (a Drainer's) or LatestBinlog (a "
             "Pump's)");
}

BOOST_AUTO_TEST_CASE(savepoints_of_every_form) {
  const std::string json =
      R"({"commitTS":404411535951691779,"positions":{"t1:8250":{"offset":5},"t2:8250":{}},"ts-map":{}})";
  const std::string forms[] = {
      json,
      "clusterID\tcheckPoint\n6511234567890123456\t" + json + "\n",
      "+---+---+\n| clusterID | checkPoint |\n+---+---+\n| 6511234567890123456 | " + json +
          "   |\n+---+---+\n",
      "commitTS = 404411535951691779\n[positions]\n[positions.\"t1:8250\"]\nSuffix = 0\nOffset = "
      "5\n[positions.\"t2:8250\"]\nOffset = 0\n",
  };
  for (const std::string& form : forms) {
    CapturedState state;
    const Status read = ReadSavepoint(form, "c", &state);
    BOOST_TEST_REQUIRE(read.has_value(), form);
    BOOST_TEST(state.saved_commit_ts == 404411535951691779);
    BOOST_TEST(state.positions.at("t1:8250") == 5);
    BOOST_TEST(state.positions.at("t2:8250") == 0);
    BOOST_TEST((state.cluster_id == 0 || state.cluster_id == 6511234567890123456U));
  }
  CapturedState state;
  BOOST_TEST(!ReadSavepoint("nonsense", "c", &state).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::sim
