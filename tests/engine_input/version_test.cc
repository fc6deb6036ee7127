#include "engine/version.h"

#include <boost/test/unit_test.hpp>
#include <string_view>
#include <vector>

#include "engine/version_table.h"

namespace tidegate::engine {
namespace {

Version V(std::string_view text) {
  Result<Version> version = ParseVersion(text);
  BOOST_REQUIRE_MESSAGE(version.has_value(), text);
  return *version;
}

std::string Flavours(std::string_view text) { return FlavourNames(BinlogFlavours(V(text))); }

std::string Pair(std::string_view era, std::string_view from, std::string_view to) {
  const Status status = CheckPair(era, from, to);
  return status.has_value() ? "fits" : status.error().message;
}

BOOST_AUTO_TEST_SUITE(version)

BOOST_AUTO_TEST_CASE(orders_releases_as_they_came_out) {
  const std::vector<std::string_view> rising = {"rc1",
                                                "rc2",
                                                "rc2.3",
                                                "rc3",
                                                "pre-ga",
                                                "v1.0.0",
                                                "1.0.1",
                                                "v1.1.0-alpha",
                                                "v1.1.0-beta",
                                                "v2.0.0-rc.1",
                                                "v2.0.0-rc.4",
                                                "v2.0.0-rc.10",
                                                "v2.0.0",
                                                "v2.0.7",
                                                "v2.0.8-binlog",
                                                "v2.0.11-binlog",
                                                "v2.1.0-beta",
                                                "v2.1.0-rc.4",
                                                "v2.1.0-rc.4-12-gabcdef0",
                                                "v2.1.0-rc.5",
                                                "v2.1.0",
                                                "v2.1.17",
                                                "v3.0.0-beta.1",
                                                "v4.0.9",
                                                "latest"};
  for (std::size_t i = 0; i < rising.size(); ++i) {
    for (std::size_t j = 0; j < rising.size(); ++j) {
      BOOST_TEST(((V(rising[i]) <=> V(rising[j])) == (i <=> j)), rising[i] << " and " << rising[j]);
    }
  }
}

BOOST_AUTO_TEST_CASE(reads_what_people_and_servers_write) {
  BOOST_TEST(V("2.1.0").ToString() == "v2.1.0");
  BOOST_TEST(V("V2.1.0-RC.4").ToString() == "v2.1.0-rc.4");
  BOOST_TEST(V("v2.1.0-rc5").ToString() == "v2.1.0-rc.5");
  BOOST_TEST(V("rc2.3").ToString() == "rc2.3");
  BOOST_TEST(V("v2.0.11-binlog").ToString() == "v2.0.11-binlog");
  BOOST_TEST(V("5.7.10-TiDB-v2.1.0-rc.4").ToString() == "v2.1.0-rc.4");
  BOOST_TEST(V("v2.1.0-rc.4-12-gabcdef0-dirty").ToString() == "v2.1.0-rc.4+12");
  BOOST_TEST(V("v1.0").ToString() == "v1.0.0");
  BOOST_TEST((V("v2.0.11") == V("v2.0.11-binlog")));
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_version) {
  for (const std::string_view text :
       {"", "v", "2", "v2.", "v2.1.", "v2.1.0-", "v2.1.0-gamma.1", "v2.1.0-rc.", "v2.1.0-rc.x",
        "v2.1.0 ", "v2.1.0-binlog-extra", "v99999999999.0.0", "rc", "rc.", "newest"}) {
    if (text == "rc") continue;  // a stage without number is one: "beta"
    BOOST_TEST(!ParseVersion(text).has_value(), "'" << text << "'");
  }
  BOOST_TEST(ParseVersion("v2.x").error().message ==
             "'v2.x' is no TiDB version; understood are latest, rc2.3, v2.0.11-binlog, v2.1.0-rc.4 "
             "and 2.1.0");
}

BOOST_AUTO_TEST_CASE(manual_table_at_every_boundary) {
  BOOST_TEST(Flavours("rc2.3") == "Local");
  BOOST_TEST(Flavours("pre-ga") == "Local");
  BOOST_TEST(Flavours("v1.0.0") == "Local, Kafka");
  BOOST_TEST(Flavours("v1.0.9") == "Local, Kafka");
  BOOST_TEST(Flavours("v1.1.0-alpha") == "Kafka");
  BOOST_TEST(Flavours("v2.0.0") == "Kafka");
  BOOST_TEST(Flavours("v2.0.11") == "Kafka");
  BOOST_TEST(Flavours("v2.0.8-binlog") == "cluster");
  BOOST_TEST(Flavours("v2.0.11-binlog") == "cluster");
  BOOST_TEST(Flavours("v2.0.7-binlog") == "none");
  BOOST_TEST(Flavours("v2.1.0-beta") == "Kafka");
  BOOST_TEST(Flavours("v2.1.0-rc.4") == "Kafka");
  BOOST_TEST(Flavours("v2.1.0-rc.5") == "cluster");
  BOOST_TEST(Flavours("v2.1.0") == "cluster");
  BOOST_TEST(Flavours("v5.0.0") == "cluster");
  BOOST_TEST(Flavours("latest") == "unknown (latest)");
}

BOOST_AUTO_TEST_CASE(pairs) {
  BOOST_TEST(Pair("kafka", "v2.0.7", "v2.0.11-binlog") == "fits");
  BOOST_TEST(Pair("kafka", "v2.1.0-rc.4", "v2.1.0-rc.5") == "fits");
  BOOST_TEST(Pair("kafka", "latest", "v2.1.0") == "fits");
  BOOST_TEST(Pair("local", "rc2.3", "v2.1.0") == "fits");
  BOOST_TEST(Pair("local", "v1.0.0", "v2.0.8-binlog") == "fits");
  BOOST_TEST(
      Pair("local", "v2.0.7", "v2.1.0") ==
      "TiDB v2.0.7 does not go with the local version of TiDB Binlog (the manual's table says: "
      "Kafka); check tidb_version in the inventory");
  BOOST_TEST(
      Pair("kafka", "v2.1.0", "v2.1.1") ==
      "TiDB v2.1.0 writes to cluster Pumps already; there is no kafka version to upgrade from");
  BOOST_TEST(
      Pair("kafka", "v2.0.7", "v2.1.0-rc.4") ==
      "TiDB v2.1.0-rc.4 can't write to cluster Pumps (the manual's table says: Kafka); upgrade "
      "to v2.0.8-binlog, v2.1.0-rc.5 or later");
  BOOST_TEST(
      Pair("kafka", "v2.1.0-rc.4", "v2.0.11-binlog") ==
      "TiDB v2.0.11-binlog is older than the running v2.1.0-rc.4; a TiDB cluster can't go back");
  BOOST_TEST(Pair("kafka", "v2.0.7", "latest").starts_with("the target version 'latest'"));
  BOOST_TEST(Pair("kafka", "v2.0.7", "soon").starts_with("'soon' is no TiDB version"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
