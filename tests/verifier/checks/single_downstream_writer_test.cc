// Known bad: an engine that starts the new Drainer beside the old one.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "single-downstream-writer";

BOOST_AUTO_TEST_SUITE(SingleDownstreamWriterTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 3u);
}

BOOST_AUTO_TEST_CASE(TheOldOneAppliesAfterTheNewOne) {
  const std::string text = Upgrade({
      {"act stop old-drainer\n"
       "old-drainer down",
       ""},
      {"new-drainer save 80",
       "old-drainer apply 21 a:5=1\n"
       "new-drainer save 80"},
  });
  ExpectFinding(kCheck, text, R"(
exposure by engine
why: old-drainer and new-drainer ran at once on one checkpoint of mysql: whichever saves last wins
@00:00:00.006 #5 old-drainer came up with version kafka (incarnation 1, configured by syncer={ignore-schemas="mysql,test2",db-type="mysql"})
@00:01:00.048 #89 new-drainer resumed from commit_ts 21 (source: stored, store: tidb_binlog.checkpoint, initial-commit-ts: 0)
order by engine
why: old-drainer applied commit_ts 21 at mysql after new-drainer had begun to write there
@00:01:00.051 #92 new-drainer applied key 1 of test.a = 7 (commit_ts 71, shape 0) to mysql
@00:01:00.052 #93 old-drainer applied key 5 of test.a = 1 (commit_ts 21, shape 0) to mysql
)");
}

BOOST_AUTO_TEST_CASE(TheOldOneSavesAfterTheNewOne) {
  const std::string text = Upgrade({
      {"act stop old-drainer\n"
       "old-drainer down",
       ""},
      {"new-drainer save 80",
       "new-drainer save 80\n"
       "old-drainer save 21"},
  });
  ExpectFinding(kCheck, text, R"(
exposure by engine
why: old-drainer and new-drainer ran at once on one checkpoint of mysql: whichever saves last wins
@00:00:00.006 #5 old-drainer came up with version kafka (incarnation 1, configured by syncer={ignore-schemas="mysql,test2",db-type="mysql"})
@00:01:00.048 #89 new-drainer resumed from commit_ts 21 (source: stored, store: tidb_binlog.checkpoint, initial-commit-ts: 0)
order by engine
why: old-drainer saved commit_ts 21 at mysql after new-drainer had begun to write there
@00:01:00.051 #92 new-drainer applied key 1 of test.a = 7 (commit_ts 71, shape 0) to mysql
@00:01:00.053 #94 old-drainer saved the checkpoint commit_ts 21 in tidb_binlog.checkpoint of mysql
)");
}

BOOST_AUTO_TEST_CASE(ProcessesOverlap) {
  const std::string text = Upgrade({
      {"act stop old-drainer\n"
       "old-drainer down",
       ""},
      {"act stop old-pump-1",
       "act stop old-drainer\n"
       "old-drainer down\n"
       "act stop old-pump-1"},
  });
  ExpectFinding(kCheck, text, R"(
exposure by engine
why: old-drainer and new-drainer ran at once on one checkpoint of mysql: whichever saves last wins
@00:00:00.006 #5 old-drainer came up with version kafka (incarnation 1, configured by syncer={ignore-schemas="mysql,test2",db-type="mysql"})
@00:01:00.048 #89 new-drainer resumed from commit_ts 21 (source: stored, store: tidb_binlog.checkpoint, initial-commit-ts: 0)
)");
}

BOOST_AUTO_TEST_CASE(AnOperatorBringsTheOldOneBack) {
  const std::string text = Upgrade({
      {"act stop old-pump-1",
       "fault old-drainer start\n"
       "old-drainer up version=kafka incarnation=2\n"
       "old-drainer load 80 stored\n"
       "fault old-drainer stop\n"
       "old-drainer down\n"
       "act stop old-pump-1"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
