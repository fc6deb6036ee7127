// journalctl's words, moments and lines.
#include <boost/test/unit_test.hpp>

#include "lab/shell/journal_options.h"
#include "tests/lab/support/asked.h"

namespace tidegate::lab {
namespace {

using Words = std::vector<std::string>;

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kNow = 1'546'300'890 * kSecondUs;  // 2019-01-01 00:01:30

std::int64_t SecondsOf(std::string_view text) {
  const std::optional<std::int64_t> moment = MomentOf(text, kNow);
  return moment.has_value() ? (*moment - kNow) / kSecondUs : -1;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lab_journal)

BOOST_AUTO_TEST_CASE(words) {
  const JournalOptions plain = ReadJournalOptions(Words{"-u", "pump", "--no-pager", "-o", "cat"});
  BOOST_TEST(plain.units == Words{"pump.service"});
  BOOST_TEST(plain.output == "cat");
  BOOST_TEST(!plain.lines.has_value());
  BOOST_TEST(plain.wrong == "");
  const JournalOptions stuck =
      ReadJournalOptions(Words{"-upump.service", "--unit=tidb-4000", "-n5", "-S-5min", "-r"});
  BOOST_TEST(stuck.units == (Words{"pump.service", "tidb-4000.service"}));
  BOOST_TEST(stuck.lines.value() == 5U);
  BOOST_TEST(stuck.since == "-5min");
  BOOST_TEST(stuck.newest_first);
  const JournalOptions follows = ReadJournalOptions(Words{"-fu", "pump"});
  BOOST_TEST(follows.follow);
  BOOST_TEST(follows.units == Words{"pump.service"});
  BOOST_TEST(follows.lines.value() == 10U);
  BOOST_TEST(ReadJournalOptions(Words{"-n", "--no-pager"}).lines.value() == 10U);
  BOOST_TEST(!ReadJournalOptions(Words{"-n", "all", "-q"}).lines.has_value());
  BOOST_TEST(ReadJournalOptions(Words{"-xe"}).lines.value() == 1000U);
  BOOST_TEST(ReadJournalOptions(Words{"-efupump"}).units == Words{"pump.service"});
  BOOST_TEST(ReadJournalOptions(Words{"--vacuum"}).wrong ==
             "journalctl: unrecognized option '--vacuum'");
  BOOST_TEST(ReadJournalOptions(Words{"-o", "xml"}).wrong == "Unknown output format 'xml'.");
  BOOST_TEST(ReadJournalOptions(Words{"-n", "-3"}).wrong != "");
}

BOOST_AUTO_TEST_CASE(moments) {
  BOOST_TEST(SecondsOf("now") == 0);
  BOOST_TEST(SecondsOf("today") == -90);
  BOOST_TEST(SecondsOf("yesterday") == -90 - 86'400);
  BOOST_TEST(SecondsOf("-5min") == -300);
  BOOST_TEST(SecondsOf("1 hour 30 min ago") == -5400);
  BOOST_TEST(SecondsOf("00:01") == -30);
  BOOST_TEST(SecondsOf("2019-01-01 00:01:20") == -10);
  BOOST_TEST(SecondsOf("2019-01-01 00:01:20 UTC") == -10);
  BOOST_TEST(SecondsOf("2019-01-01") == -90);
  BOOST_TEST(SecondsOf("@1546300880") == -10);
  for (const char* wrong : {"", "soon", "5 parsecs ago", "25:00", "2019-01-01 noon", "2019-1-1"}) {
    BOOST_TEST(!MomentOf(wrong, kNow).has_value(), wrong);
  }
}

BOOST_AUTO_TEST_CASE(lines) {
  const std::string text = "1546300890250000 systemd[1] Started pump.service - pump service.";
  const std::optional<JournalLine> line = ReadJournalLine(text);
  BOOST_REQUIRE(line.has_value());
  const auto as = [&](std::string_view output) {
    return JournalText(*line, output, "10.0.1.1", "pump.service");
  };
  BOOST_TEST(as("short") ==
             "Jan 01 00:01:30 10.0.1.1 systemd[1]: Started pump.service - pump service.\n");
  BOOST_TEST(as("cat") == "Started pump.service - pump service.\n");
  BOOST_TEST(as("short-iso").starts_with("2019-01-01T00:01:30+0000 10.0.1.1 systemd[1]: "));
  BOOST_TEST(as("short-precise").starts_with("Jan 01 00:01:30.250000 10.0.1.1 "));
  BOOST_TEST(as("short-unix").starts_with("1546300890.250000 "));
  BOOST_TEST(as("json") ==
             "{\"__REALTIME_TIMESTAMP\":\"1546300890250000\",\"_HOSTNAME\":\"10.0.1.1\","
             "\"SYSLOG_IDENTIFIER\":\"systemd\",\"UNIT\":\"pump.service\",\"MESSAGE\":\"Started "
             "pump.service - pump service.\"}\n");
  BOOST_TEST(!ReadJournalLine("yesterday systemd[1] x").has_value());
  BOOST_TEST(!ReadJournalLine("1546300890250000 x").has_value());
}

// The session says what time it is, and which units are meant.
BOOST_AUTO_TEST_CASE(which_units) {
  test::AskedLab lab;
  test::ExpectReply(lab.Run("10.0.1.1", "journalctl", {"pump.service", "nothing.service"}), 0,
                    "1546300890000000\npump.service\n", "");
  test::ExpectReply(lab.Run("10.0.1.9", "journalctl", {}), 0, "1546300890000000\ndrainer.service\n",
                    "");
  BOOST_TEST(lab.Run("localhost", "journalctl", {}).output == "1546300890000000\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::lab
