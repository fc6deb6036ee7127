#include "base/files.h"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/support/temp_dir.h"

namespace tidegate {
namespace {

std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(files)

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  const test::TempDir folder;
  const std::string content = std::string("a\0b\n", 4) + std::string(200'000, 'x');
  BOOST_REQUIRE(WriteFileAtomically(folder / "a", content).has_value());
  BOOST_TEST((*ReadFile(folder / "a") == content));
  BOOST_REQUIRE(WriteFileAtomically(folder / "a", "shorter").has_value());
  BOOST_TEST(*ReadFile(folder / "a") == "shorter");
  BOOST_TEST(NamesIn(folder.path()).size() == 1U);
}

// The name is taken by a folder that is not empty: the last step, the renaming, fails.
BOOST_AUTO_TEST_CASE(a_failed_write_leaves_nothing_behind) {
  const test::TempDir folder;
  std::filesystem::create_directories(folder / "a/b");
  BOOST_TEST(!WriteFileAtomically(folder / "a", "text").has_value());
  BOOST_TEST(NamesIn(folder.path()).size() == 1U);
  const Status nowhere = WriteFileAtomically(folder / "no/such/folder", "text");
  BOOST_REQUIRE(!nowhere.has_value());
  BOOST_TEST((nowhere.error().code == ErrorCode::kNotFound));
  BOOST_TEST(NamesIn(folder.path()).size() == 1U);
}

BOOST_AUTO_TEST_CASE(reading_says_what_is_wrong) {
  const test::TempDir folder;
  const Result<std::string> absent = ReadFile(folder / "absent");
  BOOST_REQUIRE(!absent.has_value());
  BOOST_TEST((absent.error().code == ErrorCode::kNotFound));
  BOOST_TEST(absent.error().message ==
             "cannot open " + (folder / "absent") + ": No such file or directory");
  const Result<std::string> directory = ReadFile(folder.path());
  BOOST_REQUIRE(!directory.has_value());
  BOOST_TEST((directory.error().code == ErrorCode::kBadInput));
  BOOST_REQUIRE(WriteFileAtomically(folder / "a", "12345").has_value());
  BOOST_TEST(ReadFile(folder / "a", 5).has_value());
  BOOST_TEST((ReadFile(folder / "a", 4).error().code == ErrorCode::kLimit));
}

BOOST_AUTO_TEST_CASE(files_are_listed_in_order_at_any_depth) {
  const test::TempDir folder;
  std::filesystem::create_directories(folder / "b/c");
  for (const char* name : {"z.json", "b/y.json", "b/c/x.json", "a.txt"}) {
    BOOST_REQUIRE(WriteFileAtomically(folder / name, "").has_value());
  }
  const std::vector<std::string> expected = {folder / "b/c/x.json", folder / "b/y.json",
                                             folder / "z.json"};
  BOOST_TEST(*ListFiles(folder.path(), ".json") == expected, boost::test_tools::per_element());
  // A file that is named is listed, whatever its name ends with.
  BOOST_TEST(ListFiles(folder / "a.txt", ".json")->size() == 1U);
  BOOST_TEST((ListFiles(folder / "no", ".json").error().code == ErrorCode::kNotFound));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate
