// Known bad: an engine that does nothing and says that it is done.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "reaches-target";

BOOST_AUTO_TEST_SUITE(ReachesTargetTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 1u);
}

BOOST_AUTO_TEST_CASE(AnEngineThatDoesNothing) {
  const std::string text = R"(
tidb-1 up version=v2.0.11
tidb-2 up version=v2.0.11
old-drainer up version=kafka
tidb-1 clients on
engine started lazy
engine done
end quiet
)";
  ExpectFinding(kCheck, text, R"(
liveness by engine x2
why: tidb-1 was to run v2.1.0 and runs v2.0.11
@00:00:00.001 #0 tidb-1 came up with version v2.0.11 (incarnation 1)
@00:00:00.007 #6 the run ended (why: quiet, PD at 0)
liveness by engine
why: old-drainer was to be retired and still runs
@00:00:00.003 #2 old-drainer came up with version kafka (incarnation 1)
@00:00:00.007 #6 the run ended (why: quiet, PD at 0)
liveness by engine x2
why: new-pump-1 was to run the new version and does not run
@00:00:00.007 #6 the run ended (why: quiet, PD at 0)
)");
}

BOOST_AUTO_TEST_CASE(CheckpointDoesNotPassTheLastStep) {
  const std::string text = Upgrade({
      {"new-drainer save 41943040000", ""},
  });
  ExpectFinding(kCheck, text, R"(
liveness by engine
why: the checkpoint of new-drainer is 80, not above 36718772224, the time of the last step
@00:01:00.048 #90 new-drainer came up with version v2.1.0 (incarnation 1, configured by syncer={ignore-schemas="TEST2,mysql",db-type="mysql"})
@00:02:00.000 #125 the run ended (why: quiet, PD at 52428800000)
)");
}

BOOST_AUTO_TEST_CASE(ClientsAreNotBackEverywhere) {
  const std::string text = Upgrade({
      {"tidb-1 clients on\n"
       "tidb-2 clients on\n"
       "event action-done a=902",
       "tidb-1 clients on\n"
       "event action-done a=902"},
  });
  ExpectFinding(kCheck, text, R"(
liveness by engine
why: clients are not back at tidb-2
@00:01:00.028 #61 tidb-2 came up with version v2.1.0 (incarnation 2)
@00:02:00.000 #125 the run ended (why: quiet, PD at 52428800000)
)");
}

BOOST_AUTO_TEST_CASE(AnOldPartStillRuns) {
  const std::string text = Upgrade({
      {"act stop zk\n"
       "zk down",
       ""},
  });
  ExpectFinding(kCheck, text, R"(
liveness by engine
why: zk was to be retired and still runs
@00:00:00.004 #3 zk came up with version v1 (incarnation 1)
@00:02:00.000 #123 the run ended (why: quiet, PD at 52428800000)
)");
}

BOOST_AUTO_TEST_CASE(ARefusalIsNoTarget) {
  const std::string text = Upgrade({
      {"engine done", "engine refused the gate stayed shut; the new side serves"},
      {"zk down", ""},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_CASE(AFaultAtTheEndIsNotTheEngines) {
  const std::string text = Upgrade({
      {"workload stopped",
       "workload stopped\n"
       "fault tidb-2 kill\n"
       "tidb-2 down killed"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
