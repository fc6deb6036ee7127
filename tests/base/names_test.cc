#include "base/names.h"

#include <boost/test/unit_test.hpp>

namespace tidegate {
namespace {

const std::vector<std::string> kNames = {"workload", "topology", "faults", "engine"};

}  // namespace

BOOST_AUTO_TEST_SUITE(names)

BOOST_AUTO_TEST_CASE(small_slips_find_the_name) {
  BOOST_TEST(NearestName("workload", kNames) == "workload");
  BOOST_TEST(NearestName("worklaod", kNames) == "workload");  // two neighbours swapped
  BOOST_TEST(NearestName("fault", kNames) == "faults");
  BOOST_TEST(NearestName("enginee", kNames) == "engine");
  BOOST_TEST(NearestName("topologie", kNames) == "topology");
}

BOOST_AUTO_TEST_CASE(far_names_find_nothing) {
  BOOST_TEST(NearestName("site", kNames) == "");
  BOOST_TEST(NearestName("", kNames) == "");
  BOOST_TEST(NearestName("workload", std::vector<std::string>()) == "");
}

BOOST_AUTO_TEST_CASE(of_two_equally_near_ones_the_first_counts) {
  BOOST_TEST(NearestName("pump-3", {"pump-1", "pump-2"}) == "pump-1");
}

BOOST_AUTO_TEST_CASE(very_long_names_end) {
  BOOST_TEST(NearestName(std::string(100'000, 'x'), kNames) == "");
}

BOOST_AUTO_TEST_CASE(the_question_is_a_clause_or_nothing) {
  BOOST_TEST(DidYouMean("enigne", kNames) == "; did you mean 'engine'?");
  BOOST_TEST(DidYouMean("site", kNames) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate
