#include "verifier/model/drainer_config.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <string_view>

namespace tidegate::verifier {
namespace {

// "what: before -> after; …"
std::string Compare(std::string_view before, std::string_view after) {
  std::string text;
  for (const ConfigDifference& difference :
       Differences(ReadDrainerConfig(before), ReadDrainerConfig(after))) {
    text += (text.empty() ? "" : "; ") + std::string(difference.what) + ": " + difference.before +
            " -> " + difference.after;
  }
  return text;
}

BOOST_AUTO_TEST_SUITE(DrainerConfigTest)

BOOST_AUTO_TEST_CASE(OrderCaseAndRepetitionDoNotCount) {
  BOOST_TEST(Compare(R"(
[syncer]
ignore-schemas = "A, b,mysql"
replicate-do-db = ["s1", "~^b.*"]
[[syncer.replicate-do-table]]
db-name = "test"
tbl-name = "Log"
[[syncer.replicate-do-table]]
db-name = "test"
tbl-name = "~^a.*"
)",
                     R"(
[syncer]
ignore-schemas = "mysql,a,B,b"
replicate-do-db = ["~^b.*", "S1", "s1"]
worker-count = 16
[[syncer.replicate-do-table]]
db-name = "test"
tbl-name = "~^a.*"
[[syncer.replicate-do-table]]
db-name = "TEST"
tbl-name = "log"
)") == "");
}

BOOST_AUTO_TEST_CASE(EachDifferenceIsNamed) {
  BOOST_TEST(Compare("[syncer]\ndb-type=\"mysql\"\nreplicate-do-db=[\"a\"]",
                     "[syncer]\ndb-type=\"tidb\"\n[[syncer.ignore-table]]\ndb-name=\"a\"\n"
                     "tbl-name=\"x\"\n[syncer.to.checkpoint]\nschema=\"other\"") ==
             "db-type: mysql -> tidb; replicate-do-db: a -> ; ignore-table:  -> a.x; "
             "checkpoint schema: tidb_binlog -> other");
}

BOOST_AUTO_TEST_CASE(LimitsCountOnlyWhereTheSinkIsKafka) {
  const std::string_view limit = "[syncer.to]\nkafka-max-messages = 4096";
  BOOST_TEST(Compare(limit, "") == "");
  BOOST_TEST(Compare("[syncer]\ndb-type=\"kafka\"\n[syncer.to]\nkafka-max-messages = 4096",
                     "[syncer]\ndb-type=\"kafka\"") == "kafka-max-messages: 4096 -> ");
}

BOOST_AUTO_TEST_CASE(DamagedTextClaimsNothing) {
  BOOST_TEST(!ReadDrainerConfig("[syncer").readable);
  BOOST_TEST(ReadDrainerConfig("").readable);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::verifier
