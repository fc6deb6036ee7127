// Rolling upgrades: the plans as they are printed, and each clause of the looks that let the next
// Pump or Drainer be touched, on answers as the parts give them.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <map>
#include <string>
#include <vector>

#include "engine/cluster_builder.h"
#include "engine/condition.h"
#include "engine/plan.h"
#include "tests/support/fake_env.h"
#include "tests/support/golden.h"
#include "tests/support/why.h"

namespace tidegate::engine {
namespace {

using port::Answer;
using port::AnswerCode;
using State = Verdict::State;

constexpr Tso kNow = 403'700'090'000'000'000;
constexpr Tso Ago(std::int64_t seconds) { return kNow - ((seconds * 1000) << kTsoLogicalBits); }

Cluster Fixture(Procedure procedure) {
  const std::string root = std::string(TIDEGATE_SOURCE_DIR) + "/fixtures/";
  Result<Cluster> cluster = LoadCluster({root + "inventories/cluster-standard.ini",
                                         root + "inventories/cluster-standard.target.ini",
                                         root + "sites/cluster-standard.json", procedure});
  BOOST_REQUIRE_MESSAGE(cluster.has_value(), test::Why(cluster));
  return *std::move(cluster);
}

// What the cluster would answer, bent by a test.
struct World {
  Cluster cluster = Fixture(Procedure::kRollingManual);
  Facts facts;
  struct Node {
    std::string state = "online";
    Tso max_commit_ts = Ago(1);
    Tso update_ts = Ago(1);
    std::string host = {};  // "": its id
  };
  std::map<std::string, Node> pumps = {
      {"10.30.1.41:8250", {}}, {"10.30.1.42:8250", {}}, {"10.30.1.43:8260", {}}};
  std::map<std::string, Node> drainers = {{"10.30.1.51:8249", {}}, {"10.30.1.52:8249", {}}};
  std::string more_keys;  // of the registry, "key\nvalue\n" in pairs
  std::map<std::string, Tso> positions = {
      {"10.30.1.41:8250", Ago(1)}, {"10.30.1.42:8250", Ago(1)}, {"10.30.1.43:8260", Ago(1)}};
  Tso last_ts = Ago(2);
  Tso stored_ts = Ago(2);
  std::string version = "v2.1.8";
  std::string pump_config = "gc = 7\n";
  std::string drainer_config = "[syncer]\n";
  std::string control_config = "[syncer]\n";  // "": no such file
  std::int64_t collected_ms = 0;
  std::string down;  // "host:port" that refuses
  std::string unit_state = "active";

  static std::string Value(const std::string& id, const Node& node) {
    return fmt::format(
        R"({{"nodeId":"{0}","host":"{4}","state":"{1}","isAlive":false,"score":0,"label":null,)"
        R"("maxCommitTS":{2},"updateTS":{3}}})",
        id, node.state, node.max_commit_ts, node.update_ts, node.host.empty() ? id : node.host);
  }

  Answer Registry() const {
    std::string kvs;
    const auto add = [&](const std::string& key, const std::string& value) {
      kvs += fmt::format(R"({}{{"key":"{}","value":"{}"}})", kvs.empty() ? "" : ",", Base64(key),
                         Base64(value));
    };
    for (const auto& [id, node] : pumps) add("/tidb-binlog/v1/pumps/" + id, Value(id, node));
    for (const auto& [id, node] : drainers) add("/tidb-binlog/v1/drainers/" + id, Value(id, node));
    for (std::size_t at = 0; at < more_keys.size();) {
      const std::size_t key_end = more_keys.find('\n', at);
      const std::size_t value_end = more_keys.find('\n', key_end + 1);
      add(more_keys.substr(at, key_end - at),
          more_keys.substr(key_end + 1, value_end - key_end - 1));
      at = value_end + 1;
    }
    return {AnswerCode::kOk, 200, fmt::format(R"({{"kvs":[{}]}})", kvs)};
  }

  Answer Status(const port::HttpGet& get) const {
    std::string list;
    if (get.port == 8249) {
      for (const auto& [id, ts] : positions) {
        list += fmt::format(R"({}"{}":{})", list.empty() ? "" : ",", id, ts);
      }
      return {AnswerCode::kOk, 200,
              fmt::format(R"({{"PumpPos":{{{}}},"Synced":false,"LastTS":{},"TsMap":""}})", list,
                          last_ts)};
    }
    for (const auto& [id, node] : pumps) {
      list += fmt::format(R"({}"{}":{})", list.empty() ? "" : ",", id, Value(id, node));
    }
    return {AnswerCode::kOk, 200,
            fmt::format(R"({{"status":{{{}}},"CommitTS":{},"Checkpoint":{{}},"ErrMsg":""}})", list,
                        kNow)};
  }

  Answer To(const port::Query& query) const {
    if (std::holds_alternative<port::ListRegistry>(query)) return Registry();
    if (const auto* get = std::get_if<port::HttpGet>(&query)) {
      if (fmt::format("{}:{}", get->host, get->port) == down) {
        return {AnswerCode::kConnectionRefused, 0, ""};
      }
      if (get->path == "/status") return Status(*get);
      return {AnswerCode::kOk, 200, fmt::format("binlog_pump_storage_gc_ts {}\n", collected_ms)};
    }
    if (const auto* connect = std::get_if<port::ConnectTcp>(&query)) {
      const bool refuses = fmt::format("{}:{}", connect->host, connect->port) == down;
      return {refuses ? AnswerCode::kConnectionRefused : AnswerCode::kOk, 0, ""};
    }
    if (std::holds_alternative<port::ShowUnit>(query)) {
      return {AnswerCode::kOk, 0, "ActiveState=" + unit_state + "\nUnitFileState=enabled\n"};
    }
    if (std::holds_alternative<port::BinaryVersion>(query)) {
      return {AnswerCode::kOk, 0, "Release Version: " + version + "\n"};
    }
    if (const auto* file = std::get_if<port::ReadRemoteFile>(&query)) {
      if (file->path.ends_with("savepoint")) {
        return {AnswerCode::kOk, 0, fmt::format("commitTS = {}\n", stored_ts)};
      }
      if (file->host == "localhost") {
        if (control_config.empty()) return {AnswerCode::kNotFound, 0, ""};
        return {AnswerCode::kOk, 0, control_config};
      }
      return {AnswerCode::kOk, 0, file->path.ends_with("pump.toml") ? pump_config : drainer_config};
    }
    return {AnswerCode::kOk, 0,
            fmt::format("clusterID\tcheckPoint\n1\t{{\"commitTS\":{}}}\n", stored_ts)};
  }

  Verdict Look(const Condition& condition) const {
    LookContext context{cluster, facts};
    std::vector<port::Query> queries;
    AppendQueries(condition, context, &queries);
    std::vector<Answer> answers;
    for (const port::Query& query : queries) answers.push_back(To(query));
    return Evaluate(condition, context, answers);
  }
};

void Expect(const World& world, const Condition& condition, State state, const std::string& text) {
  const Verdict verdict = world.Look(condition);
  BOOST_TEST((verdict.state == state), verdict.text);
  BOOST_TEST(verdict.text.find(text) != std::string::npos, verdict.text);
}

BOOST_AUTO_TEST_SUITE(rolling_plan)

BOOST_AUTO_TEST_CASE(AsPrinted) {
  for (const Procedure procedure : {Procedure::kRollingManual, Procedure::kRollingAnsible}) {
    const Cluster cluster = Fixture(procedure);
    for (const Style style : {Style::kOurs, Style::kLiteral}) {
      const Plan plan = BuildPlan(cluster, {.procedure = procedure, .style = style}).value();
      test::ExpectGolden(fmt::format("engine/golden/{}{}.txt", ProcedureName(procedure),
                                     style == Style::kLiteral ? "-literal" : ""),
                         RenderPlan(plan));
    }
  }
}

BOOST_AUTO_TEST_CASE(TheOnlyPumpNeedsAWord) {
  Cluster cluster = Fixture(Procedure::kRollingManual);
  cluster.new_pumps.resize(1);
  PlanOptions options{.procedure = Procedure::kRollingManual};
  BOOST_TEST(
      BuildPlan(cluster, options).error().message.starts_with("pump@pump1 is the only Pump"));
  options.accept_write_outage = true;
  BOOST_TEST(BuildPlan(cluster, options).has_value());
  options.gate = Gate::kSynced;
  BOOST_TEST(BuildPlan(cluster, options).error().message.starts_with("--gate: "));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(rolling_preflight)

BOOST_AUTO_TEST_CASE(NothingSpeaksAgainstIt) {
  World world;
  const Verdict verdict = world.Look(RollingHolds{});
  BOOST_TEST((verdict.state == State::kHolds), verdict.text);
  BOOST_TEST(verdict.text == "3 Pumps online, 2 Drainers answer, checkpoints readable");
}

BOOST_AUTO_TEST_CASE(ADeadDrainerIsOnline) {
  World world;
  world.drainers["10.30.1.52:8249"].update_ts = Ago(20);
  Expect(world, RollingHolds{}, State::kFails, "its heartbeat is 20 s old");  // it may come back
  world.drainers["10.30.1.52:8249"].update_ts = Ago(3000);
  Expect(world, RollingHolds{}, State::kNever,
         "binlogctl -cmd update-drainer -node-id 10.30.1.52:8249 -state paused");
  World other;
  other.drainers["10.9.9.9:8249"] = {"online", Ago(9000), Ago(9000)};
  Expect(other, RollingHolds{}, State::kNever, "-state offline");
}

// The second Pump registers under the first one's id: its address says online, its own key paused.
BOOST_AUTO_TEST_CASE(AnIdThatTwoPumpsShare) {
  World world;
  world.pumps.erase("10.30.1.42:8250");
  world.pumps["10.30.1.41:8250"].host = "10.30.1.42:8250";
  world.pumps["pump2:8250"] = {"paused", Ago(1), Ago(1), "10.30.1.42:8250"};
  Expect(world, PumpsServe{0}, State::kFails, "pump@pump2 is paused");
  // Where nobody knows the id by which it registers, its address tells.
  world.pumps["10.30.1.42:8250"] = {};
  world.pumps["10.30.1.41:8250"].host = "";
  world.pumps.erase("pump2:8250");
  Expect(world, PumpsServe{0}, State::kHolds, "");
}

BOOST_AUTO_TEST_CASE(SomebodyIsNotListed) {
  World world;
  world.pumps["10.9.9.9:8250"] = {};
  Expect(world, RollingHolds{}, State::kNever,
         "a Pump that no inventory lists is registered online");
  world.pumps["10.9.9.9:8250"].state = "offline";
  Expect(world, RollingHolds{}, State::kHolds, "");
  world.drainers["10.9.9.9:8249"] = {"paused", Ago(9000), Ago(9000)};
  Expect(world, RollingHolds{}, State::kNever,
         "a Drainer that no inventory lists is registered paused");
}

BOOST_AUTO_TEST_CASE(APumpIsPaused) {
  World world;
  world.pumps["10.30.1.42:8250"].state = "paused";
  Expect(world, RollingHolds{}, State::kFails, "pump@pump2 is paused");
}

BOOST_AUTO_TEST_CASE(TheKafkaVersionIsAlive) {
  World world;
  world.more_keys =
      "/tidb-binlog/pumps/h:8250/object\n{\"Host\":\"h:8250\"}\n/tidb-binlog/pumps/h:8250/"
      "alive\n1\n";
  Expect(world, RollingHolds{}, State::kNever, "finish the upgrade from that version first");
  world.more_keys = "/tidb-binlog/pumps/h:8250/object\n{\"Host\":\"h:8250\",\"IsOffline\":true}\n";
  Expect(world, RollingHolds{}, State::kHolds, "left over in the registry");
}

BOOST_AUTO_TEST_CASE(AKeyThatTheNewBinaryRefuses) {
  World world;
  world.pump_config = "gc = 7\nretention-days = 3\n";
  Expect(world, RollingHolds{}, State::kNever, "refuses: retention-days. Take them out first");
  for (Pump& pump : world.cluster.new_pumps) pump.process.version = "v3.0.1";
  Expect(world, RollingHolds{}, State::kHolds, "");
}

BOOST_AUTO_TEST_CASE(ABinaryIsNewerThanTheTarget) {
  World world;
  world.version = "v4.0.0";
  Expect(world, RollingHolds{}, State::kNever, "newer than v3.0.5");
}

BOOST_AUTO_TEST_CASE(WhatADrainerHasNotReadIsGoneOrAboutToGo) {
  World world;
  world.collected_ms = TsoPhysicalMs(kNow);
  Expect(world, RollingHolds{}, State::kNever, "below what a Pump has deleted already");
  World slow;
  slow.last_ts = Ago(7 * 24 * 3600 - 1800);
  Expect(slow, RollingHolds{}, State::kNever, "Pumps keep binlogs for 168h");
}

BOOST_AUTO_TEST_CASE(APlaybookWouldOverwriteTheConfiguration) {
  World world;
  world.control_config = "[syncer]\nworker-count = 1\n";
  Expect(world, RollingHolds{}, State::kHolds, "");  // by hand nothing is copied
  world.cluster = Fixture(Procedure::kRollingAnsible);
  Expect(world, RollingHolds{}, State::kNever,
         "/home/tidb/tidb-ansible/conf/drainer_mysql_drainer.toml on this machine differs from "
         "/data1/drainer/conf/drainer.toml on 10.30.1.51");
  world.control_config = "";
  Expect(world, RollingHolds{}, State::kNever, "deploy_drainer.yml would fail with");
  world.control_config = world.drainer_config;
  Expect(world, RollingHolds{}, State::kHolds, "");
}

BOOST_AUTO_TEST_CASE(NoCheckpoint) {
  World world;
  world.stored_ts = 0;
  Expect(world, RollingHolds{}, State::kFails, "holds no commitTS of drainer@drainer_mysql");
}

BOOST_AUTO_TEST_CASE(ADrainerThatAnswersAndIsNotOnline) {
  World world;
  world.drainers["10.30.1.51:8249"].state = "paused";
  Expect(world, RollingHolds{}, State::kFails,
         "drainer@drainer_mysql answers and is registered paused");
  world.drainers.erase("10.30.1.51:8249");
  Expect(world, RollingHolds{}, State::kFails,
         "drainer@drainer_mysql answers and is not registered");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(rolling_looks)

BOOST_AUTO_TEST_CASE(TheOthersServe) {
  World world;
  Expect(world, PumpsServe{0}, State::kHolds, "2 Pumps online");
  Expect(world, PumpsServe{}, State::kHolds, "3 Pumps online");
  world.pumps["10.30.1.41:8250"].state = "paused";
  Expect(world, PumpsServe{0}, State::kHolds, "2 Pumps online");
  Expect(world, PumpsServe{1}, State::kFails, "pump@pump1 is paused");
}

BOOST_AUTO_TEST_CASE(APumpIsStaleOrGone) {
  World world;
  world.pumps["10.30.1.42:8250"].update_ts = Ago(16);
  Expect(world, PumpsServe{0}, State::kFails, "the heartbeat of pump@pump2 is stale");
  World gone;
  gone.down = "10.30.1.42:8250";
  Expect(gone, PumpsServe{2}, State::kFails, "pump@pump2: connection refused");
}

BOOST_AUTO_TEST_CASE(ADrainerCouldNotBeNotified) {
  World world;
  world.down = "10.30.1.52:8249";
  Expect(world, PumpsServe{0}, State::kFails, "drainer@drainer_kafka: connection refused");
  World stale;
  stale.drainers["10.9.9.9:8249"] = {"online", Ago(60), Ago(60)};
  Expect(stale, PumpsServe{0}, State::kFails, "Drainer 10.9.9.9:8249 is registered online");
}

BOOST_AUTO_TEST_CASE(APumpIsBack) {
  World world;
  world.facts.Set("R", std::to_string(Ago(5)));
  Expect(world, PumpBack{0, "R"}, State::kHolds, "pump@pump1 is registered online");
  world.pumps["10.30.1.41:8250"].max_commit_ts = Ago(5);
  Expect(world, PumpBack{0, "R"}, State::kFails, "maxCommitTS of pump@pump1");
  world.pumps["10.30.1.41:8250"].update_ts = Ago(5);
  Expect(world, PumpBack{0, "R"}, State::kFails, "the heartbeat of pump@pump1 is not past R");
  world.pumps["10.30.1.41:8250"].state = "offline";
  Expect(world, PumpBack{0, "R"}, State::kFails, "pump@pump1 is offline");
  world.down = "10.30.1.41:8250";
  Expect(world, PumpBack{0, "R"}, State::kFails, "pump@pump1: connection refused");
  world.unit_state = "activating";
  Expect(world, PumpBack{0, "R"}, State::kFails, "pump-8250.service on 10.30.1.41 is activating");
}

// PD was restored to an older state: what a Pump has seen lies above PD's own timestamps.
BOOST_AUTO_TEST_CASE(PdWentBack) {
  World world;
  world.facts.Set("R", std::to_string(Ago(5)));
  world.pumps["10.30.1.41:8250"] = {"online", Ago(0), Ago(-3600)};
  Expect(world, PumpBack{0, "R"}, State::kHolds, "pump@pump1 is registered online");
  Expect(world, TimestampFrom{"R", 1}, State::kHolds, "R = ");
  world.pumps["10.30.1.41:8250"].max_commit_ts = Ago(-120);
  Expect(world, PumpBack{0, "R"}, State::kFails, "is 2m above PD's timestamp");
  Expect(world, PumpsServe{1}, State::kFails, "PD's timestamps went back");
  Expect(world, PumpsServe{0}, State::kHolds, "2 Pumps online");
  Expect(world, TimestampFrom{"R", 1}, State::kFails, "maxCommitTS of 10.30.1.41:8250");
}

BOOST_AUTO_TEST_CASE(EveryDrainerReadsFromItAgain) {
  World world;
  world.facts.Set("R", std::to_string(Ago(5)));
  Expect(world, PumpRead{2, "R"}, State::kHolds, "2 Drainers read from pump@pump3 again");
  world.positions["10.30.1.43:8260"] = Ago(5);
  Expect(world, PumpRead{2, "R"}, State::kFails, "drainer@drainer_mysql has read pump@pump3 up to");
  world.down = "10.30.1.51:8249";
  Expect(world, PumpRead{2, "R"}, State::kUnknown, "drainer@drainer_mysql: connection refused");
}

BOOST_AUTO_TEST_CASE(ACheckpointMayNotGoBack) {
  World world;
  world.facts.Set("checkpoint/drainer@drainer_mysql", std::to_string(Ago(3)));
  Expect(world, CheckpointKept{0}, State::kHolds, "stopped at commitTS");
  world.stored_ts = Ago(4);
  Expect(world, CheckpointKept{0}, State::kNever, "went back");
  world.stored_ts = 0;
  Expect(world, CheckpointKept{1}, State::kNever, "might not resume where it stopped");
}

BOOST_AUTO_TEST_CASE(ADrainerIsBack) {
  World world;
  world.facts.Set("R", std::to_string(Ago(5)));
  Expect(world, DrainerBack{0, "R"}, State::kHolds, "drainer@drainer_mysql resumed");
  world.last_ts = Ago(5);
  Expect(world, DrainerBack{0, "R"}, State::kFails, "the checkpoint of drainer@drainer_mysql");
  world.positions.erase("10.30.1.43:8260");
  Expect(world, DrainerBack{0, "R"}, State::kFails, "merges 2 of 3 Pumps");
  world.drainers["10.30.1.51:8249"].state = "paused";
  Expect(world, DrainerBack{0, "R"}, State::kFails, "drainer@drainer_mysql is paused");
}

BOOST_AUTO_TEST_CASE(TheBinaryIsAskedForItsVersion) {
  World world;
  Expect(world, BinaryIs{"h", "/b/pump", "v2.1.8"}, State::kHolds, "/b/pump on h is v2.1.8");
  Expect(world, BinaryIs{"h", "/b/pump", "v3.0.5"}, State::kFails, "is v2.1.8, not v3.0.5");
  world.unit_state = "inactive";
  Expect(world, RunsFrom{"h", "/b/pump", "v2.1.8", "u"}, State::kFails, "u is inactive");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
