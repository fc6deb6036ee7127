// One test for each keyword that the published schemas use: the sentence and the place.
#include <boost/test/unit_test.hpp>

#include "base/json.h"
#include "tests/support/why.h"

namespace tidegate {
namespace {

constexpr char kSchema[] = R"({
  "$schema": "http://json-schema.org/draft-04/schema#",
  "definitions": {
    "duration": {"type": "string", "pattern": "^[0-9]+(ms|s)$", "description": "a duration like 5s"}
  },
  "type": "object",
  "additionalProperties": false,
  "required": ["name"],
  "properties": {
    "name": {"type": "string"},
    "verdict": {"enum": ["pass", "fail", "refused"]},
    "count": {"type": "integer", "minimum": 1, "maximum": 9},
    "wait": {"$ref": "#/definitions/duration"},
    "code": {"type": "string", "pattern": "^[A-Z]+$"},
    "either": {"type": ["string", "integer"]},
    "few": {"type": "array", "maxItems": 1},
    "faults": {
      "type": "array",
      "items": {"type": "object", "additionalProperties": false, "required": ["at"],
                "properties": {"at": {"$ref": "#/definitions/duration"}, "node": {}}}
    }
  }
})";

std::string Why(const std::string& text) {
  static const JsonSchema schema(kSchema, "test schema");
  const Result<JsonDocument> document = JsonDocument::Parse(text, "a.json");
  BOOST_REQUIRE_MESSAGE(document.has_value(), test::Why(document));
  return test::Why(schema.Validate(*document));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json_schema)

BOOST_AUTO_TEST_CASE(what_follows_the_schema_passes) {
  BOOST_TEST(Why(R"({"name": "x", "verdict": "pass", "count": 9, "wait": "5s", "code": "AB",
                     "either": 1, "few": [], "faults": [{"at": "1ms"}]})") == "");
}

BOOST_AUTO_TEST_CASE(additional_properties) {
  BOOST_TEST(Why("{\"name\": \"x\",\n  \"verdcit\": \"pass\"}") ==
             "a.json:2:3: unknown key 'verdcit'; did you mean 'verdict'?");
  BOOST_TEST(Why(R"({"name": "x", "faults": [{"at": "1s"}, {"at": "1s", "nod": 1}]})") ==
             "a.json:1:53: unknown key 'nod'; did you mean 'node'?");
}

BOOST_AUTO_TEST_CASE(required) {
  BOOST_TEST(Why("{}") == "a.json:1:1: the value needs the key 'name'");
  BOOST_TEST(Why(R"({"name": "x", "faults": [{}]})") ==
             "a.json:1:26: the value needs the key 'at'");
}

BOOST_AUTO_TEST_CASE(enumeration) {
  BOOST_TEST(Why(R"({"name": "x", "verdict": "refuse"})") ==
             "a.json:1:26: 'verdict' is 'refuse'; it must be one of pass, fail, refused; did you "
             "mean 'refused'?");
}

BOOST_AUTO_TEST_CASE(type) {
  BOOST_TEST(Why(R"({"name": 3})") == "a.json:1:10: 'name' must be of type string, not 3");
  BOOST_TEST(Why(R"({"name": "x", "either": []})") ==
             "a.json:1:25: 'either' must be of type string or integer, not an array");
  BOOST_TEST(Why("[]") == "a.json:1:1: the value must be of type object, not an array");
}

BOOST_AUTO_TEST_CASE(bounds) {
  BOOST_TEST(Why(R"({"name": "x", "count": 0})") ==
             "a.json:1:24: 'count' is 0; it must be at least 1");
  BOOST_TEST(Why(R"({"name": "x", "count": 10})") ==
             "a.json:1:24: 'count' is 10; it must be at most 9");
}

BOOST_AUTO_TEST_CASE(pattern) {
  BOOST_TEST(Why(R"({"name": "x", "wait": "5"})") ==
             "a.json:1:23: 'wait' is '5'; it must be a duration like 5s");
  BOOST_TEST(Why(R"({"name": "x", "code": "ab"})") ==
             "a.json:1:23: 'code' is 'ab'; it must be text like ^[A-Z]+$");
}

BOOST_AUTO_TEST_CASE(a_keyword_without_a_sentence_is_named) {
  BOOST_TEST(Why(R"({"name": "x", "few": [1, 2]})") ==
             "a.json:1:22: 'few' is an array, which violates 'maxItems'");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate
