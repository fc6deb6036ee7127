// Known bad: an engine that does nothing and says that it is done.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/rolling_text.h"
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

// Somebody restarts a TiDB on the old binary when all is done; one that never ran the target
// version is the engine's, whoever restarted it.
BOOST_AUTO_TEST_CASE(AFaultThatTakesTheVersionBack) {
  const std::string back =
      "fault tidb-2 old_binary tidb-2\n"
      "event binary-installed node=tidb-2 text=v2.0.11\n"
      "tidb-2 down\n"
      "tidb-2 up version=v2.0.11 incarnation=3";
  ExpectFinding(kCheck, Upgrade({{"engine done", back + "\nengine done"}}), R"(
liveness by scenario
why: tidb-2 was to run v2.1.0 and runs v2.0.11
@00:01:00.077 #127 tidb-2 came up with version v2.0.11 (incarnation 3)
@00:02:00.000 #130 the run ended (why: quiet, PD at 52428800000)
)");
  ExpectFinding(kCheck,
                Upgrade({{"tidb-2 up version=v2.1.0 incarnation=2",
                          "tidb-2 up version=v2.0.11 incarnation=2"},
                         {"engine done", back + "\nengine done"}}),
                R"(
liveness by engine (follows runs-what-was-installed)
why: tidb-2 was to run v2.1.0 and runs v2.0.11
@00:01:00.077 #127 tidb-2 came up with version v2.0.11 (incarnation 3)
@00:02:00.000 #130 the run ended (why: quiet, PD at 52428800000)
)");
}

// What it writes then has no binlog: the scenario's too.
BOOST_AUTO_TEST_CASE(WhatAVersionTakenBackWrites) {
  const std::string text = Upgrade({{"new-drainer save 41943040000",
                                     "fault tidb-2 old_binary tidb-2\n"
                                     "event binary-installed node=tidb-2 text=v2.0.11\n"
                                     "tidb-2 down\n"
                                     "tidb-2 up version=v2.0.11 incarnation=3\n"
                                     "tidb-2 commit 90/91 a:2=5 unlogged\n"
                                     "new-drainer save 41943040000"}});
  ExpectFinding("no-lost-commit", text, R"(
loss by scenario (follows reaches-target)
why: mysql never got commit_ts 91: new-drainer saved the checkpoint 41943040000, which covers it; tidb-2 wrote no binlog for it, on the version that a fault had started it on
@00:01:00.077 #127 tidb-2 committed a transaction (start_ts 90, commit_ts 91, 1 row; unlogged)
@00:01:00.078 #129 new-drainer saved the checkpoint commit_ts 41943040000 in tidb_binlog.checkpoint of mysql
)");
}

// start_drainer.yml says enabled=no: what was enabled before is not any more.
BOOST_AUTO_TEST_CASE(AUnitThatIsLeftDisabledIsAnExposure) {
  const std::string text = Rolling("act start drainer-1",
                                   "event unit-enabled node=drainer-1 code=0\n"
                                   "act start drainer-1");
  ExpectFinding(kCheck, text, R"(
exposure by engine
why: the unit drainer-8249 of drainer-1 was enabled before the upgrade and is left disabled: it does not start with its host
@00:01:00.024 #51 the unit of drainer-1 was disabled
)");
  // Enabled again, it is as it was.
  const std::string again = Rolling("engine done",
                                    "event unit-enabled node=drainer-1 code=0\n"
                                    "event unit-enabled node=drainer-1 code=1\n"
                                    "engine done");
  BOOST_TEST(FindingText(JudgeText(again), kCheck) == "");
  // What was disabled before the engine began was somebody else's wish.
  const std::string before = Rolling("@1m engine started ours",
                                     "event unit-enabled node=drainer-1 code=0\n"
                                     "@1m engine started ours");
  BOOST_TEST(FindingText(JudgeText(before), kCheck) == "");
}

BOOST_AUTO_TEST_CASE(AUnitThatIsLeftDisabledDoesNotStartWithItsHost) {
  const std::string text = Rolling("workload stopped",
                                   "event unit-enabled node=drainer-1 code=0\n"
                                   "fault drainer-1 reboot\n"
                                   "drainer-1 down killed\n"
                                   "workload stopped");
  ExpectFinding(kCheck, text, R"(
liveness by engine
why: the unit drainer-8249 of drainer-1 was enabled before the upgrade and is left disabled: it did not start again
@00:01:00.035 #66 the unit of drainer-1 was disabled
@00:01:00.037 #68 drainer-1 was killed
)");
}

// A fault that takes a node down at the end does not hide that it ran the wrong version.
BOOST_AUTO_TEST_CASE(WhatRanLastIsJudged) {
  const std::string text = Rolling("drainer-1 up version=v3.0.5 incarnation=2",
                                   "drainer-1 up version=v2.1.8 incarnation=2");
  std::string down = text;
  const std::size_t at = down.find("workload stopped");
  down.insert(at, "fault drainer-1 kill\ndrainer-1 down killed\n");
  ExpectFinding(kCheck, down, R"(
liveness by engine (follows runs-what-was-installed)
why: drainer-1 was to run v3.0.5 and ran v2.1.8
@00:01:00.036 #67 drainer-1 was killed
@00:01:00.038 #69 the run ended (why: quiet, PD at 0)
)");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
