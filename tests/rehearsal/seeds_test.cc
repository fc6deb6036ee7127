// No false alarm: correct upgrades over drawn topologies, dialects, configurations and loads. No
// finding of cause engine, no loss, each one arrives. ./check runs 2,000; here is a share of them.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/rehearsal/rehearse.h"

namespace tidegate::test {
namespace {

constexpr std::uint64_t kSeeds = 300;

BOOST_AUTO_TEST_SUITE(seeds)

BOOST_AUTO_TEST_CASE(correct_upgrades_raise_no_alarm) {
  const sim::Scenario scenario = LoadScenario("kafka-to-cluster/random.json");
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Rehearsed run = Rehearse(scenario, {.seed = seed, .keep_trace = false});
    BOOST_TEST(run.outcome() == "pass", "seed " << seed << ": " << run.verdict().why);
    for (const verifier::Finding& finding : run.verdict().findings) {
      const bool alarm =
          finding.cause == verifier::Cause::kEngine || finding.kind == verifier::FindingKind::kLoss;
      BOOST_TEST(!alarm, "seed " << seed << ": " << finding.check << ": " << finding.why);
    }
  }
}

// What is drawn must really differ: else one world is run three hundred times.
BOOST_AUTO_TEST_CASE(the_worlds_are_different) {
  const sim::Scenario scenario = LoadScenario("kafka-to-cluster/random.json");
  std::vector<std::size_t> node_counts;
  std::vector<std::string> old_versions;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Result<rehearsal::Prepared> prepared = rehearsal::Prepare(scenario, seed);
    BOOST_REQUIRE(prepared.has_value());
    node_counts.push_back(prepared->plan.nodes.size());
    old_versions.push_back(prepared->scenario.old_version);
  }
  const auto distinct = [](auto values) {
    std::sort(values.begin(), values.end());
    return std::unique(values.begin(), values.end()) - values.begin();
  };
  BOOST_TEST(distinct(node_counts) >= 5);
  BOOST_TEST(distinct(old_versions) == 4);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
