// Faulty nodes: a whole upgrade in which one node, once, does what it never should. The check named
// for it says so; everything that it says is compared with golden/faulty-<check>.txt. These are the
// checks that no known-bad engine can trip, since not the engine but the product would have to err.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "tests/support/golden.h"
#include "tests/verifier/upgrade_text.h"
#include "tests/verifier/verdict_text.h"

namespace tidegate::test {
namespace {

// `edits` are made to an upgrade that every check passes.
void ExpectFaulty(const std::string& check, const std::vector<Edit>& edits) {
  BOOST_TEST(FindingText(JudgeText(UpgradeText()), check) == "", check << " finds without a fault");
  const verifier::Verdict verdict = JudgeText(Upgrade(edits));
  const std::string found = FindingText(verdict, check);
  BOOST_TEST(found != "", check << " finds nothing");
  BOOST_TEST(PremiseCount(verdict, check) > 0U);
  ExpectGolden(fmt::format("rehearsal/golden/faulty-{}.txt", check), found);
}

BOOST_AUTO_TEST_SUITE(faulty_nodes)

BOOST_AUTO_TEST_CASE(a_drainer_hands_over_out_of_order) {
  ExpectFaulty("publish-order", {{"old-drainer hand 20/21",
                                  "tidb-1 commit 14/15 a:3=1 pump=old-pump-1\n"
                                  "old-drainer hand 20/21\nold-drainer hand 14/15"}});
}

BOOST_AUTO_TEST_CASE(a_drainer_saves_a_lower_checkpoint) {
  ExpectFaulty("checkpoint-monotonic",
               {{"new-drainer save 80", "new-drainer save 80\nnew-drainer save 75"}});
}

BOOST_AUTO_TEST_CASE(a_drainer_saves_what_it_has_not_applied) {
  ExpectFaulty("checkpoint-not-ahead", {{"new-drainer apply 71 a:1=7", ""}});
}

BOOST_AUTO_TEST_CASE(a_drainer_skips_a_transaction) {
  ExpectFaulty("resumes-where-it-stopped", {{"tidb-2 commit 70/71 a:1=7 pump=new-pump-1",
                                             "tidb-2 commit 62/63 a:2=6 pump=new-pump-1\n"
                                             "tidb-2 commit 70/71 a:1=7 pump=new-pump-1"}});
}

BOOST_AUTO_TEST_CASE(a_drainer_never_applies_a_transaction) {
  ExpectFaulty("no-lost-commit", {{"new-drainer apply 71 a:1=7", ""}});
}

BOOST_AUTO_TEST_CASE(a_drainer_applies_what_never_committed) {
  ExpectFaulty("no-phantom", {{"new-drainer apply 71 a:1=7",
                               "tidb-2 rollback 72\nnew-drainer apply 71 a:1=7\n"
                               "new-drainer apply 73 a:4=9"}});
}

BOOST_AUTO_TEST_CASE(a_drainer_applies_twice) {
  ExpectFaulty("no-double-apply", {{"new-drainer apply 71 a:1=7",
                                    "new-drainer apply 71 a:1=7\nnew-drainer apply 71 a:1=7"}});
}

BOOST_AUTO_TEST_CASE(a_drainer_applies_half_a_transaction) {
  ExpectFaulty("whole-transaction", {{"tidb-2 commit 70/71 a:1=7 pump=new-pump-1",
                                      "tidb-2 commit 70/71 a:1=7,a:2=8 pump=new-pump-1"}});
}

BOOST_AUTO_TEST_CASE(two_workers_swap_changes_of_one_row) {
  ExpectFaulty("commit-order", {{"tidb-2 commit 70/71 a:1=7 pump=new-pump-1",
                                 "tidb-2 commit 66/67 a:1=6 pump=new-pump-1\n"
                                 "tidb-2 commit 70/71 a:1=7 pump=new-pump-1"},
                                {"new-drainer apply 71 a:1=7",
                                 "new-drainer apply 71 a:1=7\nnew-drainer apply 67 a:1=6"}});
}

BOOST_AUTO_TEST_CASE(rows_overtake_their_ddl) {
  ExpectFaulty("schema-before-rows",
               {{"tidb-2 commit 70/71 a:1=7 pump=new-pump-1",
                 "tidb-2 ddl 66/67 a job=9 shape=2 pump=new-pump-1\n"
                 "tidb-2 commit 70/71 a:1=7 shape=2 pump=new-pump-1"},
                {"new-drainer apply 71 a:1=7",
                 "new-drainer apply 71 a:1=7 shape=2\nnew-drainer ddl-apply 67 a job=9 shape=2"}});
}

BOOST_AUTO_TEST_CASE(a_worker_writes_another_value) {
  ExpectFaulty("converges", {{"new-drainer apply 71 a:1=7", "new-drainer apply 71 a:1=8"}});
}

BOOST_AUTO_TEST_CASE(pd_gives_a_timestamp_of_before) {
  ExpectFaulty("streams-disjoint", {{"tidb-2 commit 70/71 a:1=7 pump=new-pump-1",
                                     "tidb-2 commit 30/31 a:2=9 pump=new-pump-1\n"
                                     "tidb-2 commit 70/71 a:1=7 pump=new-pump-1"}});
}

BOOST_AUTO_TEST_CASE(kafka_drops_what_nobody_has_read) {
  ExpectFaulty("still-readable",
               {{"old-drainer hand 20/21",
                 "tidb-1 commit 22/23 a:5=5 pump=old-pump-1\n"
                 "kafka purge commit 22/23 peer=old-pump-1\nold-drainer hand 20/21"}});
}

BOOST_AUTO_TEST_CASE(a_checkpoint_is_read_with_another_meaning) {
  ExpectFaulty("checkpoint-understood",
               {{"new-drainer load 21 stored", "new-drainer load 60 stored"}});
}

BOOST_AUTO_TEST_CASE(synced_is_said_too_early) {
  ExpectFaulty(
      "gate-honest",
      {{"old-drainer hand 20/21",
        "tidb-1 commit 22/23 a:5=5 pump=old-pump-2\nold-drainer hand 20/21"},
       {"status old-drainer "
        "{\"PumpPos\":{\"h1:8250\":{\"offset\":3},\"h2:8250\":{\"offset\":1}},\"Synced\":false,"
        "\"DepositWindow\":{\"Upper\":90,\"Lower\":65},\"TsMap\":\"\"}",
        "status old-drainer "
        "{\"PumpPos\":{\"h1:8250\":{\"offset\":3},\"h2:8250\":{\"offset\":1}},\"Synced\":true,"
        "\"DepositWindow\":{\"Upper\":90,\"Lower\":65},\"TsMap\":\"\"}"}});
}

BOOST_AUTO_TEST_CASE(the_gate_opens_on_what_is_missing) {
  ExpectFaulty("gate-sound",
               {{"old-drainer hand 20/21",
                 "tidb-1 commit 22/23 a:5=5 pump=old-pump-2\nold-drainer hand 20/21"}});
}

BOOST_AUTO_TEST_CASE(a_straggler_writes_behind_the_gate) {
  ExpectFaulty("gate-stays-shut-behind",
               {{"new-drainer load 21 stored",
                 "tidb-1 commit 90/91 a:6=6 pump=old-pump-1\nnew-drainer load 21 stored"}});
}

// Everything is drained, and the engine neither goes on nor says why not.
BOOST_AUTO_TEST_CASE(a_gate_never_opens) {
  std::string text = UpgradeText();
  const std::size_t decision = text.find("act stop old-drainer\n");
  BOOST_REQUIRE(decision != std::string::npos);
  text = text.substr(0, decision) +
         "gate shut Lower is not above T0\nworkload stopped\n@2h end time-limit tso=900\n";
  const std::string found = FindingText(JudgeText(text), "gate-opens");
  BOOST_TEST(found != "");
  ExpectGolden("rehearsal/golden/faulty-gate-opens.txt", found);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
