// The house rules on the tree itself. What each rule finds is tested on bad snippets in
// rules_test.cc.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <map>

#include "base/files.h"
#include "base/json.h"
#include "engine/site.h"
#include "rehearsal/topology.h"
#include "sim/scenario.h"
#include "tests/house/rules.h"
#include "tests/support/why.h"

namespace tidegate::test {
namespace {

const std::string kRoot = TIDEGATE_SOURCE_DIR "/";
constexpr std::array<std::string_view, 8> kRooms = {"base", "trace", "verifier",  "engine",
                                                    "sim",  "lab",   "rehearsal", "tests"};

std::string Content(const std::string& path) {
  const Result<std::string> text = ReadFile(kRoot + path);
  BOOST_REQUIRE_MESSAGE(text.has_value(), Why(text));
  return *text;
}

// The files of every room whose names end with one of `suffixes`.
std::vector<SourceFile> Files(const std::vector<std::string_view>& suffixes) {
  std::vector<SourceFile> files;
  for (const std::string_view room : kRooms) {
    for (const std::string_view suffix : suffixes) {
      const Result<std::vector<std::string>> paths = ListFiles(kRoot + std::string(room), suffix);
      BOOST_REQUIRE_MESSAGE(paths.has_value(), Why(paths));
      for (const std::string& path : *paths) {
        const std::string relative = path.substr(kRoot.size());
        files.push_back({relative, Content(relative)});
      }
    }
  }
  return files;
}

const std::vector<SourceFile>& Sources() {
  static const std::vector<SourceFile> sources = Files({".h", ".cc"});
  return sources;
}

void ExpectNone(const Complaints& complaints) {
  BOOST_CHECK_MESSAGE(complaints.empty(), fmt::format("{} complaints:\n{}", complaints.size(),
                                                      fmt::join(complaints, "\n")));
}

void ExpectNoneOf(const std::function<Complaints(const SourceFile&)>& rule) {
  Complaints all;
  for (const SourceFile& file : Sources()) {
    for (std::string& complaint : rule(file)) all.push_back(std::move(complaint));
  }
  ExpectNone(all);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tidy)

// A walk that finds nothing would make every test below pass.
BOOST_AUTO_TEST_CASE(the_walk_finds_the_sources) {
  BOOST_TEST(Sources().size() > 300U);
  std::map<std::string, std::size_t> by_room;
  for (const SourceFile& file : Sources()) ++by_room[file.path.substr(0, file.path.find('/'))];
  for (const std::string_view room : kRooms) BOOST_TEST(by_room[std::string(room)] >= 10U, room);
}

BOOST_AUTO_TEST_CASE(includes_follow_the_table_of_rooms) { ExpectNoneOf(IncludeRule); }
BOOST_AUTO_TEST_CASE(no_banned_calls) { ExpectNoneOf(BannedCallRule); }
BOOST_AUTO_TEST_CASE(no_long_lines) { ExpectNoneOf(LineLengthRule); }
BOOST_AUTO_TEST_CASE(no_long_files) { ExpectNoneOf(FileLengthRule); }
BOOST_AUTO_TEST_CASE(no_long_functions) { ExpectNoneOf(FunctionLengthRule); }
BOOST_AUTO_TEST_CASE(no_floating_point_in_the_simulator) { ExpectNoneOf(FloatRule); }
BOOST_AUTO_TEST_CASE(headers_are_included_once) { ExpectNoneOf(PragmaOnceRule); }

BOOST_AUTO_TEST_CASE(no_loops_over_hash_maps) {
  std::map<std::string, std::string> text_of;
  for (const SourceFile& file : Sources()) text_of[file.path] = file.text;
  ExpectNoneOf([&](const SourceFile& file) {
    const std::string stem = file.path.substr(0, file.path.rfind('.'));
    return HashMapRule(file, file.path == stem + ".h" ? "" : text_of[stem + ".h"]);
  });
}

BOOST_AUTO_TEST_CASE(no_leftovers) {
  std::vector<SourceFile> files = Files({".h", ".cc", ".txt", ".json", ".in"});
  for (const char* folder : {"docs", "setup", "cmake", "scenarios", "fixtures"}) {
    const Result<std::vector<std::string>> paths = ListFiles(kRoot + folder, "");
    BOOST_REQUIRE_MESSAGE(paths.has_value(), Why(paths));
    for (const std::string& path : *paths) {
      const std::string relative = path.substr(kRoot.size());
      files.push_back({relative, Content(relative)});
    }
  }
  for (const char* name : {"README.md", "CONTRIBUTING.md", "CMakeLists.txt", "tidegate", "check"}) {
    files.push_back({name, Content(name)});
  }
  Complaints all;
  for (const SourceFile& file : files) {
    for (std::string& complaint : LeftoverRule(file)) all.push_back(std::move(complaint));
  }
  ExpectNone(all);
}

BOOST_AUTO_TEST_CASE(every_source_is_built) {
  ExpectNone(UnlistedRule(Files({".cc"}), Files({"CMakeLists.txt"})));
}

BOOST_AUTO_TEST_CASE(every_scenario_is_one) {
  const Result<std::vector<std::string>> paths = ListFiles(kRoot + "scenarios", ".json");
  BOOST_REQUIRE_MESSAGE(paths.has_value(), Why(paths));
  BOOST_TEST(paths->size() > 20U);
  for (const std::string& path : *paths) {
    const Result<sim::Scenario> scenario = sim::LoadScenario(path, {});
    BOOST_CHECK_MESSAGE(scenario.has_value(), Why(scenario));
    if (!scenario.has_value()) continue;
    const Status draws = sim::CheckDraws(*scenario);
    BOOST_CHECK_MESSAGE(draws.has_value(), Why(draws));
    const Result<rehearsal::Prepared> prepared =
        rehearsal::Prepare(*scenario, scenario->seed.value_or(1));
    BOOST_CHECK_MESSAGE(prepared.has_value(), Why(prepared));
    BOOST_CHECK_MESSAGE(!scenario->description.empty(), path + " has no description");
  }
}

// What editors read is what the programs embed, and every object of it refuses unknown keys.
BOOST_AUTO_TEST_CASE(schemas_are_published) {
  BOOST_TEST(std::string(sim::ScenarioSchemaText()) == Content("sim/scenario.schema.json"));
  for (const char* path : {"sim/scenario.schema.json", "engine/site.schema.json"}) {
    const Result<JsonDocument> schema = JsonDocument::Parse(Content(path), path);
    BOOST_REQUIRE_MESSAGE(schema.has_value(), Why(schema));
    BOOST_TEST((schema->root().Find("$schema") != nullptr), path);
    BOOST_TEST((schema->root().Find("additionalProperties") != nullptr), path);
  }
}

// The packages of the set-up are the packages that the documentation explains.
BOOST_AUTO_TEST_CASE(every_package_is_explained) {
  const std::string documentation = Content("docs/dependencies.md");
  const std::string packages = Content("setup/packages.txt");
  std::size_t count = 0;
  for (const std::string_view line : LinesOf(packages)) {
    if (line.empty() || line[0] == '#') continue;
    const std::string name(line.substr(line.find_last_of(' ') + 1));
    BOOST_TEST((documentation.find("`" + name + "`") != std::string::npos), name);
    ++count;
  }
  BOOST_TEST(count >= 10U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::test
