// What is judged while it happens and what is judged from a saved trace are the same, byte for
// byte; and the canaries: a run that must fail fails, a fault that never fires makes a run
// inconclusive.
#include <boost/test/unit_test.hpp>
#include <set>

#include "rehearsal/report.h"
#include "tests/rehearsal/rehearse.h"
#include "tests/support/temp_dir.h"
#include "tests/support/why.h"
#include "trace/digest.h"
#include "trace/file.h"
#include "verifier/verifier.h"

namespace tidegate::test {
namespace {

// A saved trace, judged as `tidegate verify` does.
rehearsal::RunResult JudgeAgain(trace::Trace saved) {
  rehearsal::RunResult result;
  result.trace = std::move(saved);
  result.verdict = verifier::JudgeTrace(result.trace, {});
  rehearsal::StepCollector steps(result.trace.header, result.trace.texts);
  for (const trace::Event& event : result.trace.events) steps.OnEvent(event);
  result.steps = steps.lines();
  result.digest = trace::DigestOf(result.trace);
  return result;
}

// Whatever was found, whether as a root or as what follows from one.
std::string Found(const verifier::Verdict& verdict) {
  std::set<std::string> found;
  for (const verifier::Finding& finding : verdict.findings) {
    found.insert(finding.check + " " + std::string(verifier::FindingKindName(finding.kind)));
  }
  std::string text;
  for (const std::string& one : found) text += one + "\n";
  return text;
}

void ExpectSameFromFile(const sim::Scenario& scenario, const sim::EngineSettings& engine) {
  const TempDir folder;
  const Rehearsed run = Rehearse(scenario, engine, {});
  for (const std::string name : {"run.jsonl", "run.tgt"}) {
    BOOST_REQUIRE(trace::WriteTrace(run.result.trace, folder / name).has_value());
    Result<trace::Trace> saved = trace::ReadTrace(folder / name);
    BOOST_REQUIRE_MESSAGE(saved.has_value(), Why(saved));
    const rehearsal::RunResult again = JudgeAgain(*std::move(saved));
    BOOST_TEST(JsonOf(run.result) == JsonOf(again), scenario.name << " from " << name);
    BOOST_TEST(Explained(run.result) == Explained(again), scenario.name << " from " << name);
  }
}

BOOST_AUTO_TEST_SUITE(saved_traces)

BOOST_AUTO_TEST_CASE(streaming_equals_whole) {
  for (const std::string file :
       {"kafka-to-cluster/small.json", "kafka-to-cluster/steady-writes.json",
        "kafka-to-cluster/with-ddl.json", "kafka-to-cluster/engine-crash.json",
        "incidents/synced-true-on-zero-equals-zero.json",
        "incidents/new-drainer-started-before-old-drained.json",
        "kafka-to-cluster/hazards/h01-same-homes.json"}) {
    const sim::Scenario scenario = LoadScenario(file);
    ExpectSameFromFile(scenario, scenario.engine);
    for (const sim::ScenarioVariant& variant : scenario.variants) {
      ExpectSameFromFile(scenario, variant.engine);
    }
  }
}

// Without a kept trace there are no stories of who did what, but the judgement is the same.
BOOST_AUTO_TEST_CASE(what_was_not_kept_is_judged_the_same) {
  const sim::Scenario scenario =
      LoadScenario("incidents/new-drainer-started-before-old-drained.json");
  for (const sim::ScenarioVariant& variant : scenario.variants) {
    const Rehearsed kept = Rehearse(scenario, variant.engine, {});
    const Rehearsed passed = Rehearse(scenario, variant.engine, {.keep_trace = false});
    BOOST_TEST(kept.result.digest == passed.result.digest);
    BOOST_TEST(Found(kept.verdict()) == Found(passed.verdict()));
    BOOST_TEST(kept.outcome() == passed.outcome());
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(canary)

BOOST_AUTO_TEST_CASE(a_run_that_must_fail_fails) {
  const Rehearsed bad =
      Rehearse(LoadScenario("kafka-to-cluster/steady-writes.json"), {.variant = "skips-the-gate"});
  BOOST_TEST(bad.outcome() == "fail");
  BOOST_TEST((rehearsal::ExitCodeOf(bad.verdict().outcome) == ExitCode::kViolated));
}

BOOST_AUTO_TEST_CASE(a_fault_that_never_fires_proves_nothing) {
  const Rehearsed run = Rehearse(LoadScenario(
      "kafka-to-cluster/small.json",
      {R"(faults=[{"kill": "tidb-1", "nth": 99, "on": {"event": "ddl-committed"}}])"}));
  BOOST_TEST(run.outcome() == "inconclusive");
  BOOST_TEST((rehearsal::ExitCodeOf(run.verdict().outcome) == ExitCode::kInconclusive));
}

BOOST_AUTO_TEST_CASE(an_event_limit_proves_nothing) {
  const Rehearsed run =
      Rehearse(LoadScenario("kafka-to-cluster/small.json", {"limits.events_max=1000"}));
  BOOST_TEST(run.outcome() == "inconclusive");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
