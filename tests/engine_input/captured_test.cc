#include "engine/captured.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "base/files.h"
#include "tests/support/why.h"

namespace tidegate::engine {
namespace {

std::string Fixture(const std::string& name) {
  Result<std::string> text =
      ReadFile(std::string(TIDEGATE_SOURCE_DIR) + "/fixtures/captured/" + name);
  BOOST_REQUIRE_MESSAGE(text.has_value(), name);
  return *std::move(text);
}

std::string StatusFailure(std::string body) {
  const Result<CapturedStatus> status = ParseCapturedStatus(std::move(body), "s.json");
  return status.has_value() ? "accepted" : status.error().ToString();
}

BOOST_AUTO_TEST_SUITE(captured)

BOOST_AUTO_TEST_CASE(the_manuals_own_status) {
  const Result<CapturedStatus> status = ParseCapturedStatus(Fixture("manual-status.json"), "s");
  BOOST_REQUIRE_MESSAGE(status.has_value(), test::Why(status));
  BOOST_TEST(status->synced);
  BOOST_TEST(status->upper == 398907800202772481);
  BOOST_TEST(status->lower == 398907799455662081);
  BOOST_REQUIRE(status->positions.size() == 1);
  BOOST_TEST(status->positions.at("172.16.10.49:8250").offset == 32686);
}

BOOST_AUTO_TEST_CASE(status_before_the_first_tick) {
  const Result<CapturedStatus> zero = ParseCapturedStatus(
      R"({"PumpPos":null,"Synced":false,"DepositWindow":{"Upper":0,"Lower":0},"TsMap":""})", "s");
  BOOST_REQUIRE(zero.has_value());
  BOOST_TEST(!zero->has_positions);
  const Result<CapturedStatus> null = ParseCapturedStatus("null\n", "s");
  BOOST_REQUIRE(null.has_value());
  BOOST_TEST(!null->has_positions);
  BOOST_TEST(null->upper == 0);
}

BOOST_AUTO_TEST_CASE(timestamps_never_pass_through_a_double) {
  const Result<CapturedStatus> status = ParseCapturedStatus(
      R"({"DepositWindow":{"Upper":9007199254740993,"Lower":9223372036854775807}})", "s");
  BOOST_REQUIRE(status.has_value());
  BOOST_TEST(status->upper == 9007199254740993);
  BOOST_TEST(status->lower == INT64_MAX);
  BOOST_TEST(StatusFailure(R"({"DepositWindow":{"Upper":4.0e17,"Lower":0}})")
                 .starts_with("s.json:1:27: 'Upper' is "));
}

BOOST_AUTO_TEST_CASE(other_bodies_are_refused_with_their_place) {
  BOOST_TEST(StatusFailure(R"({"PumpPos":{},"Synced":true,"LastTS":5,"TsMap":""})") ==
             "s.json:1:1: no 'DepositWindow': this is no /status of an old Drainer");
  BOOST_TEST(StatusFailure(R"({"DepositWindow":{},"Synced":"true"})") ==
             "s.json:1:30: 'Synced' is no boolean");
  BOOST_TEST(StatusFailure(R"({"DepositWindow":{},"PumpPos":{"a:1":7}})") ==
             "s.json:1:38: the position of 'a:1' is an integer, not an object");
  BOOST_TEST(StatusFailure("[]") == "s.json:1:1: a /status body is a JSON object");
}

BOOST_AUTO_TEST_CASE(checkpoints_in_each_form) {
  const auto batch = ParseCapturedCheckpoint(Fixture("standard-checkpoint.txt"), "c");
  BOOST_REQUIRE_MESSAGE(batch.has_value(), test::Why(batch));
  BOOST_TEST(batch->cluster_id == "6511234567890123456");
  BOOST_TEST(batch->commit_ts == 404411535951691779);
  BOOST_TEST(batch->positions.at("tidb2:8250").offset == 906933);
  BOOST_TEST(batch->positions.at("tidb3:8250").offset == 0);
  const auto boxed = ParseCapturedCheckpoint(Fixture("manual-checkpoint-boxed.txt"), "c");
  BOOST_REQUIRE_MESSAGE(boxed.has_value(), test::Why(boxed));
  BOOST_TEST(boxed->cluster_id == "6511234567890123456");
  BOOST_TEST(boxed->commit_ts == 398907798000000001);
  const auto toml = ParseCapturedCheckpoint(Fixture("savepoint.toml"), "c");
  BOOST_REQUIRE_MESSAGE(toml.has_value(), test::Why(toml));
  BOOST_TEST(toml->commit_ts == 404411535951691779);
  BOOST_TEST(toml->positions.at("tidb1:8250").offset == 908370);
  const auto row = ParseCapturedCheckpoint(R"({"commitTS":7,"ts-map":{}})", "c");
  BOOST_REQUIRE(row.has_value());
  BOOST_TEST(row->commit_ts == 7);
}

BOOST_AUTO_TEST_CASE(checkpoints_that_are_none) {
  const auto failure = [](const std::string& text) {
    const auto checkpoint = ParseCapturedCheckpoint(text, "c");
    return checkpoint.has_value() ? "accepted" : checkpoint.error().ToString();
  };
  BOOST_TEST(failure("{\"positions\":{}}") == "c:1:1: the checkpoint has no 'commitTS'");
  BOOST_TEST(failure("clusterID\tcheckPoint\n") == "c: no row of the checkpoint table");
  BOOST_TEST(failure("id\tc\n1\t{\"commitTS\":1}\n2\t{\"commitTS\":2}\n") ==
             "c: the table has more than one row; keep the one of this cluster's id");
  BOOST_TEST(failure("a = 1\n") == "c: the savepoint has no 'commitTS'");
}

BOOST_AUTO_TEST_CASE(log_ends) {
  const auto ends = ParseLogEnds(Fixture("standard-log-ends.json"), "k");
  BOOST_REQUIRE(ends.has_value());
  BOOST_TEST(ends->at("6511234567890123456_tidb1_8250") == 913402);
  const auto bad = ParseLogEnds("{\"t\": -1}", "k");
  BOOST_REQUIRE(!bad.has_value());
  BOOST_TEST(bad.error().ToString() == "k:1:7: the end offset of 't' must be an integer from 0");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
