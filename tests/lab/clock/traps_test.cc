// What has gone wrong with virtual clocks before, one test each.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/lab/clock/harness.h"
#include "tests/lab/clock/hogs.h"

namespace tidegate::test {
namespace {

LockstepEnd RunPython(const std::string& script) {
  return RunUnderLockstep({.argv = {"python3", "-c", script}});
}

void ExpectEnd(const LockstepEnd& end, Time ended, const std::string& output) {
  BOOST_CHECK_MESSAGE(end.problem.empty(), end.problem);
  BOOST_TEST(end.status == 0);
  BOOST_TEST(end.ended == ended);
  BOOST_TEST(end.output == output);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(clock_traps)

// A killed sleeper's deadline must not stop the clock on its way.
BOOST_AUTO_TEST_CASE(the_dead_do_not_sleep) {
  const LockstepEnd end = RunBash(
      "sleep 1000 & sleep 1; kill -9 $!; wait $! 2> /dev/null; sleep 2000;"
      "echo $SECONDS");
  ExpectEnd(end, 2001 * kSecond, "2001\n");
  BOOST_TEST(end.wakes == 2U);
}

BOOST_AUTO_TEST_CASE(the_stopped_sleep_on) {
  const LockstepEnd end = RunBash(
      "sleep 100 & sleep 1; kill -STOP $!; sleep 5; kill -CONT $!; wait; echo $SECONDS;"
      "sleep 10 & sleep 1; kill -STOP $!; sleep 49; kill -CONT $!; wait; echo $SECONDS");
  ExpectEnd(end, 150 * kSecond, "100\n150\n");
}

BOOST_AUTO_TEST_CASE(timeouts_of_programs) {
  ExpectEnd(RunBash("timeout 20 sleep 100; echo $? $SECONDS; read -t 15 x < <(sleep 100);"
                    "echo $? $SECONDS"),
            35 * kSecond, "124 20\n142 35\n");
}

// ansible-playbook asks every millisecond whether a worker has ended: seven million times in two
// hours.
BOOST_AUTO_TEST_CASE(a_poll_every_millisecond) {
  const LockstepEnd end = RunPython(R"(
import subprocess, time
p = subprocess.Popen(["sleep", "7200"])
while p.poll() is None: time.sleep(0.001)
)");
  BOOST_CHECK_MESSAGE(end.problem.empty(), end.problem);
  BOOST_TEST(end.status == 0);
  BOOST_TEST(end.ended >= 7200 * kSecond);
  BOOST_TEST(end.ended <= 7200 * kSecond / 64 * 65);
  BOOST_TEST(end.wakes < 1500U);
}

// Python's own polls of growing length stay exact, and so does a short poll of some seconds.
BOOST_AUTO_TEST_CASE(polls_that_stay_exact) {
  const LockstepEnd end = RunPython(R"(
import subprocess, time
begin = time.monotonic()
try: subprocess.run(["sleep", "1000"], timeout=60)
except subprocess.TimeoutExpired: print("timed out", round(time.monotonic() - begin, 6))
begin = time.monotonic()
for i in range(60): time.sleep(0.001)
print(round(time.monotonic() - begin, 6))
)");
  BOOST_TEST(end.output == "timed out 60.0\n0.06\n");
}

// A child that has closed its output may not have ended yet, in real time; a look at it that does
// not wait, and the sleep that would follow, see nothing of that.
BOOST_AUTO_TEST_CASE(a_child_ends_before_the_clock_moves) {
  ExpectEnd(RunPython(R"(
import subprocess, time
for i in range(100):
    child = subprocess.Popen(["sh", "-c", "exec >&-; exec true"], stdout=subprocess.PIPE)
    child.communicate(timeout=60)
print(time.monotonic() % 1000)
)"),
            0, "0.0\n");
}

// Python's own wait for nothing ends when now is past its deadline: never, where time stands still.
BOOST_AUTO_TEST_CASE(looks_until_the_clock_moves) {
  const LockstepEnd end = RunPython(R"(
import multiprocessing.pool, select, time
pool = multiprocessing.pool.ThreadPool(2)
print(pool.apply_async(abs, (-7,)).get())
pool.close(); pool.join()
def until_it_moves(look):
    begin = time.monotonic()
    while time.monotonic() == begin: look()
    print(round((time.monotonic() - begin) * 1e6))
until_it_moves(lambda: select.select([], [], [], 0))
until_it_moves(lambda: select.poll().poll(0))
until_it_moves(lambda: select.epoll().poll(0))
)");
  BOOST_CHECK_MESSAGE(end.problem.empty(), end.problem);
  BOOST_TEST(end.output == "7\n1\n1\n1\n");
}

// env -i and Python's env= leave nothing of the environment that brought the clock in.
BOOST_AUTO_TEST_CASE(a_lost_environment) {
  ExpectEnd(RunBash("env -i sleep 77; env -i bash -c 'exec sleep 3'; echo $SECONDS"), 80 * kSecond,
            "80\n");
  ExpectEnd(RunPython(R"(
import os, subprocess, time
subprocess.run(["sleep", "10"], env={})
subprocess.run(["sleep", "10"], env={"LD_PRELOAD": "libm.so.6"})
os.system("sleep 10")
os.popen("sleep 10").read()
os.waitpid(os.posix_spawnp("sleep", ["sleep", "10"], {}), 0)
child = os.fork()
if child == 0: os.execle("/usr/bin/sleep", "sleep", "10", {})
os.waitpid(child, 0)
print(time.monotonic() % 1000)
)"),
            60 * kSecond, "60.0\n");
}

// Python waits on semaphores, condition variables and its lock of locks.
BOOST_AUTO_TEST_CASE(waits_of_python) {
  ExpectEnd(RunPython(R"(
import asyncio, concurrent.futures, queue, select, signal, socket, threading, time
def wait(name, f):
    begin = time.monotonic()
    try: f()
    except BaseException as e: name += " " + type(e).__name__
    print(name, time.monotonic() - begin, flush=True)
def held(lock): lock.acquire(); lock.acquire(timeout=100)
def condition(c): c.acquire(); c.wait(100)
def stop(*a): raise InterruptedError
def alarm(): signal.signal(signal.SIGALRM, stop); signal.alarm(100); time.sleep(1000)
def silent(): s = socket.socketpair(); s[0].settimeout(100); s[0].recv(1)
pool = concurrent.futures.ThreadPoolExecutor()
wait("sleep", lambda: time.sleep(100))
wait("event", lambda: threading.Event().wait(100))
wait("lock", lambda: held(threading.Lock()))
wait("condition", lambda: condition(threading.Condition()))
wait("queue", lambda: queue.Queue().get(timeout=100))
wait("future", lambda: pool.submit(time.sleep, 200).result(timeout=100))
wait("asyncio", lambda: asyncio.run(asyncio.sleep(100)))
wait("select", lambda: select.select([], [], [], 100))
wait("signal", lambda: signal.sigtimedwait([signal.SIGUSR1], 100))
wait("alarm", alarm)
wait("socket", silent)
)"),
            1100 * kSecond,
            "sleep 100.0\nevent 100.0\nlock 100.0\ncondition 100.0\nqueue Empty 100.0\n"
            "future TimeoutError 100.0\nasyncio 100.0\nselect 100.0\nsignal 100.0\n"
            "alarm InterruptedError 100.0\nsocket TimeoutError 100.0\n");
}

// Under load a task may be ready for long before it runs, and calls itself asleep before it is.
// Every jump that was not proven shows as a missing or a wrong line.
BOOST_AUTO_TEST_CASE(no_jump_under_load) {
  const Hogs hogs(4);
  std::string expected;
  for (int i = 1; i <= 100; ++i) expected += std::to_string(30 * i) + "\n";
  const LockstepEnd end = RunBash("for ((i = 0; i < 100; i++)); do sleep 30; echo $SECONDS; done");
  ExpectEnd(end, 3000 * kSecond, expected);
  BOOST_TEST(end.wakes == 100U);
}

// Data between two processes counts as being under way until it is read.
BOOST_AUTO_TEST_CASE(no_jump_while_sockets_carry_data) {
  const Hogs hogs(2);
  const LockstepEnd end = RunPython(R"(
import os, socket, time
listener = socket.create_server(("127.0.0.1", 0))
if os.fork() == 0:
    s = socket.create_connection(listener.getsockname())
    for i in range(500): s.sendall(b"q" * 100); s.recv(100)
    os._exit(0)
s, _ = listener.accept()
s.settimeout(1)
for i in range(500): s.recv(100); s.sendall(b"a" * 100)
print(time.monotonic() % 1000)
)");
  ExpectEnd(end, 0, "0.0\n");
}

// CPU time costs nothing and is nothing.
BOOST_AUTO_TEST_CASE(what_time_prints) {
  const LockstepEnd end = RunBash(
      "TIMEFORMAT='%R %U %S'; time (for ((i = 0; i < 20000; i++)); do :; done; sleep 3); times");
  ExpectEnd(end, 3 * kSecond, "3.000 0.000 0.000\n0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n");
}

// Time stands still for ever when somebody spins: the caller is told who.
BOOST_AUTO_TEST_CASE(who_keeps_it_awake) {
  const LockstepEnd end =
      RunUnderLockstep({.argv = {"bash", "-c", "while :; do :; done"}, .real_seconds_max = 1});
  BOOST_TEST(end.status == -1);
  BOOST_TEST((end.problem.find("bash") != std::string::npos), end.problem);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::test
