#include "trace/header_json.h"

#include <boost/test/unit_test.hpp>

#include "tests/trace/sample.h"

namespace tidegate::trace {
namespace {

std::string ErrorOf(const std::string& json) {
  const Result<Header> header = HeaderFromJson(json, "h");
  return header.has_value() ? "" : header.error().ToString();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(header_json)

BOOST_AUTO_TEST_CASE(keeps_every_field) {
  const Header header = SampleHeader();
  const std::string json = HeaderToJson(header);
  BOOST_TEST(json.find('\n') == std::string::npos);
  const Result<Header> read = HeaderFromJson(json, "h");
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(HeaderToJson(*read) == json);
  BOOST_TEST(read->seed == UINT64_MAX);
  BOOST_TEST(read->nodes[3].sink == 2);
  BOOST_TEST((read->nodes[3].era == Era::kCluster));
  BOOST_TEST(read->nodes[3].detect_interval == 10 * kSecond);
  BOOST_TEST(read->nodes[2].keyed_sink == false);
  BOOST_TEST(read->nodes[4].carries_foreign == true);
  BOOST_TEST(read->tables[0].sinks.at(0) == 2);
  BOOST_TEST(read->tables[1].has_key == false);
  BOOST_TEST(read->run_plan == header.run_plan);
}

// Each key of the JSON text is read: without it another header comes back, or an error.
BOOST_AUTO_TEST_CASE(reads_each_key) {
  const std::string json = HeaderToJson(SampleHeader());
  for (const std::string key :
       {"scenario", "scenario_digest", "seed", "engine", "procedure", "gate", "write_outage_max_ns",
        "drain_max_ns", "accepted", "tidb_may_be_upgraded", "run_plan", "unit", "data_dir", "sink",
        "target_version", "detect_interval_ns", "host", "sinks"}) {
    std::string changed = json;
    const std::size_t at = changed.find("\"" + key + "\":");
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, key);
    changed.insert(at + 1, "zz");
    BOOST_TEST(ErrorOf(changed).find("unknown key 'zz" + key) != std::string::npos,
               key << ": " << ErrorOf(changed));
  }
}

BOOST_AUTO_TEST_CASE(errors_name_place_value_and_nearest_name) {
  BOOST_TEST(ErrorOf("{}") == "h:1:1: the header needs 'format'");
  BOOST_TEST(ErrorOf(R"({"format":1,"soon":3})") ==
             "h:1:11: the trace has format version 1; this program reads 2");
  BOOST_TEST(ErrorOf(R"({"format":2,"sede":"1"})") ==
             "h:1:13: unknown key 'sede' in the header; did you mean 'seed'?");
  BOOST_TEST(ErrorOf(R"({"format":2,"seed":"-1"})") ==
             "h:1:20: 'seed' is '-1'; it must be a decimal number of 64 bits");
  BOOST_TEST(ErrorOf(R"({"format":2,"nodes":[{"name":"a","role":"tidbb"}]})")
                 .find("h:1:41: 'role' is 'tidbb'; it must be one of pd, ") == 0U);
  BOOST_TEST(
      ErrorOf(R"({"format":2,"nodes":[{"name":"a","role":"pd"},{"name":"a","role":"pd"}]})") ==
      "h:1:47: a second node is named 'a'");
  BOOST_TEST(ErrorOf(R"({"format":2,"nodes":[{"name":"mysql","role":"pd","sink":"mysq"}]})") ==
             "h:1:57: no node is named 'mysq'; did you mean 'mysql'?");
  BOOST_TEST(ErrorOf(R"({"format":2,"tables":[{"schema":"a","name":"b","sinks":["c"]}]})") ==
             "h:1:57: no node is named 'c'");
  BOOST_TEST(ErrorOf(R"({"format":2,"tables":3})") ==
             "h:1:22: 'tables' must be an array, not an integer");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::trace
