// The clock `faketime`: the machine's time many times as fast, and the world in step with it.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "base/files.h"
#include "lab/session/pace.h"
#include "rehearsal/engine_choice.h"
#include "tests/lab/lab_run.h"
#include "tests/support/why.h"

namespace tidegate::test {
namespace {

rehearsal::RunResult RunBook(const std::string& name, const std::string& clock) {
  return Run({.scenario = "rolling-manual/run-book.json",
              .command = "exec fixtures/run-books/rolling-manual/" + name,
              .clock = clock});
}

std::string Judgement(const rehearsal::RunResult& result) {
  std::string text(verifier::OutcomeName(result.verdict.outcome));
  for (const verifier::Finding& finding : result.verdict.findings) {
    text += fmt::format("\n{} {} {}", finding.check, static_cast<int>(finding.kind),
                        static_cast<int>(finding.cause));
  }
  return text;
}

BOOST_AUTO_TEST_SUITE(faketime)

// However busy the machine is: what the program saw lies between the world's times of its start
// and its end, and an hour between them has taken no hour.
BOOST_AUTO_TEST_CASE(programs_and_the_world_are_in_step) {
  if (!FaketimeWorksHere()) return;
  const rehearsal::RunResult result =
      Run({.scenario = "kafka-to-cluster/small.json",
           .command = "date -u +%s.%N; sleep 120; env -u FAKETIME true; "
                      "ssh 10.0.4.1 date -u +%s.%N; ls /dev/shm | grep -c faketime_shm",
           .clock = "faketime"});
  double first = 0;
  double second = 0;
  int memories = 0;
  BOOST_TEST_INFO(result.engine_output);
  BOOST_REQUIRE(
      std::sscanf(result.engine_output.c_str(), "%lf\n%lf\n%d", &first, &second, &memories) == 3);
  Time began = -1;
  Time ended = -1;
  for (const rehearsal::StepLine& line : result.steps) {
    if (line.step == "engine") (line.what == "begins" ? began : ended) = line.time;
  }
  const double epoch = std::floor(first / 86'400) * 86'400;  // runs begin at midnight
  BOOST_TEST(first >= epoch + static_cast<double>(began) / kSecond);
  BOOST_TEST(second >= first + 120);
  BOOST_TEST(second <= epoch + static_cast<double>(ended) / kSecond);
  BOOST_TEST(memories == 1);
}

// These run-books do nothing that must be done within seconds, and so come out alike on a busy
// machine; they restart what listens at a port.
BOOST_AUTO_TEST_CASE(run_books_are_judged_as_under_lockstep) {
  if (!FaketimeWorksHere()) return;
  for (const std::string name : {"upgrade.sh", "drainer-first.sh"}) {
    BOOST_TEST(Judgement(RunBook(name, "faketime")) == Judgement(RunBook(name, "lockstep")), name);
  }
}

// What a killed run left under the process id that comes again in every namespace.
BOOST_AUTO_TEST_CASE(shared_memory_of_others_is_not_seen) {
  if (!FaketimeWorksHere()) return;
  const std::string stale = "/dev/shm/faketime_shm_2";
  if (std::filesystem::exists(stale) || !WriteFileAtomically(stale, "stale").has_value()) return;
  const rehearsal::RunResult result =
      Run({.scenario = "kafka-to-cluster/small.json", .command = "sleep 5", .clock = "faketime"});
  BOOST_TEST(*ReadFile(stale) == "stale");
  std::filesystem::remove(stale);
  BOOST_TEST(result.steps.back().text == "exit status 0");
}

BOOST_AUTO_TEST_CASE(what_hangs_under_it_is_said_before) {
  const auto warnings = rehearsal::CheckClock("timeout 5 date", "faketime");
  BOOST_REQUIRE_MESSAGE(warnings.has_value(), Why(warnings));
  BOOST_REQUIRE(warnings->size() == 1U);
  BOOST_TEST(warnings->front().find("timeout under faketime") != std::string::npos);
  BOOST_TEST(rehearsal::CheckClock("timeout 5 date", "lockstep")->empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
