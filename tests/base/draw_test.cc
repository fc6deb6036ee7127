// The numbers are part of what a seed means: when one of these changes, every saved seed does.
#include "base/draw.h"

#include <boost/test/unit_test.hpp>
#include <vector>

namespace tidegate {

BOOST_AUTO_TEST_SUITE(draw)

BOOST_AUTO_TEST_CASE(draws_are_what_they_always_were) {
  BOOST_TEST(DrawBits(0, Purpose::kScenario, 0, 0) == 0xA706DD2F4D197E6FU);
  BOOST_TEST(DrawBits(1, Purpose::kLatency, 2, 3) == 0xCE67F505FE1B395EU);
  BOOST_TEST(DrawBits(UINT64_MAX, Purpose::kEngine, 65'535, UINT64_MAX) == 0xA3AC5D657BD81D43U);
  Draws draws(42, Purpose::kWorkloadKey, 7);
  std::vector<std::uint64_t> below;
  for (int i = 0; i < 8; ++i) below.push_back(draws.Below(1'000));
  const std::vector<std::uint64_t> expected = {751, 465, 962, 751, 455, 3, 681, 586};
  BOOST_TEST(below == expected, boost::test_tools::per_element());
}

// One more draw for one purpose shifts no other one.
BOOST_AUTO_TEST_CASE(purposes_and_nodes_do_not_disturb_each_other) {
  Draws alone(1, Purpose::kLatency, 1);
  Draws beside(1, Purpose::kLatency, 1);
  Draws other_node(1, Purpose::kLatency, 2);
  Draws other_purpose(1, Purpose::kWorkloadKey, 1);
  for (int i = 0; i < 100; ++i) {
    for (int j = 0; j <= i % 3; ++j) {
      BOOST_TEST(other_node.Bits() != 0U);
      BOOST_TEST(other_purpose.Bits() != 0U);
    }
    BOOST_TEST(alone.Bits() == beside.Bits());
  }
  BOOST_TEST(Draws(1, Purpose::kLatency, 1).Bits() != Draws(1, Purpose::kLatency, 2).Bits());
  BOOST_TEST(Draws(1, Purpose::kLatency, 1).Bits() != Draws(1, Purpose::kFaultTime, 1).Bits());
  BOOST_TEST(Draws(1, Purpose::kLatency, 1).Bits() != Draws(2, Purpose::kLatency, 1).Bits());
}

BOOST_AUTO_TEST_CASE(bounds_are_kept_and_reached) {
  Draws draws(3, Purpose::kScenario, 0);
  std::vector<int> seen(5);
  for (int i = 0; i < 1'000; ++i) {
    const std::int64_t value = draws.Between(-2, 2);
    BOOST_REQUIRE(value >= -2);
    BOOST_REQUIRE(value <= 2);
    ++seen[static_cast<std::size_t>(value + 2)];
  }
  for (const int count : seen) BOOST_TEST((count > 150 && count < 250), count);
  BOOST_TEST(draws.Below(1) == 0U);
  BOOST_TEST(draws.Between(9, 9) == 9);
  const std::int64_t widest = draws.Between(INT64_MIN / 2, INT64_MAX / 2);
  BOOST_TEST((widest >= INT64_MIN / 2 && widest <= INT64_MAX / 2));
}

BOOST_AUTO_TEST_CASE(chances_are_in_thousandths) {
  Draws draws(5, Purpose::kFaultTime, 0);
  int hits = 0;
  for (int i = 0; i < 10'000; ++i) {
    hits += draws.Permille(100) ? 1 : 0;
    BOOST_REQUIRE(!draws.Permille(0));
    BOOST_REQUIRE(draws.Permille(1'000));
  }
  BOOST_TEST((hits > 900 && hits < 1'100), hits);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate
