// Who misses a check when it is gone: for each check of the verifier the known-bad engine, faulty
// node, scenario or test of its own whose expectation names its finding. Deleting the check makes
// that one fail. A check that nothing here names fails this test.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>

#include "base/files.h"
#include "rehearsal/variants.h"
#include "tests/rehearsal/rehearse.h"
#include "tests/support/golden.h"
#include "verifier/verifier.h"

namespace tidegate::test {
namespace {

using Witnesses = std::map<std::string, std::vector<std::string>>;

std::vector<std::string> CheckIds() {
  std::vector<std::string> ids;
  const Rehearsed run = Rehearse(LoadScenario("kafka-to-cluster/small.json"));
  for (const verifier::CheckReport& check : run.verdict().checks) ids.push_back(check.id);
  return ids;
}

// Heads of findings: "check (kind, …" at the beginning of a line or behind "follows ".
bool NamesFinding(const std::string& golden, const std::string& id) {
  const std::string head = id + " (";
  return golden.rfind(head, 0) == 0 || golden.find("\n" + head) != std::string::npos ||
         golden.find("follows " + head) != std::string::npos;
}

void AddEngines(const std::vector<std::string>& ids, Witnesses* witnesses) {
  for (const rehearsal::Variant& variant : rehearsal::Variants()) {
    const std::string golden = Golden("rehearsal/golden/" + variant.name + ".txt");
    for (const std::string& id : ids) {
      if (NamesFinding(golden, id)) (*witnesses)[id].push_back("engine " + variant.name);
    }
  }
}

void AddFaultyNodes(const std::vector<std::string>& ids, Witnesses* witnesses) {
  for (const std::string& id : ids) {
    if (!Golden("rehearsal/golden/faulty-" + id + ".txt").empty()) {
      (*witnesses)[id].push_back("faulty node");
    }
  }
}

void AddScenarios(Witnesses* witnesses) {
  for (const std::string& file : ScenarioFiles()) {
    const sim::Scenario scenario = LoadScenario(file);
    const auto add = [&](const sim::Expectation& expect) {
      for (const sim::ExpectedFinding& finding : expect.findings) {
        (*witnesses)[finding.check].push_back("scenario " + scenario.name);
      }
    };
    add(scenario.expect);
    for (const sim::ScenarioVariant& variant : scenario.variants) add(variant.expect);
  }
}

// tests/verifier/checks/<id>_test.cc compares the check's whole findings.
void AddOwnTests(const std::vector<std::string>& ids, Witnesses* witnesses) {
  for (const std::string& id : ids) {
    std::string name = id;
    std::replace(name.begin(), name.end(), '-', '_');
    const Result<std::string> text =
        ReadFile(std::string(TIDEGATE_SOURCE_DIR) + "/tests/verifier/checks/" + name + "_test.cc");
    if (text.has_value() && text->find("why: ") != std::string::npos) {
      (*witnesses)[id].push_back("its own test");
    }
  }
}

BOOST_AUTO_TEST_SUITE(coverage)

BOOST_AUTO_TEST_CASE(each_check_is_missed_by_somebody) {
  const std::vector<std::string> ids = CheckIds();
  BOOST_TEST(ids.size() >= 40U);
  Witnesses witnesses;
  AddEngines(ids, &witnesses);
  AddFaultyNodes(ids, &witnesses);
  AddScenarios(&witnesses);
  AddOwnTests(ids, &witnesses);
  std::string table;
  for (const std::string& id : ids) {
    const std::vector<std::string>& all = witnesses[id];
    BOOST_TEST(!all.empty(), "nobody would miss " << id);
    table += id + ":";
    for (std::size_t i = 0; i < std::min<std::size_t>(all.size(), 4); ++i)
      table += " " + all[i] + ";";
    if (all.size() > 4) table += " and " + std::to_string(all.size() - 4) + " more";
    table += "\n";
  }
  BOOST_TEST_MESSAGE(table);
}

// What scenarios expect is a check that exists: a misspelt one would never be missed.
BOOST_AUTO_TEST_CASE(scenarios_name_checks_that_exist) {
  const std::vector<std::string> ids = CheckIds();
  for (const std::string& file : ScenarioFiles()) {
    const sim::Scenario scenario = LoadScenario(file);
    const auto look = [&](const sim::Expectation& expect) {
      for (const std::string& premise : expect.premises) {
        BOOST_TEST((std::find(ids.begin(), ids.end(), premise) != ids.end()), file << premise);
      }
      for (const sim::ExpectedFinding& finding : expect.findings) {
        BOOST_TEST((std::find(ids.begin(), ids.end(), finding.check) != ids.end()),
                   file << finding.check);
      }
    };
    look(scenario.expect);
    for (const sim::ScenarioVariant& variant : scenario.variants) look(variant.expect);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
