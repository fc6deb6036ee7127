// Known bad: an engine that installs a binary of the other era.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "compatible-parts";

BOOST_AUTO_TEST_SUITE(CompatiblePartsTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 8u);
}

BOOST_AUTO_TEST_CASE(APumpOfTheWrongEra) {
  const std::string text = Upgrade({
      {"new-pump-1 up version=v2.1.0", "new-pump-1 up version=v1.1"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine (follows runs-what-was-installed)
why: new-pump-1 is a pump of the cluster version and runs v1.1, which is of the kafka version
@00:01:00.006 #30 new-pump-1 came up with version v1.1 (incarnation 1)
order by engine (follows runs-what-was-installed)
why: new-drainer is of the cluster version and reads from new-pump-1, which is of the kafka version
@00:01:00.006 #30 new-pump-1 came up with version v1.1 (incarnation 1)
@00:01:00.048 #90 new-drainer came up with version v2.1.0 (incarnation 1, configured by syncer={ignore-schemas="TEST2,mysql",db-type="mysql"})
@00:01:00.051 #93 new-drainer began to read new-pump-1 from 0
)");
}

BOOST_AUTO_TEST_CASE(AnOldPumpRunsTheNewBinary) {
  const std::string text = Upgrade({
      {"act install new-pump-1",
       "event binary-installed node=old-pump-2 text=v2.1.0\n"
       "old-pump-2 down exited\n"
       "old-pump-2 up version=v2.1.0 incarnation=2\n"
       "act install new-pump-1"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine (follows no-shared-home)
why: old-pump-2 is a pump of the kafka version and runs v2.1.0, which is of the cluster version
@00:01:00.005 #27 old-pump-2 came up with version v2.1.0 (incarnation 2)
)");
}

BOOST_AUTO_TEST_CASE(ADrainerReadsTheOtherEra) {
  const std::string text = Upgrade({
      {"new-drainer add new-pump-1",
       "new-drainer add new-pump-1\n"
       "new-drainer add old-pump-1"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: new-drainer is of the cluster version and reads from old-pump-1, which is of the kafka version
@00:00:00.001 #0 old-pump-1 came up with version kafka (incarnation 1)
@00:01:00.048 #90 new-drainer came up with version v2.1.0 (incarnation 1, configured by syncer={ignore-schemas="TEST2,mysql",db-type="mysql"})
@00:01:00.052 #94 new-drainer began to read old-pump-1 from 0
)");
}

BOOST_AUTO_TEST_CASE(ADrainerThatCannotFollowItsTidb) {
  const std::string text = Upgrade({
      {"new-drainer up version=v2.1.0 "
       "config=syncer={ignore-schemas=\"TEST2,mysql\",db-type=\"mysql\"}",
       "new-drainer up version=v5.4.0 "
       "config=syncer={ignore-schemas=\"TEST2,mysql\",db-type=\"mysql\"}"},
      {"tidb-2 up version=v2.1.0 incarnation=2", "tidb-2 up version=v6.2.0 incarnation=2"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine (follows runs-what-was-installed)
why: new-drainer runs v5.4.0 and can't follow tidb-2, which runs v6.2.0: TiDB keeps DDL jobs differently since 6.2
@00:01:00.028 #61 tidb-2 came up with version v6.2.0 (incarnation 2)
@00:01:00.048 #90 new-drainer came up with version v5.4.0 (incarnation 1, configured by syncer={ignore-schemas="TEST2,mysql",db-type="mysql"})
)");
}

BOOST_AUTO_TEST_CASE(ADrainerThatFollows) {
  const std::string text = Upgrade({
      {"new-drainer up version=v2.1.0 "
       "config=syncer={ignore-schemas=\"TEST2,mysql\",db-type=\"mysql\"}",
       "new-drainer up version=v6.2.0 "
       "config=syncer={ignore-schemas=\"TEST2,mysql\",db-type=\"mysql\"}"},
      {"tidb-2 up version=v2.1.0 incarnation=2", "tidb-2 up version=v6.2.0 incarnation=2"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
