// Known bad: an engine that stops a Kafka which the sink still needs.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "sink-outlives-old-side";

BOOST_AUTO_TEST_SUITE(SinkOutlivesOldSideTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 1u);
}

BOOST_AUTO_TEST_CASE(AForeignBrokerIsStopped) {
  const std::string text = Upgrade({
      {"act stop kafka",
       "act stop foreign-kafka\n"
       "foreign-kafka down\n"
       "act stop kafka"},
  });
  ExpectFinding(kCheck, text, R"(
liveness by engine
why: foreign-kafka was stopped although it carries more than the old side's topics
@00:01:00.065 #111 the engine began action 19 on foreign-kafka: stop foreign-kafka
)");
}

BOOST_AUTO_TEST_CASE(AForeignBrokerIsDisabled) {
  const std::string text = Upgrade({
      {"act stop kafka",
       "act enable foreign-kafka\n"
       "event unit-enabled node=foreign-kafka code=0\n"
       "act stop kafka"},
  });
  ExpectFinding(kCheck, text, R"(
exposure by engine
why: foreign-kafka was disabled although it carries more than the old side's topics
@00:01:00.066 #113 the unit of foreign-kafka was disabled
)");
}

BOOST_AUTO_TEST_CASE(AForeignBrokerIsKilledByAFault) {
  const std::string text = Upgrade({
      {"act stop kafka",
       "fault foreign-kafka kill\n"
       "foreign-kafka down killed\n"
       "act stop kafka"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
