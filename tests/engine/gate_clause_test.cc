// Every clause of the drain gate shut by one false thing, with the whole sentence that the operator
// reads; and what must not shut it.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <functional>
#include <optional>
#include <string>

#include "engine/executor.h"
#include "engine/gates.h"
#include "tests/support/fake_env.h"

namespace tidegate::engine {
namespace {

using port::Answer;
using port::AnswerCode;

constexpr Tso Ms(std::int64_t ms) { return Tso{ms} << kTsoLogicalBits; }

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct GateRun {
  std::string outcome;
  std::string why;
  std::string shut;  ///< each sentence of the shut gate, one a line
  std::string opened;
};

using Bend = std::function<std::optional<Answer>(FakeEnv&, const port::Query&)>;

// Upgrades `cluster`; from the moment when the gate is looked at, `bend` answers first.
GateRun Run(const Cluster& cluster, const Bend& bend, Gate gate = Gate::kProof) {
  FakeEnv env(cluster);
  env.intercept = [&](const port::Query& query) -> std::optional<Answer> {
    bool waiting = false;
    for (const port::Tell& tell : env.tells) waiting = waiting || tell.step == "wait-drained";
    return waiting ? bend(env, query) : std::nullopt;
  };
  const PlanOptions options = {.gate = gate, .drain_timeout = 5 * kMinute};
  Executor executor(BuildPlan(cluster, options).value(), {});
  BOOST_TEST(env.Run(&executor));
  return {executor.outcome(), executor.why(), env.Told(port::Tell::Kind::kGateShut),
          env.Told(port::Tell::Kind::kGateOpened)};
}

std::optional<Answer> Nothing(FakeEnv&, const port::Query&) { return std::nullopt; }

bool IsStatusOf(const port::Query& query, const Process& process) {
  const auto* get = std::get_if<port::HttpGet>(&query);
  return get != nullptr && get->host == process.host && get->port == process.port &&
         get->path == "/status";
}

Answer Status(const FakeEnv& env, Tso upper, Tso lower, const std::string& pump_pos) {
  return {AnswerCode::kOk, 200,
          fmt::format(
              "{{\"PumpPos\":{},\"Synced\":{},\"DepositWindow\":{{\"Upper\":{},\"Lower\":{}}}}}",
              pump_pos, env.synced, upper, lower)};
}

// A registry of one old Pump, whose object says this of it.
Answer RegistryOf(const std::string& id, const std::string& offline) {
  return {AnswerCode::kOk, 200,
          fmt::format("{{\"kvs\":[{{\"key\":\"{}\",\"value\":\"{}\"}}]}}",
                      Base64("/tidb-binlog/pumps/" + id + "/object"),
                      Base64(fmt::format("{{\"NodeID\":\"{}\",\"Host\":\"10.0.1.1:8250\",{}}}", id,
                                         offline)))};
}

BOOST_AUTO_TEST_SUITE(gate_clauses)

BOOST_AUTO_TEST_CASE(OpensOnAHealthyDrainerAndSaysWhatStood) {
  const GateRun run = Run(MakeCluster(), Nothing);
  BOOST_TEST(run.outcome == "done", run.why);
  BOOST_TEST(run.opened ==
             "on old-drainer-1: Lower > T0 in two fresh snapshots, every registered Pump read, "
             "checkpoint at or past M\n");
}

BOOST_AUTO_TEST_CASE(ASecondSnapshotWithALaterUpperIsAskedFor) {
  // Fresh as far as one detect interval and the slack go, but a photograph: Upper never moves.
  Tso frozen = 0;
  const Cluster cluster = MakeCluster();
  const GateRun run = Run(cluster, [&](FakeEnv& env, const port::Query& query) {
    if (!IsStatusOf(query, cluster.old_drainers[0].process)) return std::optional<Answer>();
    if (frozen == 0) frozen = env.TsoNow();
    return std::optional<Answer>(Status(env, frozen, frozen - 1, "{\"host-1:8250\":{}}"));
  });
  BOOST_TEST(run.outcome == "refused");
  BOOST_TEST(Contains(run.shut, "old-drainer-1: waiting for a second snapshot with a later Upper"));
  BOOST_TEST(Contains(run.shut, "the status of old-drainer-1 is stale: Upper is"));
  BOOST_TEST(run.opened == "");
}

BOOST_AUTO_TEST_CASE(QueuedIsNotApplied) {
  const GateRun run = Run(MakeCluster(), [](FakeEnv&, const port::Query& query) {
    const auto* sql = std::get_if<port::QuerySql>(&query);
    if (sql == nullptr) return std::optional<Answer>();
    return std::optional<Answer>(
        {AnswerCode::kOk, 0, "clusterID\tcheckPoint\n7\t{\"commitTS\":5}\n"});
  });
  BOOST_TEST(run.outcome == "refused");
  BOOST_TEST(Contains(run.shut,
                      "the saved checkpoint of old-drainer-1 (5) has not reached the marker (M "));
  BOOST_TEST(run.opened == "");
}

BOOST_AUTO_TEST_CASE(APumpThatWentOfflineInTheUpgradeIsNoProof) {
  const Cluster cluster = MakeCluster();
  const GateRun run = Run(cluster, [&](FakeEnv& env, const port::Query& query) {
    if (IsStatusOf(query, cluster.old_drainers[0].process)) {
      return std::optional<Answer>(Status(env, env.TsoNow(), env.TsoNow() - Ms(1), "{}"));
    }
    if (std::holds_alternative<port::ListRegistry>(query)) {
      return std::optional<Answer>(RegistryOf(
          "host-1:8250", fmt::format("\"IsOffline\":true,\"OfflineTS\":{}", env.TsoNow())));
    }
    return std::optional<Answer>();
  });
  BOOST_TEST(run.outcome == "refused");
  BOOST_TEST(
      Contains(run.shut,
               "old-drainer-1 no longer reads old Pump host-1:8250, which is marked offline: "
               "that its whole topic was read can't be seen (it is marked offline before its "
               "tail is in Kafka); start that Pump again and keep it running"));
}

BOOST_AUTO_TEST_CASE(APumpThatWentOfflineLongAgoIsBehindTheCheckpoint) {
  FakeEnv fresh(MakeCluster());
  const auto with_old_pump = [&](Tso offline_ts) {
    FakeEnv env(MakeCluster());
    env.extra_registry = fmt::format(
        "/tidb-binlog/pumps/gone:8250/"
        "object\n{{\"NodeID\":\"gone:8250\",\"Host\":\"10.9.9.9:8250\","
        "\"IsOffline\":true,\"OfflineTS\":{}}}\n",
        offline_ts);
    Executor executor(BuildPlan(env.cluster, {.drain_timeout = 5 * kMinute}).value(), {});
    env.Run(&executor);
    return executor.outcome();
  };
  BOOST_TEST(with_old_pump(fresh.checkpoint - Ms(kSafeForward / kMillisecond)) == "done");
  BOOST_TEST(with_old_pump(fresh.checkpoint - Ms(kSafeForward / kMillisecond) + Ms(1)) ==
             "refused");
}

BOOST_AUTO_TEST_CASE(APumpRegisteredSinceMustBeReadToo) {
  const GateRun run = Run(MakeCluster(), [](FakeEnv&, const port::Query& query) {
    if (!std::holds_alternative<port::ListRegistry>(query)) return std::optional<Answer>();
    return std::optional<Answer>(RegistryOf("late:8250", "\"IsOffline\":false"));
  });
  BOOST_TEST(run.outcome == "refused");
  BOOST_TEST(Contains(run.shut, "old-drainer-1 does not read old Pump late:8250"));
}

BOOST_AUTO_TEST_CASE(WhatCannotBeSeenIsNotProven) {
  const GateRun registry = Run(MakeCluster(), [](FakeEnv&, const port::Query& query) {
    if (!std::holds_alternative<port::ListRegistry>(query)) return std::optional<Answer>();
    return std::optional<Answer>({AnswerCode::kTimedOut, 0, ""});
  });
  BOOST_TEST(Contains(registry.shut, "the registry can't be read: timed out"));
  BOOST_TEST(registry.opened == "");
  const GateRun pd = Run(MakeCluster(), [](FakeEnv&, const port::Query& query) {
    const auto* get = std::get_if<port::HttpGet>(&query);
    if (get == nullptr || get->port != 8250) return std::optional<Answer>();
    return std::optional<Answer>(
        {AnswerCode::kOk, 200, "{\"status\":null,\"CommitTS\":0,\"ErrMsg\":\"no leader\"}"});
  });
  BOOST_TEST(Contains(pd.shut, "new-pump-1 gives no PD timestamp: no leader"));
  BOOST_TEST(pd.opened == "");
}

BOOST_AUTO_TEST_CASE(EveryOldDrainerCounts) {
  const Cluster cluster = MakeCluster({.drainers = 2});
  const GateRun run = Run(cluster, [&](FakeEnv& env, const port::Query& query) {
    if (!IsStatusOf(query, cluster.old_drainers[1].process)) return std::optional<Answer>();
    return std::optional<Answer>(
        Status(env, env.TsoNow(), env.TsoNow() - Ms(3'600'000), "{\"host-1:8250\":{}}"));
  });
  BOOST_TEST(run.outcome == "refused");
  BOOST_TEST(Contains(run.shut, "Lower of old-drainer-2 ("));
  BOOST_TEST(run.opened == "");
}

BOOST_AUTO_TEST_CASE(BothAsksForSyncedBesidesTheProof) {
  Cluster cluster = MakeCluster();
  cluster.old_drainers[0].disable_dispatch = true;
  const GateRun run = Run(cluster, Nothing, Gate::kBoth);
  BOOST_TEST(run.outcome == "refused");
  BOOST_TEST(Contains(run.shut, "Synced of old-drainer-1 is false"));
  const GateRun synced = Run(
      cluster,
      [](FakeEnv& env, const port::Query&) {
        env.synced = true;
        return std::optional<Answer>();
      },
      Gate::kBoth);
  BOOST_TEST(synced.outcome == "done", synced.why);
  BOOST_TEST(Contains(synced.opened, "; Synced is true on old-drainer-1"));
}

Cluster WithoutMarker() {
  Cluster cluster = MakeCluster();
  cluster.marker_schema.clear();
  return cluster;
}

GateRun WithQueues(const std::function<std::string(const FakeEnv&)>& page) {
  return Run(WithoutMarker(), [&](FakeEnv& env, const port::Query& query) {
    const auto* get = std::get_if<port::HttpGet>(&query);
    if (get == nullptr || get->path != "/metrics") return std::optional<Answer>();
    return std::optional<Answer>({AnswerCode::kOk, 200, page(env)});
  });
}

BOOST_AUTO_TEST_CASE(WithoutAMarkerEmptyQueuesAreEvidenceAndCalledThat) {
  const GateRun run = Run(WithoutMarker(), Nothing);
  BOOST_TEST(run.outcome == "done", run.why);
  BOOST_TEST(run.opened ==
             "on old-drainer-1: Lower > T0 in two fresh snapshots, every registered Pump read; "
             "evidence, not proof: queues empty and settled\n");
  BOOST_TEST(Contains(run.shut, "old-drainer-1: queues are empty, but not yet for 30s"));
}

BOOST_AUTO_TEST_CASE(WithoutAMarkerQueuesMustBeThereEmptyAndSettled) {
  const GateRun filled =
      WithQueues([](const FakeEnv&) { return "binlog_drainer_queue_size{name=\"a\"} 3\n"; });
  BOOST_TEST(filled.outcome == "refused");
  BOOST_TEST(Contains(filled.shut, "old-drainer-1 has 3 items queued"));
  const GateRun absent = WithQueues([](const FakeEnv&) { return "go_threads 9\n"; });
  BOOST_TEST(absent.outcome == "refused");
  BOOST_TEST(Contains(absent.shut,
                      "old-drainer-1 shows no queue sizes: no metric "
                      "binlog_drainer_queue_size"));
  // Filled for a moment in each half minute: never settled.
  const GateRun restless = WithQueues([](const FakeEnv& env) {
    return fmt::format("binlog_drainer_queue_size {}\n", env.now / (10 * kSecond) % 2);
  });
  BOOST_TEST(restless.outcome == "refused");
  BOOST_TEST(restless.opened == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
