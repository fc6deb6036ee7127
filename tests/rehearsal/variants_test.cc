// The known-bad engines: each is caught by the check named for its mistake, and everything that the
// judge says of it is compared, word for word, with golden/<engine>.txt.
#include "rehearsal/variants.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "tests/rehearsal/generated_cases.h"
#include "tests/rehearsal/rehearse.h"
#include "tests/support/golden.h"

namespace tidegate::test {
namespace {

using rehearsal::Variant;

bool Finds(const verifier::Verdict& verdict, const std::string& check) {
  for (const verifier::Finding& finding : verdict.findings) {
    if (finding.check == check) return true;
  }
  return false;
}

void ExpectCaught(const Variant& variant) {
  const sim::Scenario scenario = LoadScenario(variant.scenario);
  const Rehearsed bad =
      Rehearse(scenario, {.seed = scenario.seed.value_or(1), .variant = variant.name});
  BOOST_TEST(Finds(bad.verdict(), variant.caught_by),
             variant.name << " is not caught by " << variant.caught_by);
  ExpectGolden(fmt::format("rehearsal/golden/{}.txt", variant.name),
               fmt::format("{}: {}\non {}, caught by {}\nverdict: {}: {}\n\n{}", variant.name,
                           variant.mistake, variant.scenario, variant.caught_by, bad.outcome(),
                           bad.verdict().why, Explained(bad.result)));
}

std::vector<GeneratedCase> Cases() {
  std::vector<GeneratedCase> cases;
  for (const Variant& variant : rehearsal::Variants()) {
    cases.push_back({variant.name, [&variant] { ExpectCaught(variant); }});
  }
  return cases;
}

BOOST_AUTO_TEST_SUITE(known_bad_engines)

const GeneratedCases kEach{Cases()};

BOOST_AUTO_TEST_CASE(there_are_enough) { BOOST_TEST(rehearsal::Variants().size() >= 18U); }

// The mistake is what makes the difference: without it nothing is found on the same scenario.
BOOST_AUTO_TEST_CASE(a_good_engine_on_the_same_scenarios_is_not_caught) {
  for (const Variant& variant : rehearsal::Variants()) {
    const sim::Scenario scenario = LoadScenario(variant.scenario);
    const Rehearsed good = Rehearse(scenario, {.seed = scenario.seed.value_or(1)});
    BOOST_TEST(!Finds(good.verdict(), variant.caught_by), variant.name);
    BOOST_TEST(Roots(good.verdict()) == "");
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_answered_with_the_nearest) {
  const Result<Variant> unknown = rehearsal::FindVariant("skips-the-gates");
  BOOST_REQUIRE(!unknown.has_value());
  BOOST_TEST(unknown.error().message.find("skips-the-gate") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
