#include "base/result.h"

#include <boost/test/unit_test.hpp>
#include <memory>

namespace tidegate {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return Error{ErrorCode::kBadInput, "odd", "number"};
  return number / 2;
}

Result<int> Quarter(int number) {
  TRY_ASSIGN(const int half, Half(number));
  TRY_ASSIGN(const int quarter, Half(half));
  return quarter;
}

Status BothEven(int left, int right) {
  TRY(Half(left));
  TRY(Half(right));
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(result)

BOOST_AUTO_TEST_CASE(a_value_or_an_error) {
  BOOST_TEST(Half(4).has_value());
  BOOST_TEST(*Half(4) == 2);
  BOOST_TEST(!Half(3).has_value());
  BOOST_TEST(Half(3).error().ToString() == "number: odd");
  BOOST_TEST((Error{ErrorCode::kIo, "no disk", ""}.ToString()) == "no disk");
}

BOOST_AUTO_TEST_CASE(the_first_error_leaves_the_function) {
  BOOST_TEST(*Quarter(8) == 2);
  BOOST_TEST(!Quarter(6).has_value());
  BOOST_TEST(BothEven(2, 4).has_value());
  BOOST_TEST(!BothEven(2, 3).has_value());
  BOOST_TEST(!BothEven(1, 2).has_value());
}

BOOST_AUTO_TEST_CASE(values_can_be_moved_out) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  const std::unique_ptr<int> taken = *std::move(result);
  BOOST_TEST(*taken == 5);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate
