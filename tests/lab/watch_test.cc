// `tidegate watch` as the gate of a run-book, in the lab: it opens where the drain is proven, and
// where Synced lies it says no, by name, and nothing is lost.
#include <boost/test/unit_test.hpp>

#include "tests/lab/lab_run.h"

namespace tidegate::test {
namespace {

constexpr char kScenario[] = "kafka-to-cluster/run-book.json";

// The Drainer's worker hangs in the downstream for longer than Synced takes to call that idle. So
// the flag is true because the Drainer is stuck.
const std::vector<std::string> kSyncedLies = {
    R"(versions={"old": "kafka-head"})",
    R"(faults=[{"hung_downstream": "downstream-1", "at": "8s", "for": "12m"}])"};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(watch)

BOOST_AUTO_TEST_CASE(a_run_book_that_waits_for_the_proof_passes) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result = Run(
      {.scenario = kScenario, .command = "exec fixtures/run-books/kafka-to-cluster/watched.sh"});
  BOOST_TEST((result.verdict.outcome == verifier::Outcome::kPass), result.verdict.why);
  BOOST_TEST(Roots(result.verdict) == "");
  BOOST_TEST(Has(result.engine_output,
                 "gate open: on old-drainer@drainer: Lower > T0 in two fresh "
                 "snapshots"));
  BOOST_TEST(result.refused_by_lab.empty());
}

BOOST_AUTO_TEST_CASE(where_synced_lies_the_flag_loses_and_the_watch_says_no) {
  if (kSanitized || !LabWorksHere()) return;
  const rehearsal::RunResult synced =
      Run({.scenario = kScenario,
           .command = "exec fixtures/run-books/kafka-to-cluster/upgrade.sh",
           .overrides = kSyncedLies});
  BOOST_TEST((synced.verdict.outcome == verifier::Outcome::kFail), synced.verdict.why);
  BOOST_TEST(Has(Roots(synced.verdict), "old-side-kept-until-drained (loss, engine)"));
  const rehearsal::RunResult watched =
      Run({.scenario = kScenario,
           .command = "DRAIN_TIMEOUT=6m exec fixtures/run-books/kafka-to-cluster/watched.sh",
           .overrides = kSyncedLies});
  BOOST_TEST((watched.verdict.outcome == verifier::Outcome::kRefused), watched.verdict.why);
  BOOST_TEST(Roots(watched.verdict) == "");
  BOOST_TEST(Has(watched.engine_output, "refused: waited 6m"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
