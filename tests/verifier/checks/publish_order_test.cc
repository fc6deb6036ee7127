#include <boost/test/unit_test.hpp>

#include "tests/verifier/verdict_text.h"

BOOST_AUTO_TEST_SUITE(publish_order)

using tidegate::test::FindingText;
using tidegate::test::JudgeText;
using tidegate::test::PremiseCount;

BOOST_AUTO_TEST_CASE(rising_is_clean) {
  const auto verdict = JudgeText(
      "old-drainer hand 10/11\n"
      "old-drainer hand 9/12\n"
      "old-drainer hand 13/14\n");
  BOOST_TEST(FindingText(verdict, "publish-order") == "");
  BOOST_TEST(PremiseCount(verdict, "publish-order") == 3U);
}

BOOST_AUTO_TEST_CASE(falling_is_a_finding) {
  const auto verdict = JudgeText(
      "old-drainer hand 10/15\n"
      "old-drainer hand 12/13\n"
      "old-drainer hand 12/13\n");
  BOOST_TEST(FindingText(verdict, "publish-order") ==
             "order by product x2\n"
             "why: old-drainer handed over commit_ts 13 after 15, which is not below it\n"
             "@00:00:00.001 #0 old-drainer handed a transaction to its sink (start_ts 10, "
             "commit_ts 15)\n"
             "@00:00:00.002 #1 old-drainer handed a transaction to its sink (start_ts 12, "
             "commit_ts 13)\n");
}

// A replay after a restart starts below where the last life ended.
BOOST_AUTO_TEST_CASE(restart_may_begin_lower) {
  const auto verdict = JudgeText(
      "old-drainer hand 10/15\n"
      "old-drainer load 11\n"
      "old-drainer hand 12/13\n");
  BOOST_TEST(FindingText(verdict, "publish-order") == "");
}

BOOST_AUTO_TEST_SUITE_END()
