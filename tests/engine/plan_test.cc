// The plan as it is printed, whole, and what its digest tells apart.
#include "engine/plan.h"

#include <boost/test/unit_test.hpp>
#include <functional>

#include "base/json.h"
#include "tests/support/fake_env.h"
#include "tests/support/golden.h"

namespace tidegate::engine {
namespace {

Plan PlanOf(const Cluster& cluster, const PlanOptions& options = {}) {
  return BuildPlan(cluster, options).value();
}

std::uint64_t DigestWith(const std::function<void(Cluster*)>& change) {
  Cluster cluster = MakeCluster();
  change(&cluster);
  return PlanOf(cluster).digest;
}

BOOST_AUTO_TEST_SUITE(plan)

BOOST_AUTO_TEST_CASE(RendersTheSevenStepsWithReasonsBoundsAndWaysBack) {
  test::ExpectGolden("engine/golden/plan.txt", RenderPlan(PlanOf(MakeCluster())));
}

BOOST_AUTO_TEST_CASE(RendersTheManualsLetter) {
  test::ExpectGolden("engine/golden/plan_literal.txt",
                     RenderPlan(PlanOf(MakeCluster(), {.style = Style::kLiteral})));
}

BOOST_AUTO_TEST_CASE(CarriesTheCheckpointOfTheLocalEraToWhereTheNewDrainerLooks) {
  Cluster cluster = MakeCluster({.sink_type = "pb", .era = "local"});
  const std::string text = RenderPlan(PlanOf(cluster, {.procedure = Procedure::kLocalToCluster}));
  BOOST_TEST(text.find("write-file /srv/new/data.new-drainer-1/savepoint on 10.0.2.101 from "
                       "read-remote-file /srv/old/data.old-drainer-1/savePoint on 10.0.2.1 "
                       "(commitTS only)") != std::string::npos,
             text);
}

BOOST_AUTO_TEST_CASE(WithoutMarkerOrHookItAsksForEvidenceAndSaysSo) {
  Cluster cluster = MakeCluster();
  cluster.marker_schema.clear();
  const std::string without_marker = RenderPlan(PlanOf(cluster));
  BOOST_TEST(without_marker.find("run-sql") == std::string::npos);
  BOOST_TEST(without_marker.find("evidence, not proof") != std::string::npos);
  cluster.marker_schema = "app";
  cluster.hooks = {};
  const std::string without_hook = RenderPlan(PlanOf(cluster));
  BOOST_TEST(without_hook.find("run-sql") != std::string::npos);
  BOOST_TEST(without_hook.find("evidence, not proof") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(TheDigestTellsContentsApart) {
  const std::uint64_t plain = DigestWith([](Cluster*) {});
  BOOST_TEST(DigestWith([](Cluster*) {}) == plain);
  BOOST_TEST(DigestWith([](Cluster* c) { c->new_pumps[0].config_text = "gc = 9\n"; }) != plain);
  BOOST_TEST(DigestWith([](Cluster* c) { c->tidb_target_version = "v2.1.1"; }) != plain);
  BOOST_TEST(DigestWith([](Cluster* c) { c->hooks.detach_service.push_back("-v"); }) != plain);
  BOOST_TEST(DigestWith([](Cluster* c) { c->marker_schema = "other"; }) != plain);
}

BOOST_AUTO_TEST_CASE(JsonHasEveryTaskOnce) {
  const Plan made = PlanOf(MakeCluster());
  const JsonDocument json = JsonDocument::Parse(PlanToJson(made), "plan").value();
  const JsonValue* steps = json.root().Find("steps");
  BOOST_REQUIRE(steps != nullptr);
  BOOST_REQUIRE(steps->elements.size() == made.steps.size());
  for (std::size_t i = 0; i < made.steps.size(); ++i) {
    BOOST_TEST(steps->elements[i].Find("id")->text == made.steps[i].id);
    BOOST_TEST(steps->elements[i].Find("tasks")->elements.size() == made.steps[i].tasks.size());
    BOOST_TEST(steps->elements[i].Find("undo")->elements.size() == made.steps[i].undo.size());
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(edit)

std::string Config(const std::string& text) { return ApplyEdit(Edit::kTidbConfigToCluster, text); }
std::string Script(const std::string& text) { return ApplyEdit(Edit::kTidbScriptToCluster, text); }

BOOST_AUTO_TEST_CASE(TidbConfigGetsBinlogAndLosesTheSocket) {
  BOOST_TEST(Config("") == "[binlog]\nenable = true\n");
  BOOST_TEST(Config("binlog-socket = \"/s\"\nport = 1\n") == "port = 1\n[binlog]\nenable = true\n");
  BOOST_TEST(
      Config("[binlog]\nbinlog-socket=\"/s\"\nenable = false\nignore-error = false\n[log]\n") ==
      "[binlog]\nenable = true\nignore-error = false\n[log]\n");
  // Another section's key of that name stays, and so does a comment.
  BOOST_TEST(Config("[log]\nenable = false\n# binlog-socket = 1\n") ==
             "[log]\nenable = false\n# binlog-socket = 1\n[binlog]\nenable = true\n");
}

BOOST_AUTO_TEST_CASE(TidbConfigOnceEditedStaysAsItIs) {
  for (const std::string text : {"", "[binlog]", "[binlog]\nbinlog-socket = \"x\"\n",
                                 "a = 1\n[binlog]\nenable = true\n[z]"}) {
    const std::string once = Config(text);
    BOOST_TEST(Config(once) == once);
  }
}

BOOST_AUTO_TEST_CASE(TidbScriptLosesTheFlagAndNothingElse) {
  BOOST_TEST(Script("exec t \\\n    --binlog-socket=\"/a b\" \\\n    -L\n") ==
             "exec t \\\n    -L\n");
  BOOST_TEST(Script("exec t --binlog-socket=/s -P 4000\n") == "exec t  -P 4000\n");
  BOOST_TEST(Script("exec t --binlog-socket /s -P 4000\n") == "exec t  -P 4000\n");
  BOOST_TEST(Script("exec t -P 4000\n") == "exec t -P 4000\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
