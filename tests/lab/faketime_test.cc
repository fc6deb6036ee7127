// The clock `faketime`: the machine's time many times as fast, and the world in step with it.
#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "base/files.h"
#include "tests/lab/lab_run.h"

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
  for (const std::string name : {"upgrade.sh", "drainer-first.sh", "upgrade.py"}) {
    BOOST_TEST(Judgement(RunBook(name, "faketime")) == Judgement(RunBook(name, "lockstep")), name);
  }
}

// What a killed run left under the process id that comes again in every namespace.
BOOST_AUTO_TEST_CASE(shared_memory_of_others_is_not_seen) {
  if (!FaketimeWorksHere()) return;
  const std::string stale = "/dev/shm/faketime_shm_2";
  const Result<std::string> before = ReadFile(stale);  // a killed test may have left it
  if (before.has_value() && *before != "stale") return;
  if (!WriteFileAtomically(stale, "stale").has_value()) return;
  const rehearsal::RunResult result =
      Run({.scenario = "kafka-to-cluster/small.json", .command = "sleep 5", .clock = "faketime"});
  BOOST_TEST(*ReadFile(stale) == "stale");
  std::filesystem::remove(stale);
  BOOST_TEST(result.steps.back().text == "exit status 0");
}

// What libfaketime alone lets hang or leaves in the machine's time. Each takes as long as it was
// asked to by the clock that the program sees, or a little longer.
const std::string kWaits = R"sh(python3 - <<'END'
import concurrent.futures, queue, signal, subprocess, threading, time
def took(what, at_least, call):
    began = time.monotonic()
    try: call()
    except (queue.Empty, concurrent.futures.TimeoutError, TimeoutError): pass
    passed = time.monotonic() - began
    print(what, 'ok' if at_least <= passed else passed, flush=True)
took('event', 3, lambda: threading.Event().wait(3))
lock = threading.Lock(); lock.acquire()
took('lock', 3, lambda: lock.acquire(timeout=3))
condition = threading.Condition(); condition.acquire()
took('condition', 3, lambda: condition.wait(3))
took('queue', 3, lambda: queue.Queue().get(timeout=3))
with concurrent.futures.ThreadPoolExecutor() as pool:
    took('future', 3, lambda: pool.submit(time.sleep, 9).result(timeout=3))
timer = threading.Timer(3, lambda: None)
took('timer', 3, lambda: (timer.start(), timer.join()))
took('join', 3, lambda: subprocess.run(['sleep', '3'], timeout=90))
signal.signal(signal.SIGALRM, lambda *a: None)
took('alarm', 3, lambda: (signal.alarm(3), signal.pause()))
took('itimer', 3, lambda: (signal.setitimer(signal.ITIMER_REAL, 3), signal.pause()))
took('sigtimedwait', 3, lambda: signal.sigtimedwait([signal.SIGUSR1], 3))
END
began=$(date +%s); timeout 5 sleep 60000; echo timeout $?
[ $(($(date +%s) - began)) -ge 5 ] && echo ok)sh";

BOOST_AUTO_TEST_CASE(waits_that_it_does_not_know_by_itself) {
  if (!FaketimeWorksHere()) return;
  const rehearsal::RunResult result =
      Run({.scenario = "kafka-to-cluster/small.json", .command = kWaits, .clock = "faketime"});
  std::string expected;
  for (const std::string what : {"event", "lock", "condition", "queue", "future", "timer", "join",
                                 "alarm", "itimer", "sigtimedwait"}) {
    expected += what + " ok\n";
  }
  BOOST_TEST(result.engine_output == expected + "timeout 124\nok\n");
}

// The program of one wait of each kind, all at once; those beside, which look at what is left of a
// time to the nanosecond, or at what an interrupted select leaves.
BOOST_AUTO_TEST_CASE(every_wait_takes_its_time) {
  if (std::getenv("TIDEGATE_CHECK_FULL") == nullptr || !FaketimeWorksHere()) return;
  const rehearsal::RunResult result =
      Run({.scenario = "kafka-to-cluster/small.json",
           .command = fmt::format(
               "w={}; for one in $($w | grep -vE '^(timer_(mono|real).*|select|select_woken|"
               "sleep_interrupted|busy_in_wait|mutex_timedlock|mutex_clocklock|mtx_timedlock)$')\n"
               "do $w $one | awk '{{ "
               "ok = $2 >= 200 || $1 ~ /past|ready/; print ok ? \"ok\" : $0 }}' & done\n"
               "wait; echo end",
               TIDEGATE_CLOCK_WAITS),
           .clock = "faketime"});
  std::set<std::string> lines;
  std::istringstream output(result.engine_output);
  for (std::string line; std::getline(output, line);) lines.insert(line);
  BOOST_TEST(lines == std::set<std::string>({"end", "ok"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
