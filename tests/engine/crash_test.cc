// Crashes and failures everywhere: at each output (before it, after it was persisted, after it was
// acted on), a failing n-th operation for every n, and journals that must not be resumed.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "engine/executor.h"
#include "engine/journal.h"
#include "tests/support/fake_env.h"

namespace tidegate::engine {
namespace {

Executor Fresh(const Cluster& cluster) { return Executor(BuildPlan(cluster, {}).value(), {}); }

std::vector<std::string> Sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

// The journal as a host finds it on disk, with half of the record that was being written.
std::vector<port::JournalRecord> Reread(const std::vector<port::JournalRecord>& records) {
  std::string text;
  for (const port::JournalRecord& record : records) text += EncodeRecord(record);
  text += "{\"sequence\":99,\"at\":17";
  const Journal journal = DecodeJournal(text, "journal").value();
  BOOST_TEST(journal.torn);
  return journal.records;
}

BOOST_AUTO_TEST_SUITE(crash)

BOOST_AUTO_TEST_CASE(ResumesAfterACrashAtEveryOutput) {
  const Cluster cluster = MakeCluster();
  FakeEnv undisturbed(cluster);
  Executor whole = Fresh(cluster);
  undisturbed.Run(&whole);
  const std::vector<std::string> wanted = Sorted(undisturbed.Performed());
  for (const Crash::When when :
       {Crash::When::kBeforePersist, Crash::When::kAfterPersist, Crash::When::kAfterAction}) {
    for (std::uint64_t n = 0;; ++n) {
      FakeEnv env(cluster);
      Executor first = Fresh(cluster);
      if (!env.RunUntilCrash(&first, {n, when})) break;
      Executor resumed =
          Executor::Resume(BuildPlan(cluster, {}).value(), {}, Reread(env.journal)).value();
      const bool ended = resumed.finished();
      BOOST_TEST((ended || env.Run(&resumed)));
      std::vector<std::string> got = env.Performed();
      // Keeping a backup again, under the same name, is the one repetition that is harmless.
      std::vector<std::string> once = Sorted(got);
      once.erase(std::unique(once.begin(), once.end(),
                             [](const std::string& a, const std::string& b) {
                               return a == b && a.rfind("keep-backup", 0) == 0;
                             }),
                 once.end());
      BOOST_TEST_CONTEXT("crash at output " << n << " kind " << static_cast<int>(when)) {
        BOOST_TEST(once == wanted, boost::test_tools::per_element());
      }
      BOOST_TEST(env.active["10.0.2.101 drainer-8249.service"]);
    }
  }
}

BOOST_AUTO_TEST_CASE(OneFailingOperationAnywhereIsSurvived) {
  const Cluster cluster = MakeCluster();
  for (std::uint64_t n = 0;; ++n) {
    FakeEnv env(cluster);
    env.fail_operation = n;
    Executor executor = Fresh(cluster);
    BOOST_TEST(env.Run(&executor), "operation " << n);
    BOOST_TEST(executor.outcome() == "done", "operation " << n << ": " << executor.why());
    if (env.operations <= n) break;
  }
}

BOOST_AUTO_TEST_CASE(AnUndecidedProbeAsksTheOperator) {
  const Cluster cluster = MakeCluster();
  // Crash right after the hook that attaches ran, and never show a client.
  FakeEnv env(cluster);
  Executor first = Fresh(cluster);
  env.perform_hook = [&](const port::Action& action) {
    const auto* hook = std::get_if<port::RunHook>(&action);
    if (hook != nullptr && hook->name == "attach-service") env.crash_now = true;
  };
  BOOST_TEST(env.RunUntilCrash(&first, {UINT64_MAX, Crash::When::kAfterAction}));
  env.perform_hook = nullptr;
  env.crash_now = false;
  env.attached = false;
  Executor resumed = Executor::Resume(BuildPlan(cluster, {}).value(), {}, env.journal).value();
  std::string question;
  env.say = [&](const port::Tell& tell) {
    question = tell.text;
    return "yes";
  };
  env.Run(&resumed);
  BOOST_TEST(question ==
             "Whether this was done can't be seen: run-hook attach-service (no client is connected "
             "yet: whether the hook ran can't be seen). Do it again? \"no\" takes it as done.");
  BOOST_TEST(env.attached);
  BOOST_TEST(resumed.outcome() == "done", resumed.why());
}

BOOST_AUTO_TEST_CASE(RefusesAnotherPlanInventoryOrTool) {
  const Cluster cluster = MakeCluster();
  FakeEnv env(cluster);
  Executor first = Fresh(cluster);
  env.Run(&first, kSecond);
  Cluster other = cluster;
  other.new_drainers[0].config_text += "worker-count = 7\n";
  const auto refused = [&](const Cluster& with, const ExecutorOptions& options) {
    const auto resumed = Executor::Resume(BuildPlan(with, {}).value(), options, env.journal);
    return !resumed && resumed.error().code == ErrorCode::kRefused;
  };
  BOOST_TEST(refused(other, {}));
  BOOST_TEST(refused(cluster, {.tool_version = "9.9.9"}));
  BOOST_TEST(refused(cluster, {.inventory_digest = "abc"}));
  BOOST_TEST(!refused(cluster, {}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(journal)

const port::JournalRecord kRecord = {1, 5 * kSecond, port::JournalRecord::Kind::kFact, "T0",
                                     "42\n"};

BOOST_AUTO_TEST_CASE(WritesOneLineARecord) {
  BOOST_TEST(
      EncodeRecord(kRecord) ==
      "{\"sequence\":1,\"at\":5000000000,\"kind\":\"fact\",\"name\":\"T0\",\"value\":\"42\\n\","
      "\"sum\":\"48b48c6fab2f9e70\"}\n");
  const Journal read = DecodeJournal(EncodeRecord(kRecord), "j").value();
  BOOST_TEST(read.records.size() == 1U);
  BOOST_TEST(read.records[0].value == "42\n");
  BOOST_TEST(read.records[0].at == 5 * kSecond);
  BOOST_TEST(!read.torn);
}

BOOST_AUTO_TEST_CASE(DropsATornLastLineAndSaysSo) {
  port::JournalRecord second = kRecord;
  second.sequence = 2;
  const std::string whole = EncodeRecord(kRecord);
  const std::string text = whole + EncodeRecord(second);
  for (std::size_t size = whole.size() + 1; size < text.size(); ++size) {
    const Journal read = DecodeJournal(text.substr(0, size), "j").value();
    BOOST_TEST(read.records.size() == 1U);
    BOOST_TEST(read.torn);
    BOOST_TEST(read.good_bytes == whole.size());
  }
}

BOOST_AUTO_TEST_CASE(RefusesAnyOtherDamage) {
  const std::string line = EncodeRecord(kRecord);
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    std::string damaged = line;
    damaged[i] = damaged[i] == 'x' ? 'y' : 'x';
    const auto read = DecodeJournal(damaged, "j");
    BOOST_TEST(!read, "byte " << i);
  }
  const auto gap = DecodeJournal(line + line, "j");
  BOOST_TEST(gap.error().ToString() == "j:2: record 1 where 2 was expected");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
