#include "base/toml.h"

#include <boost/test/unit_test.hpp>

#include "tests/support/why.h"

namespace tidegate {
namespace {

TomlTable Parsed(const std::string& text) {
  Result<TomlTable> table = TomlTable::Parse(text, "drainer.toml");
  BOOST_REQUIRE_MESSAGE(table.has_value(), test::Why(table));
  return *std::move(table);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(toml)

BOOST_AUTO_TEST_CASE(tables_become_dotted_keys) {
  const TomlTable table = Parsed(
      "addr = \"10.0.0.1:8249\"\n[syncer]\nworker-count = 16\nsafe-mode = false\n"
      "ignore-schemas = [\"a\", \"b\"]\n[syncer.to]\nhost = \"db\"\n");
  BOOST_TEST(*table.String("addr") == "10.0.0.1:8249");
  BOOST_TEST(*table.Int("syncer.worker-count") == 16);
  BOOST_TEST(*table.Bool("syncer.safe-mode") == false);
  BOOST_TEST(*table.String("syncer.to.host") == "db");
  BOOST_TEST(table.Strings("syncer.ignore-schemas")->size() == 2U);
  const std::vector<std::string> keys = {"addr", "syncer.ignore-schemas", "syncer.safe-mode",
                                         "syncer.to.host", "syncer.worker-count"};
  BOOST_TEST(table.Keys() == keys, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(another_type_or_name_is_not_there) {
  const TomlTable table = Parsed("port = 3306\n");
  BOOST_TEST(!table.String("port"));
  BOOST_TEST(!table.Bool("port"));
  BOOST_TEST(!table.Strings("port"));
  BOOST_TEST(!table.Int("ports"));
}

BOOST_AUTO_TEST_CASE(keys_with_dots_are_quoted) {
  const TomlTable table =
      Parsed("commitTS = 404411535951691779\n[positions.\"10.0.0.1:8250\"]\nOffset = 908370\n");
  BOOST_TEST(*table.Int("positions.\"10.0.0.1:8250\".Offset") == 908370);
  BOOST_TEST(*table.Int("commitTS") == 404411535951691779);
}

BOOST_AUTO_TEST_CASE(tables_of_an_array_are_numbered) {
  const TomlTable table = Parsed(
      "[[syncer.replicate-do-table]]\ndb-name = \"a\"\n[[syncer.replicate-do-table]]\n"
      "db-name = \"b\"\n");
  BOOST_TEST(*table.String("syncer.replicate-do-table.0.db-name") == "a");
  BOOST_TEST(*table.String("syncer.replicate-do-table.1.db-name") == "b");
}

BOOST_AUTO_TEST_CASE(other_values_are_kept_as_keys) {
  const TomlTable table = Parsed("sizes = [1, 2]\nday = 2018-12-01\nempty = []\n");
  BOOST_TEST(table.Keys().size() == 3U);
  BOOST_TEST(table.Strings("empty")->empty());
  BOOST_TEST(!table.Strings("sizes"));
}

BOOST_AUTO_TEST_CASE(errors_name_the_line) {
  const Result<TomlTable> table = TomlTable::Parse("a = 1\nb = = 2\n", "drainer.toml");
  BOOST_REQUIRE(!table.has_value());
  BOOST_TEST(table.error().where.find("drainer.toml:2") == 0U, table.error().where);
  for (const char* text : {"a = 1\na = 2\n", "[t\n", "a = \"x\n", "a = 99999999999999999999\n"}) {
    BOOST_TEST(!TomlTable::Parse(text, "x.toml").has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(what_parsers_stumble_over_is_refused) {
  const Result<TomlTable> not_utf8 = TomlTable::Parse("a = 1\n'{\"a\x89\x32', = 1\n", "x.toml");
  BOOST_REQUIRE(!not_utf8.has_value());
  BOOST_TEST(not_utf8.error().where == "x.toml:2:5");
  BOOST_TEST(TomlTable::Parse("\xff", "x.toml").error().where == "x.toml:1:1");
  BOOST_TEST(!TomlTable::Parse("a = \"\xc3", "x.toml").has_value());
  BOOST_TEST(!TomlTable::Parse("[{key]\n", "x.toml").has_value());
  BOOST_TEST(!TomlTable::Parse("a = " + std::string(100000, '['), "x.toml").has_value());
  std::string dotted = "a";
  for (int i = 0; i < 100000; ++i) dotted += ".a";
  BOOST_TEST(!TomlTable::Parse(dotted + " = 1\n", "x.toml").has_value());
  BOOST_TEST(*Parsed("a = \"\xc3\xa4\"\n").String("a") == "\xc3\xa4");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate
