// The library of incidents is whole, its table in the docs is true, and each story says what it
// must. (That each scenario comes out as it expects is scenarios_test.)
#include "rehearsal/incidents.h"

#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

#include "base/files.h"
#include "tests/rehearsal/rehearse.h"
#include "tests/support/why.h"

namespace tidegate::test {
namespace {

using rehearsal::IncidentFile;

constexpr std::int64_t kIncidentCount = 61;
constexpr std::size_t kNotReplayedMax = 7;  // "fewer than eight"

std::vector<IncidentFile> Library() {
  Result<std::vector<IncidentFile>> library = rehearsal::LoadIncidents(ScenarioPath("incidents"));
  BOOST_REQUIRE_MESSAGE(library.has_value(), Why(library));
  return *std::move(library);
}

const IncidentFile& Find(const std::vector<IncidentFile>& library, std::string_view word) {
  const Result<const IncidentFile*> found = rehearsal::FindIncident(library, word);
  BOOST_REQUIRE_MESSAGE(found.has_value(), Why(found));
  return **found;
}

std::vector<std::string> TableLines() {
  const Result<std::string> text =
      ReadFile(std::string(TIDEGATE_SOURCE_DIR) + "/docs/incidents.md");
  BOOST_REQUIRE_MESSAGE(text.has_value(), Why(text));
  std::vector<std::string> out;
  std::size_t at = 0;
  while (at < text->size()) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    const std::string line = text->substr(at, end - at);
    // "| 12 | `slug` | …": other tables have other second cells.
    const std::size_t second = line.find(" | `");
    if (line.starts_with("| ") && second != std::string::npos && second <= 5) {
      out.push_back(line);
    }
    at = end + 1;
  }
  return out;
}

BOOST_AUTO_TEST_SUITE(incidents)

BOOST_AUTO_TEST_CASE(the_table_has_every_file_as_it_is) {
  const std::vector<std::string> lines = TableLines();
  for (const IncidentFile& incident : Library()) {
    std::string row = rehearsal::IncidentRows({&incident});
    row.pop_back();
    BOOST_TEST((std::find(lines.begin(), lines.end(), row) != lines.end()),
               "docs/incidents.md lacks this row (tidegate incident list --markdown prints them):\n"
                   << row);
  }
}

BOOST_AUTO_TEST_CASE(the_table_has_every_number_once_and_a_file_or_a_reason) {
  std::set<std::int64_t> replayed;
  for (const IncidentFile& incident : Library()) {
    replayed.insert(incident.scenario.incident->number);
  }
  std::set<std::int64_t> seen;
  for (const std::string& line : TableLines()) {
    const std::int64_t number = std::stoll(line.substr(2));
    BOOST_TEST(seen.insert(number).second, "twice in the table: " << number);
    const bool says_why_not = line.find("| not replayed: ") != std::string::npos;
    BOOST_TEST(says_why_not == !replayed.contains(number), line);
  }
  BOOST_TEST(static_cast<std::int64_t>(seen.size()) == kIncidentCount);
  BOOST_TEST(*seen.rbegin() == kIncidentCount);
}

// What the table lists as not replayed is little, has a reason, and each slug is a file or has one.
BOOST_AUTO_TEST_CASE(fewer_than_eight_cannot_be_replayed) {
  std::set<std::string> files;
  for (const IncidentFile& incident : Library()) files.insert(incident.slug);
  std::size_t not_replayed = 0;
  for (const std::string& line : TableLines()) {
    const std::size_t begin = line.find('`') + 1;
    const std::string slug = line.substr(begin, line.find('`', begin) - begin);
    const std::string_view mark = "| not replayed: ";
    const std::size_t reason = line.find(mark);
    BOOST_TEST((reason == std::string::npos) == files.contains(slug), line);
    if (reason == std::string::npos) continue;
    ++not_replayed;
    BOOST_TEST(line.find(" |", reason + mark.size()) > reason + mark.size() + 10, line);
  }
  BOOST_TEST(not_replayed <= kNotReplayedMax);
  BOOST_TEST(not_replayed + files.size() == static_cast<std::size_t>(kIncidentCount));
}

BOOST_AUTO_TEST_CASE(a_slug_or_a_number_finds_an_incident_and_a_wrong_one_the_nearest) {
  const std::vector<IncidentFile> library = Library();
  BOOST_TEST(Find(library, "4").slug == "synced-true-on-zero-equals-zero");
  BOOST_TEST(Find(library, "partial-txn-checkpoint").scenario.incident->number == 10);
  const auto wrong = rehearsal::FindIncident(library, "partial-txn-chekpoint");
  BOOST_REQUIRE(!wrong.has_value());
  BOOST_TEST(
      wrong.error().message ==
      "no incident is named 'partial-txn-chekpoint'; did you mean 'partial-txn-checkpoint'?");
}

BOOST_AUTO_TEST_CASE(a_story_has_the_documented_way_first_and_ours_last) {
  const std::vector<IncidentFile> library = Library();
  const IncidentFile& incident = Find(library, "new-drainer-started-before-old-drained");
  const auto runs = rehearsal::RunIncident(incident, 1);
  BOOST_REQUIRE_MESSAGE(runs.has_value(), Why(runs));
  BOOST_REQUIRE(runs->size() == 4U);
  BOOST_TEST(runs->front().documented);
  BOOST_TEST(runs->back().label == "our engine");
  BOOST_TEST(!(*runs)[2].documented);
  const std::string story = rehearsal::IncidentStory(incident, *runs);
  const std::size_t literal = story.find("the documented way, word by word (literal): fail\n");
  const std::size_t mistake = story.find("a mistake: starts the new Drainer while");
  const std::size_t ours = story.find("\nour engine: pass\n");
  BOOST_TEST(literal < mistake);
  BOOST_TEST(mistake < ours);
  BOOST_TEST(ours != std::string::npos);
  BOOST_TEST(story.find("UNEXPECTED") == std::string::npos);
}

// What comes out otherwise than the scenario says is told, and not hidden in a verdict.
BOOST_AUTO_TEST_CASE(a_story_tells_what_was_not_expected) {
  std::vector<IncidentFile> library = Library();
  IncidentFile incident = Find(library, "1");
  incident.scenario.expect.verdict = "refused";
  const auto runs = rehearsal::RunIncident(incident, 1);
  BOOST_REQUIRE(runs.has_value());
  BOOST_TEST(runs->back().differences.size() == 1U);
  const std::string story = rehearsal::IncidentStory(incident, *runs);
  BOOST_TEST(story.find("our engine: pass, which was not expected\n") != std::string::npos);
  BOOST_TEST(story.find("expected was refused") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(lines_are_wrapped_between_words) {
  BOOST_TEST(rehearsal::Wrapped("one two three", 2, 8) == "one\n  two\n  three");
  BOOST_TEST(rehearsal::Wrapped("one two", 2, 100) == "one two");
  BOOST_TEST(rehearsal::Wrapped("a-word-that-is-too-long", 2, 9) == "a-word-that-is-too-long");
  BOOST_TEST(rehearsal::Wrapped("", 2, 9) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
