// Known bad: an engine that retires Pumps or Kafka before the drain.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "old-side-kept-until-drained";

BOOST_AUTO_TEST_SUITE(OldSideKeptUntilDrainedTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 4u);
}

BOOST_AUTO_TEST_CASE(APumpStopsWithItsTidb) {
  const std::string text = Upgrade({
      {"act stop tidb-2",
       "act stop old-pump-1\n"
       "old-pump-1 down\n"
       "act stop tidb-2"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: old-pump-1 was stopped while a TiDB could still write to the old side
@00:01:00.016 #44 the engine began action 4 on old-pump-1: stop old-pump-1
)");
}

BOOST_AUTO_TEST_CASE(APumpStopsBeforeTheDrain) {
  const std::string text = Upgrade({
      {"old-drainer hand 20/21",
       "act stop old-pump-1\n"
       "old-pump-1 down\n"
       "old-drainer hand 20/21"},
  });
  ExpectFinding(kCheck, text, R"(
loss by engine
why: old-pump-1 was stopped before 1 transaction of the old side had reached mysql, the first of them 21
@00:01:00.012 #37 tidb-1 committed a transaction (start_ts 20, commit_ts 21, 0 rows; ddl, marker)
@00:01:00.012 #38 tidb-1 committed DDL job 7 on test.a (start_ts 20, commit_ts 21, shape 1)
@00:01:00.012 #39 old-pump-1 acknowledged a commit binlog from tidb-1 (start_ts 20, commit_ts 21)
@00:01:00.035 #71 the engine began action 9 on old-pump-1: stop old-pump-1
)");
}

BOOST_AUTO_TEST_CASE(KafkaStopsBeforeThePumps) {
  const std::string text = Upgrade({
      {"act stop old-pump-2",
       "act stop kafka\n"
       "act stop old-pump-2"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: kafka was stopped while old-pump-2 still ran, which needs it
@00:00:00.002 #1 old-pump-2 came up with version kafka (incarnation 1)
@00:01:00.060 #104 the engine began action 17 on kafka: stop kafka
)");
}

BOOST_AUTO_TEST_CASE(APumpStopsBeforeTheDrainer) {
  const std::string text = Upgrade({
      {"act stop old-drainer\n"
       "old-drainer down",
       "act stop old-pump-1\n"
       "old-pump-1 down\n"
       "act stop old-drainer\n"
       "old-drainer down"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: old-pump-1 was stopped while old-drainer still ran, which needs it
@00:00:00.006 #5 old-drainer came up with version kafka (incarnation 1, configured by syncer={ignore-schemas="mysql,test2",db-type="mysql"})
@00:01:00.039 #76 the engine began action 10 on old-pump-1: stop old-pump-1
)");
}

// A tolerant write that the old Pump lost does not make the drain impossible to finish.
BOOST_AUTO_TEST_CASE(WhatWasLostBeforeKeepsNobody) {
  const std::string text = Upgrade({
      {"tidb-1 commit 10/11 a:1=5 pump=old-pump-1",
       "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\n"
       "tidb-1 commit 12/13 a:9=5 pump=old-pump-1\n"
       "old-pump-1 drop tolerant-write 12/13"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
