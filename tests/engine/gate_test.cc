// The drain gate and the plan-time refusals: each clause shut by exactly one false thing, each
// refusal named. The gate is looked at through the executor, with the old Drainer's answer bent.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <functional>
#include <optional>
#include <string>

#include "engine/executor.h"
#include "engine/gates.h"
#include "engine/plan.h"
#include "engine/status_body.h"
#include "tests/support/fake_env.h"

namespace tidegate::engine {
namespace {

using port::Answer;
using port::AnswerCode;

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

constexpr Tso kSecondTso = 1000LL << kTsoLogicalBits;

std::string Body(const std::string& pump_pos, bool synced, Tso upper, Tso lower) {
  return fmt::format(
      "{{\"PumpPos\":{},\"Synced\":{},\"DepositWindow\":{{\"Upper\":{},\"Lower\":{}}},\"TsMap\":"
      "\"\"}}",
      pump_pos, synced ? "true" : "false", upper, lower);
}

// Lets the executor wait for ten minutes at a gate where the old Drainer answers `answer` from the
// moment when the service is back; what it said of the shut gate.
std::string ShutText(const std::function<Answer(FakeEnv&)>& answer, Gate gate = Gate::kProof) {
  Cluster cluster = MakeCluster();
  PlanOptions options;
  options.gate = gate;
  options.drain_timeout = 10 * kMinute;
  Executor executor(BuildPlan(cluster, options).value(), {});
  FakeEnv env(cluster);
  const Process old_drainer = cluster.old_drainers.front().process;
  env.say = [](const port::Tell&) { return std::optional<std::string>("yes"); };
  env.intercept = [&](const port::Query& query) -> std::optional<Answer> {
    const auto* get = std::get_if<port::HttpGet>(&query);
    if (get == nullptr || get->host != old_drainer.host || get->path != "/status") return {};
    bool waiting = false;
    for (const port::Tell& tell : env.tells) waiting = waiting || tell.step == "wait-drained";
    return waiting ? std::optional<Answer>(answer(env)) : std::nullopt;
  };
  env.Run(&executor, kHour);
  BOOST_TEST(executor.finished());
  BOOST_TEST(executor.outcome() != "done");
  return env.Told(port::Tell::Kind::kGateShut);
}

std::string PumpPos() {
  return fmt::format("{{\"{}\":{{\"offset\":7}}}}", MakeCluster().old_pumps.front().node_id);
}

BOOST_AUTO_TEST_SUITE(gate)

BOOST_AUTO_TEST_CASE(StaysShutWhileLowerIsZero) {
  const std::string text = ShutText([](FakeEnv& env) {
    return Answer{AnswerCode::kOk, 200, Body(PumpPos(), true, env.TsoNow(), 0)};
  });
  BOOST_TEST(Contains(text, "is 0: it has not heard from every Pump yet"));
}

BOOST_AUTO_TEST_CASE(StaysShutWhileLowerIsBelowT0) {
  const std::string text = ShutText([](FakeEnv& env) {
    return Answer{AnswerCode::kOk, 200, Body(PumpPos(), true, env.TsoNow(), 1000)};
  });
  BOOST_TEST(Contains(text, "has not passed T0"));
}

BOOST_AUTO_TEST_CASE(AStaleSnapshotIsNoProof) {
  Tso frozen = 0;
  const std::string text = ShutText([&](FakeEnv& env) {
    if (frozen == 0) frozen = env.TsoNow();
    return Answer{AnswerCode::kOk, 200, Body(PumpPos(), true, frozen, frozen - kSecondTso)};
  });
  BOOST_TEST((Contains(text, "is stale") || Contains(text, "has not passed T0")));
}

BOOST_AUTO_TEST_CASE(EveryRegisteredPumpMustBeRead) {
  const std::string text = ShutText([](FakeEnv& env) {
    return Answer{AnswerCode::kOk, 200,
                  Body("{\"other:8250\":{}}", true, env.TsoNow(), env.TsoNow() - 1)};
  });
  BOOST_TEST(Contains(text, "does not read old Pump"));
}

BOOST_AUTO_TEST_CASE(AnEmptyReplyIsNoStatus) {
  const std::string text = ShutText([](FakeEnv&) {
    return Answer{AnswerCode::kConnectionReset, 0, ""};
  });
  BOOST_TEST(Contains(text, "gives no status"));
}

BOOST_AUTO_TEST_CASE(NullBeforeTheFirstTick) {
  const std::string text = ShutText([](FakeEnv&) {
    return Answer{AnswerCode::kOk, 200, "null\n"};
  });
  BOOST_TEST(Contains(text, "has not ticked yet"));
}

BOOST_AUTO_TEST_CASE(SyncedGateAsksForSyncedAlone) {
  const std::string text = ShutText(
      [](FakeEnv& env) {
        return Answer{AnswerCode::kOk, 200, Body(PumpPos(), false, env.TsoNow(), env.TsoNow() - 1)};
      },
      Gate::kSynced);
  BOOST_TEST(Contains(text, "Synced of"));
  BOOST_TEST(Contains(text, "is false"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(refusals)

std::string Refusal(const std::function<void(Cluster*)>& change, const PlanOptions& options = {}) {
  Cluster cluster = MakeCluster();
  change(&cluster);
  const Result<Plan> plan = BuildPlan(cluster, options);
  return plan.has_value() ? "" : plan.error().message;
}

BOOST_AUTO_TEST_CASE(NoneForAGoodCluster) {
  BOOST_TEST(Refusal([](Cluster*) {}) == "");
}

BOOST_AUTO_TEST_CASE(NoOldDrainer) {
  BOOST_TEST(!Refusal([](Cluster* c) { c->old_drainers.clear(); }).empty());
}

BOOST_AUTO_TEST_CASE(SharedPortOnOneHost) {
  const std::string text = Refusal([](Cluster* c) {
    c->new_pumps.front().process.host = c->old_pumps.front().process.host;
    c->new_pumps.front().process.port = c->old_pumps.front().process.port;
  });
  BOOST_TEST(Contains(text, "would share port 8250"));
}

BOOST_AUTO_TEST_CASE(FiltersThatDiffer) {
  BOOST_TEST(Contains(
      Refusal([](Cluster* c) { c->old_drainers.front().filters.ignore_schemas = {"audit"}; }),
      "other rows would reach the sink"));
}

BOOST_AUTO_TEST_CASE(APairThatIsNotInTheTable) {
  BOOST_TEST(!Refusal([](Cluster* c) { c->tidb_target_version = "v2.0.7"; }).empty());
}

BOOST_AUTO_TEST_CASE(BothGatesWhereSyncedCannotRise) {
  PlanOptions options;
  options.gate = Gate::kBoth;
  BOOST_TEST(Contains(Refusal([](Cluster*) {}, options), "Synced of"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(status_body)

BOOST_AUTO_TEST_CASE(TimestampsBeyondADoubleStayExact) {
  const Result<OldDrainerStatus> status = ParseOldDrainerStatus(
      {AnswerCode::kOk, 200,
       "{\"PumpPos\":{\"172.16.10.49:8250\":{\"offset\":32686}},\"Synced\": true "
       ",\"DepositWindow\":{\"Upper\":398907800202772481,\"Lower\":398907799455662081}}"});
  BOOST_REQUIRE(status.has_value());
  BOOST_TEST(status->upper == 398907800202772481);
  BOOST_TEST(status->lower == 398907799455662081);
  BOOST_TEST(status->synced);
  BOOST_TEST(status->pumps.size() == 1U);
}

BOOST_AUTO_TEST_CASE(AClusterDrainerIsNamedAsSuch) {
  const Result<OldDrainerStatus> status = ParseOldDrainerStatus(
      {AnswerCode::kOk, 200,
       "{\"PumpPos\":{\"p:8250\":5},\"Synced\":true,\"LastTS\":5,\"TsMap\":\"\"}"});
  BOOST_REQUIRE(!status.has_value());
  BOOST_TEST(Contains(status.error().message, "cluster"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
