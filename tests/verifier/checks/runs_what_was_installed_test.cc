// Known bad: an engine that installs and does not restart.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "runs-what-was-installed";

BOOST_AUTO_TEST_SUITE(RunsWhatWasInstalledTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 10u);
}

BOOST_AUTO_TEST_CASE(NobodyRestartedIt) {
  const std::string text = Upgrade({
      {"act stop tidb-2\n"
       "tidb-2 path close socket old-pump-2 tso=50\n"
       "tidb-2 down",
       "tidb-2 path close socket old-pump-2 tso=50"},
      {"act start tidb-2\n"
       "tidb-2 up version=v2.1.0 incarnation=2",
       ""},
  });
  ExpectFinding(kCheck, text, R"(
order by engine (follows compatible-writer)
why: tidb-2 runs v2.0.11, but v2.1.0 is installed
@00:00:00.010 #9 tidb-2 came up with version v2.0.11 (incarnation 1)
@00:01:00.021 #51 version v2.1.0 was installed at the path that tidb-2 runs
)");
}

BOOST_AUTO_TEST_CASE(TheOldConfigurationRuns) {
  const std::string text = Upgrade({
      {"new-drainer save 80",
       "act write new-drainer\n"
       "event config-installed node=new-drainer text=[syncer]\n"
       "new-drainer save 80"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: new-drainer runs with another configuration than the one installed
@00:01:00.048 #90 new-drainer came up with version v2.1.0 (incarnation 1, configured by syncer={ignore-schemas="TEST2,mysql",db-type="mysql"})
@00:01:00.055 #98 new-drainer got a new configuration file: [syncer]
)");
}

BOOST_AUTO_TEST_CASE(RestartedAfterwards) {
  const std::string text = Upgrade({
      {"new-drainer save 80",
       "act write new-drainer\n"
       "event config-installed node=new-drainer text=[syncer]\n"
       "act stop new-drainer\n"
       "new-drainer down\n"
       "act start new-drainer\n"
       "new-drainer up version=v2.1.0 config=[syncer] incarnation=2\n"
       "new-drainer save 80"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
