// Five incidents from their captures alone; and that the search is no believer: other looks, other
// symptoms and other faults are not found.
#include "rehearsal/reproduce.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "rehearsal/import_scenario.h"
#include "tests/rehearsal/rehearse.h"
#include "tests/support/why.h"

namespace tidegate::test {
namespace {

using namespace rehearsal;  // NOLINT(google-build-using-namespace)

const std::string kFixtures = std::string(TIDEGATE_SOURCE_DIR) + "/fixtures/";

struct Case {
  std::string folder;
  std::vector<std::string> statuses;  ///< FILE@TIME
  std::string savepoint;
  std::string log_ends;
  std::string site = "sites/small.json";
  std::string log = {};
};

const Case kHung{"hung-statement",
                 {"status-1.json@2018-10-20T10:12:00Z", "status-2.json@2018-10-20T10:17:40Z",
                  "pump-status.json@2018-10-20T10:12:01Z"},
                 "checkpoint.txt",
                 "",
                 "sites/small.json",
                 "drainer.log"};
const Case kNoKafka{"cannot-read-kafka",
                    {"status-1.json@2018-10-21T02:00:00Z", "status-2.json@2018-10-21T02:05:00Z"},
                    "savepoint.toml",
                    "log-ends.json",
                    "captured/cannot-read-kafka/site.json",
                    "drainer.log"};
const Case kZero{
    "zero-equals-zero", {"status.json@2018-10-22T02:00:14Z"}, "checkpoint.txt", "log-ends.json"};

constexpr int kZoneMinutes = 480;

auto TakenAt(const std::string& text) {
  const auto argument = ParseStatusArgument(text, kZoneMinutes);
  BOOST_REQUIRE_MESSAGE(argument.has_value(), Why(argument));
  return *argument;
}

// A rolling upgrade of the cluster version: a Drainer that hangs keeps restarted Pumps from
// starting.
ImportInput NotifyBlocked() {
  const std::string folder = kFixtures + "captured/notify-blocked/";
  ImportInput input;
  input.name = "notify-blocked";
  input.out = "/notify-blocked.json";
  input.inventory = folder + "inventory.ini";
  input.target = folder + "target.ini";
  input.site = folder + "site.json";
  input.zone_minutes = kZoneMinutes;
  input.statuses = {TakenAt("drainer-1=" + folder + "status-1.json@2019-08-12 10:00:10"),
                    TakenAt("drainer-1=" + folder + "status-2.json@2019-08-12 10:01:00"),
                    TakenAt("drainer-1=" + folder + "status-3.json@2019-08-12 10:01:35")};
  input.listings = {TakenAt(folder + "pumps.txt@2019-08-12 10:01:30"),
                    TakenAt(folder + "drainers.txt@2019-08-12 10:01:30")};
  input.pump_logs = {{"ip-172-16-5-71:8250", folder + "pump.log"}};
  return input;
}

// A rolling upgrade by playbook: a Drainer hangs, stop_drainer.yml waits for its port, fails, and
// leaves the other one stopped.
ImportInput StopDrainerHangs() {
  const std::string folder = kFixtures + "captured/stop-drainer-hangs/";
  ImportInput input;
  input.name = "stop-drainer-hangs";
  input.out = "/stop-drainer-hangs.json";
  input.inventory = folder + "inventory.ini";
  input.target = folder + "target.ini";
  input.site = kFixtures + "captured/notify-blocked/site.json";
  input.procedure = "rolling-ansible";
  input.zone_minutes = kZoneMinutes;
  input.statuses = {TakenAt("drainer-2=" + folder + "status-1.json@2020-01-14 10:00:10"),
                    TakenAt("drainer-2=" + folder + "status-2.json@2020-01-14 10:00:25")};
  input.listings = {TakenAt(folder + "pumps.txt@2020-01-14 10:04:10"),
                    TakenAt(folder + "drainers.txt@2020-01-14 10:04:10")};
  input.pump_logs = {{"ip-172-16-5-71:8250", folder + "pump.log"}};
  return input;
}

sim::Scenario Imported(const Case& incident) {
  const std::string folder = kFixtures + "captured/" + incident.folder + "/";
  ImportInput input;
  input.name = incident.folder;
  input.out = "/" + incident.folder + ".json";
  input.inventory = kFixtures + "inventories/small.ini";
  input.target = kFixtures + "inventories/small.target.ini";
  input.site = kFixtures + incident.site;
  input.zone_minutes = 480;
  for (const std::string& text : incident.statuses) {
    const auto status = ParseStatusArgument(folder + text, 0);
    BOOST_REQUIRE_MESSAGE(status.has_value(), Why(status));
    input.statuses.push_back(*status);
  }
  input.savepoint = folder + incident.savepoint;
  if (!incident.log_ends.empty()) input.log_ends = folder + incident.log_ends;
  if (!incident.log.empty()) input.drainer_logs = {{"", folder + incident.log}};
  const auto imported = ImportScenario(input);
  BOOST_REQUIRE_MESSAGE(imported.has_value(), Why(imported));
  const auto scenario = sim::ParseScenario(imported->text, input.out);
  BOOST_REQUIRE_MESSAGE(scenario.has_value(), Why(scenario));
  return *scenario;
}

Reproduced Search(const Case& incident, Symptom symptom, std::uint64_t tries = 300) {
  ReproduceInput input;
  input.scenario = Imported(incident);
  input.symptom = symptom;
  input.tries_max = tries;
  Result<Reproduced> result = Reproduce(input);
  BOOST_REQUIRE_MESSAGE(result.has_value(), Why(result));
  return *std::move(result);
}

// The scenario that was found comes out as it says, and a second search gives the same bytes.
void ExpectFound(const Case& incident, const std::string& schedule) {
  const Reproduced first = Search(incident, Symptom::kLostRows);
  BOOST_REQUIRE(first.found);
  BOOST_TEST(first.schedule == schedule);
  const auto scenario = sim::ParseScenario(first.text, "/found.json");
  BOOST_REQUIRE_MESSAGE(scenario.has_value(), Why(scenario));
  const Rehearsed again = Rehearse(*scenario, {.seed = *scenario->seed});
  BOOST_TEST(again.outcome() == scenario->expect.verdict);
  BOOST_TEST(SymptomOf(Symptom::kLostRows, again.verdict(), again.result.steps) == first.why);
  BOOST_TEST(Search(incident, Symptom::kLostRows).text == first.text);
}

BOOST_AUTO_TEST_SUITE(reproduce)

BOOST_AUTO_TEST_CASE(a_hung_statement_from_its_captures) {
  ExpectFound(kHung,
              "  seed 1, 1 transactions, engine literal, gate proof\n"
              "  hung_downstream downstream-1 on node-down of tidb-1 for 15m\n");
}

BOOST_AUTO_TEST_CASE(an_unreadable_kafka_from_its_captures) {
  const Reproduced found = Search(kNoKafka, Symptom::kLostRows);
  BOOST_REQUIRE(found.found);
  BOOST_TEST(found.schedule.find("partition old-drainer-1 kafka-1") != std::string::npos);
  BOOST_TEST(MatchText(Imported(kNoKafka).observed, found.matched)
                 .find("Upper moving, Lower frozen, PumpPos 172.16.10.49:8250 frozen") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(zero_equals_zero_from_its_captures) {
  ExpectFound(kZero,
              "  seed 1, 1 transactions, engine literal, gate proof\n"
              "  pd_no_tso pd-1 at 10s for 1m\n");
}

BOOST_AUTO_TEST_CASE(a_blocked_notify_from_its_captures) {
  const auto imported = ImportScenario(NotifyBlocked());
  BOOST_REQUIRE_MESSAGE(imported.has_value(), Why(imported));
  BOOST_TEST(imported->text.find("not-in-the-scenario") == std::string::npos);
  ReproduceInput input;
  const auto scenario = sim::ParseScenario(imported->text, "/notify-blocked.json");
  BOOST_REQUIRE_MESSAGE(scenario.has_value(), Why(scenario));
  input.scenario = *scenario;
  input.symptom = Symptom::kStuck;
  const Result<Reproduced> found = Reproduce(input);
  BOOST_REQUIRE(found.has_value() && found->found);
  BOOST_TEST(found->schedule ==
             "  seed 1, 1 transactions, engine literal, gate proof\n"
             "  hang drainer-2 at 10s for 15m\n");
  const std::string match = MatchText(scenario->observed, found->matched);
  BOOST_TEST(match.find("ip-172-16-5-71:8250 paused, ip-172-16-5-72:8250 paused") !=
             std::string::npos);
  BOOST_TEST(match.find("LastTS frozen, PumpPos ip-172-16-5-71:8250 frozen") != std::string::npos);

  // Nobody takes Pumps offline in any of these runs.
  std::string text = imported->text;
  for (const char* pump : {"ip-172-16-5-71:8250", "ip-172-16-5-72:8250"}) {
    const std::string was = std::string("\"") + pump + "\": \"paused\"";
    const std::size_t place = text.find(was);
    BOOST_REQUIRE(place != std::string::npos);
    text.replace(place, was.size(), std::string("\"") + pump + "\": \"offline\"");
  }
  const auto other = sim::ParseScenario(text, "/notify-blocked.json");
  BOOST_REQUIRE_MESSAGE(other.has_value(), Why(other));
  input.scenario = *other;
  input.tries_max = 60;
  const Result<Reproduced> nothing = Reproduce(input);
  BOOST_REQUIRE(nothing.has_value());
  BOOST_TEST(!nothing->found);
  BOOST_TEST(nothing->symptom_count > 0U);
}

BOOST_AUTO_TEST_CASE(a_playbook_that_waits_for_a_port_from_its_captures) {
  const auto imported = ImportScenario(StopDrainerHangs());
  BOOST_REQUIRE_MESSAGE(imported.has_value(), Why(imported));
  BOOST_TEST(imported->text.find("not-in-the-scenario") == std::string::npos);
  const auto scenario = sim::ParseScenario(imported->text, "/stop-drainer-hangs.json");
  BOOST_REQUIRE_MESSAGE(scenario.has_value(), Why(scenario));
  BOOST_TEST(scenario->procedure == "rolling-ansible");
  BOOST_TEST(scenario->faults.empty());  // the end in the Pump's log is the upgrade's own
  BOOST_REQUIRE(scenario->observed.size() == 4U);
  BOOST_TEST(scenario->observed[2].registry.at("ip-172-16-5-71:8250") == "online");
  BOOST_TEST(scenario->observed[3].registry.at("ip-172-16-5-82:8249") == "paused");
  ReproduceInput input;
  input.scenario = *scenario;
  input.symptom = Symptom::kStuck;
  const Result<Reproduced> found = Reproduce(input);
  BOOST_REQUIRE(found.has_value() && found->found);
  BOOST_TEST(found->schedule ==
             "  seed 1, 1 transactions, engine literal, gate proof\n"
             "  hang drainer-1 at 10s for 15m\n");
  BOOST_TEST(found->why.find("stop_drainer.yml --tags=drainer: failed") != std::string::npos,
             found->why);
  const auto again = sim::ParseScenario(found->text, "/found.json");
  BOOST_REQUIRE_MESSAGE(again.has_value(), Why(again));
  const Rehearsed run = Rehearse(*again, again->engine, {.seed = *again->seed});
  BOOST_TEST(run.outcome() == again->expect.verdict);

  // By hand nobody waits for a port: the same captures are no rolling-manual.
  std::string text = imported->text;
  BOOST_REQUIRE(sim::ApplyOverride(&text, "procedure", "rolling-manual").has_value());
  const auto other = sim::ParseScenario(text, "/stop-drainer-hangs.json");
  BOOST_REQUIRE_MESSAGE(other.has_value(), Why(other));
  input.scenario = *other;
  input.tries_max = 60;
  const Result<Reproduced> by_hand = Reproduce(input);
  BOOST_REQUIRE(by_hand.has_value());
  BOOST_TEST(!by_hand->found);
}

BOOST_AUTO_TEST_CASE(a_symptom_that_no_run_has_is_not_found) {
  const Reproduced result = Search(kHung, Symptom::kReverted, 40);
  BOOST_TEST(!result.found);
  BOOST_TEST(result.try_count == 40U);
  BOOST_TEST(result.look_count > 0U);
  BOOST_TEST(result.text == "");
}

BOOST_AUTO_TEST_CASE(a_look_that_no_run_has_is_not_found) {
  ReproduceInput input;
  input.scenario = Imported(kHung);
  // Nothing that can happen makes Synced go back to false while the checkpoint stands still.
  std::string text = input.scenario.text;
  BOOST_REQUIRE(sim::ApplyOverride(&text, "observed[0].synced", "true").has_value());
  BOOST_REQUIRE(sim::ApplyOverride(&text, "observed[1].synced", "false").has_value());
  const auto changed = sim::ParseScenario(text, input.scenario.file);
  BOOST_REQUIRE_MESSAGE(changed.has_value(), Why(changed));
  input.scenario = *changed;
  input.tries_max = 40;
  Result<Reproduced> result = Reproduce(input);
  BOOST_REQUIRE(result.has_value());
  BOOST_TEST(!result->found);
  BOOST_TEST(result->symptom_count > 0U);
}

BOOST_AUTO_TEST_CASE(only_given_candidates_are_tried) {
  ReproduceInput input;
  input.scenario = Imported(kHung);
  input.tries_max = 3;
  input.candidates = {R"({"restart":"old-drainer-1","at":"1s"})"};
  Result<Reproduced> result = Reproduce(input);
  BOOST_REQUIRE(result.has_value());
  BOOST_TEST(!result->found);
  input.candidates = {R"({"restart":"nobody","at":"1s"})"};
  BOOST_TEST(!Reproduce(input).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
