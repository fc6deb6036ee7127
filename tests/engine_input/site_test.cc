#include "engine/site.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/support/why.h"

namespace tidegate::engine {
namespace {

std::string Failure(std::string text) {
  const Result<Site> site = ParseSite(std::move(text), "site.json");
  return site.has_value() ? "accepted" : site.error().ToString();
}

BOOST_AUTO_TEST_SUITE(site)

BOOST_AUTO_TEST_CASE(reads_the_standard_fixture) {
  const Result<Site> site =
      LoadSite(std::string(TIDEGATE_SOURCE_DIR) + "/fixtures/sites/standard.json");
  BOOST_REQUIRE_MESSAGE(site.has_value(), test::Why(site));
  BOOST_REQUIRE(site->drainers.size() == 1);
  BOOST_TEST(site->drainers[0].host == "10.20.1.41");
  BOOST_TEST(site->drainers[0].config.path == "/home/tidb/drainer/conf/drainer.toml");
  BOOST_TEST(site->drainers[0].config.text.find("binlog_checkpoint") != std::string::npos);
  BOOST_TEST(site->kafka.hosts.size() == 3);
  BOOST_TEST(site->kafka.hosts[2].port == 9092);
  BOOST_TEST(site->zookeeper.hosts[0].port == 2181);
  BOOST_TEST(*site->kafka.ours_to_stop);
  BOOST_TEST(site->detach_service.size() == 3);
  BOOST_TEST(*site->write_outage_max == 20 * kMinute);
  BOOST_TEST(*site->pump_gc == 7 * 24 * kHour);
}

BOOST_AUTO_TEST_CASE(an_empty_one_says_nothing) {
  const Result<Site> site = ParseSite("{}", "site.json");
  BOOST_REQUIRE(site.has_value());
  BOOST_TEST(site->drainers.empty());
  BOOST_TEST(!site->kafka_retention.has_value());
  BOOST_TEST(!site->kafka.ours_to_stop.has_value());
}

BOOST_AUTO_TEST_CASE(errors_name_place_and_nearest_key) {
  BOOST_TEST(Failure("{\n  \"drainer\": []\n}") ==
             "site.json:2:3: unknown key 'drainer'; did you mean 'drainers'?");
  BOOST_TEST(Failure("{\"drainers\": [{\"host\": \"h\"}]}") ==
             "site.json:1:15: the value needs the key 'name'");
  BOOST_TEST(Failure("{\"drainers\": [{\"name\": \"d\", \"host\": \"h\", \"port\": 70000}]}") ==
             "site.json:1:50: 'port' is 70000; it must be at most 65535");
  BOOST_TEST(
      Failure("{\"sinks\": [{\"name\": \"s\", \"type\": \"mysq\"}]}") ==
      "site.json:1:34: 'type' is 'mysq'; it must be one of mysql, tidb, pb, file, kafka, flash; "
      "did you mean 'mysql'?");
  BOOST_TEST(Failure("{\"sinks\": [{\"name\": \"s\", \"type\": 3}]}")
                 .starts_with("site.json:1:34: 'type'"));
  BOOST_TEST(
      Failure("{\"budgets\": {\"write_outage\": \"soon\"}}") ==
      "site.json:1:30: 'write_outage' is 'soon'; it must be a duration such as 90s, 10m or 7d");
  BOOST_TEST(Failure("{\"retention\": {\"pump_gc\": \"3h\"}}") ==
             "site.json:1:27: 'pump_gc' is 3h; it must be from 24h to 8760h");
  BOOST_TEST(
      Failure(
          "{\"drainers\": [{\"name\": \"d\", \"host\": \"h\", \"deploy_dir\": \"/a $(b)\"}]}") ==
      "site.json:1:56: 'deploy_dir' is '/a $(b)'; it must be an absolute path of letters, digits "
      "and . _ - + @ : ,");
  BOOST_TEST(
      Failure("{\"marker_schema\": \"a`b\"}") ==
      "site.json:1:19: 'marker_schema' is 'a`b'; it must be a schema name of letters, digits, _ "
      "and $");
  BOOST_TEST(Failure("{") != "accepted");
  BOOST_TEST(Failure("[]").starts_with("site.json:1:1:"));
}

BOOST_AUTO_TEST_CASE(what_a_schema_cannot_say) {
  const std::string sinks = "\"sinks\": [{\"name\": \"orders\", \"type\": \"mysql\"}]";
  BOOST_TEST(
      Failure("{" + sinks +
              ", \"drainers\": [{\"name\": \"d\", \"host\": \"h\", \"sink\": \"order\"}]}") ==
      "site.json:1:98: no sink is named 'order'; did you mean 'orders'?");
  BOOST_TEST(Failure("{\"drainers\": [{\"name\": \"d\", \"host\": \"a\"}, {\"name\": \"d\", "
                     "\"host\": \"b\"}]}") == "site.json:1:43: two Drainers are named 'd'");
  BOOST_TEST(
      Failure("{\"hooks\": {\"detach_service\": [\"lb\"]}}") ==
      "site.json:1:11: hooks that detach the service need one that attaches it again, and the "
      "other way round");
  BOOST_TEST(
      Failure("{\"drainers\": [{\"name\": \"d\", \"host\": \"h\", \"config\": {\"toml\": \"a=1\", "
              "\"file\": \"x\"}}]}") ==
      "site.json:1:52: a configuration has either 'toml' or 'file'");
  BOOST_TEST(Failure("{\"drainers\": [{\"name\": \"d\", \"host\": \"h\", \"config\": {\"file\": "
                     "\"no.toml\"}}]}")
                 .starts_with("site.json:1:61: "));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
