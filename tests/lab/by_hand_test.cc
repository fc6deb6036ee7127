// `tidegate lab` as people use it: shells, simulated time, the verdict at the end, two labs at
// once, and what is left when one of its processes is killed.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "base/json.h"
#include "tests/lab/kept_lab.h"
#include "tests/lab/lab_run.h"

namespace tidegate::test {
namespace {

const std::string kRoot = TIDEGATE_SOURCE_DIR;
const std::string kSmall = "kafka-to-cluster/small.json";
const std::string kRunBook = "kafka-to-cluster/run-book.json";

std::string PathOf(const std::string& scenario) { return kRoot + "/scenarios/" + scenario; }

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A shell in a lab of its own, which ends with it.
Ended InShell(const std::string& command, std::vector<std::string> words = {"--quiet"}) {
  std::vector<std::string> all = {"lab", PathOf(kSmall), "--seed", "1", "--shell", "-c", command};
  all.insert(all.end(), words.begin(), words.end());
  return Tidegate(std::move(all));
}

std::string TextOf(const JsonValue& value) {
  std::string out = value.text;
  if (value.kind == JsonKind::kInt) out = std::to_string(value.integer);
  for (const JsonValue& element : value.elements) out += "[" + TextOf(element) + "]";
  for (const JsonMember& member : value.members) {
    out += fmt::format("{}={} ", member.name, TextOf(member.value));
  }
  return out;
}

// Verdict, findings and figures: what follows from what was done, and not from who did it.
std::string Judgement(const std::string& json) {
  Result<JsonDocument> document = JsonDocument::Parse(json, "output");
  BOOST_REQUIRE_MESSAGE(document.has_value(), json);
  std::string out;
  for (const char* name : {"verdict", "why", "findings", "figures", "checks"}) {
    const JsonValue* value = document->root().Find(name);
    BOOST_REQUIRE_MESSAGE(value != nullptr, fmt::format("no {} in {}", name, json));
    out += fmt::format("{}: {}\n", name, TextOf(*value));
  }
  return out;
}

BOOST_AUTO_TEST_SUITE(by_hand)

// The run-book typed in at a prompt is the run-book as an engine: right ones and wrong ones.
BOOST_AUTO_TEST_CASE(what_people_do_is_judged_as_a_program_is) {
  if (!LabWorksHere()) return;
  for (const char* book : {"upgrade", "polls-once"}) {
    if (kSanitized && book != std::string_view("upgrade")) continue;
    const std::string command = fmt::format(
        "cd {} && export LC_ALL=C && fixtures/run-books/kafka-to-cluster/{}.sh >/dev/null 2>&1",
        kRoot, book);
    const Ended by_hand = Tidegate({"lab", PathOf(kRunBook), "--seed", "1", "--clock", "lockstep",
                                    "--json", "--shell", "-c", command});
    const Ended program =
        Tidegate({"rehearse", PathOf(kRunBook), "--seed", "1", "--json", "--engine", command});
    BOOST_TEST(by_hand.status == program.status);
    BOOST_TEST(Judgement(by_hand.output) == Judgement(program.output));
  }
}

BOOST_AUTO_TEST_CASE(time_passes_only_when_people_let_it) {
  if (!LabWorksHere()) return;
  const Ended ended = InShell(
      "lab advance 10m; sleep 0.1; lab advance 1s; lab advance 5x; lab advance; lab exti\n"
      "lab show | grep -c 'old-pump'; exit 7");
  BOOST_TEST(Has(ended.output, "00:10:03.000 (+10m)\n00:10:04.000 (+1s)\n1\n"), ended.output);
  BOOST_TEST(Has(ended.errors, "5x"), ended.errors);
  BOOST_TEST(Has(ended.errors, "did you mean 'exit'"), ended.errors);
  BOOST_TEST(ended.status == 3);  // as an engine that failed
}

BOOST_AUTO_TEST_CASE(a_question_lets_as_much_time_pass_as_its_answer_takes) {
  if (!LabWorksHere()) return;
  const Ended ended = InShell(
      "status() { curl -s -o /dev/null -w '%{http_code} ' $2 $3 http://$1/status; echo $?; }\n"
      "status 10.0.4.1:8249; ssh 10.0.4.1 sudo systemctl stop drainer; status 10.0.4.1:8249\n"
      "lab advance 30m >/dev/null; status 10.0.1.1:8250 -m 0.3; lab advance 1s; exit 6",
      {"--quiet", "--set", R"(faults=[{"hang": "old-pump-1", "at": "30m", "for": "1h"}])"});
  // The hung one never answers, and the lab does not run away meanwhile.
  BOOST_TEST(Has(ended.output, "200 0\n000 7\n000 28\n00:30:"), ended.output);
  BOOST_TEST(Has(ended.output, "refused"), ended.output);
}

BOOST_AUTO_TEST_CASE(under_lockstep_a_sleep_lets_time_pass) {
  if (!LabWorksHere()) return;
  const Ended ended =
      Tidegate({"lab", PathOf(kSmall), "--seed", "1", "--clock", "lockstep", "--quiet", "--shell"},
               "sleep 3600; date -u +%T\nlab advance 1m\ndate -u +%T\n");
  BOOST_TEST(Has(ended.output, "01:00:03\n01:01:03.000 (+1m)\n01:01:03\n"), ended.output);
}

BOOST_AUTO_TEST_CASE(two_labs_run_side_by_side) {
  if (!LabWorksHere()) return;
  const OwnTmp tmp;
  KeptLab one(kSmall);
  KeptLab other(kSmall, {"--clock", "lockstep"});
  const Ended which = Tidegate({"lab", "advance", "1m"});
  BOOST_TEST(which.status == 2);
  BOOST_TEST(Has(which.errors, one.folder()), which.errors);
  BOOST_TEST(Has(which.errors, other.folder()), which.errors);
  BOOST_TEST(Tidegate({"lab", "advance", "10m", "--lab", one.folder()}).output ==
             "00:10:03.000 (+10m)\n");
  const std::string stop = "echo $TIDEGATE_LAB; ssh 10.0.4.1 sudo systemctl stop drainer";
  const Ended entered = Tidegate({"lab", "--shell", "-c", stop, "--lab", other.folder()});
  BOOST_TEST(entered.output == other.folder() + "\n");
  BOOST_TEST(entered.status == 0);
  other.Await("drainer-1 stopped");
  BOOST_TEST(Tidegate({"lab", "exit", "6", "--lab", other.folder()}).status == 0);
  const Ended second = other.Wait();
  BOOST_TEST(Has(second.output, "refused"), second.output);
  // Alone now, it need not be named, and nothing of the other has touched it.
  const Ended show = Tidegate({"lab", "show"});
  BOOST_TEST(!Has(show.output, "stopped"), show.output);
  one.Signal(SIGINT);
  const Ended first = one.Wait();
  BOOST_TEST(Has(first.output, "reproduce: ./tidegate lab "), first.output);
  BOOST_TEST(first.status == 1);
  BOOST_TEST(tmp.Names().empty());
}

BOOST_AUTO_TEST_CASE(what_a_killed_lab_leaves_is_swept_by_the_next) {
  if (!LabWorksHere()) return;
  const OwnTmp tmp;
  KeptLab killed(kSmall);
  const pid_t leftover = fork();
  if (leftover == 0) {
    setenv("TIDEGATE_LAB", killed.folder().c_str(), 1);
    execlp("sleep", "sleep", "600", nullptr);
    _exit(127);
  }
  killed.FirstProcess();
  killed.Signal(SIGKILL);
  killed.Wait();
  BOOST_TEST(std::filesystem::exists(killed.folder()));
  const Ended next = InShell("true");
  int status = 0;
  BOOST_TEST(waitpid(leftover, &status, 0) == leftover);
  BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
  BOOST_TEST(Has(next.errors, "tidegate: swept " + killed.folder()), next.errors);
  // The lab's own, which die with it, may be among the first that are found.
  BOOST_TEST(Has(next.errors, "is gone: "), next.errors);
  BOOST_TEST(!Has(next.errors, "is gone: 0 "), next.errors);
  BOOST_TEST(Has(next.errors, ", 0 mounts"), next.errors);
  BOOST_TEST(tmp.Names().empty());
}

// Whoever of its processes is killed: it ends, says so and leaves nothing.
BOOST_AUTO_TEST_CASE(a_lab_ends_with_the_process_that_lets_people_in) {
  if (!LabWorksHere()) return;
  for (const char* clock : {"stopped", "lockstep"}) {
    const OwnTmp tmp;
    KeptLab lab(kSmall, {"--clock", clock});
    BOOST_REQUIRE(kill(lab.FirstProcess(), SIGKILL) == 0);
    const Ended ended = lab.Wait();
    BOOST_TEST(Has(ended.output, "exit status 137"), ended.output);
    BOOST_TEST(ended.status == 3);
    BOOST_TEST(tmp.Names().empty());
  }
}

// By python3's pty: keys, Ctrl-C, the size of the window, and the picture of the world.
BOOST_AUTO_TEST_CASE(a_shell_is_interactive_at_a_terminal) {
  if (!LabWorksHere()) return;
  const OwnTmp tmp;
  const std::string command = fmt::format("python3 {}/tests/lab/terminal.py {} {} 2>&1", kRoot,
                                          TIDEGATE_PROGRAM, PathOf(kSmall));
  BOOST_TEST(std::system(command.c_str()) == 0);
  BOOST_TEST(tmp.Names().empty());
}

BOOST_AUTO_TEST_CASE(bad_words_are_refused) {
  const OwnTmp tmp;
  BOOST_TEST(Has(Tidegate({"lab", "--shell"}).errors, "no lab is running"));
  BOOST_TEST(Tidegate({"lab", "advance", "10m"}).status == 2);
  BOOST_TEST(Tidegate({"lab"}).status == 2);
  BOOST_TEST(Tidegate({"lab", PathOf(kSmall), "-c", "true"}).status == 2);
  BOOST_TEST(Tidegate({"lab", PathOf(kSmall), "--lab", "x"}).status == 2);
  BOOST_TEST(Tidegate({"lab", PathOf(kSmall), "advanec"}).status == 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
