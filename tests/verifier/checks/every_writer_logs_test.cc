// Known bad: an engine that leaves binlog-socket in the configuration of a new TiDB.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "every-writer-logs";

BOOST_AUTO_TEST_SUITE(EveryWriterLogsTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 2u);
}

BOOST_AUTO_TEST_CASE(TheSocketWasLeftInPlace) {
  const std::string text = Upgrade({
      {"tidb-2 path open cluster tso=61", "tidb-2 path open socket old-pump-2 tso=61"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine (follows compatible-writer) x2
why: clients returned to tidb-1 before tidb-2 was ready: it runs v2.1.0 and still writes to the old side
@00:01:00.028 #61 tidb-2 came up with version v2.1.0 (incarnation 2)
@00:01:00.031 #64 clients can reach tidb-1
)");
}

BOOST_AUTO_TEST_CASE(BinlogIsOff) {
  const std::string text = Upgrade({
      {"tidb-1 path open cluster tso=60", "tidb-1 path open off"},
  });
  ExpectFinding(kCheck, text, R"(
loss by engine x2
why: clients returned to tidb-1: it writes no binlogs at all
@00:01:00.025 #57 tidb-1 came up with version v2.1.0 (incarnation 2)
@00:01:00.031 #64 clients can reach tidb-1
)");
}

BOOST_AUTO_TEST_CASE(OneIsStillTheOldVersion) {
  const std::string text = Upgrade({
      {"tidb-2 up version=v2.1.0 incarnation=2", "tidb-2 up version=v2.0.11 incarnation=2"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine (follows runs-what-was-installed) x2
why: clients returned to tidb-1 before tidb-2 was ready: it runs v2.0.11, not the target version
@00:01:00.028 #61 tidb-2 came up with version v2.0.11 (incarnation 2)
@00:01:00.031 #64 clients can reach tidb-1
)");
}

BOOST_AUTO_TEST_CASE(ClientsReturnBeforeAllAreReady) {
  const std::string text = Upgrade({
      {"act start tidb-2\n"
       "tidb-2 up version=v2.1.0 incarnation=2\n"
       "tidb-2 path open cluster tso=61\n"
       "event action-started code=6 a=902 text=run-hook_attach\n"
       "tidb-1 clients on",
       "event action-started code=6 a=902 text=run-hook_attach\n"
       "tidb-1 clients on\n"
       "act start tidb-2\n"
       "tidb-2 up version=v2.1.0 incarnation=2\n"
       "tidb-2 path open cluster tso=61\n"
       "event action-started code=6 a=903 text=run-hook_attach"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine
why: clients returned to tidb-1 before tidb-2 was ready: it does not run
@00:01:00.028 #60 clients can reach tidb-1
)");
}

BOOST_AUTO_TEST_CASE(TwoSidesAtOnce) {
  const std::string text = Upgrade({
      {"tidb-2 up version=v2.1.0 incarnation=2\n"
       "tidb-2 path open cluster tso=61",
       "tidb-2 up version=v2.0.11 incarnation=2\n"
       "tidb-2 path open socket old-pump-2 tso=61"},
  });
  ExpectFinding(kCheck, text, R"(
order by engine (follows runs-what-was-installed) x2
why: clients returned to tidb-1, which writes to the new side, while tidb-2 writes to the old side
@00:01:00.028 #61 tidb-2 came up with version v2.0.11 (incarnation 2)
@00:01:00.031 #64 clients can reach tidb-1
)");
}

BOOST_AUTO_TEST_CASE(OneThatAFaultTookMayBeMissing) {
  const std::string text = Upgrade({
      {"event action-started code=6 a=902 text=run-hook_attach\n"
       "tidb-1 clients on\n"
       "tidb-2 clients on",
       "fault tidb-2 kill\n"
       "tidb-2 path close cluster tso=62\n"
       "tidb-2 down killed\n"
       "event action-started code=6 a=902 text=run-hook_attach\n"
       "tidb-1 clients on"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_CASE(TurningBackIsLegal) {
  const std::string text = R"(
old-pump-1 up version=kafka
old-pump-2 up version=kafka
tidb-1 up version=v2.0.11
tidb-2 up version=v2.0.11
tidb-1 path open socket old-pump-1
tidb-2 path open socket old-pump-2
tidb-1 clients on
tidb-2 clients on
engine started ours
event action-started code=6 a=1 text=detach
tidb-1 clients off
tidb-2 clients off
act stop tidb-1
tidb-1 path close socket old-pump-1 tso=9
tidb-1 down
act start tidb-1
tidb-1 up version=v2.0.11 incarnation=2
tidb-1 path open socket old-pump-1
event action-started code=6 a=2 text=attach
tidb-1 clients on
tidb-2 clients on
engine aborted the old side serves
end quiet
)";
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
