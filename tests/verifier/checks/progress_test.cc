// Known bad: a Drainer that stands still and says nothing.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/rolling_text.h"
#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "progress";

BOOST_AUTO_TEST_SUITE(ProgressTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 3u);
}

BOOST_AUTO_TEST_CASE(SomethingNeverArrives) {
  const std::string text = Upgrade({
      {"new-drainer hand 70/71\n"
       "new-drainer apply 71 a:1=7\n"
       "new-drainer save 80",
       ""},
      {"new-drainer save 41943040000", ""},
  });
  ExpectFinding(kCheck, text, R"(
liveness by product (follows converges)
why: 59.929s after the last write 1 transaction, the first of them 71, had not reached mysql, and no component said that it can't
@00:01:00.034 #68 tidb-2 committed a transaction (start_ts 70, commit_ts 71, 1 row)
@00:01:00.034 #70 new-pump-1 acknowledged a commit binlog from tidb-2 (start_ts 70, commit_ts 71)
@00:01:00.071 #121 the workload stopped
@00:02:00.000 #122 the run ended (why: quiet, PD at 52428800000)
)");
}

// The last transaction of the rolling upgrade is committed, and `how` is what keeps it back.
std::string HeldBack(const std::string& how) {
  return Rolling(
      "drainer-1 hand 40/41\n"
      "drainer-1 apply 41 a:1=6\n"
      "drainer-1 save 41\n"
      "engine done\n"
      "workload stopped",
      "drainer-1 save 39\n" + how + "\nengine done\nworkload stopped");
}

BOOST_AUTO_TEST_CASE(EverythingRunsAndNothingArrives) {
  ExpectFinding(kCheck, HeldBack("pump-1 ack fake 50/50"), R"(
liveness by product
why: 1ms after the last write 1 transaction, the first of them 41, had not reached mysql, and no component said that it can't
@00:01:00.030 #59 tidb-1 committed a transaction (start_ts 40, commit_ts 41, 1 row)
@00:01:00.030 #61 pump-2 acknowledged a commit binlog from tidb-1 (start_ts 40, commit_ts 41)
@00:01:00.034 #65 the workload stopped
@00:01:00.035 #66 the run ended (why: quiet, PD at 0)
)");
}

BOOST_AUTO_TEST_CASE(TheEngineLeftTheDrainerDisabled) {
  ExpectFinding(kCheck,
                HeldBack("event unit-enabled node=drainer-1 code=0\n"
                         "fault drainer-1 reboot drainer-1\n"
                         "drainer-1 down killed\n"
                         "heal"),
                R"(
liveness by engine (follows reaches-target)
why: 1ms after the last write 1 transaction, the first of them 41, had not reached mysql, and no component said that it can't; drainer-1 is down, and the unit that would have started it again was left disabled
@00:01:00.030 #59 tidb-1 committed a transaction (start_ts 40, commit_ts 41, 1 row)
@00:01:00.030 #61 pump-2 acknowledged a commit binlog from tidb-1 (start_ts 40, commit_ts 41)
@00:01:00.032 #63 the unit of drainer-1 was disabled
@00:01:00.033 #64 fault 0 fired at drainer-1: reboot drainer-1
@00:01:00.034 #65 drainer-1 was killed
@00:01:00.035 #66 fault 0 healed
@00:01:00.037 #68 the workload stopped
@00:01:00.038 #69 the run ended (why: quiet, PD at 0)
)");
}

BOOST_AUTO_TEST_CASE(AFaultTookThePumpDown) {
  ExpectFinding(kCheck,
                HeldBack("fault pump-1 reboot pump-1\n"
                         "pump-1 down killed\n"
                         "heal"),
                R"(
liveness by scenario
why: 1ms after the last write 1 transaction, the first of them 41, had not reached mysql, and no component said that it can't; pump-1 is down, as a fault left it
@00:01:00.030 #59 tidb-1 committed a transaction (start_ts 40, commit_ts 41, 1 row)
@00:01:00.030 #61 pump-2 acknowledged a commit binlog from tidb-1 (start_ts 40, commit_ts 41)
@00:01:00.032 #63 fault 0 fired at pump-1: reboot pump-1
@00:01:00.033 #64 pump-1 was killed
@00:01:00.034 #65 fault 0 healed
@00:01:00.036 #67 the workload stopped
@00:01:00.037 #68 the run ended (why: quiet, PD at 0)
)");
}

BOOST_AUTO_TEST_CASE(TheEngineStoppedThePump) {
  ExpectFinding(kCheck,
                HeldBack("act stop pump-1\n"
                         "pump-1 registry paused key=/tidb-binlog/v1/pumps/h2:8250\n"
                         "pump-1 down"),
                R"(
liveness by engine (follows reaches-target)
why: 1ms after the last write 1 transaction, the first of them 41, had not reached mysql, and no component said that it can't; pump-1 is down, as the engine stopped it
@00:01:00.030 #59 tidb-1 committed a transaction (start_ts 40, commit_ts 41, 1 row)
@00:01:00.030 #61 pump-2 acknowledged a commit binlog from tidb-1 (start_ts 40, commit_ts 41)
@00:01:00.034 #66 pump-1 was stopped
@00:01:00.036 #68 the workload stopped
@00:01:00.037 #69 the run ended (why: quiet, PD at 0)
)");
}

// What went down by itself is the product's, whatever a fault did beside it.
BOOST_AUTO_TEST_CASE(APumpDiedBesideTheOneThatAFaultTookDown) {
  ExpectFinding(kCheck,
                HeldBack("fault pump-1 reboot pump-1\n"
                         "pump-1 down killed\n"
                         "heal\n"
                         "pump-2 down exited"),
                R"(
liveness by product (follows reaches-target)
why: 1ms after the last write 1 transaction, the first of them 41, had not reached mysql, and no component said that it can't; pump-2 is down, as it ended by itself
@00:01:00.030 #59 tidb-1 committed a transaction (start_ts 40, commit_ts 41, 1 row)
@00:01:00.030 #61 pump-2 acknowledged a commit binlog from tidb-1 (start_ts 40, commit_ts 41)
@00:01:00.032 #63 fault 0 fired at pump-1: reboot pump-1
@00:01:00.034 #65 fault 0 healed
@00:01:00.035 #66 pump-2 exited by itself
@00:01:00.037 #68 the workload stopped
@00:01:00.038 #69 the run ended (why: quiet, PD at 0)
)");
}

// Nobody waits for a Pump that is offline, and a unit that was enabled again is no reason.
BOOST_AUTO_TEST_CASE(NotWhatNobodyWaitsFor) {
  ExpectFinding(kCheck,
                HeldBack("event unit-enabled node=drainer-1 code=0\n"
                         "event unit-enabled node=drainer-1 code=1\n"
                         "fault pump-1 offline-pump by hand\n"
                         "pump-1 registry offline key=/tidb-binlog/v1/pumps/h2:8250\n"
                         "pump-1 down\n"
                         "heal"),
                R"(
liveness by product
why: 1ms after the last write 1 transaction, the first of them 41, had not reached mysql, and no component said that it can't
@00:01:00.030 #59 tidb-1 committed a transaction (start_ts 40, commit_ts 41, 1 row)
@00:01:00.030 #61 pump-2 acknowledged a commit binlog from tidb-1 (start_ts 40, commit_ts 41)
@00:01:00.034 #65 fault 0 fired at pump-1: offline-pump by hand
@00:01:00.037 #68 fault 0 healed
@00:01:00.039 #70 the workload stopped
@00:01:00.040 #71 the run ended (why: quiet, PD at 0)
)");
}

BOOST_AUTO_TEST_CASE(AComponentSaysThatItCannot) {
  const std::string text = Upgrade({
      {"new-drainer hand 70/71\n"
       "new-drainer apply 71 a:1=7\n"
       "new-drainer save 80",
       "new-drainer alert table-not-found"},
      {"new-drainer save 41943040000", ""},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
