// Known bad: an engine that starts a Pump past a dead Drainer in the registry.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "notify-unblocked";

BOOST_AUTO_TEST_SUITE(NotifyUnblockedTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 1u);
}

BOOST_AUTO_TEST_CASE(ADeadDrainerIsOnline) {
  const std::string text = Upgrade({
      {"act start new-pump-1",
       "event registry-moved code=3 text=/tidb-binlog/v1/drainers/h9:8249\n"
       "act start new-pump-1"},
  });
  ExpectFinding(kCheck, text, R"(
liveness by engine
why: new-pump-1 was started while /tidb-binlog/v1/drainers/h9:8249 was registered online and dead: it must answer before the Pump may start
@00:01:00.005 #28 the registry key of the cluster became online: /tidb-binlog/v1/drainers/h9:8249
@00:01:00.006 #29 the engine began action 2 on new-pump-1: start new-pump-1
)");
}

BOOST_AUTO_TEST_CASE(AKilledDrainerBlocksARestart) {
  const std::string text = Upgrade({
      {"act stop old-pump-1",
       "fault new-drainer kill\n"
       "new-drainer down killed\n"
       "act stop new-pump-1\n"
       "new-pump-1 registry paused key=/tidb-binlog/v1/pumps/h3:8250\n"
       "new-pump-1 down\n"
       "act start new-pump-1\n"
       "act stop old-pump-1"},
  });
  ExpectFinding(kCheck, text, R"(
liveness by engine
why: new-pump-1 was started while new-drainer was registered online and dead: it must answer before the Pump may start
@00:01:00.049 #91 the registry key of new-drainer became online: /tidb-binlog/v1/drainers/h7:8249
@00:01:00.060 #103 the engine began action 16 on new-pump-1: start new-pump-1
)");
}

BOOST_AUTO_TEST_CASE(APausedDrainerIsNotNotified) {
  const std::string text = Upgrade({
      {"act start new-pump-1",
       "event registry-moved code=5 text=/tidb-binlog/v1/drainers/h9:8249\n"
       "act start new-pump-1"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_CASE(A30PumpThatWasOnlineDoesNotAsk) {
  const std::string text = Upgrade({
      {"event binary-installed node=new-pump-1 text=v2.1.0",
       "event binary-installed node=new-pump-1 text=v3.0.5"},
      {"act stop old-pump-1",
       "fault new-drainer kill\n"
       "new-drainer down killed\n"
       "act stop new-pump-1\n"
       "new-pump-1 registry paused key=/tidb-binlog/v1/pumps/h3:8250\n"
       "new-pump-1 down\n"
       "act start new-pump-1\n"
       "act stop old-pump-1"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
