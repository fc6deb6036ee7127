// Known bad: an engine that restarts a Pump under the TiDB that writes to it.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "a-pump-can-write";

BOOST_AUTO_TEST_SUITE(APumpCanWriteTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 16u);
}

BOOST_AUTO_TEST_CASE(TheSocketsPumpIsStoppedUnderClients) {
  const std::string text = Upgrade({
      {"act install new-pump-1",
       "act stop old-pump-1\n"
       "old-pump-1 down\n"
       "event write-failed node=tidb-1 a=30 n=3\n"
       "event write-failed node=tidb-2 a=31 n=1\n"
       "act start old-pump-1\n"
       "old-pump-1 up version=kafka incarnation=2\n"
       "act install new-pump-1"},
  });
  ExpectFinding(kCheck, text, R"(
liveness by engine
why: clients were served by tidb-1 while old-pump-1, the only Pump that it writes to, was down; 3 writes failed
@00:00:00.011 #10 tidb-1 opened its binlog path to old-pump-1 (flavour socket, PD at 1)
@00:01:00.004 #27 old-pump-1 was stopped
)");
}

BOOST_AUTO_TEST_CASE(TheOnlyNewPumpIsStoppedUnderClients) {
  const std::string text = Upgrade({
      {"new-drainer add new-pump-1",
       "act stop new-pump-1\n"
       "new-pump-1 registry paused key=/tidb-binlog/v1/pumps/h3:8250\n"
       "new-pump-1 down\n"
       "event write-failed node=tidb-2 a=99\n"
       "act start new-pump-1\n"
       "new-pump-1 up version=v2.1.0 incarnation=2\n"
       "new-pump-1 registry online key=/tidb-binlog/v1/pumps/h3:8250\n"
       "new-drainer add new-pump-1"},
  });
  ExpectFinding(kCheck, text, R"(
liveness by engine
why: clients were served by tidb-1 while no Pump was up and registered online; 0 writes failed
@00:01:00.052 #95 the registry key of new-pump-1 became paused: /tidb-binlog/v1/pumps/h3:8250
liveness by engine
why: clients were served by tidb-2 while no Pump was up and registered online; 1 write failed
@00:01:00.052 #95 the registry key of new-pump-1 became paused: /tidb-binlog/v1/pumps/h3:8250
)");
}

BOOST_AUTO_TEST_CASE(AFaultTakesThePump) {
  const std::string text = Upgrade({
      {"act install new-pump-1",
       "fault old-pump-1 kill\n"
       "old-pump-1 down killed\n"
       "event write-failed node=tidb-1 a=30 n=3\n"
       "old-pump-1 up version=kafka incarnation=2\n"
       "act install new-pump-1"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
