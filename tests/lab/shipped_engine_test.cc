// binlog-upgrade as it is shipped, in the lab: through its own HTTP client, command templates and
// journal file it is judged as the same executor is in this process.
#include <boost/test/unit_test.hpp>

#include "tests/lab/lab_run.h"
#include "tests/rehearsal/generated_cases.h"

namespace tidegate::test {
namespace {

void ExpectSame(const std::string& scenario) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult process = Run({.scenario = scenario, .command = "binlog-upgrade"});
  const Rehearsed in_process = Rehearse(LoadScenario(scenario));
  BOOST_TEST(verifier::OutcomeName(process.verdict.outcome) == in_process.outcome());
  BOOST_TEST(Roots(process.verdict) == Roots(in_process.verdict()));
  BOOST_TEST(process.refused_by_lab.empty());
  BOOST_TEST(process.trace.header.gate == in_process.result.trace.header.gate);
}

std::vector<GeneratedCase> Cases() {
  // Passes and refusals, with and without faults, of every procedure.
  const std::vector<std::string> scenarios = {"kafka-to-cluster/captured-backlog.json",
                                              "kafka-to-cluster/run-book.json",
                                              "kafka-to-cluster/several-sinks.json",
                                              "kafka-to-cluster/small.json",
                                              "kafka-to-cluster/steady-writes.json",
                                              "kafka-to-cluster/twenty-hosts.json",
                                              "kafka-to-cluster/two-old-drainers.json",
                                              "local-to-cluster/small.json",
                                              "local-to-cluster/wrong-procedure.json",
                                              "rolling-manual/dead-drainer.json",
                                              "rolling-manual/drainer-dies.json",
                                              "rolling-manual/unknown-config-key.json",
                                              "rolling-manual/single-pump.json",
                                              "rolling-manual/small.json",
                                              "rolling-manual/supervise.json",
                                              "rolling-manual/to-v4.json",
                                              "rolling-manual/kafka-sink.json",
                                              "rolling-ansible/no-control-file.json",
                                              "rolling-ansible/stale-control-file.json",
                                              "local-to-cluster/several-sinks.json",
                                              "local-to-cluster/no-marker.json",
                                              "full-import/small.json",
                                              "full-import/from-local.json",
                                              "full-import/dump-too-long.json",
                                              "full-import/no-compare.json"};
  std::vector<GeneratedCase> cases;
  for (std::size_t i = 0; i < scenarios.size(); i += kLabRunStep) {
    const std::string& scenario = scenarios[i];
    cases.push_back({scenario, [scenario] { ExpectSame(scenario); }});
  }
  if (kSanitized) return cases;
  // Real playbooks, at seconds each.
  std::vector<std::string> by_playbook = {"rolling-ansible/small.json"};
  if (InFull()) {
    by_playbook.insert(by_playbook.end(),
                       {"rolling-ansible/units-enabled.json", "rolling-ansible/supervise.json",
                        "rolling-ansible/drainer-hangs.json", "rolling-ansible/to-v4.json",
                        "rolling-ansible/old-pump-in-resources.json",
                        "rolling-ansible/old-drainer-in-resources.json",
                        "rolling-ansible/mixed-unknown-key.json"});
  }
  for (const std::string& scenario : by_playbook) {
    cases.push_back({scenario, [scenario] { ExpectSame(scenario); }});
  }
  return cases;
}

BOOST_AUTO_TEST_SUITE(shipped_engine)

const GeneratedCases kEach{Cases()};

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
