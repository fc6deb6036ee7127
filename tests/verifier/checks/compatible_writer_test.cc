// Known bad: an engine that upgrades a TiDB and lets it write to the old Pumps.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "compatible-writer";

BOOST_AUTO_TEST_SUITE(CompatibleWriterTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 4u);
}

BOOST_AUTO_TEST_CASE(ANewTidbWritesToAKafkaPump) {
  const std::string text = Upgrade({
      {"tidb-2 path open cluster tso=61", "tidb-2 path open socket old-pump-2 tso=61"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: tidb-2 runs v2.1.0 and writes to old-pump-2, a Kafka Pump, which is no pair of the manual's table
@00:01:00.028 #61 tidb-2 came up with version v2.1.0 (incarnation 2)
@00:01:00.029 #62 tidb-2 opened its binlog path to old-pump-2 (flavour socket, PD at 61)
)");
}

BOOST_AUTO_TEST_CASE(AnOldTidbWritesToTheCluster) {
  const std::string text = Upgrade({
      {"tidb-2 up version=v2.1.0 incarnation=2", "tidb-2 up version=v2.1.0-rc.4 incarnation=2"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine (follows runs-what-was-installed)
why: tidb-2 runs v2.1.0-rc.4 and writes to the cluster's Pumps, which is no pair of the manual's table
@00:01:00.028 #61 tidb-2 came up with version v2.1.0-rc.4 (incarnation 2)
@00:01:00.029 #62 tidb-2 opened its binlog path (flavour cluster, PD at 61)
)");
}

BOOST_AUTO_TEST_CASE(TheFirstReleaseThatMay) {
  const std::string text = Upgrade({
      {"tidb-2 up version=v2.1.0 incarnation=2", "tidb-2 up version=v2.1.0-rc.5 incarnation=2"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_CASE(TheBinlogBranchMay) {
  const std::string text = Upgrade({
      {"tidb-2 up version=v2.1.0 incarnation=2", "tidb-2 up version=v2.0.8-binlog incarnation=2"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
