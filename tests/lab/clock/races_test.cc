// The preload under ThreadSanitizer, in a program whose threads do everything at once. Built only
// when it is asked for: ./check races.
#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "tests/lab/clock/harness.h"

namespace tidegate::test {
namespace {

LockstepEnd RunRaces(std::vector<std::string> words, std::uint64_t seed) {
  words.insert(words.begin(), TIDEGATE_CLOCK_RACES);
  return RunUnderLockstep({.argv = std::move(words),
                           .seed = seed,
                           .env = {"TSAN_OPTIONS=exitcode=66 die_after_fork=0"},
                           .preload = TIDEGATE_CLOCK_TSAN,
                           .real_seconds_max = 300});
}

bool Asked() {
  const bool asked = std::getenv("TIDEGATE_CHECK_RACES") != nullptr;
  if (!asked) BOOST_TEST_MESSAGE("skipped: ./check races builds what it needs");
  return asked;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(clock_races)

BOOST_AUTO_TEST_CASE(threads_that_wait_in_all_ways_at_once_do_not_race) {
  if (!Asked()) return;
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const LockstepEnd end = RunRaces({}, seed);
    BOOST_TEST(end.problem == "");
    BOOST_TEST(end.status == 0);
    BOOST_TEST(end.output == "done\n");
  }
}

BOOST_AUTO_TEST_CASE(a_race_would_be_found) {
  if (!Asked()) return;
  const LockstepEnd end = RunRaces({"canary"}, 1);
  BOOST_TEST(end.status == 66);
  BOOST_TEST(end.output.find("WARNING: ThreadSanitizer: data race") != std::string::npos,
             end.output);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::test
