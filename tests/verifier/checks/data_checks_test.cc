// The checks of data, checkpoint and gate, each on the smallest traces that are clean, wrong in one
// way, and nearly wrong. The whole finding of each wrong trace is a golden text beside the tests.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/golden.h"
#include "tests/verifier/verdict_text.h"

namespace {

using tidegate::test::ExpectGolden;
using tidegate::test::FindingText;
using tidegate::test::JudgeText;
using tidegate::test::PremiseCount;

struct Case {
  std::string_view check;
  std::string_view name;
  bool wrong;
  std::string_view text;
};

// A transaction of the old side, from its commit to its checkpoint.
constexpr std::string_view kWhole =
    "tidb-1 commit 10/11 a:1=5,b:2=7 pump=old-pump-1\n"
    "old-drainer hand 10/11\n"
    "old-drainer apply 11 a:1=5,b:2=7\n"
    "old-drainer save 11\n"
    "end quiet tso=99\n";

// Up to the moment when the writers' paths to the old side are closed: T0 is 20.
#define UNTIL_T0                                 \
  "tidb-1 path open socket old-pump-1 tso=1\n"   \
  "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\n"  \
  "tidb-1 path close socket old-pump-1 tso=20\n" \
  "tidb-1 path open cluster tso=21\n"

const std::vector<Case> kCases = {
    {"commit-order", "clean", false, kWhole},
    {"commit-order", "older-change-after-newer", true,
     "tidb-1 commit 10/11 a:1=5\ntidb-2 commit 12/13 a:1=6\n"
     "old-drainer apply 13 a:1=6\nold-drainer apply 11 a:1=5\n"},
    {"commit-order", "workers-may-overtake-on-other-keys", false,
     "tidb-1 commit 10/11 a:1=5\ntidb-2 commit 12/13 a:2=6\n"
     "old-drainer apply 13 a:2=6\nold-drainer apply 11 a:1=5\n"},
    {"commit-order", "row-past-a-ddl-barrier", true,
     "tidb-1 ddl 12/13 a job=1 shape=1\ntidb-1 commit 10/11 a:1=5\n"
     "old-drainer ddl-apply 13 a job=1 shape=1\nold-drainer apply 11 a:1=5\n"},
    {"no-lost-commit", "clean", false, kWhole},
    {"no-lost-commit", "passed-by-the-checkpoint", true,
     "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\ntidb-1 commit 12/13 a:2=6 pump=old-pump-1\n"
     "old-drainer apply 13 a:2=6\nold-drainer save 13\nend quiet tso=99\n"},
    {"no-lost-commit", "dropped-by-its-pump", true,
     "tidb-1 commit 10/11 a:1=5\nold-pump-1 drop tolerant-write 10/11\nend quiet tso=99\n"},
    {"no-lost-commit", "late-but-there", false,
     "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\nold-drainer save 11\n"
     "old-drainer apply 11 a:1=5\nend quiet tso=99\n"},
    {"no-lost-commit", "lost-by-its-file", true,
     "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\ntidb-1 commit 12/13 a:1=6 pump=old-pump-1\n"
     "old-drainer apply 11 a:1=5\nold-drainer apply 13 a:1=6\nold-drainer save 13\n"
     "event row-torn node=mysql peer=old-drainer a=1 b=13 c=6 d=5\nend quiet tso=99\n"},
    {"no-lost-commit", "written-again-behind-a-torn-end", false,
     "tidb-1 commit 10/11 a:1=5,a:2=6 pump=old-pump-1\nold-drainer apply 11 a:1=5,a:2=6\n"
     "event row-torn node=mysql peer=old-drainer a=2 b=11 c=6\n"
     "event row-torn node=mysql peer=old-drainer a=1 b=11 c=5\nold-drainer down killed\n"
     "old-drainer up\nold-drainer load 9\nold-drainer apply 11 a:1=5,a:2=6\nold-drainer save 11\n"
     "end quiet tso=99\n"},
    {"no-phantom", "clean", false, kWhole},
    {"no-phantom", "never-committed", true, "old-drainer apply 15 a:1=9\n"},
    {"no-phantom", "rolled-back", true, "tidb-1 rollback 14\nold-drainer apply 15 a:1=9\n"},
    {"no-phantom", "other-value", true, "tidb-1 commit 10/11 a:1=5\nold-drainer apply 11 a:1=6\n"},
    {"no-double-apply", "clean", false, kWhole},
    {"no-double-apply", "twice-in-one-life", true,
     "tidb-1 commit 10/11 a:1=5\nold-drainer apply 11 a:1=5\nold-drainer apply 11 a:1=5\n"},
    {"no-double-apply", "replayed-above-the-checkpoint", false,
     "tidb-1 commit 10/11 a:1=5\nold-drainer apply 11 a:1=5\nold-drainer down killed\n"
     "old-drainer up\nold-drainer load 9\nold-drainer apply 11 a:1=5 safe\n"},
    {"no-double-apply", "replayed-below-the-checkpoint", true,
     "tidb-1 commit 10/11 a:1=5\nold-drainer apply 11 a:1=5\nold-drainer save 11\n"
     "old-drainer down killed\nold-drainer up\nold-drainer load 11\n"
     "old-drainer apply 11 a:1=5 safe\n"},
    {"no-double-apply", "cut-short-and-finished-first", false,
     "tidb-1 commit 10/11 a:1=5,a:2=6\nold-drainer apply 11 a:1=5\nold-drainer down killed\n"
     "old-drainer up\nold-drainer load 9\nold-drainer apply 11 a:2=6 safe\n"
     "old-drainer apply 11 a:1=5 safe\n"},
    {"no-double-apply", "cut-short-and-then-twice", true,
     "tidb-1 commit 10/11 a:1=5,a:2=6\nold-drainer apply 11 a:1=5\nold-drainer down killed\n"
     "old-drainer up\nold-drainer load 9\nold-drainer apply 11 a:2=6 safe\n"
     "old-drainer apply 11 a:1=5 safe\nold-drainer apply 11 a:1=5 safe\n"},
    {"no-double-apply", "keyless-replay-is-an-exposure", true,
     "tidb-1 commit 10/11 log:1=5\nold-drainer apply 11 log:1=5\nold-drainer down killed\n"
     "old-drainer up\nold-drainer load 9\nold-drainer apply 11 log:1=5 safe\n"},
    {"whole-transaction", "clean", false, kWhole},
    {"whole-transaction", "half-at-a-checkpoint", true,
     "tidb-1 commit 10/11 a:1=5,b:2=7 pump=old-pump-1\nold-drainer apply 11 a:1=5\n"
     "old-drainer save 11\nend quiet tso=99\n"},
    {"whole-transaction", "half-between-checkpoints", false,
     "tidb-1 commit 8/9 a:3=1 pump=old-pump-1\nold-drainer apply 9 a:3=1\n"
     "tidb-1 commit 10/11 a:1=5,b:2=7 pump=old-pump-1\nold-drainer apply 11 a:1=5\n"
     "old-drainer save 9\nold-drainer apply 11 b:2=7\nend quiet tso=99\n"},
    {"schema-before-rows", "clean", false,
     "tidb-1 ddl 10/11 a job=1 shape=1\ntidb-1 commit 12/13 a:1=5 shape=1\n"
     "old-drainer ddl-apply 11 a job=1 shape=1\nold-drainer apply 13 a:1=5 shape=1\n"},
    {"schema-before-rows", "row-before-its-column", true,
     "tidb-1 ddl 10/11 a job=1 shape=1\ntidb-1 commit 12/13 a:1=5 shape=1\n"
     "old-drainer apply 13 a:1=5 shape=1\n"},
    {"schema-before-rows", "the-ddl-went-with-the-end-of-a-file", true,
     "tidb-1 ddl 10/11 a job=1 shape=1\ntidb-1 commit 12/13 a:1=5 shape=1\n"
     "old-drainer ddl-apply 11 a job=1 shape=1\n"
     "event ddl-torn node=mysql peer=old-drainer b=11 c=1 n=1\nold-drainer apply 13 a:1=5 "
     "shape=1\n"},
    {"streams-disjoint", "clean", false, UNTIL_T0 "tidb-1 commit 30/31 a:1=6 pump=new-pump-1\n"},
    {"streams-disjoint", "new-stream-below-t0", true,
     UNTIL_T0 "tidb-1 commit 18/19 a:1=6 pump=new-pump-1\n"},
    {"streams-disjoint", "old-stream-above-the-new-one", true,
     UNTIL_T0 "tidb-1 commit 30/31 a:1=6 pump=new-pump-1\n"
              "tidb-2 commit 40/41 a:1=7 pump=old-pump-2\n"},
    {"converges", "clean", false, kWhole},
    {"converges", "stale-value", true,
     "tidb-1 commit 10/11 a:1=5\ntidb-1 commit 12/13 a:1=6\n"
     "old-drainer apply 13 a:1=6\nold-drainer apply 11 a:1=5\nworkload stopped\n"
     "end quiet tso=99\n"},
    {"converges", "a-file-went-back", true,
     "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\ntidb-1 commit 12/13 a:1=6 pump=old-pump-1\n"
     "old-drainer apply 11 a:1=5\nold-drainer apply 13 a:1=6\nold-drainer save 13\n"
     "event row-torn node=mysql peer=old-drainer a=1 b=13 c=6 d=5\nworkload stopped\n"
     "end quiet tso=99\n"},
    {"converges", "somebody-deleted-a-row", true,
     "tidb-1 commit 10/11 a:1=5\nold-drainer apply 11 a:1=5\n"
     "event row-changed node=mysql a=1 c=5\nworkload stopped\nend quiet tso=99\n"},
    {"converges", "somebody-put-it-back", false,
     "tidb-1 commit 10/11 a:1=5\nold-drainer apply 11 a:1=5\n"
     "event row-changed node=mysql a=1 c=5\nevent row-changed node=mysql a=1 d=5\n"
     "workload stopped\nend quiet tso=99\n"},
    {"converges", "a-drainer-wrote-over-it", false,
     "tidb-1 commit 10/11 a:1=5\nold-drainer apply 11 a:1=5\n"
     "event row-changed node=mysql a=1 c=5 d=7\ntidb-1 commit 12/13 a:1=6\n"
     "old-drainer apply 13 a:1=6\nworkload stopped\nend quiet tso=99\n"},
    {"converges", "duplicate-in-a-keyless-table", true,
     "tidb-1 commit 10/11 log:1=5\nold-drainer apply 11 log:1=5\nold-drainer apply 11 log:1=5\n"
     "workload stopped\nend quiet tso=99\n"},
    {"checkpoint-monotonic", "clean", false, "old-drainer save 11\nold-drainer save 13\n"},
    {"checkpoint-monotonic", "goes-back", true, "old-drainer save 13\nold-drainer save 11\n"},
    {"checkpoint-monotonic", "stands-still", false, "old-drainer save 13\nold-drainer save 13\n"},
    {"checkpoint-not-ahead", "clean", false, kWhole},
    {"checkpoint-not-ahead", "ahead-for-a-moment", true,
     "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\nold-drainer save 11\n"
     "old-drainer apply 11 a:1=5\nend quiet tso=99\n"},
    {"checkpoint-not-ahead", "ahead-for-ever", true,
     "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\nold-drainer save 11\nend quiet tso=99\n"},
    {"checkpoint-not-ahead", "a-file-lost-what-it-covers", true,
     "tidb-1 commit 10/11 a:1=5,a:2=6 pump=old-pump-1\nold-drainer apply 11 a:1=5,a:2=6\n"
     "old-drainer save 11\nevent row-torn node=mysql peer=old-drainer a=2 b=11 c=6\n"
     "event row-torn node=mysql peer=old-drainer a=1 b=11 c=5\nend quiet tso=99\n"},
    {"checkpoint-not-ahead", "a-file-lost-what-is-above-it", false,
     "old-drainer save 9\ntidb-1 commit 10/11 a:1=5 pump=old-pump-1\nold-drainer apply 11 a:1=5\n"
     "event row-torn node=mysql peer=old-drainer a=1 b=11 c=5\nold-drainer down killed\n"
     "old-drainer up\nold-drainer load 9\nold-drainer apply 11 a:1=5\nold-drainer save 11\n"
     "end quiet tso=99\n"},
    {"resumes-where-it-stopped", "clean", false,
     "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\nold-drainer apply 11 a:1=5\nold-drainer save 11\n"
     "old-drainer down stopped\nold-drainer up\nold-drainer load 11\nend quiet tso=99\n"},
    {"resumes-where-it-stopped", "starts-behind-what-is-missing", true,
     "old-drainer save 5\ntidb-1 commit 10/11 a:1=5 pump=new-pump-1\nnew-drainer up\n"
     "new-drainer load 15 now\nnew-drainer save 16\nend quiet tso=99\n"},
    {"resumes-where-it-stopped", "starts-lower", false,
     "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\nold-drainer apply 11 a:1=5\nold-drainer save 11\n"
     "old-drainer down stopped\nold-drainer up\nold-drainer load 5\n"
     "old-drainer apply 11 a:1=5 safe\nold-drainer save 11\nend quiet tso=99\n"},
    {"still-readable", "clean", false,
     "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\nold-drainer apply 11 a:1=5\nold-drainer save 11\n"
     "kafka purge commit 10/11 peer=old-pump-1\nend quiet tso=99\n"},
    {"still-readable", "purged-before-it-was-read", true,
     "tidb-1 commit 10/11 a:1=5 pump=old-pump-1\nkafka purge commit 10/11 peer=old-pump-1\n"
     "end quiet tso=99\n"},
    {"checkpoint-understood", "clean", false,
     "old-drainer save 11\nold-drainer down stopped\nnew-drainer up version=v2.1.0\n"
     "new-drainer load 11\n"},
    {"checkpoint-understood", "looked-elsewhere", true,
     "old-drainer save 11\nold-drainer down stopped\nnew-drainer up version=v2.1.0\n"
     "new-drainer load 0 zero store=other.checkpoint\n"},
    {"gate-sound", "clean", false,
     UNTIL_T0 "old-drainer apply 11 a:1=5\nold-drainer save 11\nact stop old-drainer\n"},
    {"gate-sound", "went-on-before-it-was-there", true,
     UNTIL_T0 "act stop old-drainer\nend quiet tso=99\n"},
    {"gate-sound", "above-t0-is-not-the-gates", false,
     UNTIL_T0 "old-drainer apply 11 a:1=5\ntidb-1 commit 30/31 a:2=6 pump=new-pump-1\n"
              "act stop old-drainer\n"},
    {"gate-stays-shut-behind", "clean", false,
     UNTIL_T0 "old-drainer apply 11 a:1=5\nact stop old-drainer\n"
              "tidb-1 commit 30/31 a:2=6 pump=new-pump-1\n"},
    {"gate-stays-shut-behind", "old-pump-takes-more", true,
     UNTIL_T0 "old-drainer apply 11 a:1=5\nact stop old-drainer\n"
              "tidb-2 commit 30/31 a:2=6 pump=old-pump-2\nend quiet tso=99\n"},
    {"gate-honest", "clean", false,
     UNTIL_T0
     "old-drainer apply 11 a:1=5\nold-drainer save 11\n"
     "status old-drainer {\"PumpPos\":{\"old-pump-1:8250\":{\"offset\":3}},\"Synced\":true,"
     "\"DepositWindow\":{\"Upper\":30,\"Lower\":25}}\nact stop old-drainer\n"},
    {"gate-honest", "synced-while-undrained", true,
     UNTIL_T0 "status old-drainer {\"PumpPos\":{\"old-pump-1:8250\":{}},\"Synced\":true,"
              "\"DepositWindow\":{\"Upper\":30,\"Lower\":5}}\nact stop old-drainer\n"
              "end quiet tso=99\n"},
    {"gate-honest", "lower-above-the-truth", true,
     UNTIL_T0 "status old-drainer {\"PumpPos\":{\"old-pump-1:8250\":{}},\"Synced\":false,"
              "\"DepositWindow\":{\"Upper\":30,\"Lower\":25}}\nact stop old-drainer\n"
              "end quiet tso=99\n"},
    {"gate-opens", "clean", false,
     UNTIL_T0 "engine started\nworkload stopped\nold-drainer apply 11 a:1=5\nold-drainer save 11\n"
              "act stop old-drainer\nengine done\nend quiet tso=99\n"},
    {"gate-opens", "waited-for-ever", true,
     UNTIL_T0 "engine started\nstatus old-drainer {\"PumpPos\":{},\"Synced\":false,"
              "\"DepositWindow\":{\"Upper\":30,\"Lower\":25}}\nold-drainer apply 11 a:1=5\n"
              "workload stopped\n@5h end time-limit tso=99\n"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(data_checks)

BOOST_AUTO_TEST_CASE(each_case_is_judged_as_it_says) {
  for (const Case& one : kCases) {
    BOOST_TEST_CONTEXT(one.check << " " << one.name) {
      const auto verdict = JudgeText(one.text);
      const std::string finding = FindingText(verdict, one.check);
      if (one.wrong) {
        BOOST_TEST(!finding.empty());
        ExpectGolden(fmt::format("verifier/golden/{}.{}.txt", one.check, one.name), finding);
      } else {
        BOOST_TEST(finding == "");
      }
      BOOST_TEST(PremiseCount(verdict, one.check) > 0U);
    }
  }
}

// A check that nobody tries is a check that may be broken.
BOOST_AUTO_TEST_CASE(each_of_these_checks_has_a_clean_and_a_wrong_trace) {
  for (const Case& one : kCases) {
    int clean = 0;
    int wrong = 0;
    for (const Case& other : kCases) {
      if (other.check != one.check) continue;
      ++(other.wrong ? wrong : clean);
    }
    BOOST_TEST_CONTEXT(one.check) {
      BOOST_TEST(clean > 0);
      BOOST_TEST(wrong > 0);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
