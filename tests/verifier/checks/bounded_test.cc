// Known bad: an engine that waits for ever.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "bounded";

BOOST_AUTO_TEST_SUITE(BoundedTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 3u);
}

BOOST_AUTO_TEST_CASE(SilentForLongerThanTheBound) {
  const std::string text = R"(
header drain-max=20m
@1s event engine-started n=1 text=ours
event step-started n=5 text=wait-drained
event asked a=1 text=look
@30m event asked a=2 text=look
engine done
end quiet
)";
  ExpectFinding(kCheck, text, R"(
liveness by engine
why: the engine asked nothing and did nothing for 29m58.998s, longer than 20m (in step wait-drained)
@00:00:01.002 #2 the engine asked question 1: look
@00:30:00.000 #3 the engine asked question 2: look
)");
}

BOOST_AUTO_TEST_CASE(NeitherFinishedNorGivenUp) {
  const std::string text = R"(
header drain-max=20m
@1s event engine-started n=1 text=ours
event step-started n=5 text=wait-drained
event asked a=1 text=look
@5m end quiet
)";
  ExpectFinding(kCheck, text, R"(
liveness by engine
why: nothing was going on any more and the engine had neither finished nor given up (in step wait-drained)
@00:00:01.002 #2 the engine asked question 1: look
@00:05:00.000 #3 the run ended (why: quiet, PD at 0)
)");
}

BOOST_AUTO_TEST_CASE(GivesUpWithoutAWord) {
  const std::string text = R"(
header drain-max=20m
@1s event engine-started n=1 text=ours
event step-started n=5 text=wait-drained
event asked a=1 text=look
engine failed
end quiet
)";
  ExpectFinding(kCheck, text, R"(
liveness by engine
why: the engine ended as failed without a word of what it had waited for (in step wait-drained)
@00:00:01.003 #3 the engine ended (how: failed)
)");
}

BOOST_AUTO_TEST_CASE(GivesUpAndSaysWhy) {
  const std::string text = R"(
header drain-max=20m
@1s event engine-started n=1 text=ours
event step-started n=5 text=wait-drained
event asked a=1 text=look
@15m engine refused Lower of old-drainer did not pass T0 within 14m
end quiet
)";
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_CASE(AnOperatorWhoThinksIsNoSilence) {
  const std::string text = R"(
header drain-max=20m
@1s event engine-started n=1 text=ours
event step-started n=5 text=wait-drained
event asked a=1 text=look
event operator-asked text=one-way-door
@3000s event operator-said text=yes
engine done
end quiet
)";
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_CASE(StillAskingAtTheTimeLimit) {
  const std::string text = R"(
header drain-max=20m
@1s event engine-started n=1 text=ours
event step-started n=5 text=wait-drained
event asked a=1 text=look
@10m event asked a=2 text=look
@20m end time-limit
)";
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
