// Known bad: engines that drop a filter, or take another checkpoint schema.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "config-carried";

BOOST_AUTO_TEST_SUITE(ConfigCarriedTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 1u);
}

BOOST_AUTO_TEST_CASE(AFilterIsDropped) {
  const std::string text = Upgrade({
      {"new-drainer up version=v2.1.0 "
       "config=syncer={ignore-schemas=\"TEST2,mysql\",db-type=\"mysql\"}",
       "new-drainer up version=v2.1.0 "
       "config=syncer={ignore-schemas=\"mysql\",db-type=\"mysql\"}"},
  });
  ExpectFinding(kCheck, text, R"(
loss by engine
why: new-drainer does not carry on what old-drainer was told: ignore-schemas was 'mysql,test2' and is 'mysql'
@00:00:00.006 #5 old-drainer came up with version kafka (incarnation 1, configured by syncer={ignore-schemas="mysql,test2",db-type="mysql"})
@00:01:00.048 #90 new-drainer came up with version v2.1.0 (incarnation 1, configured by syncer={ignore-schemas="mysql",db-type="mysql"})
)");
}

BOOST_AUTO_TEST_CASE(AnotherCheckpointSchema) {
  const std::string text = Upgrade({
      {"new-drainer up version=v2.1.0 "
       "config=syncer={ignore-schemas=\"TEST2,mysql\",db-type=\"mysql\"}",
       "new-drainer up version=v2.1.0 "
       "config=syncer={ignore-schemas=\"mysql,test2\",db-type=\"mysql\",to={checkpoint={schema="
       "\"binlog2\"}}}"},
  });
  ExpectFinding(kCheck, text, R"(
loss by engine
why: new-drainer does not carry on what old-drainer was told: checkpoint schema was 'tidb_binlog' and is 'binlog2'
@00:00:00.006 #5 old-drainer came up with version kafka (incarnation 1, configured by syncer={ignore-schemas="mysql,test2",db-type="mysql"})
@00:01:00.048 #90 new-drainer came up with version v2.1.0 (incarnation 1, configured by syncer={ignore-schemas="mysql,test2",db-type="mysql",to={checkpoint={schema="binlog2"}}})
)");
}

BOOST_AUTO_TEST_CASE(ATableFilterIsAdded) {
  const std::string text = Upgrade({
      {"new-drainer up version=v2.1.0 "
       "config=syncer={ignore-schemas=\"TEST2,mysql\",db-type=\"mysql\"}",
       "new-drainer up version=v2.1.0 "
       "config=syncer={ignore-schemas=\"mysql,test2\",replicate-do-table=[{db-name=\"test\",tbl"
       "-name=\"a\"}]}"},
  });
  ExpectFinding(kCheck, text, R"(
loss by engine
why: new-drainer does not carry on what old-drainer was told: replicate-do-table was '' and is 'test.a'
@00:00:00.006 #5 old-drainer came up with version kafka (incarnation 1, configured by syncer={ignore-schemas="mysql,test2",db-type="mysql"})
@00:01:00.048 #90 new-drainer came up with version v2.1.0 (incarnation 1, configured by syncer={ignore-schemas="mysql,test2",replicate-do-table=[{db-name="test",tbl-name="a"}]})
)");
}

BOOST_AUTO_TEST_CASE(AMessageLimitIsForgotten) {
  const std::string text = Upgrade({
      {"old-drainer up version=kafka "
       "config=syncer={ignore-schemas=\"mysql,test2\",db-type=\"mysql\"}",
       "old-drainer up version=kafka "
       "config=syncer={db-type=\"kafka\",to={kafka-max-messages=4096}}"},
      {"new-drainer up version=v2.1.0 "
       "config=syncer={ignore-schemas=\"TEST2,mysql\",db-type=\"mysql\"}",
       "new-drainer up version=v2.1.0 config=syncer={db-type=\"kafka\"}"},
  });
  ExpectFinding(kCheck, text, R"(
exposure by engine
why: new-drainer does not carry on what old-drainer was told: kafka-max-messages was '4096' and is ''
@00:00:00.006 #5 old-drainer came up with version kafka (incarnation 1, configured by syncer={db-type="kafka",to={kafka-max-messages=4096}})
@00:01:00.048 #90 new-drainer came up with version v2.1.0 (incarnation 1, configured by syncer={db-type="kafka"})
)");
}

// pb is the old name of file; defaults may be written out.
BOOST_AUTO_TEST_CASE(TheSameInOtherWords) {
  const std::string text = Upgrade({
      {"old-drainer up version=kafka "
       "config=syncer={ignore-schemas=\"mysql,test2\",db-type=\"mysql\"}",
       "old-drainer up version=kafka config=syncer={db-type=\"pb\"}"},
      {"new-drainer up version=v2.1.0 "
       "config=syncer={ignore-schemas=\"TEST2,mysql\",db-type=\"mysql\"}",
       "new-drainer up version=v2.1.0 "
       "config=syncer={db-type=\"file\",ignore-schemas=\"mysql,information_schema,PERFORMANCE_S"
       "CHEMA\",to={checkpoint={schema=\"tidb_binlog\"}}}"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
