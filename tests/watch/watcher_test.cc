// The watch against the smallest cluster, in virtual time: when it takes a barrier, what opens its
// gate, which clause it names when it is shut, and that it only ever asks.
#include "watch/watcher.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/support/fake_env.h"
#include "watch/judgeable.h"

namespace tidegate::watch {
namespace {

using engine::Cluster;
using engine::FakeEnv;
using engine::MakeCluster;
namespace port = engine::port;
using TellKind = port::Tell::Kind;

constexpr Tso kMarkerBehind = Tso{30'000} << kTsoLogicalBits;

// Something that somebody does to the cluster at a time.
struct Act {
  Time at;
  std::function<void(FakeEnv&)> what;
};

struct World {
  explicit World(Cluster cluster = MakeCluster()) : env(std::move(cluster)) {
    env.perform_hook = [](const port::Action&) { BOOST_ERROR("the watch acted"); };
    env.intercept = [this](const port::Query& query) -> std::optional<port::Answer> {
      for (Act& act : acts) {
        if (act.what && env.now >= act.at) std::exchange(act.what, nullptr)(env);
      }
      return bend ? bend(query) : std::nullopt;
    };
  }
  ~World() {
    BOOST_TEST(env.journal.empty());
    BOOST_TEST(env.Performed().empty());
  }

  void StopTidb(bool stop = true) {
    for (const engine::Tidb& tidb : env.cluster.tidbs) {
      env.active[tidb.process.host + " " + tidb.process.unit] = !stop;
    }
  }
  void RunTidb(const std::string& version) {
    for (const engine::Tidb& tidb : env.cluster.tidbs) {
      env.binaries[tidb.process.host + " " + tidb.process.binary] = version;
    }
    StopTidb(false);
  }

  FakeEnv env;
  std::vector<Act> acts;
  std::function<std::optional<port::Answer>(const port::Query&)> bend;
};

WatchOptions Proof() {
  WatchOptions options;
  options.goal = Goal::kProof;
  options.wait = true;
  options.at_most = 10 * kMinute;
  options.look.hosts = true;
  return options;
}

struct Result {
  Watcher::End end;
  std::string why;
  Tso barrier = 0;
  trace::Trace trace;
};

Result Watch(World* world, const WatchOptions& options, bool new_side_known = true) {
  Watcher watcher(Nodes(world->env.cluster, new_side_known), options);
  BOOST_TEST_REQUIRE(world->env.Run(&watcher));
  Result result{watcher.end(), watcher.why(), watcher.barrier(), {}};
  result.trace = watcher.TakeTrace();
  return result;
}

bool Has(const std::string& text, const std::string& part) {
  const bool has = text.find(part) != std::string::npos;
  if (!has) BOOST_TEST_MESSAGE(text);
  return has;
}

// Drained behind `barrier` with a marker below it: only what the case bends is missing.
WatchOptions Told(const World& world) {
  WatchOptions options = Proof();
  options.barrier = world.env.TsoNow();
  options.marker = options.barrier - kMarkerBehind;
  return options;
}

BOOST_AUTO_TEST_SUITE(watcher)

BOOST_AUTO_TEST_CASE(the_gate_opens_when_the_drain_is_proven) {
  World world;
  world.RunTidb("v2.1.0");
  const WatchOptions options = Told(world);
  world.env.checkpoint = options.marker;
  const Result result = Watch(&world, options);
  BOOST_TEST((result.end == Watcher::End::kHolds));
  BOOST_TEST(Has(result.why,
                 "Lower > T0 in two fresh snapshots, every registered Pump read, "
                 "checkpoint at or past M"));
  BOOST_TEST(Has(world.env.Told(TellKind::kGateOpened), "old-drainer-1"));
  BOOST_TEST((JudgeWatched(result.trace).outcome == verifier::Outcome::kPass));
}

BOOST_AUTO_TEST_CASE(it_takes_its_own_barrier_once_every_tidb_is_seen_stopped) {
  World world(MakeCluster({.tidbs = 2}));
  const std::string first = "10.0.1.1 tidb-4000.service";
  world.acts = {{12 * kSecond, [&](FakeEnv& env) { env.active[first] = false; }},
                {40 * kSecond, [&](FakeEnv&) { world.StopTidb(); }},
                {70 * kSecond, [&](FakeEnv&) { world.RunTidb("v2.1.0"); }}};
  WatchOptions options = Proof();
  options.marker = world.env.TsoNow();
  world.env.checkpoint = options.marker;
  const Result result = Watch(&world, options);
  BOOST_TEST((result.end == Watcher::End::kHolds));
  BOOST_TEST(TsoPhysicalMs(result.barrier) - TsoPhysicalMs(options.marker) >= 40'000);
  BOOST_TEST(TsoPhysicalMs(result.barrier) - TsoPhysicalMs(options.marker) < 70'000);
  BOOST_TEST(Has(world.env.Told(TellKind::kGateShut),
                 "no barrier stands: tidb-1 runs 5.7.10-TiDB-v2.0.7, which "));
}

BOOST_AUTO_TEST_CASE(closed_ports_without_a_look_at_the_units_are_no_barrier) {
  World world;
  world.StopTidb();
  WatchOptions options = Proof();
  options.look.hosts = false;
  options.marker = world.env.TsoNow();
  const Result result = Watch(&world, options);
  BOOST_TEST((result.end == Watcher::End::kShut));
  BOOST_TEST(Has(result.why, "waited 10m: no barrier is known: whether every TiDB has ended"));
}

BOOST_AUTO_TEST_CASE(a_unit_that_nobody_knows_is_no_barrier) {
  World world;
  world.StopTidb();
  world.bend = [](const port::Query& query) -> std::optional<port::Answer> {
    if (!std::holds_alternative<port::ShowUnit>(query)) return std::nullopt;
    return port::Answer{port::AnswerCode::kOk, 0, "LoadState=not-found\nActiveState=inactive\n"};
  };
  WatchOptions options = Proof();
  options.goal = Goal::kBarrier;
  const Result result = Watch(&world, options);
  BOOST_TEST((result.end == Watcher::End::kShut));
  BOOST_TEST(Has(result.why, "10.0.1.1 has no unit tidb-4000.service"));
}

BOOST_AUTO_TEST_CASE(the_barrier_alone_can_be_waited_for) {
  World world;
  world.acts = {{20 * kSecond, [&](FakeEnv&) { world.StopTidb(); }}};
  WatchOptions options = Proof();
  options.goal = Goal::kBarrier;
  const Result result = Watch(&world, options);
  BOOST_TEST((result.end == Watcher::End::kHolds));
  BOOST_TEST(result.why == fmt::format("T0 is {}", result.barrier));
}

BOOST_AUTO_TEST_CASE(an_old_tidb_that_comes_back_voids_the_barrier) {
  World world;
  const WatchOptions options = Told(world);  // TiDB still runs v2.0.7
  const Result result = Watch(&world, options);
  BOOST_TEST((result.end == Watcher::End::kShut));
  BOOST_TEST(Has(result.why, "tidb-1 runs 5.7.10-TiDB-v2.0.7, which writes to the old side"));
  BOOST_TEST(Has(world.env.Told(TellKind::kWarning), "the barrier does not stand"));
}

BOOST_AUTO_TEST_CASE(without_a_marker_it_refuses_at_once_unless_evidence_is_accepted) {
  World world;
  world.RunTidb("v2.1.0");
  WatchOptions options = Told(world);
  options.marker = 0;
  const Result refused = Watch(&world, options);
  BOOST_TEST((refused.end == Watcher::End::kShut));
  BOOST_TEST(Has(refused.why, "no marker was given"));
  options.accept_evidence = true;
  const Result evidence = Watch(&world, options);
  BOOST_TEST((evidence.end == Watcher::End::kHolds));
  BOOST_TEST(Has(evidence.why, "evidence, not proof: queues empty and settled"));
}

struct Shut {
  const char* name;
  std::function<void(World&)> bend;
  const char* clause;
};

BOOST_AUTO_TEST_CASE(a_shut_gate_names_its_false_clause) {
  const std::vector<Shut> cases = {
      {"synced lies", [](World& w) { w.env.synced = true, w.env.lower_behind = kHour; },
       "Lower of old-drainer-1"},
      {"checkpoint", [](World& w) { w.env.checkpoint -= Tso{60'000} << kTsoLogicalBits; },
       "has not reached the marker"},
      {"silent drainer", [](World& w) { w.env.active["10.0.2.1 drainer.service"] = false; },
       "old-drainer-1 gives no status: connection refused"},
      {"unread pump",
       [](World& w) {
         w.env.extra_registry =
             "/tidb-binlog/pumps/host-9:8250/object\n"
             "{\"NodeID\":\"host-9:8250\",\"Host\":\"10.0.1.9:8250\",\"IsOffline\":true,"
             "\"OfflineTS\":1}\n";
         w.env.checkpoint = 1;
       },
       "old Pump host-9:8250"},
      {"stranger",
       [](World& w) {
         w.env.extra_registry =
             "/tidb-binlog/pumps/host-9:8250/alive\n{}\n/tidb-binlog/pumps/host-9:8250/object\n"
             "{\"NodeID\":\"host-9:8250\",\"Host\":\"10.0.1.9:8250\",\"IsOffline\":false}\n";
       },
       "an old Pump that no inventory lists is alive: host-9:8250"},
      {"unlisted drainer",
       [](World& w) {
         w.env.extra_registry =
             "/tidb-binlog/cisterns/host-8:8249/object\n"
             "{\"NodeID\":\"host-8:8249\",\"Host\":\"10.0.2.8:8249\"}\n";
       },
       "where host-8:8249 keeps its checkpoint is not known"},
      {"no registry",
       [](World& w) {
         w.bend = [](const port::Query& query) -> std::optional<port::Answer> {
           if (!std::holds_alternative<port::ListRegistry>(query)) return std::nullopt;
           return port::Answer{port::AnswerCode::kTimedOut, 0, ""};
         };
       },
       "the registry can't be read: timed out"},
  };
  for (const Shut& shut : cases) {
    BOOST_TEST_CONTEXT(shut.name) {
      World world;
      world.RunTidb("v2.1.0");
      WatchOptions options = Told(world);
      options.at_most = 2 * kMinute;
      world.env.checkpoint = options.marker;
      shut.bend(world);
      const Result result = Watch(&world, options);
      BOOST_TEST((result.end == Watcher::End::kShut));
      BOOST_TEST(Has(result.why, shut.clause));
    }
  }
}

BOOST_AUTO_TEST_CASE(without_waiting_it_says_no_at_once) {
  World world;
  world.RunTidb("v2.1.0");
  WatchOptions options = Told(world);
  options.wait = false;
  options.at_most = 0;
  world.env.lower_behind = kHour;
  const Result shut = Watch(&world, options);
  BOOST_TEST((shut.end == Watcher::End::kShut));
  BOOST_TEST(world.env.now < kSecond);
  world.env.now = kMinute;
  world.env.lower_behind = kSecond;
  world.env.checkpoint = options.marker;
  const Result open = Watch(&world, options);
  BOOST_TEST((open.end == Watcher::End::kHolds));
}

BOOST_AUTO_TEST_CASE(timestamps_that_contradict_each_other_are_refused) {
  World world;
  world.RunTidb("v2.1.0");
  WatchOptions options = Told(world);
  options.barrier += Tso{3'600'000} << kTsoLogicalBits;
  BOOST_TEST(Has(Watch(&world, options).why, "is ahead of PD's time"));
  options = Told(world);
  options.marker = options.barrier + 1;
  BOOST_TEST(Has(Watch(&world, options).why, "is above the barrier"));
}

BOOST_AUTO_TEST_CASE(old_drainers_that_no_file_names_come_from_the_registry) {
  Cluster cluster = MakeCluster();
  World world(cluster);
  world.RunTidb("v2.1.0");
  WatchOptions options = Told(world);
  world.env.checkpoint = options.marker;
  cluster.old_drainers.clear();
  engine::Sink sink;
  sink.name = "10.0.9.9:3306";
  sink.type = "mysql";
  sink.host = "10.0.9.9";
  sink.port = 3306;
  Nodes nodes(cluster, true);
  nodes.SetCheckpointSink(sink);
  Watcher watcher(std::move(nodes), options);
  BOOST_TEST_REQUIRE(world.env.Run(&watcher));
  BOOST_TEST((watcher.end() == Watcher::End::kHolds));
  BOOST_TEST(Has(world.env.Told(TellKind::kFact), "is registered, and watched from now on"));
}

BOOST_AUTO_TEST_CASE(an_operator_ends_it_and_nobody_takes_that_for_an_open_gate) {
  World world;
  WatchOptions options = Proof();
  options.marker = world.env.TsoNow();
  world.acts = {{20 * kSecond, [](FakeEnv& env) {
                   env.Inject({env.now, port::OperatorSaid{"", "abort"}});
                 }}};
  BOOST_TEST((Watch(&world, options).end == Watcher::End::kInterrupted));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::watch
