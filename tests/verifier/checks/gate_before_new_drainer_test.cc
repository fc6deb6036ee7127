// Known bad: engines that skip the gate, or believe a stale status.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "gate-before-new-drainer";

BOOST_AUTO_TEST_SUITE(GateBeforeNewDrainerTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 1u);
}

BOOST_AUTO_TEST_CASE(NeverLooked) {
  const std::string text = Upgrade({
      {"status old-drainer "
       "{\"PumpPos\":{\"h1:8250\":{\"offset\":3},\"h2:8250\":{\"offset\":1}},\"Synced\":false,"
       "\"DepositWindow\":{\"Upper\":90,\"Lower\":65},\"TsMap\":\"\"}",
       ""},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: the engine went on without one readable /status answer of old-drainer
@00:01:00.038 #74 the engine began action 9 on old-drainer: stop old-drainer
)");
}

BOOST_AUTO_TEST_CASE(AStaleAnswer) {
  const std::string text = Upgrade({
      {"act stop old-drainer", "@72s act stop old-drainer"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: the engine went on with an answer of old-drainer that was 11.962s old, more than one detect interval (10s)
@00:01:00.038 #75 question 9 on old-drainer was answered: ok, status 200: {"PumpPos":{"h1:8250":{"offset":3},"h2:8250":{"offset":1}},"Synced":false,"DepositWindow":{"Upper":90,"Lower":65},"TsMap":""}
@00:01:12.000 #76 the engine began action 10 on old-drainer: stop old-drainer
)");
}

BOOST_AUTO_TEST_CASE(TheAnswerSaysNotYet) {
  const std::string text = Upgrade({
      {"status old-drainer "
       "{\"PumpPos\":{\"h1:8250\":{\"offset\":3},\"h2:8250\":{\"offset\":1}},\"Synced\":false,"
       "\"DepositWindow\":{\"Upper\":90,\"Lower\":65},\"TsMap\":\"\"}",
       "status old-drainer "
       "{\"PumpPos\":{\"h1:8250\":{\"offset\":3},\"h2:8250\":{\"offset\":1}},\"Synced\":true,"
       "\"DepositWindow\":{\"Upper\":90,\"Lower\":50},\"TsMap\":\"\"}"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: the engine went on although the last answer of old-drainer says Lower 50, not above T0 (50)
@00:01:00.017 #46 tidb-2 closed its binlog path to old-pump-2 (flavour socket, PD at 50)
@00:01:00.038 #75 question 9 on old-drainer was answered: ok, status 200: {"PumpPos":{"h1:8250":{"offset":3},"h2:8250":{"offset":1}},"Synced":true,"DepositWindow":{"Upper":90,"Lower":50},"TsMap":""}
@00:01:00.039 #76 the engine began action 10 on old-drainer: stop old-drainer
)");
}

BOOST_AUTO_TEST_CASE(WritersAreStillOnTheOldSide) {
  const std::string text = Upgrade({
      {"event action-started code=6 a=901 text=run-hook_detach",
       "act start new-drainer\n"
       "new-drainer up version=v2.1.0\n"
       "event action-started code=6 a=901 text=run-hook_detach"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine (follows config-carried)
why: the engine went on to the new Drainer of mysql while a TiDB could still write to the old side
@00:01:00.008 #32 the engine began action 3 on new-drainer: start new-drainer
)");
}

BOOST_AUTO_TEST_CASE(AnAnswerOfOneIntervalAgo) {
  const std::string text = Upgrade({
      {"act stop old-drainer", "@70s act stop old-drainer"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
