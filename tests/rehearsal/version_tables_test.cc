// The manual's table of versions is read twice, by the engine's preflight and by the judge: at
// every boundary the two say the same.
#include <boost/test/unit_test.hpp>

#include "engine/version_table.h"
#include "verifier/model/version_rules.h"

namespace tidegate::test {
namespace {

BOOST_AUTO_TEST_SUITE(version_tables)

BOOST_AUTO_TEST_CASE(both_readings_agree) {
  for (const char* text : {"rc2.3",
                           "rc3",
                           "rc4",
                           "v1.0",
                           "v1.0.0",
                           "v1.0.9",
                           "v1.1.0-alpha",
                           "v1.1.0-beta",
                           "v2.0.0",
                           "v2.0.0-rc.1",
                           "v2.0.7",
                           "v2.0.8",
                           "v2.0.11",
                           "v2.0.7-binlog",
                           "v2.0.8-binlog",
                           "v2.0.11-binlog",
                           "v2.1.0-alpha",
                           "v2.1.0-beta",
                           "v2.1.0-rc.1",
                           "v2.1.0-rc.4",
                           "v2.1.0-rc.4-12-gabcdef0",
                           "v2.1.0-rc.5",
                           "v2.1.0-rc.5-1-gabcdef0",
                           "v2.1.0",
                           "v2.1.1",
                           "v3.0.0-beta",
                           "v4.0.0",
                           "5.7.10-TiDB-v2.1.0-rc.4",
                           "5.7.10-TiDB-v2.1.0"}) {
    BOOST_TEST_CONTEXT(text) {
      const Result<engine::Version> version = engine::ParseVersion(text);
      BOOST_REQUIRE(version.has_value());
      const engine::Flavours flavours = engine::BinlogFlavours(*version);
      const verifier::Release release = verifier::ReadRelease(text);
      BOOST_REQUIRE(release.known);
      BOOST_TEST(flavours.local == verifier::MayWriteTo(release, Era::kLocal));
      BOOST_TEST(flavours.kafka == verifier::MayWriteTo(release, Era::kKafka));
      BOOST_TEST(flavours.cluster == verifier::MayWriteTo(release, Era::kCluster));
    }
  }
}

BOOST_AUTO_TEST_CASE(latest_says_nothing_to_either) {
  BOOST_TEST(!engine::BinlogFlavours(*engine::ParseVersion("latest")).known);
  BOOST_TEST(!verifier::ReadRelease("latest").known);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
