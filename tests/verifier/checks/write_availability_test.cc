// Known bad: an engine that keeps writers waiting beyond the budget.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "write-availability";

BOOST_AUTO_TEST_SUITE(WriteAvailabilityTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 1u);
}

BOOST_AUTO_TEST_CASE(OverTheBudget) {
  const std::string text = Upgrade({
      {"header procedure=kafka-to-cluster drain-max=20m",
       "header procedure=kafka-to-cluster drain-max=20m outage-max=30s"},
      {"tidb-1 clients on\n"
       "tidb-2 clients on\n"
       "event action-done a=902",
       "@100s tidb-1 clients on\n"
       "tidb-2 clients on\n"
       "event action-done a=902"},
  });
  ExpectFinding(kCheck, text, R"(
liveness by engine
why: no client could write for 39.99s, and the budget was 30s
@00:01:00.010 #34 clients can no longer reach tidb-2
@00:01:40.000 #64 clients can reach tidb-1
)");
}

BOOST_AUTO_TEST_CASE(WithinTheBudget) {
  const std::string text = Upgrade({
      {"header procedure=kafka-to-cluster drain-max=20m",
       "header procedure=kafka-to-cluster drain-max=20m outage-max=45s"},
      {"tidb-1 clients on\n"
       "tidb-2 clients on\n"
       "event action-done a=902",
       "@100s tidb-1 clients on\n"
       "tidb-2 clients on\n"
       "event action-done a=902"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
