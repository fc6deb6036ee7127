// Known bad: engines that touch a Drainer while a Pump is behind.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/rolling_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "pump-before-drainer";

BOOST_AUTO_TEST_SUITE(PumpBeforeDrainerTest)

BOOST_AUTO_TEST_CASE(DoneRight) {
  const verifier::Verdict verdict = JudgeText(Rolling());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 3u);  // stop, its end, installation
}

BOOST_AUTO_TEST_CASE(TheDrainerIsReplacedFirst) {
  ExpectFinding(kCheck,
                Rolling("act install pump-2",
                        "event binary-installed node=drainer-1 text=v3.0.5\nact install pump-2"),
                R"(
order by engine
why: drainer-1 was replaced while pump-2 ran v2.1.8, not v3.0.5
@00:00:00.003 #2 pump-2 came up with version v2.1.8 (incarnation 1)
@00:01:00.010 #32 version v3.0.5 was installed at the path that drainer-1 runs
)");
}

BOOST_AUTO_TEST_CASE(APumpIsNotRegistered) {
  ExpectFinding(kCheck,
                Rolling("act stop drainer-1",
                        "pump-2 registry paused key=/tidb-binlog/v1/pumps/h3:8250\n"
                        "act stop drainer-1"),
                R"(
order by engine x3
why: drainer-1 was stopped while pump-2 was paused in the registry
@00:01:00.016 #41 pump-2 came up with version v3.0.5 (incarnation 2)
@00:01:00.020 #45 the engine began action 7 on drainer-1: stop drainer-1
)");
}

// Nearly bad: killed by a fault just before, which nobody could have seen.
BOOST_AUTO_TEST_CASE(AFaultTakesAPumpJustBefore) {
  const std::string text =
      Rolling("act stop drainer-1", "fault pump-2 kill\npump-2 down killed\nact stop drainer-1");
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
