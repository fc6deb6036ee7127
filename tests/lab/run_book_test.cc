// Run-books as operators write them, unmodified, in the lab: the right ones pass, and of each wrong
// one the judge says what is wrong with it, word for word as in golden/.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "tests/lab/lab_run.h"
#include "tests/rehearsal/generated_cases.h"
#include "tests/support/golden.h"

namespace tidegate::test {
namespace {

struct RunBook {
  std::string procedure;
  std::string name;
  std::vector<std::string> overrides = {};
};

void ExpectJudged(const RunBook& book) {
  if (!LabWorksHere()) return;
  const std::string path = fmt::format("fixtures/run-books/{}/{}.sh", book.procedure, book.name);
  const rehearsal::RunResult result = Run({.scenario = book.procedure + "/run-book.json",
                                           .command = "exec " + path,
                                           .overrides = book.overrides});
  BOOST_TEST(result.refused_by_lab.empty());
  const std::string name(verifier::OutcomeName(result.verdict.outcome));
  ExpectGolden(
      fmt::format("lab/golden/{}-{}.txt", book.procedure, book.name),
      fmt::format("{}\nverdict: {}: {}\n\n{}", path, name, result.verdict.why, Explained(result)));
}

std::vector<GeneratedCase> Cases() {
  // The Drainer is away while the run-book looks at it.
  const std::string away = R"(faults=[{"kill": "old-drainer-1", "at": "24s"}])";
  const std::vector<RunBook> books = {
      {"kafka-to-cluster", "upgrade"},        {"kafka-to-cluster", "polls-once"},
      {"kafka-to-cluster", "greps-the-name"}, {"kafka-to-cluster", "ignores-curl-failures", {away}},
      {"rolling-manual", "upgrade"},          {"rolling-manual", "all-pumps-at-once"},
      {"rolling-manual", "drainer-first"},    {"rolling-manual", "fresh-data-dir"}};
  std::vector<GeneratedCase> cases;
  for (const RunBook& book : books) {
    cases.push_back({book.procedure + "/" + book.name, [book] { ExpectJudged(book); }});
  }
  return cases;
}

BOOST_AUTO_TEST_SUITE(run_books)

const GeneratedCases kEach{Cases()};

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
