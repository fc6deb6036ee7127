// Whole rehearsals: the engine's plan, the world, the executor and the verifier, in one thread, no
// trace kept. Scenarios are prepared once; upgrades of the small one take turns over 64 seeds. One
// item is one upgrade; the counter `events` is trace events a second.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rehearsal/run.h"
#include "rehearsal/topology.h"
#include "sim/scenario.h"

namespace tidegate::rehearsal {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr std::uint64_t kSeeds = 64;

Prepared PrepareFile(std::string_view name, const std::vector<std::string>& overrides) {
  std::vector<sim::Override> sets;
  for (const std::string& text : overrides) {
    Result<sim::Override> set = sim::ParseOverride(text);
    CHECK(set.has_value());
    sets.push_back(*std::move(set));
  }
  const std::string path = std::string(TIDEGATE_SOURCE_DIR "/scenarios/") += name;
  const Result<sim::Scenario> scenario = sim::LoadScenario(path, sets);
  CHECK_MSG(scenario.has_value(), scenario.error().ToString());
  Result<Prepared> prepared = Prepare(*scenario, kSeed);
  CHECK_MSG(prepared.has_value(), prepared.error().ToString());
  return *std::move(prepared);
}

std::uint64_t RunOnce(const Prepared& prepared, const sim::RunPlan& plan, bool digest,
                      benchmark::State& state) {
  RunOptions options;
  options.engine = ChoiceOf(prepared.scenario.engine);
  options.keep_trace = false;
  options.digest = digest;
  const Result<RunResult> result = Run(prepared, plan, prepared.scenario.engine, options);
  CHECK(result.has_value());
  if (result->verdict.outcome != verifier::Outcome::kPass) {
    state.SkipWithError(("an upgrade must pass: " + result->verdict.why).c_str());
  }
  return result->event_count;
}

void Count(benchmark::State& state, std::uint64_t events) {
  state.SetItemsProcessed(state.iterations());
  state.counters["events"] =
      benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate);
}

void Small(benchmark::State& state, std::string_view name, bool digest) {
  const Prepared prepared = PrepareFile(name, {});
  std::vector<sim::RunPlan> plans;
  for (std::uint64_t i = 0; i < kSeeds; ++i) {
    Result<sim::RunPlan> plan = Again(prepared, kSeed + i);
    CHECK(plan.has_value());
    plans.push_back(*std::move(plan));
  }
  std::uint64_t events = 0;
  std::size_t next = 0;
  for ([[maybe_unused]] auto iteration : state) {
    events += RunOnce(prepared, plans[next++ % plans.size()], digest, state);
  }
  Count(state, events);
}

// With the plan of each seed made in the loop, as `rehearse --seeds` does.
void SmallBySeed(benchmark::State& state, std::string_view name) {
  const Prepared prepared = PrepareFile(name, {});
  std::uint64_t events = 0;
  std::uint64_t seed = kSeed;
  for ([[maybe_unused]] auto iteration : state) {
    const Result<sim::RunPlan> plan = Again(prepared, seed++);
    CHECK(plan.has_value());
    events += RunOnce(prepared, *plan, true, state);
  }
  Count(state, events);
}

void Whole(benchmark::State& state, std::string_view name,
           const std::vector<std::string>& overrides) {
  const Prepared prepared = PrepareFile(name, overrides);
  std::uint64_t events = 0;
  for ([[maybe_unused]] auto iteration : state) {
    events += RunOnce(prepared, prepared.plan, false, state);
  }
  Count(state, events);
}

// Three of each, 50,000 transactions in 100 virtual seconds.
const std::vector<std::string> kStandard = {
    "topology.tidbs=3",         "topology.kafkas=3",    "topology.zookeepers=3",
    "topology.old_drainers=3",  "topology.new_pumps=3", "workload.transactions=50000",
    "workload.interval=\"2ms\""};

// The same load on the cluster version: three TiDBs and Pumps, a Drainer for each of three sinks.
const std::vector<std::string> kRolling = {"topology.tidbs=3", "topology.pumps=3",
                                           "topology.drainers=3", "workload.transactions=50000",
                                           "workload.interval=\"2ms\""};
// Without Kafka and ZooKeeper.
const std::vector<std::string> kLocal = {"topology.tidbs=3", "topology.old_drainers=3",
                                         "topology.new_pumps=3", "workload.transactions=50000",
                                         "workload.interval=\"2ms\""};

constexpr std::string_view kKafka = "kafka-to-cluster/small.json";

BENCHMARK_CAPTURE(Small, Plain, kKafka, false)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Small, WithDigest, kKafka, true)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(SmallBySeed, KafkaToCluster, kKafka)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Whole, Standard, kKafka, kStandard)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Whole, IdleDay, "kafka-to-cluster/idle-day.json", {})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Small, RollingManual, "rolling-manual/small.json", false)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Small, RollingAnsible, "rolling-ansible/small.json", false)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Small, LocalToCluster, "local-to-cluster/small.json", false)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Small, FullImport, "full-import/small.json", false)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Whole, StandardRollingManual, "rolling-manual/small.json", kRolling)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Whole, StandardRollingAnsible, "rolling-ansible/small.json", kRolling)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Whole, StandardLocalToCluster, "local-to-cluster/small.json", kLocal)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Whole, StandardFullImport, "full-import/small.json", kStandard)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tidegate::rehearsal
