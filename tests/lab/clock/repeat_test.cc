// Two runs of one script are the same, byte for byte: times, process ids, random numbers, temporary
// names, the order of sets, and the order in which equal deadlines are met. Also beside processes
// that take the processor away.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/lab/clock/harness.h"
#include "tests/lab/clock/hogs.h"
#include "tests/support/temp_dir.h"

namespace tidegate::test {
namespace {

constexpr const char* kRunBook = R"SCRIPT(
folder=$(mktemp -d); echo "${folder##*/}"; cd "$folder"
python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 0), backlog=50)
print(s.getsockname()[1], flush=True)
time.sleep(1000000)' > port & disown
until [ -s port ]; do sleep 0.1; done; read -r PORT < port
say() { printf '%(%T)T %s %s\n' -1 "$SECONDS" "$*"; }
say begin $$ $RANDOM $RANDOM
for i in 1 2 3 4; do (sleep 60; say "equal $i" $BASHPID $RANDOM) & done; wait
for i in 1 2 3 4; do
  (f=$(mktemp part-XXXXXXXX); curl -sS --max-time 5 -o "$f" -w "%{http_code} %{time_total}\n" \
    http://127.0.0.1:$PORT/; say "curl $i $?" "$f") >out.$i 2>&1 &
done; wait; cat out.*
head -c 6 /dev/urandom | od -An -tx1; head -c 6 /dev/urandom | od -An -tx1
for ((n = 0; n < 240; n++)); do
  sleep 30
  ((n % 40)) || say "poll $n" $RANDOM "$(cat < <(echo sub $BASHPID))"
done
cat <<HERE
document $(date -u +%FT%T.%N)
HERE
python3 - <<'PYTHON'
import concurrent.futures, os, random, subprocess, tempfile, threading, time, uuid
print({"pump", "drainer", "tidb", "pd"}, {object() for _ in range(3)}, random.random(), uuid.uuid4())
print(tempfile.mkdtemp(dir="."), os.getpid(), os.urandom(4).hex())
def work(n):
    time.sleep(10)
    p = subprocess.Popen(["bash", "-c", "echo $$ $RANDOM; sleep 5"], stdout=subprocess.PIPE)
    return n, p.communicate()[0], random.random(), time.monotonic()
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    for line in pool.map(work, range(8)): print(line)
print(time.time(), time.monotonic_ns())
PYTHON
say end; cd /; rm -r "$folder"
)SCRIPT";

// In a folder for temporary files of its own, as names that exist already are not given.
LockstepEnd Run(const std::string& script, std::uint64_t seed = 1) {
  const TempDir folder;
  return RunUnderLockstep(
      {.argv = {"bash", "-c", script}, .seed = seed, .env = {"TMPDIR=" + folder.path()}});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(clock_repeat)

BOOST_AUTO_TEST_CASE(the_same_twice_and_beside_hogs) {
  const LockstepEnd first = Run(kRunBook);
  BOOST_CHECK_MESSAGE(first.problem.empty(), first.problem);
  BOOST_TEST(first.status == 0);
  BOOST_TEST((first.output.find("02:01:") != std::string::npos), first.output);
  const LockstepEnd second = Run(kRunBook);
  BOOST_TEST(second.output == first.output);
  BOOST_TEST(second.ended == first.ended);
  BOOST_TEST(second.wakes == first.wakes);
  const Hogs hogs(4);
  const LockstepEnd third = Run(kRunBook);
  BOOST_TEST(third.output == first.output);
  BOOST_TEST(third.ended == first.ended);
}

// Without this, the test above could pass because nothing is random at all.
BOOST_AUTO_TEST_CASE(another_seed_is_another_run) {
  const std::string script = "echo $RANDOM; basename $(mktemp -u); (echo $BASHPID)";
  BOOST_TEST(Run(script, 1).output == Run(script, 1).output);
  BOOST_TEST(Run(script, 1).output != Run(script, 2).output);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::test
