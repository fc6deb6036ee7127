// The operator aborts: at each step, at each output, at the question before the one-way door, or
// the budget of the write outage does it. Before the door everything is put back; behind it the
// engine stops where it is, and says who serves. Nothing is lost either way.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "tests/rehearsal/rehearse.h"
#include "verifier/relations/relations.h"

namespace tidegate::test {
namespace {

constexpr const char* kSmall = "kafka-to-cluster/small.json";

struct Aborted {
  Rehearsed run;
  verifier::EndState before;
  verifier::EndState after;
};

// `when`: "step:stop-tidb", "output:12", "one-way-door".
Aborted AbortAt(const std::string& when, const std::string& answer = "abort") {
  Rehearsed run = Rehearse(
      LoadScenario(kSmall, {"workload.transactions=400", "workload.tail=20s",
                            fmt::format(R"(engine.operator={{"{}": "{}"}})", when, answer)}));
  verifier::EndState before = verifier::StateBeforeEngine(run.result.trace);
  verifier::EndState after = verifier::EndStateOf(run.result.trace);
  return {std::move(run), std::move(before), std::move(after)};
}

// Behind the door only what the engine had begun is open: rows wait in the new Pumps.
void ExpectSafe(const Aborted& aborted, const std::string& when) {
  const std::string roots = Roots(aborted.run.verdict());
  BOOST_TEST(roots == "", when << ": " << roots);
  if (!aborted.after.passed_door) {
    const auto wrong = verifier::AbortIsSafe(aborted.before, aborted.after);
    BOOST_TEST(!wrong.has_value(), when << ": " << wrong.value_or(""));
    BOOST_TEST((aborted.after.serving == verifier::Serving::kOldSide), when);
  } else {
    BOOST_TEST(aborted.after.engine_why.find("new Pumps") != std::string::npos,
               when << ": " << aborted.after.engine_why);
    BOOST_TEST(aborted.after.engine_why.find("resume goes on") != std::string::npos,
               when << ": " << aborted.after.engine_why);
  }
}

BOOST_AUTO_TEST_SUITE(abort_is_safe)

BOOST_AUTO_TEST_CASE(when_any_step_begins) {
  for (const std::string step : {"preflight", "deploy-pump", "stop-tidb", "upgrade-tidb",
                                 "start-tidb", "wait-drained", "start-drainer", "retire-old"}) {
    const Aborted aborted = AbortAt("step:" + step);
    BOOST_TEST(aborted.after.engine_end == static_cast<int>(trace::EngineEnd::kAborted), step);
    ExpectSafe(aborted, step);
  }
}

BOOST_AUTO_TEST_CASE(at_any_output) {
  const Rehearsed calm = Rehearse(LoadScenario(kSmall, {"workload.transactions=400"}));
  std::size_t turned_back = 0;
  // The last records say that everything is done: nothing is left to abort.
  for (std::uint64_t output = 1; output + 1 < calm.result.crash_points; ++output) {
    const std::string when = fmt::format("output:{}", output);
    const Aborted aborted = AbortAt(when);
    ExpectSafe(aborted, when);
    if (!aborted.after.passed_door) ++turned_back;
  }
  BOOST_TEST(turned_back > 10U);
  BOOST_TEST(turned_back < calm.result.crash_points);
}

BOOST_AUTO_TEST_CASE(no_at_the_door_puts_everything_back) {
  for (const std::string answer : {"no", "abort"}) {
    const Aborted aborted = AbortAt("one-way-door", answer);
    BOOST_TEST(!aborted.after.passed_door);
    ExpectSafe(aborted, answer);
    BOOST_TEST(aborted.run.EngineWord().find("the old side serves") != std::string::npos,
               aborted.run.EngineWord());
  }
}

BOOST_AUTO_TEST_CASE(a_budget_that_is_too_small_turns_back_in_time) {
  const Rehearsed run = Rehearse(LoadScenario(
      "kafka-to-cluster/small.json", {"workload.transactions=400", "engine.write_outage_max=25s",
                                      "timing.boot=9s", "workload.tail=20s"}));
  const verifier::EndState after = verifier::EndStateOf(run.result.trace);
  BOOST_TEST(!after.passed_door);
  const auto wrong = verifier::AbortIsSafe(verifier::StateBeforeEngine(run.result.trace), after);
  BOOST_TEST(!wrong.has_value(), wrong.value_or(""));
  BOOST_TEST(run.EngineWord().find("budget") != std::string::npos, run.EngineWord());
  BOOST_TEST(run.verdict().figures.writers_down <= 25 * kSecond);
  BOOST_TEST(Roots(run.verdict()) == "");
}

// Nothing is done behind the step that the operator named.
BOOST_AUTO_TEST_CASE(until_holds_behind_each_step) {
  for (const std::string step : {"deploy-pump", "stop-tidb", "upgrade-tidb", "start-tidb",
                                 "wait-drained", "start-drainer"}) {
    const Rehearsed run = Rehearse(LoadScenario(
        kSmall, {"workload.transactions=400", "workload.tail=20s", "engine.until=" + step}));
    std::string last_done;
    for (const rehearsal::StepLine& line : run.result.steps) {
      if (line.what == "done" && line.step != "engine") last_done = line.step;
    }
    BOOST_TEST(last_done == step);
    BOOST_TEST(run.EngineWord().find("held after " + step) != std::string::npos, run.EngineWord());
    BOOST_TEST(Roots(run.verdict()) == "", step);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(no_mutation_in_dry_run)

// A refusal at plan time, or in the preflight, has looked and changed nothing.
BOOST_AUTO_TEST_CASE(what_is_refused_before_step_one_changed_nothing) {
  for (const std::string file :
       {"h01-same-homes", "h23-other-checkpoint-schema", "h31-unknown-old-drainer",
        "sink-on-the-old-kafka", "filters-differ"}) {
    const sim::Scenario scenario = LoadScenario("kafka-to-cluster/hazards/" + file + ".json");
    const Rehearsed refused = Rehearse(scenario);
    BOOST_TEST(refused.outcome() == "refused", file);
    const Rehearsed idle = Rehearse(scenario, {.variant = "does-nothing"});
    const auto changed =
        verifier::NoMutationInDryRun(refused.result.trace, verifier::EndStateOf(idle.result.trace));
    BOOST_TEST(!changed.has_value(), file << ": " << changed.value_or(""));
  }
}

BOOST_AUTO_TEST_CASE(an_engine_that_acts_is_told_from_one_that_looks) {
  const sim::Scenario scenario = LoadScenario(kSmall);
  const Rehearsed acts = Rehearse(scenario);
  const Rehearsed idle = Rehearse(scenario, {.variant = "does-nothing"});
  BOOST_TEST(
      verifier::NoMutationInDryRun(acts.result.trace, verifier::EndStateOf(idle.result.trace))
          .has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
