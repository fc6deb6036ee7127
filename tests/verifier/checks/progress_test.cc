// Known bad: a Drainer that stands still and says nothing.
#include <boost/test/unit_test.hpp>
#include <string>

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
