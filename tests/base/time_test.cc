#include "base/time.h"

#include <boost/test/unit_test.hpp>

namespace tidegate {
namespace {

// The duration, or -1 and so nothing that a duration can be.
Duration Parsed(std::string_view text) {
  const Result<Duration> duration = ParseDuration(text);
  return duration.has_value() ? *duration : -1;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(time)

BOOST_AUTO_TEST_CASE(every_unit_is_read) {
  BOOST_TEST(Parsed("7ns") == 7);
  BOOST_TEST(Parsed("100us") == 100'000);
  BOOST_TEST(Parsed("250ms") == 250'000'000);
  BOOST_TEST(Parsed("5s") == 5'000'000'000);
  BOOST_TEST(Parsed("10m") == 600'000'000'000);
  BOOST_TEST(Parsed("1h30m") == 5'400'000'000'000);
  BOOST_TEST(Parsed("2d") == 172'800'000'000'000);
  BOOST_TEST(Parsed("1.5s") == 1'500'000'000);
  BOOST_TEST(Parsed("0s") == 0);
  BOOST_TEST(Parsed("0.000000001s") == 1);
  BOOST_TEST(Parsed("1h2m3s4ms5us6ns") == 3'723'004'005'006);
}

BOOST_AUTO_TEST_CASE(what_is_no_duration_is_refused) {
  for (const char* text : {"", "5", "s", "-5s", "5 s", " 5s", "5s ", "5x", "1.2.3s", ".s", "1h30",
                           "5S", "1e3s", "five"}) {
    BOOST_TEST(Parsed(text) == -1, text);
  }
  BOOST_TEST(
      ParseDuration("5x").error().message ==
      "'5x' is no duration; write a number and a unit of ns, us, ms, s, m, h, d, as in 250ms "
      "or 1h30m");
}

BOOST_AUTO_TEST_CASE(durations_end_at_64_bits) {
  BOOST_TEST(Parsed("9223372036.854775807s") == -1);  // 19 digits
  BOOST_TEST(Parsed("9223372036s854775807ns") == INT64_MAX);
  BOOST_TEST(Parsed("9223372036s854775808ns") == -1);
  BOOST_TEST(Parsed("106751d") == 9'223'286'400'000'000'000);
  BOOST_TEST(Parsed("106752d") == -1);
  BOOST_TEST(Parsed("999999999999999999d") == -1);
  BOOST_TEST(Parsed("1000000000000000000ns") == -1);  // 19 digits
}

BOOST_AUTO_TEST_CASE(durations_are_written_exactly) {
  BOOST_TEST(FormatDuration(0) == "0s");
  BOOST_TEST(FormatDuration(7) == "7ns");
  BOOST_TEST(FormatDuration(1'500) == "1.5us");
  BOOST_TEST(FormatDuration(12'500'000) == "12.5ms");
  BOOST_TEST(FormatDuration(kSecond) == "1s");
  BOOST_TEST(FormatDuration(kHour) == "1h");
  BOOST_TEST(FormatDuration(kHour + 2 * kMinute + 3 * kSecond + 4 * kMillisecond) == "1h2m3.004s");
  BOOST_TEST(FormatDuration(kHour + kSecond) == "1h1s");
  BOOST_TEST(FormatDuration(-90 * kSecond) == "-1m30s");
  BOOST_TEST(FormatDuration(INT64_MIN) == "-2562047h47m16.854775808s");
}

// Whatever is written is read back.
BOOST_AUTO_TEST_CASE(written_durations_are_read_back) {
  Duration duration = 1;
  for (int i = 0; i < 62; ++i) {
    for (const Duration near : {duration - 1, duration, duration + 1, duration / 3}) {
      BOOST_TEST(Parsed(FormatDuration(near)) == near);
    }
    duration *= 2;
  }
}

BOOST_AUTO_TEST_CASE(clocks_cut_milliseconds) {
  BOOST_TEST(FormatClock(0) == "00:00:00.000");
  BOOST_TEST(FormatClock(kHour + 2 * kMinute + 3 * kSecond + 4 * kMillisecond + 999'999) ==
             "01:02:03.004");
  BOOST_TEST(FormatClock(100 * kHour) == "100:00:00.000");
  BOOST_TEST(FormatClock(1'795'409'586 * kSecond + 1) == "2026-11-23 04:53:06Z");
  BOOST_TEST(FormatClock(-kSecond) == "-00:00:01.000");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate
