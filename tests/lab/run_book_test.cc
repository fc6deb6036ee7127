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
  std::string file;
  std::vector<std::string> overrides = {};
};

// Of a shell's run-book without the ending.
std::string GoldenName(const std::string& file) {
  return file.ends_with(".sh") ? file.substr(0, file.size() - 3) : file;
}

void ExpectJudged(const RunBook& book) {
  if (!LabWorksHere()) return;
  const std::string path = fmt::format("fixtures/run-books/{}/{}", book.procedure, book.file);
  const rehearsal::RunResult result = Run({.scenario = book.procedure + "/run-book.json",
                                           .command = "exec " + path,
                                           .overrides = book.overrides});
  BOOST_TEST(result.refused_by_lab.empty());
  const std::string name(verifier::OutcomeName(result.verdict.outcome));
  ExpectGolden(
      fmt::format("lab/golden/{}-{}.txt", book.procedure, GoldenName(book.file)),
      fmt::format("{}\nverdict: {}: {}\n\n{}", path, name, result.verdict.why, Explained(result)));
}

std::vector<GeneratedCase> Cases() {
  // The Drainer is away while the run-book looks at it.
  const std::string away = R"(faults=[{"kill": "old-drainer-1", "at": "24s"}])";
  // From 4.0 on (3.0.6) a Drainer that nobody tells where to begin does so at the present.
  const std::string to_v4 = "versions.tidb_to=v4.0.0";
  // The old Drainer still has something to apply when the dump has been loaded.
  const std::string behind =
      R"(faults=[{"slow_downstream": "downstream-1", "by": "1s", "at": "1s", "for": "230s"}])";
  const std::vector<RunBook> books = {{"kafka-to-cluster", "upgrade.sh"},
                                      {"kafka-to-cluster", "polls-once.sh"},
                                      {"kafka-to-cluster", "greps-the-name.sh"},
                                      {"kafka-to-cluster", "ignores-curl-failures.sh", {away}},
                                      {"rolling-manual", "upgrade.sh"},
                                      {"rolling-manual", "upgrade.py"},
                                      {"rolling-manual", "all-pumps-at-once.sh"},
                                      {"rolling-manual", "drainer-first.sh"},
                                      {"rolling-manual", "fresh-data-dir.sh"},
                                      {"rolling-ansible", "upgrade.sh"},
                                      {"rolling-ansible", "forks.sh"},
                                      {"rolling-ansible", "goes-on-at-an-open-port.sh"},
                                      {"rolling-ansible", "no-drainer-binary.sh"},
                                      {"local-to-cluster", "upgrade.sh"},
                                      {"local-to-cluster", "begins-at-the-present.sh", {to_v4}},
                                      {"local-to-cluster", "does-not-wait.sh"},
                                      {"local-to-cluster", "keeps-the-socket.sh"},
                                      {"local-to-cluster", "waits-for-synced.sh"},
                                      {"full-import", "upgrade.sh"},
                                      {"full-import", "begins-at-the-present.sh", {to_v4}},
                                      {"full-import", "dumps-first.sh"},
                                      {"full-import", "keeps-the-checkpoint.sh"},
                                      {"full-import", "leaves-the-old-drainer.sh", {behind}}};
  std::vector<GeneratedCase> cases;
  for (std::size_t i = 0; i < books.size(); i += kLabRunStep) {
    const RunBook& book = books[i];
    cases.push_back({book.procedure + "/" + book.file, [book] { ExpectJudged(book); }});
  }
  return cases;
}

BOOST_AUTO_TEST_SUITE(run_books)

const GeneratedCases kEach{Cases()};

// Threads, condition variables, sets of strings, polls that grow longer.
BOOST_AUTO_TEST_CASE(a_program_in_python_is_the_same_twice) {
  if (!LabWorksHere()) return;
  const InLab what = {.scenario = "rolling-manual/run-book.json",
                      .command = "exec fixtures/run-books/rolling-manual/upgrade.py"};
  const rehearsal::RunResult first = Run(what);
  const rehearsal::RunResult second = Run(what);
  BOOST_TEST(first.engine_output == second.engine_output);
  BOOST_TEST(first.digest == second.digest);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
