#include "base/tso.h"

#include <boost/test/unit_test.hpp>

namespace tidegate {

BOOST_AUTO_TEST_SUITE(tso)

// 398907800202772481 is of the manual's own sample; a double would round it to …480.
BOOST_AUTO_TEST_CASE(timestamps_beyond_53_bits_keep_every_bit) {
  BOOST_TEST(*ParseTso("398907800202772481") == 398907800202772481);
  BOOST_TEST(*ParseTso("9223372036854775807") == INT64_MAX);
  BOOST_TEST(*ParseTso("9007199254740993") == 9007199254740993);
  BOOST_TEST(*ParseTso("0") == 0);
}

BOOST_AUTO_TEST_CASE(what_is_no_timestamp_is_refused) {
  for (const char* text :
       {"", "-1", "+1", "9223372036854775808", "1.0", "1e5", " 1", "1 ", "0x10", "latest"}) {
    BOOST_TEST(!ParseTso(text).has_value(), text);
  }
  BOOST_TEST(ParseTso("-1").error().message ==
             "'-1' is no timestamp: a decimal number from 0 to 2^63-1");
}

BOOST_AUTO_TEST_CASE(parts_come_apart_again) {
  const Tso tso = ComposeTso(1'521'711'350'000, 262'143);
  BOOST_TEST(TsoPhysicalMs(tso) == 1'521'711'350'000);
  BOOST_TEST(TsoLogical(tso) == kTsoLogicalMax);
  BOOST_TEST(ComposeTso(1'521'711'350'001, 0) == tso + 1);
  BOOST_TEST(TsoGapMs(ComposeTso(5'000, 0), ComposeTso(3'000, kTsoLogicalMax)) == 2'000);
  BOOST_TEST(TsoGapMs(ComposeTso(3'000, 0), ComposeTso(5'000, 0)) == -2'000);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate
