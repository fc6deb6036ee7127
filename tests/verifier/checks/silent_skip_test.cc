// Known bad: a Pump that acknowledges what it lost.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "silent-skip";

BOOST_AUTO_TEST_SUITE(SilentSkipTest)

BOOST_AUTO_TEST_CASE(ATolerantWrite) {
  const std::string text = Upgrade({
      {"tidb-1 commit 10/11 a:1=5 pump=old-pump-1",
       "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\n"
       "tidb-1 commit 12/13 a:9=5 pump=old-pump-1\n"
       "old-pump-1 drop tolerant-write 12/13"},
  });
  ExpectFinding(kCheck, text, R"(
loss by product (follows gate-sound)
why: old-pump-1 dropped a binlog (tolerant-write) of transaction 13, which never came to mysql
@00:00:00.017 #20 tidb-1 committed a transaction (start_ts 12, commit_ts 13, 1 row)
@00:00:00.017 #22 old-pump-1 acknowledged a commit binlog from tidb-1 (start_ts 12, commit_ts 13)
@00:00:00.018 #23 old-pump-1 dropped a binlog (why: tolerant-write; start_ts 12, commit_ts 13)
)");
}

BOOST_AUTO_TEST_CASE(ALateCommitBelowTheWindow) {
  const std::string text = Upgrade({
      {"tidb-1 commit 10/11 a:1=5 pump=old-pump-1",
       "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\n"
       "tidb-1 commit 12/13 a:9=5 pump=old-pump-1\n"
       "old-drainer drop below-window 12/13"},
  });
  ExpectFinding(kCheck, text, R"(
loss by product (follows gate-sound)
why: old-drainer dropped a binlog (below-window) of transaction 13, which never came to mysql
@00:00:00.017 #20 tidb-1 committed a transaction (start_ts 12, commit_ts 13, 1 row)
@00:00:00.017 #22 old-pump-1 acknowledged a commit binlog from tidb-1 (start_ts 12, commit_ts 13)
@00:00:00.018 #23 old-drainer dropped a binlog (why: below-window; start_ts 12, commit_ts 13)
)");
}

BOOST_AUTO_TEST_CASE(ATornTail) {
  const std::string text = R"(
tidb-1 commit 12/13 a:9=5
fault new-pump-1 power_loss
new-pump-1 drop torn-tail 12/13
end quiet
)";
  ExpectFinding(kCheck, text, R"(
loss by scenario (follows no-lost-commit)
why: new-pump-1 dropped a binlog (torn-tail) of transaction 13, which never came to mysql
@00:00:00.001 #0 tidb-1 committed a transaction (start_ts 12, commit_ts 13, 1 row)
@00:00:00.003 #3 new-pump-1 dropped a binlog (why: torn-tail; start_ts 12, commit_ts 13)
)");
}

BOOST_AUTO_TEST_CASE(ADdlThatLostItsJobAndAMessageThatWasPassedOver) {
  for (const char* drop : {"new-pump-1 drop job-lost 12/13", "new-drainer drop too-large 12/13"}) {
    const std::string text = std::string("tidb-1 commit 12/13 a:9=5\n") + drop + "\nend quiet\n";
    const std::string found = FindingText(JudgeText(text), kCheck);
    BOOST_TEST(found.find("loss by product") == 0U, drop);
    BOOST_TEST(found.find("which never came to mysql") != std::string::npos, drop);
  }
}

BOOST_AUTO_TEST_CASE(ADropOfWhatIsApplied) {
  const std::string text = Upgrade({
      {"old-drainer save 11",
       "old-drainer save 11\n"
       "old-drainer drop duplicate 10/11"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_CASE(ADropBelowTheStart) {
  const std::string text = Upgrade({
      {"tidb-1 commit 10/11 a:1=5 pump=old-pump-1",
       "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\n"
       "tidb-1 commit 12/13 a:9=5 pump=old-pump-1\n"
       "old-drainer drop below-start 12/13"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

// The Drainer stands before it and has skipped nothing.
BOOST_AUTO_TEST_CASE(ACommitThatStillWaitsForTikv) {
  const std::string text = R"(
tidb-1 commit 12/13 a:9=5
tidb-1 drop writer-gone 12/13
end quiet
)";
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
