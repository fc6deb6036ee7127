#include "verifier/model/version_rules.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <string_view>

namespace tidegate::verifier {
namespace {

// "local kafka cluster": the eras that a TiDB of this version may write to.
std::string Eras(std::string_view version) {
  const Release release = ReadRelease(version);
  if (!release.known) return "unknown";
  std::string eras;
  for (const Era era : {Era::kLocal, Era::kKafka, Era::kCluster}) {
    if (!MayWriteTo(release, era)) continue;
    if (!eras.empty()) eras += ' ';
    eras += EraName(era);
  }
  return eras;
}

BOOST_AUTO_TEST_SUITE(VersionRulesTest)

BOOST_AUTO_TEST_CASE(TheManualsTable) {
  BOOST_TEST(Eras("rc2.3") == "local");
  BOOST_TEST(Eras("v1.0.0") == "local kafka");
  BOOST_TEST(Eras("v1.0.8") == "local kafka");
  BOOST_TEST(Eras("v1.1.0-alpha") == "kafka");
  BOOST_TEST(Eras("2.0.11") == "kafka");
  BOOST_TEST(Eras("v2.0.7") == "kafka");
  BOOST_TEST(Eras("v2.0.7-binlog") == "");
  BOOST_TEST(Eras("v1.0") == "local kafka");
  BOOST_TEST(Eras("v2.0.8-binlog") == "cluster");
  BOOST_TEST(Eras("v2.0.11-binlog") == "cluster");
  BOOST_TEST(Eras("v2.1.0-beta") == "kafka");
  BOOST_TEST(Eras("v2.1.0-rc.4") == "kafka");
  BOOST_TEST(Eras("v2.1.0-rc.4-12-gabcdef") == "kafka");
  BOOST_TEST(Eras("v2.1.0-rc.5") == "cluster");
  BOOST_TEST(Eras("v2.1.0-rc5") == "cluster");
  BOOST_TEST(Eras("v2.1.0") == "cluster");
  BOOST_TEST(Eras("5.7.10-TiDB-v3.0.20") == "cluster");
  BOOST_TEST(Eras("latest") == "unknown");
  BOOST_TEST(Eras("v2") == "unknown");
  BOOST_TEST(Eras("v2.x.1") == "unknown");
  BOOST_TEST(Eras("v99999999999999999999.1") == "unknown");
}

BOOST_AUTO_TEST_CASE(ErasOfBinaries) {
  BOOST_TEST(EraName(EraOfBinary("kafka-head")) == "kafka");
  BOOST_TEST(EraName(EraOfBinary("documented")) == "kafka");
  BOOST_TEST(EraName(EraOfBinary("v1.1")) == "kafka");
  BOOST_TEST(EraName(EraOfBinary("rc2.3")) == "local");
  BOOST_TEST(EraName(EraOfBinary("v1.0")) == "none");
  BOOST_TEST(EraName(EraOfBinary("latest")) == "none");
  BOOST_TEST(EraName(EraOfBinary("v2.0.9-binlog")) == "cluster");
  BOOST_TEST(EraName(EraOfBinary("v4.0.10")) == "cluster");
}

BOOST_AUTO_TEST_CASE(WhoNotifiesAtEveryStart) {
  BOOST_TEST(NotifiesAtEveryStart(ReadRelease("v2.1.18")));
  BOOST_TEST(NotifiesAtEveryStart(ReadRelease("v3.0.4")));
  BOOST_TEST(!NotifiesAtEveryStart(ReadRelease("v3.0.5")));
  BOOST_TEST(!NotifiesAtEveryStart(ReadRelease("latest")));
}

BOOST_AUTO_TEST_CASE(DrainersThatCannotFollow) {
  const auto can = [](std::string_view drainer, std::string_view tidb) {
    return DrainerCannotFollow(ReadRelease(drainer), ReadRelease(tidb)).empty();
  };
  BOOST_TEST(can("v5.4.0", "v6.1.9"));
  BOOST_TEST(!can("v5.4.0", "v6.2.0"));
  BOOST_TEST(can("v6.2.0", "v6.5.0"));
  BOOST_TEST(!can("v7.0.0", "v7.1.0"));
  BOOST_TEST(can("latest", "v7.1.0"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::verifier
