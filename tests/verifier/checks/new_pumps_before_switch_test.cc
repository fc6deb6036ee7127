// Known bad: an engine that stops TiDB before the new Pumps are online.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "new-pumps-before-switch";

BOOST_AUTO_TEST_SUITE(NewPumpsBeforeSwitchTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 1u);
}

BOOST_AUTO_TEST_CASE(ThePumpIsNotThereYet) {
  const std::string text = Upgrade({
      {"new-pump-1 registry online key=/tidb-binlog/v1/pumps/h3:8250", ""},
      {"event fact-journaled a=55 text=T0",
       "new-pump-1 registry online key=/tidb-binlog/v1/pumps/h3:8250\n"
       "event fact-journaled a=55 text=T0"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: tidb-1 was stopped while new-pump-1 was absent in the registry, not online
@00:01:00.006 #30 new-pump-1 came up with version v2.1.0 (incarnation 1)
@00:01:00.012 #39 the engine began action 3 on tidb-1: stop tidb-1
)");
}

BOOST_AUTO_TEST_CASE(ThePumpIsRegisteredButPaused) {
  const std::string text = Upgrade({
      {"new-pump-1 registry online key=/tidb-binlog/v1/pumps/h3:8250",
       "new-pump-1 registry paused key=/tidb-binlog/v1/pumps/h3:8250"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: tidb-1 was stopped while new-pump-1 was paused in the registry, not online
@00:01:00.006 #30 new-pump-1 came up with version v2.1.0 (incarnation 1)
@00:01:00.013 #40 the engine began action 3 on tidb-1: stop tidb-1
)");
}

BOOST_AUTO_TEST_CASE(ATidbThatAFaultStopsIsNoSwitch) {
  const std::string text = Upgrade({
      {"act install new-pump-1",
       "fault tidb-1 kill\n"
       "tidb-1 down killed\n"
       "tidb-1 up version=v2.0.11\n"
       "act install new-pump-1"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
