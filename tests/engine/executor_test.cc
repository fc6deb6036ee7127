// The executor against the fake host: the whole way, the ways back, the operator, the budget.
#include "engine/executor.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/support/fake_env.h"

namespace tidegate::engine {
namespace {

using Kind = port::Tell::Kind;

Executor MakeExecutor(const Cluster& cluster, const PlanOptions& options = {},
                      const ExecutorOptions& executor_options = {}) {
  return Executor(BuildPlan(cluster, options).value(), executor_options);
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string StepsDone(const FakeEnv& env) {
  std::string steps;
  for (const port::Tell& tell : env.tells) {
    if (tell.kind == Kind::kStepDone) steps += tell.step + " ";
  }
  return steps;
}

// As before the upgrade: old binary, files, TiDB and service up.
void CheckOldSideServes(FakeEnv* env) {
  BOOST_TEST(env->attached);
  BOOST_TEST(env->active["10.0.1.1 tidb-4000.service"]);
  BOOST_TEST(env->active["10.0.1.1 pump.service"]);
  BOOST_TEST(env->active["10.0.2.1 drainer.service"]);
  BOOST_TEST(env->binaries["10.0.1.1 /srv/tidb/bin/tidb-1"] == "v2.0.7");
  BOOST_TEST(!env->active["10.0.3.1 pump-8250.service"]);
  BOOST_TEST(!env->enabled["10.0.3.1 pump-8250.service"]);
  const FakeEnv fresh(env->cluster);
  for (const auto& [path, content] : fresh.files) BOOST_TEST(env->files[path] == content);
}

BOOST_AUTO_TEST_SUITE(executor)

BOOST_AUTO_TEST_CASE(CarriesOutAllSevenSteps) {
  FakeEnv env(MakeCluster());
  Executor executor = MakeExecutor(env.cluster);
  BOOST_TEST(env.Run(&executor));
  BOOST_TEST(executor.outcome() == "done", executor.why());
  BOOST_TEST(StepsDone(env) ==
             "preflight deploy-pump stop-tidb upgrade-tidb start-tidb wait-drained start-drainer "
             "retire-old ");
  BOOST_TEST(env.attached);
  BOOST_TEST(!env.active["10.0.1.1 pump.service"]);
  BOOST_TEST(!env.enabled["10.0.4.1 kafka.service"]);
  BOOST_TEST(env.active["10.0.2.101 drainer-8249.service"]);
  BOOST_TEST(env.files["10.0.1.1 /srv/tidb/conf/tidb-1.toml"] ==
             "port = 4000\n[binlog]\nenable = true\nwrite-timeout = \"15s\"\n");
  BOOST_TEST(env.files["10.0.1.1 /srv/tidb/scripts/run_tidb-1.sh"] ==
             "exec bin/tidb-server \\\n    -L\n");
  BOOST_TEST(executor.facts().TsoOf("M") < executor.facts().TsoOf("handover/old-drainer-1"));
  BOOST_TEST(executor.facts().TsoOf("handover/old-drainer-1") < executor.facts().TsoOf("T0"));
  BOOST_TEST(Contains(env.backups["old-drainer-1.checkpoint"], "positions"));
  BOOST_TEST(Contains(env.files["10.0.2.101 /srv/new/scripts/run_new-drainer-1.sh"],
                      "--initial-commit-ts=\"" + *executor.facts().Find("handover/old-drainer-1")));
}

BOOST_AUTO_TEST_CASE(CarriesOutThreeOfEachWithTwoDrainers) {
  FakeEnv env(MakeCluster({.tidbs = 3, .old_pumps = 3, .new_pumps = 3, .drainers = 2}));
  Executor executor = MakeExecutor(env.cluster);
  BOOST_TEST(env.Run(&executor));
  BOOST_TEST(executor.outcome() == "done", executor.why());
  BOOST_TEST(env.active["10.0.2.102 drainer-8249.service"]);
  BOOST_TEST(!env.active["10.0.2.2 drainer.service"]);
}

BOOST_AUTO_TEST_CASE(KeepsPasswordsOutOfWhatItSays) {
  FakeEnv env(MakeCluster());
  Executor executor = MakeExecutor(env.cluster);
  env.Run(&executor);
  std::string said = RenderPlan(executor.plan()) + PlanToJson(executor.plan());
  for (const port::Tell& tell : env.tells) said += tell.text;
  for (const port::JournalRecord& record : env.journal) said += record.name + record.value;
  BOOST_TEST(!Contains(said, "secret"));
  BOOST_TEST(Contains(env.files["10.0.2.101 /srv/new/conf/new-drainer-1.toml"], "secret-1"));
}

BOOST_AUTO_TEST_CASE(LearnsT0AfterTheLastTidbStopped) {
  FakeEnv env(MakeCluster());
  Executor executor = MakeExecutor(env.cluster);
  env.Run(&executor);
  Time stopped = 0, t0 = 0, started = 0;
  for (const port::JournalRecord& record : env.journal) {
    const bool outcome = record.kind == port::JournalRecord::Kind::kOutcome;
    if (outcome && record.name == "stop-tidb/6") stopped = record.at;
    if (record.name == "T0") t0 = record.at;
    if (record.name == "start-tidb/2" && !outcome) started = record.at;
  }
  BOOST_TEST(stopped < t0);
  BOOST_TEST(t0 < started);
}

BOOST_AUTO_TEST_CASE(NoAtTheDoorTurnsBack) {
  FakeEnv env(MakeCluster());
  env.say = [](const port::Tell&) { return "no"; };
  Executor executor = MakeExecutor(env.cluster);
  env.Run(&executor);
  BOOST_TEST(executor.outcome() == "aborted");
  BOOST_TEST(executor.why() ==
             "the operator said no before the one-way door; what was done is undone, the old side "
             "serves");
  CheckOldSideServes(&env);
}

BOOST_AUTO_TEST_CASE(AFailingActionTurnsBack) {
  FakeEnv env(MakeCluster());
  env.fail_action = "write-file /srv/tidb/scripts/run_tidb-1.sh on";
  Executor executor = MakeExecutor(env.cluster);
  env.Run(&executor);
  BOOST_TEST(executor.outcome() == "aborted");
  BOOST_TEST(Contains(executor.why(), "failed (3 attempts)"), executor.why());
  env.fail_action.clear();
  CheckOldSideServes(&env);
}

// What lies under the new version's name in the resources folder is another release.
BOOST_AUTO_TEST_CASE(AnOldPumpOrDrainerIsNeverStarted) {
  for (const std::string part : {"pump", "drainer"}) {
    FakeEnv env(MakeCluster());
    const Process& fresh = part == "pump" ? env.cluster.new_pumps.front().process
                                          : env.cluster.new_drainers.front().process;
    env.perform_hook = [&](const port::Action& action) {
      const auto* start = std::get_if<port::StartProcess>(&action);
      if (start == nullptr) return;
      BOOST_TEST((start->host != fresh.host || start->unit != fresh.unit), part);
    };
    env.intercept = [&](const port::Query& query) -> std::optional<port::Answer> {
      const auto* binary = std::get_if<port::BinaryVersion>(&query);
      if (binary == nullptr || binary->host != fresh.host || binary->path != fresh.binary) {
        return std::nullopt;
      }
      return port::Answer{port::AnswerCode::kOk, 0, "Release Version: v2.0.7\n"};
    };
    Executor executor = MakeExecutor(env.cluster);
    env.Run(&executor);
    BOOST_TEST(executor.outcome() == "refused", part);
    BOOST_TEST(Contains(executor.why(),
                        fresh.binary + " on " + fresh.host + " is v2.0.7, not " + fresh.version),
               executor.why());
    if (part == "pump") CheckOldSideServes(&env);
  }
}

BOOST_AUTO_TEST_CASE(BehindTheDoorItStopsAndResumes) {
  FakeEnv env(MakeCluster());
  env.fail_action = "stop-process drainer.service";
  Executor executor = MakeExecutor(env.cluster);
  env.Run(&executor);
  BOOST_TEST(executor.outcome() == "failed");
  BOOST_TEST(Contains(executor.why(), "resume goes on with start-drainer"), executor.why());
  env.fail_action.clear();
  Executor resumed = Executor::Resume(BuildPlan(env.cluster, {}).value(), {}, env.journal).value();
  env.Run(&resumed);
  BOOST_TEST(resumed.outcome() == "done", resumed.why());
}

BOOST_AUTO_TEST_CASE(AbortAtEveryStepSaysWhoServes) {
  const std::vector<std::string> steps = {"deploy-pump", "stop-tidb",    "upgrade-tidb",
                                          "start-tidb",  "wait-drained", "start-drainer",
                                          "retire-old"};
  for (const std::string& step : steps) {
    FakeEnv env(MakeCluster());
    Executor executor = MakeExecutor(env.cluster);
    // Abort with the first query of the step.
    bool aborted = false;
    env.intercept = [&](const port::Query&) -> std::optional<port::Answer> {
      if (!aborted && !env.tells.empty() && env.tells.back().kind == Kind::kStepStarted &&
          env.tells.back().step == step) {
        aborted = true;
        env.Inject({0, port::OperatorSaid{"abort", "abort"}});
      }
      return std::nullopt;
    };
    env.perform_hook = [&](const port::Action& action) {
      if (!aborted && !env.tells.empty() && env.tells.back().step == step) {
        aborted = true;
        env.Inject({0, port::OperatorSaid{"abort", "abort"}});
      }
      (void)action;
    };
    BOOST_TEST(env.Run(&executor), step);
    BOOST_TEST(aborted, step);
    BOOST_TEST(executor.outcome() == "aborted", step + ": " + executor.why());
    const bool before = step == "deploy-pump" || step == "stop-tidb" || step == "upgrade-tidb";
    if (before) {
      CheckOldSideServes(&env);
    } else {
      BOOST_TEST(Contains(executor.why(), "old side keeps running"), step + executor.why());
    }
  }
}

BOOST_AUTO_TEST_CASE(HoldsAfterTheStepAskedForAndResumes) {
  FakeEnv env(MakeCluster());
  Executor executor = MakeExecutor(env.cluster, {}, {.until = "stop-tidb"});
  env.Run(&executor);
  BOOST_TEST(executor.outcome() == "done");
  BOOST_TEST(StepsDone(env) == "preflight deploy-pump stop-tidb ");
  Executor resumed = Executor::Resume(BuildPlan(env.cluster, {}).value(), {}, env.journal).value();
  env.Run(&resumed);
  BOOST_TEST(resumed.outcome() == "done");
  BOOST_TEST(env.active["10.0.2.101 drainer-8249.service"]);
}

BOOST_AUTO_TEST_CASE(TurnsBackInTimeForTheOutageBudget) {
  FakeEnv env(MakeCluster());
  env.cluster.write_outage_max = 2 * kMinute;
  env.intercept = [](const port::Query& query) -> std::optional<port::Answer> {
    if (std::holds_alternative<port::QuerySql>(query) &&
        std::get<port::QuerySql>(query).statement == "admin show ddl jobs") {
      return port::Answer{port::AnswerCode::kOk, 0, "JOB_ID\tSTATE\n5\trunning\n"};
    }
    return std::nullopt;
  };
  Executor executor = MakeExecutor(env.cluster);
  env.Run(&executor);
  BOOST_TEST(executor.outcome() == "aborted");
  BOOST_TEST(Contains(executor.why(), "the budget is 2m"), executor.why());
  CheckOldSideServes(&env);
  BOOST_TEST(env.now < 2 * kMinute + 10 * kSecond);
}

BOOST_AUTO_TEST_CASE(AWaitIsBoundedAndNamesWhatWasWaitedFor) {
  FakeEnv env(MakeCluster());
  env.lower_behind = kHour;
  Executor executor = MakeExecutor(env.cluster, {.drain_timeout = 20 * kMinute});
  env.Run(&executor);
  BOOST_TEST(executor.outcome() == "refused");
  BOOST_TEST(Contains(executor.why(), "waited 20m for this: on every old Drainer: Lower > T0"),
             executor.why());
  BOOST_TEST(Contains(executor.why(), "it is not so: Lower of old-drainer-1"), executor.why());
  BOOST_TEST(Contains(executor.why(), "TiDB writes to the new Pumps"), executor.why());
}

BOOST_AUTO_TEST_CASE(LateAnswersAreDropped) {
  FakeEnv env(MakeCluster());
  Executor executor = MakeExecutor(env.cluster);
  env.Run(&executor, 5 * kSecond);
  Executor resumed = Executor::Resume(BuildPlan(env.cluster, {}).value(), {}, env.journal).value();
  std::vector<port::Output> out;
  resumed.Handle({env.now, port::ClockReached{}}, &out);
  std::vector<port::Output> late;
  for (std::uint64_t id = 1; id < 200; ++id) {
    resumed.Handle({env.now, port::ObservationCame{id, 1, {}}}, &late);
    resumed.Handle({env.now, port::ActionDone{id, {}}}, &late);
  }
  BOOST_TEST(late.empty());
}

BOOST_AUTO_TEST_CASE(LiteralFollowsTheManualsOrder) {
  FakeEnv env(MakeCluster());
  env.synced = true;
  Executor executor = MakeExecutor(env.cluster, {.style = Style::kLiteral});
  env.Run(&executor);
  BOOST_TEST(executor.outcome() == "done", executor.why());
  BOOST_TEST(!env.marker);
  const std::vector<std::string> performed = env.Performed();
  const auto at = [&](const std::string& start) {
    return std::find_if(performed.begin(), performed.end(),
                        [&](const std::string& text) { return text.rfind(start, 0) == 0; }) -
           performed.begin();
  };
  BOOST_TEST(at("start-process drainer-8249.service") < at("stop-process drainer.service"));
  BOOST_TEST(at("stop-process drainer.service") < at("stop-process pump.service"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
