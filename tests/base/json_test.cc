// The document: values, their places, what is refused, and writing.
#include "base/json.h"

#include <boost/test/unit_test.hpp>

#include "tests/support/why.h"

namespace tidegate {
namespace {

JsonDocument Parsed(const std::string& text) {
  Result<JsonDocument> document = JsonDocument::Parse(text, "a.json");
  BOOST_REQUIRE_MESSAGE(document.has_value(), test::Why(document));
  return *std::move(document);
}

std::string Refused(const std::string& text) {
  return test::Why(JsonDocument::Parse(text, "a.json"));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(keys_and_values_know_where_they_began) {
  const JsonDocument document = Parsed("{\"a\": 12,\n \"b\" : [true, {\"c\": \"x\"}]\n}");
  const JsonValue& root = document.root();
  const JsonMember& b = root.members[1];
  BOOST_TEST(document.Position(root.offset) == "a.json:1:1");
  BOOST_TEST(document.Position(root.members[0].offset) == "a.json:1:2");
  BOOST_TEST(document.Position(root.members[0].value.offset) == "a.json:1:7");
  BOOST_TEST(document.Position(b.offset) == "a.json:2:2");
  BOOST_TEST(document.Position(b.value.offset) == "a.json:2:8");
  BOOST_TEST(document.Position(b.value.elements[0].offset) == "a.json:2:9");
  BOOST_TEST(document.Position(b.value.elements[1].offset) == "a.json:2:15");
  BOOST_TEST(document.Position(b.value.elements[1].members[0].value.offset) == "a.json:2:21");
}

BOOST_AUTO_TEST_CASE(integers_keep_64_bits) {
  const JsonDocument document = Parsed(
      "[398907800202772481, -9223372036854775808, 9223372036854775807, 9223372036854775808, 1.0, "
      "1e3]");
  const std::vector<JsonValue>& values = document.root().elements;
  BOOST_TEST(values[0].integer == 398907800202772481);
  BOOST_TEST(values[1].integer == INT64_MIN);
  BOOST_TEST(values[2].integer == INT64_MAX);
  for (std::size_t i = 3; i < 6; ++i) BOOST_TEST((values[i].kind == JsonKind::kOtherNumber), i);
  BOOST_TEST(values[3].text == "9223372036854775808");
}

BOOST_AUTO_TEST_CASE(escapes_are_read) {
  BOOST_TEST(Parsed("\"a\\n\\u00e9\\\"\"").root().text == "a\n\xC3\xA9\"");
  BOOST_TEST((Parsed("{\"a\\tb\": null}").root().Find("a\tb") != nullptr));
}

BOOST_AUTO_TEST_CASE(damage_is_refused_at_its_place) {
  BOOST_TEST(Refused("{\"a\": 1,\n \"a\": 2}") ==
             "a.json:2:2: the key 'a' stands here a second time");
  BOOST_TEST(Refused("").find("a.json:1:1: not JSON") == 0U);
  BOOST_TEST(Refused("{\n\"a\" 1}").find("a.json:2:5: not JSON") == 0U);
  BOOST_TEST(Refused("[1, 2").find("a.json:1:6: not JSON") == 0U);
  for (const char* bad : {"{} {}", "[1,]", "{'a': 1}", "nul", "01", "\"\xFF\"", "// x\n1", "NaN"}) {
    BOOST_TEST(Refused(bad).find("a.json:") == 0U, bad);
  }
  BOOST_TEST(Refused(std::string("1\0 2", 4)) == "a.json:1:2: a byte 0x00 is no JSON");
}

// RapidJSON alone accepts some of them or not by where in memory the string lies.
BOOST_AUTO_TEST_CASE(control_bytes_are_refused_wherever_they_stand) {
  for (std::size_t before = 0; before < 32; ++before) {
    const std::string text = "[\"" + std::string(before, 'x') + "\x1a" + "\", 1]";
    BOOST_TEST(Refused(text) ==
               "a.json:1:" + std::to_string(before + 3) + ": a byte 0x1a is no JSON");
  }
}

BOOST_AUTO_TEST_CASE(depth_is_bounded) {
  BOOST_TEST(Refused(std::string(64, '[') + std::string(64, ']')) == "");
  BOOST_TEST(Refused(std::string(65, '[') + std::string(65, ']')) ==
             "a.json:1:65: more than 64 levels of brackets");
  BOOST_TEST(Refused(std::string(1'000'000, '[')) != "");
}

BOOST_AUTO_TEST_CASE(writing_keeps_the_order_of_calls) {
  JsonWriter writer;
  writer.BeginObject().Key("b").Int(-1).Key("a").BeginArray();
  writer.Bool(true).Null().Uint(UINT64_MAX).String("x\n\"").EndArray();
  writer.Key("tso").TsoString(398907800202772481).Key("raw").Raw("{\"c\":1}").EndObject();
  BOOST_TEST(writer.Take() ==
             "{\"b\":-1,\"a\":[true,null,18446744073709551615,\"x\\n\\\"\"],"
             "\"tso\":\"398907800202772481\",\"raw\":{\"c\":1}}");
  JsonWriter indented(JsonWriter::Style::kIndented);
  indented.BeginObject().Key("a").Int(1).EndObject();
  BOOST_TEST(indented.Take() == "{\n  \"a\": 1\n}");
}

BOOST_AUTO_TEST_CASE(quoting_is_read_back) {
  const std::string text = "a\"\\\n\t\x01 \xC3\xA9";
  BOOST_TEST(Parsed(JsonQuote(text)).root().text == text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate
