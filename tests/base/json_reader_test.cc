// The typed reader: what it fills in, and its sentences. Positions are part of them.
#include <boost/test/unit_test.hpp>

#include "base/json.h"
#include "tests/support/why.h"

namespace tidegate {
namespace {

struct Fields {
  std::string name = "unset";
  std::vector<std::string> tables;
  bool on = false;
  std::int64_t count = 7;
  Duration wait = kSecond;
  Tso tso = 0;
  std::size_t kind = 0;
};

// Reads all of Fields; the error or nothing.
std::string Read(const std::string& text, Fields* fields) {
  const Result<JsonDocument> document = JsonDocument::Parse(text, "a.json");
  BOOST_REQUIRE_MESSAGE(document.has_value(), test::Why(document));
  JsonObjectReader reader(*document, document->root(), "a fault");
  reader.String("name", &fields->name);
  reader.Strings("tables", &fields->tables);
  reader.Bool("on", &fields->on);
  reader.Int("count", 1, 10, &fields->count);
  reader.DurationField("wait", 0, kMinute, &fields->wait);
  reader.TsoField("tso", &fields->tso);
  reader.Choice("kind", {"kill", "partition"}, &fields->kind);
  return test::Why(reader.Finish());
}

std::string Why(const std::string& text) {
  Fields fields;
  return Read(text, &fields);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json_reader)

BOOST_AUTO_TEST_CASE(present_fields_are_read_and_absent_ones_stay) {
  Fields fields;
  BOOST_TEST(Read(R"({"tables": ["a", "b"], "on": true, "wait": "5s", "kind": "partition",
                      "tso": "398907800202772481"})",
                  &fields) == "");
  BOOST_TEST(fields.name == "unset");
  BOOST_TEST(fields.count == 7);
  BOOST_TEST(fields.tables.size() == 2U);
  BOOST_TEST(fields.on);
  BOOST_TEST(fields.wait == 5 * kSecond);
  BOOST_TEST(fields.kind == 1U);
  BOOST_TEST(fields.tso == 398907800202772481);
  BOOST_TEST(Read(R"({"tso": 398907800202772483})", &fields) == "");
  BOOST_TEST(fields.tso == 398907800202772483);
}

BOOST_AUTO_TEST_CASE(each_wrong_value_has_its_sentence) {
  BOOST_TEST(Why(R"({"name": 3})") == "a.json:1:10: 'name' must be a string, not an integer");
  BOOST_TEST(Why(R"({"tables": ["a", 1]})") ==
             "a.json:1:18: 'tables' must be a string, not an integer");
  BOOST_TEST(Why(R"({"on": "yes"})") == "a.json:1:8: 'on' must be a boolean, not a string");
  BOOST_TEST(Why(R"({"count": 11})") == "a.json:1:11: 'count' is 11; it must be from 1 to 10");
  BOOST_TEST(Why(R"({"count": 1.5})") ==
             "a.json:1:11: 'count' must be an integer, not a number that is no 64-bit integer");
  BOOST_TEST(Why(R"({"wait": "2m"})") == "a.json:1:10: 'wait' is 2m; it must be from 0s to 1m");
  BOOST_TEST(Why(R"({"wait": "2 m"})").find("a.json:1:10: 'wait': '2 m' is no duration") == 0U);
  BOOST_TEST(Why(R"({"tso": -1})").find("a.json:1:9: 'tso': '-1' is no timestamp") == 0U);
  BOOST_TEST(Why(R"({"tso": 1e18})").find("a.json:1:9: 'tso': '1e18' is no timestamp") == 0U);
  BOOST_TEST(
      Why(R"({"kind": "kil"})") ==
      "a.json:1:10: 'kind' is 'kil'; it must be one of kill, partition; did you mean 'kill'?");
}

BOOST_AUTO_TEST_CASE(unknown_keys_name_the_nearest) {
  BOOST_TEST(Why("{\"name\": \"x\",\n \"cuont\": 1}") ==
             "a.json:2:2: unknown key 'cuont' in a fault; did you mean 'count'?");
  BOOST_TEST(Why(R"({"something": 1})") == "a.json:1:2: unknown key 'something' in a fault");
}

BOOST_AUTO_TEST_CASE(the_first_error_wins) {
  BOOST_TEST(Why(R"({"zzz": 1, "on": 1, "count": 99})") ==
             "a.json:1:18: 'on' must be a boolean, not an integer");
}

BOOST_AUTO_TEST_CASE(what_must_be_there_is_asked_for) {
  const Result<JsonDocument> document = JsonDocument::Parse(" {}", "a.json");
  JsonObjectReader reader(*document, document->root(), "a fault");
  BOOST_TEST((reader.Require("at") == nullptr));
  BOOST_TEST(reader.failed());
  BOOST_TEST(test::Why(reader.Finish()) == "a.json:1:2: a fault needs 'at'");
  BOOST_TEST(Why("[]") == "a.json:1:1: a fault must be an object, not an array");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate
