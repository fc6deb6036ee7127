// Known bad: an engine that leaves the units of retired parts enabled.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "stays-retired";

BOOST_AUTO_TEST_SUITE(StaysRetiredTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 5u);
}

BOOST_AUTO_TEST_CASE(ItsUnitIsStillEnabled) {
  const std::string text = Upgrade({
      {"act enable kafka\n"
       "event unit-enabled node=kafka code=0",
       ""},
  });
  ExpectFinding(kCheck, text, R"(
exposure by engine
why: the unit kafka of kafka is still enabled: it comes back with its host
@00:01:00.065 #111 the engine began action 19 on kafka: stop kafka
)");
}

BOOST_AUTO_TEST_CASE(ItComesBackWithItsHost) {
  const std::string text = Upgrade({
      {"act enable kafka\n"
       "event unit-enabled node=kafka code=0",
       "kafka up incarnation=2"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: kafka came back after the engine had stopped it, its unit being still enabled
@00:01:00.065 #111 the engine began action 19 on kafka: stop kafka
@00:01:00.067 #114 kafka came up with version v1 (incarnation 2)
)");
}

// The reboot is the scenario's, the unit that was left enabled the engine's: also where the fault
// names another node of that host.
BOOST_AUTO_TEST_CASE(ItsHostReboots) {
  const std::string text = Upgrade({
      {"act enable kafka\n"
       "event unit-enabled node=kafka code=0",
       "fault zk reboot zk at 70s\n"
       "kafka up incarnation=2"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: kafka came back after the engine had stopped it, its unit being still enabled
@00:01:00.065 #111 the engine began action 19 on kafka: stop kafka
@00:01:00.068 #115 kafka came up with version v1 (incarnation 2)
)");
  const std::string disabled = Upgrade({
      {"act stop zk\n"
       "zk down",
       "act stop zk\n"
       "zk down\n"
       "fault zk reboot zk at 70s"},
  });
  BOOST_TEST(FindingText(JudgeText(disabled), kCheck) == "");
}

BOOST_AUTO_TEST_CASE(ItsKeyIsDeleted) {
  const std::string text = Upgrade({
      {"act stop kafka",
       "old-pump-2 registry absent key=/tidb-binlog/pumps/h2:8250/object\n"
       "act stop kafka"},
  });
  ExpectFinding(kCheck, text, R"(
exposure by engine
why: the registry key of old-pump-2 was deleted after it was retired: nobody can tell any more what it held
@00:01:00.060 #104 the engine began action 17 on old-pump-2: stop old-pump-2
@00:01:00.065 #111 the registry key of old-pump-2 became absent: /tidb-binlog/pumps/h2:8250/object
)");
}

BOOST_AUTO_TEST_CASE(AnOperatorStartsItByHand) {
  const std::string text = Upgrade({
      {"act stop kafka",
       "fault old-pump-2 start-by-hand\n"
       "old-pump-2 up version=kafka incarnation=2\n"
       "act stop kafka"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
