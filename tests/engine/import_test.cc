// The plans from the Local version and by a full import as printed, what refuses them, and the
// looks that only they have: one scripted answer each.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "engine/preflight.h"
#include "tests/support/fake_env.h"
#include "tests/support/golden.h"

namespace tidegate::engine {
namespace {

using port::Answer;
using port::AnswerCode;
using State = Verdict::State;

Cluster ImportCluster(FakeClusterOptions shape = {}) {
  Cluster cluster = MakeCluster(shape);
  cluster.hooks.dump = {"/srv/dump", "--snapshot=${DUMP_TS}"};
  cluster.hooks.load = {"/srv/load", "${SINK}"};
  cluster.hooks.compare = {"/srv/compare", "${SINK}", "${DUMP_TS}"};
  return cluster;
}

constexpr PlanOptions kImport = {.procedure = Procedure::kFullImport};
constexpr PlanOptions kLocal = {.procedure = Procedure::kLocalToCluster};

template <typename Change>
std::string Refusal(const PlanOptions& options, Cluster cluster, Change change) {
  change(&cluster);
  const Result<Plan> plan = BuildPlan(cluster, options);
  return plan ? "" : plan.error().message;
}

Answer Ok(std::string body) { return {AnswerCode::kOk, 0, std::move(body)}; }
Answer Life(const std::string& life) { return Ok("VARIABLE_VALUE\n" + life + "\n"); }
Answer Row(Tso commit_ts) {
  return Ok(fmt::format("clusterID\tcheckPoint\n77\t{{\"commitTS\":{}}}\n", commit_ts));
}

Verdict Look(const Condition& condition, const Cluster& cluster, const Facts& facts,
             std::vector<Answer> answers) {
  const LookContext context{cluster, facts};
  std::vector<port::Query> queries;
  AppendQueries(condition, context, &queries);
  BOOST_REQUIRE(queries.size() == answers.size());
  return Evaluate(condition, context, answers);
}

void Expect(const Verdict& verdict, State state, const std::string& text) {
  BOOST_TEST((verdict.state == state), verdict.text);
  BOOST_TEST(verdict.text == text);
}

BOOST_AUTO_TEST_SUITE(import_plan)

BOOST_AUTO_TEST_CASE(AsPrinted) {
  test::ExpectGolden("engine/golden/full-import.txt",
                     RenderPlan(BuildPlan(ImportCluster({.drainers = 2}), kImport).value()));
  test::ExpectGolden("engine/golden/local-to-cluster.txt",
                     RenderPlan(BuildPlan(MakeCluster({.era = "local"}), kLocal).value()));
}

BOOST_AUTO_TEST_CASE(EachProcedureOnItsOwnVersion) {
  const auto nothing = [](Cluster*) {};
  BOOST_TEST(Refusal(kLocal, MakeCluster({.era = "local"}), nothing) == "");
  BOOST_TEST(Refusal({}, MakeCluster(), nothing) == "");
  BOOST_TEST(Refusal(kLocal, MakeCluster(), nothing) ==
             "this cluster runs the Kafka version: use --procedure kafka-to-cluster");
  BOOST_TEST(
      Refusal({}, MakeCluster({.era = "local"}), nothing) ==
      "this cluster runs the Local version (no Kafka and no ZooKeeper is configured, and its "
      "TiDB goes with it): use --procedure local-to-cluster");
  BOOST_TEST(Refusal(kImport, ImportCluster({.era = "local"}), nothing) == "");
}

BOOST_AUTO_TEST_CASE(TheManualHasNoLetterForAnImport) {
  PlanOptions literal = kImport;
  literal.style = Style::kLiteral;
  BOOST_TEST(Refusal(literal, ImportCluster(), [](Cluster*) {
             }).starts_with("the manual has one sentence for a full import"));
}

BOOST_AUTO_TEST_CASE(SyncedOfTheLocalVersionIsNotWaitedFor) {
  PlanOptions both = kLocal;
  both.gate = Gate::kBoth;
  const std::string why = Refusal(both, MakeCluster({.era = "local"}), [](Cluster*) {});
  BOOST_TEST(why.find("Upper == Lower") != std::string::npos, why);
}

BOOST_AUTO_TEST_CASE(WhatAnImportNeeds) {
  const auto import = [](auto change) { return Refusal(kImport, ImportCluster(), change); };
  BOOST_TEST(import([](Cluster*) {}) == "");
  BOOST_TEST(import([](Cluster* c) { c->hooks.compare.clear(); }) == "");
  BOOST_TEST(import([](Cluster* c) { c->hooks.dump = {"/srv/dump"}; }) ==
             "hooks.dump of the site file must dump as of ${DUMP_TS}: without the timestamp nobody "
             "could say where the new Drainer has to begin");
  BOOST_TEST(
      import([](Cluster* c) { c->hooks.load.clear(); }) ==
      "hooks.load of the site file must load into ${SINK}, replacing the rows that are there");
  BOOST_TEST(import([](Cluster* c) { c->hooks.compare = {"/srv/compare"}; }) ==
             "hooks.compare of the site file must name ${SINK}");
  BOOST_TEST(import([](Cluster* c) {
               c->old_drainers[0].sink.type = c->new_drainers[0].sink.type = "pb";
             }).starts_with("new-drainer-1 applies to pb: a full import loads into a database"));
  const std::string shared = Refusal(kImport, ImportCluster({.drainers = 2}), [](Cluster* c) {
    c->old_drainers[1].sink = c->new_drainers[1].sink = c->new_drainers[0].sink;
  });
  BOOST_TEST(
      shared.starts_with("new-drainer-1 and new-drainer-2 would keep their checkpoint in the "
                         "row of tidb_binlog.checkpoint at sink-1"),
      shared);
  BOOST_TEST(import([](Cluster* c) {
               c->dump_max = 4 * 24 * kHour;
             }).starts_with("new Pumps keep binlogs for 168h, and dump and load may take 216h30m"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(import_looks)

BOOST_AUTO_TEST_CASE(TheGcLifeTime) {
  const Cluster cluster = ImportCluster();
  Facts facts;
  const Verdict known = Look(GcLifeKnown{}, cluster, facts, {Life("10m0s")});
  Expect(known, State::kHolds, "tikv_gc_life_time is 10m0s");
  BOOST_REQUIRE(known.facts.size() == 1U);
  BOOST_TEST(known.facts[0].first == "gc-life");
  BOOST_TEST(known.facts[0].second == "10m0s");
  Expect(Look(GcLifeKnown{}, cluster, facts, {Life("soon")}), State::kUnknown,
         "the GC life time: tikv_gc_life_time is 'soon'");
  Expect(Look(GcLifeKnown{}, cluster, facts, {{AnswerCode::kConnectionRefused, 0, ""}}),
         State::kUnknown, "the GC life time: connection refused");
  Expect(Look(GcLifeAtLeast{kHour}, cluster, facts, {Life("59m59s")}), State::kFails,
         "tikv_gc_life_time is 59m59s, less than 1h");
  Expect(Look(GcLifeAtLeast{kHour}, cluster, facts, {Life("1h0m0s")}), State::kHolds,
         "tikv_gc_life_time is 1h0m0s");
  Expect(Look(GcLifeRestored{}, cluster, facts, {Life("24h0m0s")}), State::kHolds,
         "tikv_gc_life_time was not changed");
  facts.Set("gc-life", "10m0s");
  Expect(Look(GcLifeRestored{}, cluster, facts, {Life("24h0m0s")}), State::kFails,
         "tikv_gc_life_time is 24h0m0s, it was 10m0s");
  Expect(Look(GcLifeRestored{}, cluster, facts, {Life("10m0s")}), State::kHolds,
         "tikv_gc_life_time is 10m0s again");
}

BOOST_AUTO_TEST_CASE(TheStaleCheckpoint) {
  const Cluster cluster = ImportCluster();
  const Facts facts;
  const std::string row = "the row of tidb_binlog.checkpoint at sink-1";
  const Verdict stale = Look(StaleCheckpointKnown{0}, cluster, facts, {Row(5)});
  Expect(stale, State::kHolds, row + " is at 5: it goes");
  BOOST_TEST(stale.facts[0].first == "cluster-id/old-drainer-1");
  BOOST_TEST(stale.facts[0].second == "77");
  Expect(Look(StaleCheckpointKnown{0}, cluster, facts, {Ok("")}), State::kHolds,
         row + " holds nothing");
  Expect(Look(CheckpointGone{0}, cluster, facts, {Row(5)}), State::kFails,
         row + " is at 5 and would beat the dump's timestamp");
  Expect(Look(CheckpointGone{0}, cluster, facts, {{AnswerCode::kFailed, 1, "ERROR 1146"}}),
         State::kHolds, row + " holds nothing");
  Expect(Look(CheckpointGone{0}, cluster, facts, {{AnswerCode::kTimedOut, 0, ""}}), State::kUnknown,
         row + ": timed out");
}

BOOST_AUTO_TEST_CASE(TheCarriedCheckpoint) {
  Facts facts;
  facts.Set("handover/old-drainer-1", "42");
  const Cluster database = MakeCluster({.era = "local"});
  const std::string row = "the row of tidb_binlog.checkpoint at sink-1";
  Expect(Look(CheckpointCarried{0}, database, facts, {Ok("")}), State::kHolds,
         row + " is empty: new-drainer-1 will begin at 42 by --initial-commit-ts");
  Expect(Look(CheckpointCarried{0}, database, facts, {Row(9)}), State::kNever,
         row +
             " has come into being and would override 42, which old-drainer-1 hands over: find "
             "out who wrote it, and move it away");
  const Cluster file = MakeCluster({.sink_type = "pb", .era = "local"});
  const std::string place = "/srv/new/data.new-drainer-1/savepoint on 10.0.2.101";
  Expect(Look(CheckpointCarried{0}, file, facts, {Ok("commitTS = 42\n")}), State::kHolds,
         place + " carries commitTS 42 over to new-drainer-1");
  Expect(Look(CheckpointCarried{0}, file, facts, {Ok("commitTS = 41\n")}), State::kFails,
         place + " says 41, not 42, which old-drainer-1 hands over");
  Expect(Look(CheckpointCarried{0}, file, facts, {{AnswerCode::kNotFound, 1, ""}}), State::kFails,
         place + " says nothing, not 42, which old-drainer-1 hands over");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
