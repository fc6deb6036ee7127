// From the Local version, and by a full import: the engine dies at every output in four ways, the
// operator aborts at every step and output, plans hold behind every step, refusals change nothing.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "tests/rehearsal/crashes.h"
#include "tests/rehearsal/rehearse.h"
#include "verifier/relations/relations.h"

namespace tidegate::test {
namespace {

constexpr const char* kProcedures[] = {"local-to-cluster", "full-import"};

std::vector<std::string> StepsOf(const std::string& procedure) {
  if (procedure == "full-import") {
    return {"deploy-pump", "hold-gc",     "stop-tidb", "upgrade-tidb",  "start-tidb",
            "dump",        "abandon-old", "load",      "start-drainer", "retire-old"};
  }
  return {"deploy-pump",  "stop-tidb",     "upgrade-tidb", "start-tidb",
          "wait-drained", "start-drainer", "retire-old"};
}

sim::Scenario Small(const std::string& procedure, std::vector<std::string> overrides = {}) {
  overrides.insert(overrides.begin(), {"workload.transactions=400", "workload.tail=20s"});
  return LoadScenario(procedure + "/small.json", overrides);
}

Tso LastGcLife(const trace::Trace& trace) {
  Tso life = 0;
  for (const trace::Event& event : trace.events) {
    if (event.kind == trace::EventKind::kGcLifeSet) life = event.a;
  }
  return life;
}

BOOST_AUTO_TEST_SUITE(cluster_ways)

BOOST_AUTO_TEST_CASE(every_output_in_four_ways) {
  for (const char* procedure : kProcedures) {
    ExpectSurvivesEachCrash(Small(procedure), {.step = kOutputStep});
  }
}

void ExpectSafe(const std::string& procedure, const std::string& when, const std::string& answer) {
  const Rehearsed run =
      Rehearse(Small(procedure, {fmt::format(R"(engine.operator={{"{}": "{}"}})", when, answer)}));
  const std::string where = procedure + " " + when;
  const verifier::EndState after = verifier::EndStateOf(run.result.trace);
  BOOST_TEST(Roots(run.verdict()) == "", where << ": " << Roots(run.verdict()));
  if (after.passed_door) {
    BOOST_TEST(after.engine_why.find("new Pumps") != std::string::npos,
               where << ": " << after.engine_why);
    return;
  }
  const auto wrong = verifier::AbortIsSafe(verifier::StateBeforeEngine(run.result.trace), after);
  BOOST_TEST(!wrong.has_value(), where << ": " << wrong.value_or(""));
  BOOST_TEST((after.serving == verifier::Serving::kOldSide), where);
  if (procedure == "full-import") {
    BOOST_TEST(LastGcLife(run.result.trace) == 10 * kMinute, where);
  }
}

BOOST_AUTO_TEST_CASE(abort_as_each_step_begins) {
  for (const std::string procedure : kProcedures) {
    ExpectSafe(procedure, "step:preflight", "abort");
    for (const std::string& step : StepsOf(procedure)) {
      ExpectSafe(procedure, "step:" + step, "abort");
    }
    ExpectSafe(procedure, "one-way-door", "no");
  }
}

BOOST_AUTO_TEST_CASE(abort_at_any_output) {
  for (const std::string procedure : kProcedures) {
    const Rehearsed calm = Rehearse(Small(procedure));
    for (std::uint64_t output = 1; output + 1 < calm.result.crash_points; output += kOutputStep) {
      ExpectSafe(procedure, fmt::format("output:{}", output), "abort");
    }
  }
}

BOOST_AUTO_TEST_CASE(until_holds_behind_each_step) {
  for (const std::string procedure : kProcedures) {
    std::vector<std::string> steps = StepsOf(procedure);
    steps.pop_back();
    for (const std::string& step : steps) {
      const Rehearsed run = Rehearse(Small(procedure, {"engine.until=" + step}));
      std::string last_done;
      for (const rehearsal::StepLine& line : run.result.steps) {
        if (line.what == "done" && line.step != "engine") last_done = line.step;
      }
      BOOST_TEST(last_done == step);
      BOOST_TEST(run.EngineWord().find("held after " + step) != std::string::npos);
      BOOST_TEST(Roots(run.verdict()) == "", procedure << " " << step);
    }
  }
}

BOOST_AUTO_TEST_CASE(refusals_change_nothing) {
  for (const std::string file : {"local-to-cluster/wrong-procedure", "full-import/file-sink",
                                 "full-import/unknown-old-drainer"}) {
    const sim::Scenario scenario = LoadScenario(file + ".json");
    const Rehearsed refused = Rehearse(scenario);
    BOOST_TEST(refused.outcome() == "refused", file);
    for (const trace::Event& event : refused.result.trace.events) {
      BOOST_TEST((event.kind != trace::EventKind::kActionStarted), file);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cluster_ways_seeds)

BOOST_AUTO_TEST_CASE(correct_upgrades_raise_no_alarm) {
  for (const std::string procedure : kProcedures) {
    const sim::Scenario scenario = LoadScenario(procedure + "/random.json");
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      const Rehearsed run = Rehearse(scenario, {.seed = seed, .keep_trace = false});
      BOOST_TEST(run.outcome() == "pass", procedure << " seed " << seed << run.verdict().why);
      for (const verifier::Finding& finding : run.verdict().findings) {
        const bool alarm = finding.cause == verifier::Cause::kEngine ||
                           finding.kind == verifier::FindingKind::kLoss;
        BOOST_TEST(!alarm, procedure << " seed " << seed << ": " << finding.why);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
