// Known bad: an engine that deploys the new Pump into the home of the old one.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "no-shared-home";

BOOST_AUTO_TEST_SUITE(NoSharedHomeTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 2u);
}

BOOST_AUTO_TEST_CASE(OnePortAndOneDirectory) {
  const std::string text = Upgrade({
      {"node new-pump-1 pump new era=cluster host=h3 port=8250 unit=pump-8250 dir=/d/pump "
       "target=v2.1.0",
       "node new-pump-1 pump new era=cluster host=h1 port=8250 unit=pump-8250 dir=/d/pump "
       "target=v2.1.0"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: new-pump-1 was started while old-pump-1 ran, and both have port 8250 and data directory /d/pump on h1
@00:00:00.001 #0 old-pump-1 came up with version kafka (incarnation 1)
@00:01:00.005 #28 the engine began action 2 on new-pump-1: start new-pump-1
)");
}

BOOST_AUTO_TEST_CASE(OneUnit) {
  const std::string text = Upgrade({
      {"node new-pump-1 pump new era=cluster host=h3 port=8250 unit=pump-8250 dir=/d/pump "
       "target=v2.1.0",
       "node new-pump-1 pump new era=cluster host=h1 port=8251 unit=pump dir=/d/pump2 "
       "target=v2.1.0"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: new-pump-1 was started while old-pump-1 ran, and both have unit pump on h1
@00:00:00.001 #0 old-pump-1 came up with version kafka (incarnation 1)
@00:01:00.005 #28 the engine began action 2 on new-pump-1: start new-pump-1
)");
}

BOOST_AUTO_TEST_CASE(TheOldBinaryIsOverwritten) {
  const std::string text = Upgrade({
      {"act install new-pump-1",
       "act install new-pump-1\n"
       "event binary-installed node=old-pump-1 text=v2.1.0"},
  });
  ExpectFinding(kCheck, text, R"(
exposure by engine
why: v2.1.0 was put in place of the binary of old-pump-1, which runs kafka: its next start is of the other version
@00:00:00.001 #0 old-pump-1 came up with version kafka (incarnation 1)
@00:01:00.004 #27 version v2.1.0 was installed at the path that old-pump-1 runs
)");
}

BOOST_AUTO_TEST_CASE(TheNodeIdIsReused) {
  const std::string text = Upgrade({
      {"new-pump-1 registry online key=/tidb-binlog/v1/pumps/h3:8250",
       "new-pump-1 registry online key=/tidb-binlog/v1/pumps/h2:8250"},
  });
  ExpectFinding(kCheck, text, R"(
exposure by engine
why: new-pump-1 registered as h2:8250, the node id of old-pump-2, which still runs
@00:00:00.002 #1 old-pump-2 came up with version kafka (incarnation 1)
@00:01:00.007 #31 the registry key of new-pump-1 became online: /tidb-binlog/v1/pumps/h2:8250
)");
}

BOOST_AUTO_TEST_CASE(OneHostTwoHomes) {
  const std::string text = Upgrade({
      {"node new-pump-1 pump new era=cluster host=h3 port=8250 unit=pump-8250 dir=/d/pump "
       "target=v2.1.0",
       "node new-pump-1 pump new era=cluster host=h1 port=8251 unit=pump-8251 dir=/d/pump2 "
       "target=v2.1.0"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

// The old Drainer is stopped before the new one starts in its place.
BOOST_AUTO_TEST_CASE(TheHomeIsFreeByThen) {
  const std::string text = Upgrade({
      {"node new-drainer drainer new era=cluster sink=mysql detect=10s host=h7 port=8249 "
       "unit=drainer-8249 dir=/d/drainer target=v2.1.0",
       "node new-drainer drainer new era=cluster sink=mysql detect=10s host=h4 port=8249 "
       "unit=drainer-8249 dir=/d/drainer target=v2.1.0"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
