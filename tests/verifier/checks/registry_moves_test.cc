// Known bad: a Pump that goes offline before it was read.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

constexpr std::string_view kCheck = "registry-moves";

BOOST_AUTO_TEST_SUITE(RegistryMovesTest)

BOOST_AUTO_TEST_CASE(AnUpgradeDoneRight) {
  const verifier::Verdict verdict = JudgeText(UpgradeText());
  BOOST_TEST(FindingText(verdict, kCheck) == "");
  BOOST_TEST(PremiseCount(verdict, kCheck) == 2u);
}

BOOST_AUTO_TEST_CASE(FromPausedToClosing) {
  const std::string text = Upgrade({
      {"new-drainer save 80",
       "new-drainer save 80\n"
       "new-pump-1 registry paused key=/tidb-binlog/v1/pumps/h3:8250\n"
       "new-pump-1 registry closing key=/tidb-binlog/v1/pumps/h3:8250"},
  });
  ExpectFinding(kCheck, text, R"(
order by product
why: new-pump-1 moved from paused to closing, which the product does not do
@00:01:00.055 #97 the registry key of new-pump-1 became paused: /tidb-binlog/v1/pumps/h3:8250
@00:01:00.056 #98 the registry key of new-pump-1 became closing: /tidb-binlog/v1/pumps/h3:8250
)");
}

BOOST_AUTO_TEST_CASE(OnlineWithoutAStart) {
  const std::string text = Upgrade({
      {"new-drainer save 80",
       "new-drainer save 80\n"
       "new-pump-1 registry paused key=/tidb-binlog/v1/pumps/h3:8250\n"
       "new-pump-1 registry online key=/tidb-binlog/v1/pumps/h3:8250"},
  });
  ExpectFinding(kCheck, text, R"(
order by product
why: new-pump-1 moved from paused to online, which the product does not do
@00:01:00.055 #97 the registry key of new-pump-1 became paused: /tidb-binlog/v1/pumps/h3:8250
@00:01:00.056 #98 the registry key of new-pump-1 became online: /tidb-binlog/v1/pumps/h3:8250
)");
}

// An operator wrote over it, and the next heartbeat of the living Pump undid that.
BOOST_AUTO_TEST_CASE(OverwrittenByHandAndUndone) {
  const std::string text = Upgrade({
      {"new-drainer save 80",
       "new-drainer save 80\n"
       "fault new-pump-1 update_state\n"
       "new-pump-1 registry paused key=/tidb-binlog/v1/pumps/h3:8250\n"
       "new-pump-1 registry online key=/tidb-binlog/v1/pumps/h3:8250"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

// A dead one's heartbeat undoes nothing: it comes back by a start, or not at all.
BOOST_AUTO_TEST_CASE(OverwrittenByHandOfADeadPump) {
  const std::string text = Upgrade({
      {"new-drainer save 80",
       "new-drainer save 80\n"
       "fault new-pump-1 update_state\n"
       "new-pump-1 down\n"
       "new-pump-1 registry paused key=/tidb-binlog/v1/pumps/h3:8250\n"
       "new-pump-1 registry online key=/tidb-binlog/v1/pumps/h3:8250"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck).find("from paused to online") !=
             std::string::npos);
}

// What the engine writes by a client of etcd's, or by binlogctl, and what happens meanwhile.
std::string EtcdPut(const std::string& node, const std::string& moves,
                    const std::string& hook = "etcd put /tidb-binlog/v1/pumps/h3:8250") {
  return "new-drainer save 80\n"
         "event action-started node=" +
         node + " code=6 a=900 text=run-hook " + hook + "\n" + moves +
         "event action-done node=" + node + " a=900\n";
}
const std::string kPaused = "new-pump-1 registry paused key=/tidb-binlog/v1/pumps/h3:8250\n";
const std::string kOnline = "new-pump-1 registry online key=/tidb-binlog/v1/pumps/h3:8250\n";

BOOST_AUTO_TEST_CASE(OverwrittenByTheEngineAndUndone) {
  const std::string text =
      Upgrade({{"new-drainer save 80", EtcdPut("new-pump-1", kPaused) + kOnline}});
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_CASE(OverwrittenByBinlogctl) {
  for (const char* hook : {"binlogctl update-pump h3:8250", "binlogctl"}) {
    const std::string text =
        Upgrade({{"new-drainer save 80",
                  EtcdPut("new-pump-1", kPaused + "new-pump-1 down\n" + kOnline, hook)}});
    const std::string found = FindingText(JudgeText(text), kCheck);
    const bool engine = std::string_view(hook) != "binlogctl";
    BOOST_TEST(found.find(engine ? "order by engine" : "order by product") != std::string::npos,
               found);
  }
}

// What no product does is the engine's then, unless it wrote another node's entry.
BOOST_AUTO_TEST_CASE(OverwrittenByTheEngine) {
  for (const char* node : {"new-pump-1", "pd", "new-drainer"}) {
    const std::string text =
        Upgrade({{"new-drainer save 80", EtcdPut(node, kPaused + "new-pump-1 down\n" + kOnline)}});
    const std::string found = FindingText(JudgeText(text), kCheck);
    BOOST_TEST(found.find("from paused to online") != std::string::npos, found);
    const bool engine = std::string_view(node) != "new-drainer";
    BOOST_TEST(found.find(engine ? "order by engine" : "order by product") != std::string::npos,
               found);
  }
}

BOOST_AUTO_TEST_CASE(AKeyIsDeleted) {
  const std::string text = Upgrade({
      {"new-drainer save 80",
       "new-drainer save 80\n"
       "new-pump-1 registry absent key=/tidb-binlog/v1/pumps/h3:8250"},
  });
  ExpectFinding(kCheck, text, R"(
order by product
why: new-pump-1 moved from online to absent, which the product does not do
@00:01:00.007 #31 the registry key of new-pump-1 became online: /tidb-binlog/v1/pumps/h3:8250
@00:01:00.055 #97 the registry key of new-pump-1 became absent: /tidb-binlog/v1/pumps/h3:8250
)");
}

// By the engine's own deletion, though a heartbeat makes it anew.
BOOST_AUTO_TEST_CASE(AKeyIsDeletedByTheEngine) {
  const std::string absent = "new-pump-1 registry absent key=/tidb-binlog/v1/pumps/h3:8250\n";
  const std::string text = Upgrade(
      {{"new-drainer save 80",
        EtcdPut("new-pump-1", absent, "etcd delete /tidb-binlog/v1/pumps/h3:8250") + kOnline}});
  const std::string found = FindingText(JudgeText(text), kCheck);
  BOOST_TEST(found.find("order by engine") != std::string::npos, found);
  BOOST_TEST(found.find("from online to absent") != std::string::npos, found);
  BOOST_TEST(found.find("from absent to online") == std::string::npos, found);
}

BOOST_AUTO_TEST_CASE(OfflineBeforeItWasRead) {
  const std::string text = Upgrade({
      {"new-drainer hand 70/71",
       "new-pump-1 registry offline key=/tidb-binlog/v1/pumps/h3:8250\n"
       "new-drainer hand 70/71"},
  });
  ExpectFinding(kCheck, text, R"(
loss by product
why: new-pump-1 went offline while the checkpoint of new-drainer was 0, below 71, its last real binlog
@00:01:00.034 #68 tidb-2 committed a transaction (start_ts 70, commit_ts 71, 1 row)
@00:01:00.034 #70 new-pump-1 acknowledged a commit binlog from tidb-2 (start_ts 70, commit_ts 71)
@00:01:00.052 #94 the registry key of new-pump-1 became offline: /tidb-binlog/v1/pumps/h3:8250
)");
}

BOOST_AUTO_TEST_CASE(OfflineOnceRead) {
  const std::string text = Upgrade({
      {"new-drainer save 80",
       "new-drainer save 80\n"
       "new-pump-1 registry closing key=/tidb-binlog/v1/pumps/h3:8250\n"
       "new-pump-1 registry offline key=/tidb-binlog/v1/pumps/h3:8250"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_CASE(ARestartRegistersAgain) {
  const std::string text = Upgrade({
      {"new-drainer save 80",
       "new-drainer save 80\n"
       "new-pump-1 registry paused key=/tidb-binlog/v1/pumps/h3:8250\n"
       "new-pump-1 down\n"
       "new-pump-1 up version=v2.1.0 incarnation=2\n"
       "new-pump-1 registry online key=/tidb-binlog/v1/pumps/h3:8250"},
  });
  BOOST_TEST(FindingText(JudgeText(text), kCheck) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
