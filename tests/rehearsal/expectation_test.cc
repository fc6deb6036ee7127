// What a scenario says must come out, against what did: events that are expected and how often.
#include "rehearsal/expectation.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "rehearsal/topology.h"
#include "tests/rehearsal/rehearse.h"

namespace tidegate::test {
namespace {

std::vector<std::string> DifferencesOf(sim::Expectation expect) {
  const sim::Scenario scenario = LoadScenario("kafka-to-cluster/small.json");
  const Rehearsed run = Rehearse(scenario, {.count = &expect.events});
  return rehearsal::Differences(expect, run.result);
}

sim::ExpectedEvents Events(trace::EventKind kind, std::string node, std::int64_t low,
                           std::int64_t high = INT64_MAX) {
  sim::ExpectedEvents events;
  events.text.kind = kind;
  events.text.node.name = std::move(node);
  events.times = {low, high};
  return events;
}

BOOST_AUTO_TEST_SUITE(expectation)

BOOST_AUTO_TEST_CASE(events_are_counted_by_kind_node_and_words) {
  sim::Expectation expect;
  expect.events.push_back(Events(trace::EventKind::kNodeUp, "tidb-1", 2, 2));
  expect.events.push_back(Events(trace::EventKind::kBinlogAcked, "", 200));
  expect.events.push_back(Events(trace::EventKind::kStepStarted, "", 1, 1));
  expect.events.back().text.match_text = "wait-drained";
  expect.events.push_back(Events(trace::EventKind::kUnitEnabled, "old-drainer-1", 1, 1));
  expect.events.back().text.match_code = 0;
  for (const std::string& difference : DifferencesOf(expect)) BOOST_ERROR(difference);
}

BOOST_AUTO_TEST_CASE(too_few_and_too_many_are_differences) {
  sim::Expectation expect;
  expect.events.push_back(Events(trace::EventKind::kNodeUp, "tidb-1", 1, 1));
  expect.events.push_back(Events(trace::EventKind::kBinlogPurged, "", 1));
  const std::vector<std::string> differences = DifferencesOf(expect);
  BOOST_REQUIRE(differences.size() == 2U);
  BOOST_TEST(differences[0] == "node-up of tidb-1 came 2 times, expected were 1 to 1");
  BOOST_TEST(differences[1] == "binlog-purged came 0 times, expected were 1 or more");
}

BOOST_AUTO_TEST_CASE(a_node_that_is_not_there_is_no_scenario) {
  sim::Scenario scenario = LoadScenario("kafka-to-cluster/small.json");
  scenario.expect.events.push_back(Events(trace::EventKind::kNodeUp, "tidb-9", 1));
  const Result<rehearsal::Prepared> prepared = rehearsal::Prepare(scenario, 1);
  BOOST_REQUIRE(!prepared.has_value());
  BOOST_TEST(prepared.error().message.starts_with("no node is named 'tidb-9'"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
