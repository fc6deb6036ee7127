// Known bad: an engine that takes T0 too early, or upgrades under clients.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/rolling_text.h"
#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "service-detached";

BOOST_AUTO_TEST_SUITE(ServiceDetachedTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 2u);
}

BOOST_AUTO_TEST_CASE(ClientsStillOn) {
  const std::string text = Upgrade({
      {"tidb-1 clients off\n"
       "tidb-2 clients off",
       "tidb-1 clients off"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: T0 was taken while clients could still reach tidb-2
@00:00:00.014 #13 clients can reach tidb-2
@00:01:00.018 #47 the engine journaled T0 = 55
order by engine
why: tidb-1 was upgraded to v2.1.0 while clients could still reach tidb-2
@00:00:00.014 #13 clients can reach tidb-2
@00:01:00.020 #50 version v2.1.0 was installed at the path that tidb-1 runs
)");
}

BOOST_AUTO_TEST_CASE(APathIsOpenAtTheUpgrade) {
  const std::string text = Upgrade({
      {"act stop tidb-2\n"
       "tidb-2 path close socket old-pump-2 tso=50\n"
       "tidb-2 down\n"
       "event fact-journaled a=55 text=T0\n"
       "act install tidb-1\n"
       "event binary-installed node=tidb-1 text=v2.1.0",
       "act install tidb-1\n"
       "event binary-installed node=tidb-1 text=v2.1.0\n"
       "act stop tidb-2\n"
       "tidb-2 path close socket old-pump-2 tso=50\n"
       "tidb-2 down\n"
       "event fact-journaled a=55 text=T0"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: tidb-1 was upgraded to v2.1.0 while tidb-2 had an open path to the old side
@00:00:00.012 #11 tidb-2 opened its binlog path to old-pump-2 (flavour socket, PD at 1)
@00:01:00.017 #46 version v2.1.0 was installed at the path that tidb-1 runs
)");
}

BOOST_AUTO_TEST_CASE(T0IsTakenBeforeTheLastPathCloses) {
  const std::string text = Upgrade({
      {"event fact-journaled a=55 text=T0", ""},
      {"act stop tidb-2",
       "event fact-journaled a=45 text=T0\n"
       "act stop tidb-2"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: T0 was taken while tidb-2 had an open path to the old side
@00:00:00.012 #11 tidb-2 opened its binlog path to old-pump-2 (flavour socket, PD at 1)
@00:01:00.016 #44 the engine journaled T0 = 45
)");
}

BOOST_AUTO_TEST_CASE(T0IsBelowTheTruth) {
  const std::string text = Upgrade({
      {"event fact-journaled a=55 text=T0", "event fact-journaled a=45 text=T0"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: T0 was said to be 45, below 50, the timestamp at which the last path to the old side closed
@00:01:00.017 #46 tidb-2 closed its binlog path to old-pump-2 (flavour socket, PD at 50)
@00:01:00.019 #48 the engine journaled T0 = 45
)");
}

BOOST_AUTO_TEST_CASE(ADdlJobIsTorn) {
  const std::string text = Upgrade({
      {"tidb-2 commit 70/71 a:1=7 pump=new-pump-1",
       "tidb-2 ddl 45/65 a job=8 shape=2 pump=new-pump-1\n"
       "tidb-2 commit 70/71 a:1=7 pump=new-pump-1"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: DDL job 8 began at 45, before T0 (50), and ended at 65, after it: its binlog is torn between the two sides
@00:01:00.017 #46 tidb-2 closed its binlog path to old-pump-2 (flavour socket, PD at 50)
@00:01:00.034 #69 tidb-2 committed DDL job 8 on test.a (start_ts 45, commit_ts 65, shape 2)
)");
}

BOOST_AUTO_TEST_CASE(ADdlJobAfterT0) {
  const std::string text = Upgrade({
      {"tidb-2 commit 70/71 a:1=7 pump=new-pump-1",
       "tidb-2 ddl 62/65 a job=8 shape=2 pump=new-pump-1\n"
       "tidb-2 commit 70/71 a:1=7 pump=new-pump-1"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

// A rolling upgrade leaves the TiDBs as they are; one that comes back was not upgraded.
BOOST_AUTO_TEST_CASE(ATidbThatIsToStayAsItIsComesBack) {
  const verifier::Verdict verdict = JudgeText(Rolling("act install pump-2",
                                                      "tidb-1 down killed\n"
                                                      "tidb-1 up version=v2.1.8 incarnation=2\n"
                                                      "act install pump-2"));
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
