// Known bad: engines that stop a Pump while the one before is not back.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/rolling_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "one-pump-at-a-time";
constexpr std::string_view kOnline = "pump-1 registry online key=/tidb-binlog/v1/pumps/h2:8250";

BOOST_AUTO_TEST_SUITE(OnePumpAtATimeTest)

BOOST_AUTO_TEST_CASE(DoneRight) {
  const verifier::Verdict verdict = JudgeText(Rolling());
  BOOST_TEST(ChecksThatFound(verdict) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 2u);
}

BOOST_AUTO_TEST_CASE(TheOneBeforeIsDown) {
  ExpectFinding(kCheck, Rolling("pump-1 up version=v3.0.5 incarnation=2", ""), R"(
order by engine
why: pump-2 was stopped while pump-1, which the engine had stopped before, was down
@00:01:00.003 #23 the engine began action 2 on pump-1: stop pump-1
@00:01:00.011 #34 the engine began action 5 on pump-2: stop pump-2
)");
}

// A binlog went through it; its key still says paused.
BOOST_AUTO_TEST_CASE(TheOneBeforeIsNotRegistered) {
  const std::string text = Rolling("pump-1 up version=v3.0.5 incarnation=2",
                                   "pump-1 up version=v3.0.5 incarnation=2\npump-1 alert late");
  const std::size_t first = text.find(kOnline);
  const std::size_t at = text.find(kOnline, first + 1);
  std::string without = text;
  without.erase(at, kOnline.size());
  ExpectFinding(kCheck, without, R"(
order by engine
why: pump-2 was stopped while pump-1, which the engine had stopped before, was paused in the registry
@00:01:00.003 #23 the engine began action 2 on pump-1: stop pump-1
@00:01:00.007 #29 pump-1 came up with version v3.0.5 (incarnation 2)
@00:01:00.012 #35 the engine began action 5 on pump-2: stop pump-2
)");
}

// What came through it is older than its restart: a commit of a transaction from before.
BOOST_AUTO_TEST_CASE(OnlyOldBinlogsWentThroughIt) {
  ExpectFinding(kCheck, Rolling("pump-1 ack fake 20/20", "pump-1 ack commit 9/11"), R"(
order by engine
why: pump-2 was stopped while pump-1, which the engine had stopped before, had taken no binlog since its restart
@00:01:00.003 #23 the engine began action 2 on pump-1: stop pump-1
@00:01:00.007 #29 pump-1 came up with version v3.0.5 (incarnation 2)
@00:01:00.012 #35 the engine began action 5 on pump-2: stop pump-2
)");
}

// It listened, registered, took a binlog, and died of what its start still had to do.
BOOST_AUTO_TEST_CASE(TheOneBeforeWasStillStarting) {
  ExpectFinding(kCheck, Rolling("pump-2 down", "pump-2 down\npump-1 down failed"), R"(
order by engine
why: pump-2 was stopped while pump-1, which the engine had stopped before, was starting still: it failed to
@00:01:00.003 #23 the engine began action 2 on pump-1: stop pump-1
@00:01:00.007 #29 pump-1 came up with version v3.0.5 (incarnation 2)
@00:01:00.012 #35 the engine began action 5 on pump-2: stop pump-2
@00:01:00.015 #39 pump-1 failed to start
)");
}

// Nearly bad: what only a fault took down is not the engine's.
BOOST_AUTO_TEST_CASE(AFaultTakesTheOtherPump) {
  const std::string text =
      Rolling("act stop pump-2", "fault pump-1 kill\npump-1 down killed\nact stop pump-2");
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
