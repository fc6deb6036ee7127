// Recordings of programs in the lab, under all of its clocks: replayed without the program and
// without the lab they are the same runs.
#include "rehearsal/replay.h"

#include <boost/test/unit_test.hpp>

#include "rehearsal/lab_command.h"
#include "tests/lab/lab_run.h"
#include "tests/support/why.h"

namespace tidegate::test {
namespace {

// Gives what the judge said of it.
std::string ExpectReplayed(const InLab& what) {
  if (!LabWorksHere()) return "";
  const rehearsal::RunResult run = Run(what);
  const Result<rehearsal::Replayed> again = rehearsal::Replay(run.trace, "run.jsonl", {});
  BOOST_REQUIRE_MESSAGE(again.has_value(), Why(again));
  if (again->divergence.has_value()) {
    BOOST_ERROR("event " << again->divergence->event << ": " << again->divergence->recorded << " | "
                         << again->divergence->replayed);
  }
  BOOST_TEST(again->result.digest == run.digest);
  BOOST_TEST(again->result.taken.size() == run.taken.size());
  BOOST_TEST(run.taken.empty() == !what.captures);
  BOOST_TEST(JsonOf(again->result) == JsonOf(run));
  BOOST_TEST(Explained(again->result) == Explained(run));
  return Roots(run.verdict);
}

const std::string kWritesEtcd = R"sh(
kv=http://10.0.2.1:2379/v3alpha/kv
b() { printf %s "$1" | base64 -w0; }
pumps=$(curl -s $kv/range -d "{\"key\":\"$(b /tidb-binlog/v1/pumps/)\",
  \"range_end\":\"$(b /tidb-binlog/v1/pumps0)\"}")
key=$(echo "$pumps" | jq -r '.kvs[0].key')
for state in paused pausing; do
  value=$(echo "$pumps" | jq -r '.kvs[0].value' | base64 -d | sed s/online/$state/ | base64 -w0)
  curl -s $kv/put -d "{\"key\":\"$key\",\"value\":\"$value\"}"
done
exit 6
)sh";

BOOST_AUTO_TEST_SUITE(replay)

BOOST_AUTO_TEST_CASE(a_run_book_in_lockstep) {
  ExpectReplayed({.scenario = "rolling-manual/run-book.json",
                  .command = "exec fixtures/run-books/rolling-manual/fresh-data-dir.sh"});
  ExpectReplayed({.scenario = "kafka-to-cluster/run-book.json",
                  .command = "exec fixtures/run-books/kafka-to-cluster/polls-once.sh"});
}

// Killed with half a record in its journal, and resumed.
BOOST_AUTO_TEST_CASE(the_shipped_engine) {
  ExpectReplayed({.scenario = "rolling-manual/small.json",
                  .command = std::string(rehearsal::kShippedEngine),
                  .overrides = {R"(faults=[{"engine_crash": "torn-tail", "output": 20}])"}});
}

// Stubs, signals, files, SQL and requests that nobody can time, against the machine's clock.
BOOST_AUTO_TEST_CASE(the_real_clock) {
  ExpectReplayed({.scenario = "kafka-to-cluster/run-book.json",
                  .command =
                      "h=172.16.10.49\n"
                      "for i in 1 2 3 4 5; do curl -s http://$h:8249/status | cksum & done; wait\n"
                      "ssh $h 'echo \"# touched\" >> /home/tidb/deploy/conf/pump.toml'\n"
                      "ssh $h sudo systemctl restart pump drainer & ssh $h pkill -9 drainer; wait\n"
                      "curl -s -X PUT http://$h:8249/nowhere -d x; exit 6",
                  .clock = "real"});
}

// Half an hour of somebody's time in a second, with bursts of requests, a restart and a death.
BOOST_AUTO_TEST_CASE(the_multiplied_clock) {
  if (!FaketimeWorksHere()) return;
  ExpectReplayed({.scenario = "kafka-to-cluster/run-book.json",
                  .command =
                      "h=172.16.10.49\n"
                      "for i in 1 2 3; do\n"
                      "  for j in 1 2 3 4; do curl -s http://$h:8249/status | cksum & done\n"
                      "  sleep 7; wait\n"
                      "done\n"
                      "ssh $h 'echo \"# touched\" >> /home/tidb/deploy/conf/pump.toml'\n"
                      "ssh $h sudo systemctl restart pump drainer & ssh $h pkill -9 drainer; wait\n"
                      "sleep 90; curl -s http://$h:8249/status; exit 6",
                  .clock = "faketime"});
}

// Statuses that somebody else took meanwhile move timestamps, here too.
BOOST_AUTO_TEST_CASE(captures_beside_a_program) {
  if (!LabWorksHere()) return;
  for (const std::string clock : {"lockstep", "real"}) {
    const InLab what = {.scenario = "rolling-manual/small.json",
                        .command =
                            "p=http://10.0.6.1:8250/status; curl -s $p; sleep 1\n"
                            "curl -s $p; exit 6",
                        .clock = clock,
                        .captures = true};
    ExpectReplayed(what);
  }
}

// Killed by the scenario: the world hears of it at once.
BOOST_AUTO_TEST_CASE(a_program_that_a_fault_kills) {
  ExpectReplayed({.scenario = "kafka-to-cluster/small.json",
                  .command = "while sleep 1; do curl -s http://10.0.4.1:8249/status; done",
                  .overrides = {R"(faults=[{"engine_crash": "after-action", "at": "20s"}])"}});
}

// The engine's own hand in the registry is the engine's, also without the lab.
BOOST_AUTO_TEST_CASE(writes_by_etcds_gateway) {
  if (!LabWorksHere()) return;
  const std::string roots =
      ExpectReplayed({.scenario = "rolling-manual/small.json", .command = kWritesEtcd});
  BOOST_TEST(roots == "registry-moves (order, engine)");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
