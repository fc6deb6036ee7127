// Real ansible-playbook over the lab's ssh, with playbooks of our own that do what tidb-ansible's
// do: what the judge says of each use of them, word for word as in golden/. They cost
// seconds each: all are tried where TIDEGATE_EVERY_PLAYBOOK is set (./check full). What every check
// tries is binlog-upgrade that runs them (shipped_engine_test.cc), and what older ones need.
#include <fmt/format.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "tests/lab/lab_run.h"
#include "tests/rehearsal/generated_cases.h"
#include "tests/support/golden.h"
#include "tests/support/temp_dir.h"

namespace tidegate::test {
namespace {

std::string Contents(const std::string& path) {
  Result<std::string> text = ReadFile(path);
  BOOST_REQUIRE_MESSAGE(text.has_value(), path);
  return *std::move(text);
}

struct Use {
  std::string name;  ///< of the run-book
  std::vector<std::string> overrides = {};
};

std::string PathOf(const Use& use) {
  return fmt::format("fixtures/run-books/playbooks/{}.sh", use.name);
}

// Ansible starts in no locale but one of UTF-8.
rehearsal::RunResult RunUse(const Use& use) {
  return Run({.scenario = "rolling-ansible/playbooks.json",
              .command = "export LC_ALL=C.UTF-8; exec " + PathOf(use),
              .overrides = use.overrides});
}

// Without the moments at which things happened, which follow Ansible's own releases: "at 00:…" and
// "PD at 4037…".
std::string WithoutTimes(std::string text) {
  for (std::size_t at = text.find(" at "); at != text.npos; at = text.find(" at ", at + 1)) {
    const std::size_t end = text.find_first_not_of("0123456789:.", at + 4);
    if (end > at + 12 && end != text.npos) text.replace(at + 4, end - at - 4, "...");
  }
  return text;
}

void ExpectUse(const Use& use) {
  if (kSanitized || !LabWorksHere()) return;
  const rehearsal::RunResult result = RunUse(use);
  BOOST_TEST(result.refused_by_lab.empty());
  ExpectGolden(fmt::format("lab/golden/playbooks-{}.txt", use.name),
               fmt::format("{}\nverdict: {}: {}\n\n{}", PathOf(use),
                           verifier::OutcomeName(result.verdict.outcome), result.verdict.why,
                           WithoutTimes(Explained(result))));
}

// Workers that end at one moment are heard in the order in which the machine ran them: the lines
// that tell of them change places. The world sees nothing of that.
std::vector<std::string> SortedLines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

// Forks, pipes, a worker's queue, POSIX semaphores and ssh: the same trace each time.
void ExpectTwiceTheSame(const Use& use) {
  if (kSanitized || !LabWorksHere()) return;
  const rehearsal::RunResult first = RunUse(use);
  const rehearsal::RunResult second = RunUse(use);
  BOOST_TEST(!first.digest.empty());
  BOOST_TEST(first.digest == second.digest);
  BOOST_TEST(SortedLines(first.engine_output) == SortedLines(second.engine_output));
}

// What is true of either supervision: the right use passes.
void ExpectPass(const Use& use) {
  if (kSanitized || !LabWorksHere()) return;
  const rehearsal::RunResult result = RunUse(use);
  BOOST_TEST(verifier::OutcomeName(result.verdict.outcome) == "pass");
}

// Callback, filters and a module that Ansible has no more come from the lab, which says so.
void ExpectOldStyle() {
  if (kSanitized || !LabWorksHere()) return;
  const rehearsal::RunResult result = Run(
      {.scenario = "kafka-to-cluster/small.json",
       .command = "export LC_ALL=C.UTF-8 ANSIBLE_STDOUT_CALLBACK=skippy; cd fixtures/playbooks; "
                  "ansible-playbook -i localhost, old_style.yml && echo 'it went well'"});
  const auto says = [&](std::string_view text) {
    return result.engine_output.find(text) != std::string::npos;
  };
  BOOST_TEST(says("it went well"));
  BOOST_TEST(says("\"msg\": true"));
  BOOST_TEST(says("'version_compare' as a filter is supplied by the lab"));
  BOOST_TEST(says("TASK [what is skipped is not mentioned]"));
  BOOST_TEST(!says("skipping:"));
}

// The site file of a cluster whose tidb-ansible lies in the folder `dir` of this machine.
std::string SiteWith(const std::string& dir, const TempDir& temp) {
  const std::string sites = std::string(TIDEGATE_SOURCE_DIR) + "/fixtures/sites/";
  std::string text = Contents(sites + "whole-inventory.json");
  const std::string usual = "/home/tidb/tidb-ansible";
  text.replace(text.find(usual), usual.size(), dir);
  const std::string toml = "cluster-standard.drainer.toml";
  std::filesystem::copy_file(sites + toml, temp / toml);
  BOOST_REQUIRE(WriteFileAtomically(temp / "site.json", text).has_value());
  return temp / "site.json";
}

// A checkout that this machine has: the lab has a copy of it, with the scenario's inventory, and
// the real one stays as it is. Its checks of control machine and hosts are what tidb-ansible's are.
void ExpectCheckout() {
  if (kSanitized || !LabWorksHere()) return;
  const TempDir temp;
  const std::string checkout = temp / "tidb-ansible";
  std::filesystem::copy(std::string(TIDEGATE_SOURCE_DIR) + "/fixtures/playbooks", checkout,
                        std::filesystem::copy_options::recursive);
  for (const char* folder : {"log", ".git", "resources"}) {
    std::filesystem::create_directories(checkout + "/" + folder);
  }
  BOOST_REQUIRE(WriteFileAtomically(checkout + "/inventory.ini", "mine\n").has_value());
  const rehearsal::RunResult result = Run(
      {.scenario = "rolling-ansible/whole-inventory.json",
       .command = fmt::format("export LC_ALL=C.UTF-8; cd {} && ls -A; ansible-playbook "
                              "preflight.yml -l localhost,pump1,10.30.1.31 && cat log/preflight",
                              checkout),
       .overrides = {fmt::format("site={}", JsonQuote(SiteWith(checkout, temp)))}});
  const auto says = [&](std::string_view text) {
    return result.engine_output.find(text) != std::string::npos;
  };
  BOOST_TEST(says("12 addresses, 11 shared"), result.engine_output);
  BOOST_TEST(result.engine_output.ends_with("was here\n"));
  BOOST_TEST(!says(".git"));
  BOOST_TEST(Contents(checkout + "/inventory.ini") == "mine\n");
  BOOST_TEST(!std::filesystem::exists(checkout + "/log/preflight"));
  BOOST_TEST(result.refused_by_lab.empty());
}

std::vector<GeneratedCase> Cases() {
  const Use documented{"as-documented"};
  const Use supervised{"upgrade", {R"(topology.supervision="supervise")"}};
  std::vector<GeneratedCase> cases;
  cases.push_back({"old style", ExpectOldStyle});
  cases.push_back({"a checkout", ExpectCheckout});
  if (std::getenv("TIDEGATE_EVERY_PLAYBOOK") == nullptr) return cases;
  for (const std::string name :
       {"as-documented", "upgrade", "drainer-first", "without-localhost"}) {
    cases.push_back({name, [name] { ExpectUse({name}); }});
  }
  cases.push_back({"upgrade under supervise", [supervised] { ExpectPass(supervised); }});
  cases.push_back({"twice the same", [documented] { ExpectTwiceTheSame(documented); }});
  return cases;
}

BOOST_AUTO_TEST_SUITE(playbooks)

const GeneratedCases kEach{Cases()};

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
