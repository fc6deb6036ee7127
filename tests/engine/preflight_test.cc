// What preflight refuses: at plan time from the cluster's description, and before step 1 from what
// registry, old Drainers, checkpoints and configurations say. Each refusal is compared whole, since
// the sentence is what the operator acts on. Nothing may be changed by any of them.
#include "engine/preflight.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <functional>
#include <optional>
#include <string>

#include "engine/executor.h"
#include "tests/support/fake_env.h"

namespace tidegate::engine {
namespace {

using port::Answer;
using port::AnswerCode;

const std::string kUnchanged = "; nothing was changed";

std::string PlanRefusal(const FakeClusterOptions& shape,
                        const std::function<void(Cluster*)>& change,
                        const PlanOptions& options = {}) {
  Cluster cluster = MakeCluster(shape);
  change(&cluster);
  const Result<Plan> plan = BuildPlan(cluster, options);
  if (plan) return "";
  BOOST_TEST((plan.error().code == ErrorCode::kRefused));
  return plan.error().message;
}

// Runs until preflight refuses; why, without "nothing was changed".
std::string LookRefusal(const FakeClusterOptions& shape,
                        const std::function<void(FakeEnv*)>& change) {
  FakeEnv env(MakeCluster(shape));
  change(&env);
  Executor executor(BuildPlan(env.cluster, {}).value(), {});
  BOOST_TEST(env.Run(&executor));
  BOOST_TEST(executor.outcome() == "refused");
  BOOST_TEST(env.Performed().empty());
  std::string why = executor.why();
  BOOST_TEST(why.ends_with(kUnchanged), why);
  why.resize(why.size() - std::min(why.size(), kUnchanged.size()));
  return why;
}

// Answers queries that `matches` accepts with `answer`.
template <typename Query>
void Bend(FakeEnv* env, const std::function<bool(const Query&)>& matches, const Answer& answer) {
  env->intercept = [=](const port::Query& query) -> std::optional<Answer> {
    const Query* mine = std::get_if<Query>(&query);
    if (mine == nullptr || !matches(*mine)) return std::nullopt;
    return answer;
  };
}

Answer Ok(std::string body) { return {AnswerCode::kOk, 200, std::move(body)}; }

BOOST_AUTO_TEST_SUITE(preflight_of_the_plan)

BOOST_AUTO_TEST_CASE(NoNewPump) {
  BOOST_TEST(PlanRefusal({}, [](Cluster* c) { c->new_pumps.clear(); }) ==
             "no new Pump is planned: name at least one in the target inventory");
}

BOOST_AUTO_TEST_CASE(AnOldDrainerWithoutSuccessor) {
  BOOST_TEST(PlanRefusal({.drainers = 2}, [](Cluster* c) { c->new_drainers.pop_back(); }) ==
             "no new Drainer takes over from old Drainer old-drainer-2: plan one for its sink, or "
             "its downstream ends with the old side");
}

BOOST_AUTO_TEST_CASE(HomesThatCollide) {
  const auto homes = [](const std::function<void(const Process&, Process*)>& share) {
    return PlanRefusal({}, [&](Cluster* c) {
      c->new_drainers[0].process.host = c->old_drainers[0].process.host;
      c->new_drainers[0].process.port = 9249;
      share(c->old_drainers[0].process, &c->new_drainers[0].process);
    });
  };
  const std::string both = "old-drainer-1 and new-drainer-1 would share ";
  const std::string end = " on 10.0.2.1: give the new one another";
  BOOST_TEST(homes([](const Process&, Process*) {}) == "");
  BOOST_TEST(homes([](const Process& old_one, Process* p) { p->port = old_one.port; }) ==
             both + "port 8249" + end);
  BOOST_TEST(homes([](const Process& old_one, Process* p) { p->data_dir = old_one.data_dir; }) ==
             both + "data directory /srv/old/data.old-drainer-1" + end);
  BOOST_TEST(homes([](const Process& old_one, Process* p) { p->unit = old_one.unit; }) ==
             both + "unit drainer.service" + end);
  BOOST_TEST(homes([](const Process& old_one, Process* p) { p->binary = old_one.binary; }) ==
             both + "binary /srv/old/bin/old-drainer-1" + end);
}

BOOST_AUTO_TEST_CASE(FiltersThatDiffer) {
  BOOST_TEST(PlanRefusal({}, [](Cluster* c) { c->new_drainers[0].filters.do_dbs = {"app"}; }) ==
             "replicate-do-db of old-drainer-1 is nothing, of new-drainer-1 it is app: other rows "
             "would reach the sink; make them the same");
}

BOOST_AUTO_TEST_CASE(PartsOfAnOlderLineThanTidb) {
  const auto parts = [](const char* tidb, const char* pump, const char* drainer) {
    return PlanRefusal({.drainers = 1}, [&](Cluster* c) {
      c->tidb_target_version = tidb;
      for (Pump& part : c->new_pumps) part.process.version = pump;
      for (Drainer& part : c->new_drainers) part.process.version = drainer;
    });
  };
  BOOST_TEST(parts("v6.2.0", "v6.2.0", "v5.4.0") ==
             "new-drainer-1 would run v5.4.0 beside TiDB v6.2.0: parts that are older than TiDB "
             "may not know what it writes and how it keeps DDL jobs and system tables, and then do "
             "not start. Take Pumps and Drainers of TiDB's release");
  BOOST_TEST(parts("v6.2.0", "v6.1.0", "v6.2.0").starts_with("new-pump-1 would run v6.1.0"));
  BOOST_TEST(parts("v6.2.3", "v6.2.0", "v6.2.0") == "");  // of one line
  BOOST_TEST(parts("v2.1.0", "v3.0.5", "v3.0.5") == "");
  BOOST_TEST(parts("v6.2.0", "latest", "latest") == "");
}

BOOST_AUTO_TEST_CASE(AnotherCheckpointSchema) {
  BOOST_TEST(
      PlanRefusal({}, [](Cluster* c) { c->old_drainers[0].sink.checkpoint_schema = "mine"; }) ==
      "old-drainer-1 keeps its checkpoint in schema mine, new-drainer-1 would look in "
      "tidb_binlog and not find it: use the same");
}

BOOST_AUTO_TEST_CASE(ASinkOnTheKafkaToBeRetired) {
  const FakeClusterOptions to_kafka = {.sink_type = "kafka"};
  const std::string refusal =
      "the sink of old-drainer-1 lives on Kafka 10.0.4.1:9092, which step 7 would stop: say in the "
      "site file that it carries foreign topics, or move the sink";
  BOOST_TEST(PlanRefusal(to_kafka, [](Cluster*) {}) == refusal);
  BOOST_TEST(PlanRefusal(to_kafka, [](Cluster* c) {
               c->old_drainers[0].sink.kafka_addrs = {"10.0.4.1:9092"};
             }) == refusal);
  BOOST_TEST(PlanRefusal(to_kafka, [](Cluster* c) {
               c->old_drainers[0].sink.kafka_addrs = {"10.9.9.9:9092"};
             }) == "");
  BOOST_TEST(PlanRefusal(to_kafka, [](Cluster* c) { c->kafkas[0].carries_foreign = true; }) == "");
}

BOOST_AUTO_TEST_CASE(ASinkThatTheClusterVersionDoesNotKnow) {
  BOOST_TEST(PlanRefusal({.sink_type = "flash"}, [](Cluster*) {}) ==
             "old-drainer-1 applies to flash, which the cluster version does not know");
}

BOOST_AUTO_TEST_CASE(BothWhereSyncedCannotRise) {
  const PlanOptions both = {.gate = Gate::kBoth};
  BOOST_TEST(
      PlanRefusal(
          {}, [](Cluster*) {}, both) ==
      "--gate both: Synced of old-drainer-1 (mysql with dispatch) can't become true while it "
      "is healthy, only when it is stuck; use --gate proof");
  BOOST_TEST(PlanRefusal(
                 {}, [](Cluster* c) { c->old_drainers[0].disable_dispatch = true; }, both) == "");
  BOOST_TEST(PlanRefusal(
                 {.sink_type = "pb"}, [](Cluster*) {}, both) == "");
}

BOOST_AUTO_TEST_CASE(RetentionShorterThanTheDrain) {
  BOOST_TEST(PlanRefusal({}, [](Cluster* c) { c->kafka_retention = kHour; }) ==
             "Kafka keeps messages for 1h, and draining may take 2h: unread ones could be deleted; "
             "set a longer retention for the Pumps' topics");
  BOOST_TEST(PlanRefusal({}, [](Cluster* c) { c->pump_gc = kHour; }) ==
             "new Pumps keep binlogs for 1h, and draining may take 2h: what is written meanwhile "
             "could be purged before a new Drainer reads it; set a longer gc");
}

BOOST_AUTO_TEST_CASE(EveryReasonAtOnce) {
  BOOST_TEST(PlanRefusal({},
                         [](Cluster* c) {
                           c->pump_gc = kHour;
                           c->new_pumps.clear();
                         }) ==
             "no new Pump is planned: name at least one in the target inventory\n"
             "new Pumps keep binlogs for 1h, and draining may take 2h: what is written "
             "meanwhile could be purged before a new Drainer reads it; set a longer gc");
}

BOOST_AUTO_TEST_CASE(AKafkaThatOthersNeedKeepsItsZooKeeper) {
  Cluster cluster = MakeCluster();
  cluster.kafkas[0].carries_foreign = true;
  const std::string plan = RenderPlan(BuildPlan(cluster, {}).value());
  BOOST_TEST(plan.find("stop-process kafka.service") == std::string::npos);
  BOOST_TEST(plan.find("stop-process zookeeper.service") == std::string::npos);
  BOOST_TEST(plan.find("zk-1 keeps running") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(preflight_by_looking)

BOOST_AUTO_TEST_CASE(NoOldPumpRegistered) {
  BOOST_TEST(LookRefusal({},
                         [](FakeEnv* env) {
                           Bend<port::ListRegistry>(
                               env, [](const auto&) { return true; }, Ok("{\"header\":{}}"));
                         }) ==
             "no old Pump is registered below /tidb-binlog/pumps: this PD does not belong to that "
             "pipeline, or binlog was never on");
}

BOOST_AUTO_TEST_CASE(ARegistryThatCannotBeRead) {
  BOOST_TEST(LookRefusal({},
                         [](FakeEnv* env) {
                           Bend<port::ListRegistry>(env, [](const auto&) { return true; },
                                                    {AnswerCode::kTimedOut, 0, ""});
                         }) ==
             "waited 1m for this: the registry, every old Drainer and its checkpoint can be read, "
             "and nothing speaks against the upgrade; it is not so: the registry can't be read: "
             "timed out (since 00:00:00.001)");
}

BOOST_AUTO_TEST_CASE(AnOldDrainerThatNobodyListed) {
  BOOST_TEST(
      LookRefusal({},
                  [](FakeEnv* env) {
                    env->extra_registry =
                        "/tidb-binlog/cisterns/far:8249/object\n"
                        "{\"NodeID\":\"far:8249\",\"Host\":\"10.9.9.9:8249\"}\n";
                  }) ==
      "an old Drainer that nobody listed is registered: far:8249 at 10.9.9.9:8249 (not "
      "alive). Name it in the site file, or delete its key /tidb-binlog/cisterns/far:8249 if "
      "it is gone for good");
}

BOOST_AUTO_TEST_CASE(ADeadDrainerThatWouldBlockNewPumps) {
  const std::string key = "/tidb-binlog/v1/drainers/old:8249\n";
  const auto with = [&](const std::string& state, Tso update_ts) {
    return [=](FakeEnv* env) {
      env->extra_registry = key + fmt::format(
                                      "{{\"nodeId\":\"old:8249\",\"host\":\"10.9.9.9:8249\","
                                      "\"state\":\"{}\",\"isAlive\":false,\"score\":0,"
                                      "\"label\":null,\"maxCommitTS\":0,\"updateTS\":{}}}\n",
                                      state, update_ts);
    };
  };
  const FakeEnv fresh(MakeCluster());
  const Tso hour_ago = fresh.TsoNow() - (Tso{3'600'000} << kTsoLogicalBits);
  BOOST_TEST(
      LookRefusal({}, with("online", hour_ago)) ==
      "Drainer old:8249 is registered online but its heartbeat is 3600 s old: new Pumps could "
      "not start. Run binlogctl -cmd update-drainer -node-id old:8249 -state offline");
  // Paused, or alive, it blocks nobody.
  for (const auto& change : {with("paused", hour_ago), with("online", fresh.TsoNow())}) {
    FakeEnv env(MakeCluster());
    change(&env);
    Executor executor(BuildPlan(env.cluster, {}).value(), {});
    env.Run(&executor);
    BOOST_TEST(executor.outcome() == "done", executor.why());
  }
}

BOOST_AUTO_TEST_CASE(AnOldDrainerThatDoesNotAnswer) {
  const std::string why = LookRefusal({}, [](FakeEnv* env) {
    Bend<port::HttpGet>(env, [](const port::HttpGet& get) { return get.port == 8249; },
                        {AnswerCode::kConnectionRefused, 0, ""});
  });
  BOOST_TEST(
      why.find("old Drainer old-drainer-1 gives no status: connection refused. Start it, or "
               "remove it from the site file if its downstream is given up") != std::string::npos,
      why);
}

BOOST_AUTO_TEST_CASE(ADrainerInItsFirstTenSecondsIsWaitedFor) {
  FakeEnv env(MakeCluster());
  env.intercept = [&](const port::Query& query) -> std::optional<Answer> {
    const auto* get = std::get_if<port::HttpGet>(&query);
    if (get == nullptr || get->port != 8249 || env.now > 8 * kSecond) return std::nullopt;
    // v1.1 closes the connection before its first tick, v1.0 answers null.
    return env.now < 4 * kSecond ? Answer{AnswerCode::kConnectionReset, 0, ""} : Ok("null\n");
  };
  Executor executor(BuildPlan(env.cluster, {}).value(), {});
  env.Run(&executor);
  BOOST_TEST(executor.outcome() == "done", executor.why());
}

BOOST_AUTO_TEST_CASE(ACheckpointThatCannotBeRead) {
  const std::string head = "the checkpoint of old-drainer-1 can't be read (";
  const std::string row = "the row of tidb_binlog.checkpoint at sink-1";
  const std::string end =
      "): the new Drainer would not resume where it stopped; find where it is kept (checkpoint "
      "schema, data directory) and say so in the site file";
  const auto with = [&](const std::string& body) {
    return LookRefusal({}, [&](FakeEnv* env) {
      Bend<port::QuerySql>(
          env, [](const port::QuerySql& sql) { return sql.statement.rfind("select", 0) == 0; },
          Ok(body));
    });
  };
  BOOST_TEST(with("") == head + row + " holds no commitTS" + end);
  BOOST_TEST(with("clusterID\tcheckPoint\n7\t{\"positions\":{}}\n") ==
             head + row + " holds no commitTS" + end);
  BOOST_TEST(with("clusterID\tcheckPoint\n7\tnot json\n") ==
             head + row + " is no JSON object" + end);
  BOOST_TEST(with("clusterID\tcheckPoint\n7\t{\"commitTS\":5}\n8\t{\"commitTS\":6}\n") ==
             head + row + ": there are several rows, and which cluster is ours is not known" + end);
}

BOOST_AUTO_TEST_CASE(AStaleCheckpointInTheNewPlace) {
  const FakeClusterOptions to_files = {.sink_type = "pb"};
  const auto old_place = [](FakeEnv* env) {
    env->files["10.0.2.1 /srv/old/data.old-drainer-1/savepoint"] =
        fmt::format("commitTS = {}\n[positions.\"host-1:8250\"]\nOffset = 9\n", env->checkpoint);
  };
  BOOST_TEST(
      LookRefusal(to_files,
                  [&](FakeEnv* env) {
                    old_place(env);
                    env->files["10.0.2.101 /srv/new/data.new-drainer-1/savepoint"] =
                        "commitTS = 1\n";
                  }) ==
      "/srv/new/data.new-drainer-1/savepoint on 10.0.2.101 exists already and would override "
      "what old-drainer-1 hands over to new-drainer-1: move it away");
}

BOOST_AUTO_TEST_CASE(ASocketThatIsGivenElsewhere) {
  BOOST_TEST(
      LookRefusal({},
                  [](FakeEnv* env) {
                    env->files["10.0.1.1 /srv/tidb/scripts/run_tidb-1.sh"] =
                        "exec bin/tidb-server\n";
                  }) ==
      "tidb-1 writes to unix:///srv/tidb/status/pump.sock, but neither "
      "/srv/tidb/conf/tidb-1.toml nor /srv/tidb/scripts/run_tidb-1.sh says so: wherever its "
      "binlog-socket is given, it would be left over and win over the new Pumps; move it into "
      "the configuration file");
}

BOOST_AUTO_TEST_CASE(ADrainerTooFarBehindForTheRetention) {
  const std::string why = LookRefusal({}, [](FakeEnv* env) {
    env->cluster.kafka_retention = 3 * kHour;
    env->lower_behind = 3 * kHour;
  });
  BOOST_TEST(
      why ==
      "old-drainer-1 is 3h behind and Kafka keeps messages for 3h: unread ones may be deleted "
      "before they are read; set a longer retention for the Pumps' topics first");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
