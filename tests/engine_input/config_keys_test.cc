// Which releases refuse keys that they do not know, and which keys those are.
#include "engine/config_keys.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

namespace tidegate::engine {
namespace {

bool Refuses(const char* version) { return RefusesUnknownKeys(ParseVersion(version).value()); }

std::vector<std::string> Keys(std::string_view part, const std::string& text) {
  return UnknownKeys(part, text, "f.toml").value();
}

BOOST_AUTO_TEST_SUITE(config_keys)

BOOST_AUTO_TEST_CASE(at_each_boundary) {
  for (const char* version : {"v2.0.11-binlog", "v2.1.0-rc.5", "v2.1.15", "v3.0.0", "v3.0.1"}) {
    BOOST_TEST(!Refuses(version), version);
  }
  for (const char* version : {"v2.1.16", "v2.1.19", "v3.0.2", "v3.1.0", "v4.0.0", "latest"}) {
    BOOST_TEST(Refuses(version), version);
  }
}

BOOST_AUTO_TEST_CASE(known_ones_and_tables_pass) {
  BOOST_TEST(Keys("pump", "gc = 7\ngen-binlog-interval = 3\n[storage]\nsync-log = true\n").empty());
  BOOST_TEST(
      Keys("drainer", "detect-interval = 10\n[syncer]\nanything = 1\n[syncer.to]\n").empty());
}

BOOST_AUTO_TEST_CASE(unknown_ones_are_named) {
  const std::vector<std::string> expected = {"retention-days"};
  BOOST_TEST(Keys("pump", "gc = 7\nretention-days = 3\n") == expected,
             boost::test_tools::per_element());
  // Each part has its own.
  BOOST_TEST(Keys("drainer", "gc = 7\n").size() == 1U);
  BOOST_TEST(Keys("pump", "[syncer]\nworker-count = 1\n").size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_no_toml_is_an_error) {
  BOOST_TEST(!UnknownKeys("pump", "gc = = 7\n", "f.toml").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
