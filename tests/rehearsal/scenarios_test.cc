// Every scenario file, with every engine that it names: what comes out is what it expects; a second
// run gives the same bytes; another seed gives other ones.
#include <boost/test/unit_test.hpp>
#include <utility>

#include "rehearsal/expectation.h"
#include "tests/rehearsal/generated_cases.h"
#include "tests/rehearsal/rehearse.h"
#include "verifier/relations/relations.h"

namespace tidegate::test {
namespace {

void ExpectItself(const std::string& file, const std::string& variant) {
  const sim::Scenario scenario = LoadScenario(file);
  sim::EngineSettings engine = scenario.engine;
  sim::Expectation expect = scenario.expect;
  for (const sim::ScenarioVariant& one : scenario.variants) {
    if (one.name != variant) continue;
    engine = one.engine;
    expect = one.expect;
  }
  const std::uint64_t seed = scenario.seed.value_or(1);
  const Rehearsed first = Rehearse(scenario, engine, {.seed = seed, .count = &expect.events});
  for (const std::string& difference : rehearsal::Differences(expect, first.result)) {
    BOOST_ERROR(difference);
  }
  if (kSanitized) return;

  const Rehearsed second = Rehearse(scenario, engine, {.seed = seed});
  BOOST_TEST(first.result.digest == second.result.digest);
  const auto differs = verifier::Repeats(first.result.trace, second.result.trace);
  BOOST_TEST(!differs.has_value(), differs.value_or(""));
  BOOST_TEST((JsonlOf(first.result.trace) == JsonlOf(second.result.trace)));
  BOOST_TEST(JsonOf(first.result) == JsonOf(second.result));

  const Rehearsed other = Rehearse(scenario, engine, {.seed = seed + 1, .keep_trace = false});
  BOOST_TEST(first.result.digest != other.result.digest);
}

std::vector<GeneratedCase> Cases() {
  std::vector<GeneratedCase> cases;
  for (const std::string& file : ScenarioFiles()) {
    cases.push_back({file, [file] { ExpectItself(file, ""); }});
    const Result<sim::Scenario> scenario = sim::LoadScenario(ScenarioPath(file), {});
    if (!scenario.has_value()) continue;  // its first case says why
    for (const sim::ScenarioVariant& variant : scenario->variants) {
      cases.push_back({file + " [" + variant.name + "]",
                       [file, name = variant.name] { ExpectItself(file, name); }});
    }
  }
  if (!kSanitized || InFull()) return cases;
  // Under sanitizers one half, and the other the next day.
  std::vector<GeneratedCase> half;
  for (std::size_t i = Day() % 2; i < cases.size(); i += 2) half.push_back(std::move(cases[i]));
  return half;
}

BOOST_AUTO_TEST_SUITE(scenarios)

const GeneratedCases kEach{Cases()};

// A list of files that came out empty would pass everything.
BOOST_AUTO_TEST_CASE(there_are_many) { BOOST_TEST(ScenarioFiles().size() >= 40U); }

BOOST_AUTO_TEST_CASE(each_pass_names_premises) {
  for (const std::string& file : ScenarioFiles()) {
    const sim::Scenario scenario = LoadScenario(file);
    if (scenario.expect.verdict == "pass") {
      BOOST_TEST(!scenario.expect.premises.empty(),
                 file << " expects a pass of what it never says");
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
