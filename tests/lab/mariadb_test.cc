// A downstream that is a real MariaDB: what the simulation has is in it, any client may run any SQL
// there, and what that does to rows and checkpoint is judged; also in a replay, which needs none.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <charconv>
#include <filesystem>

#include "base/files.h"
#include "lab/downstream/mariadb_server.h"
#include "rehearsal/replay.h"
#include "tests/lab/kept_lab.h"
#include "tests/lab/lab_run.h"
#include "tests/support/why.h"

namespace tidegate::test {
namespace {

const std::string kScenario = "kafka-to-cluster/mariadb.json";
const std::string kRunBook = "fixtures/run-books/kafka-to-cluster/upgrade.sh";
const std::string kMysql = "m() { mysql -h 172.16.10.70 -P 3306 -u binlog -pnone -N \"$@\"; }\n";

bool MariadbWorksHere() {
  if (!LabWorksHere()) return false;
  const Result<lab::MariadbPrograms> programs = lab::FindMariadb();
  if (programs.has_value()) return true;
  BOOST_TEST_MESSAGE("skipped: " << programs.error().message);
  return false;
}

// Its recording is the same run, without a database.
void ExpectReplayed(const rehearsal::RunResult& run) {
  const Result<rehearsal::Replayed> again = rehearsal::Replay(run.trace, "run.jsonl", {});
  BOOST_REQUIRE_MESSAGE(again.has_value(), Why(again));
  BOOST_TEST(!again->divergence.has_value());
  BOOST_TEST(again->result.digest == run.digest);
  BOOST_TEST(Explained(again->result) == Explained(run));
}

rehearsal::RunResult RunSql(const std::string& commands) {
  return Run(
      {.scenario = kScenario, .command = "exec bash -s <<'END'\n" + kMysql + commands + "\nEND"});
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t CountOf(const rehearsal::RunResult& run, trace::EventKind kind) {
  return static_cast<std::size_t>(std::count_if(run.trace.events.begin(), run.trace.events.end(),
                                                [&](const auto& one) { return one.kind == kind; }));
}

BOOST_AUTO_TEST_SUITE(mariadb)

// The database changes nothing in a run that does not look at it.
BOOST_AUTO_TEST_CASE(a_run_book_runs_as_with_a_database_in_memory) {
  if (kSanitized || !MariadbWorksHere()) return;
  const rehearsal::RunResult real = Run({.scenario = kScenario, .command = "exec " + kRunBook});
  const rehearsal::RunResult memory = Run({.scenario = kScenario,
                                           .command = "exec " + kRunBook,
                                           .overrides = {"downstream.kind=memory"}});
  BOOST_TEST(verifier::OutcomeName(real.verdict.outcome) == "pass");
  BOOST_TEST(real.engine_output == memory.engine_output);
  BOOST_TEST(real.trace.events.size() == memory.trace.events.size());
  BOOST_TEST(Roots(memory.verdict) == Roots(real.verdict));
}

// By each client, its own address, what the Drainer has written by then, and the cluster's time.
BOOST_AUTO_TEST_CASE(clients_read_what_drainers_write) {
  if (!MariadbWorksHere()) return;
  const rehearsal::RunResult run = RunSql(R"sh(
m -e 'select count(*) from orders.orders'
sleep 20
mariadb -h 172.16.10.70 -u x -N orders -e 'select count(*) > 100, max(value) > 0 from orders; select now()'
echo 'select count(*) > 100 from items; show warnings' | m orders
date -u '+%F %T'
m -e 'select checkPoint like "{\"commitTS\":%,\"positions\":{%}" from tidb_binlog.checkpoint'
ssh 172.16.10.49 "mysql -h 172.16.10.70 -u x -N -e 'select 40 + 2'"
m -e 'selec 1; select 5'; echo "exit $?"
m -e 'shutdown'; m -e 'insert into orders.items (id, value) values (1, 1e30)'
m --max-allowed-packet=64M -e 'select repeat("x", 10000000), repeat("y", 9000000)' | wc -c
exit 6)sh");
  BOOST_TEST(
      Has(run.engine_output, "0\n1\t1\n2018-10-20 00:00:25\n1\n2018-10-20 00:00:25\n1\n42\n"),
      run.engine_output);
  BOOST_TEST(Has(run.engine_output, "ERROR 1064 (42000) at line 1"), run.engine_output);
  BOOST_TEST(Has(run.engine_output, "exit 1\n"), run.engine_output);
  BOOST_TEST(Has(run.engine_output, "ERROR 1227 (42000) at line 1: Access denied"));
  BOOST_TEST(Has(run.engine_output, "ERROR 1264 (22003)"), run.engine_output);
  BOOST_TEST(Has(run.engine_output, "19000002\n"), run.engine_output);
  BOOST_TEST(Roots(run.verdict) == "");
  BOOST_TEST(CountOf(run, trace::EventKind::kRowChanged) == 0U);
  ExpectReplayed(run);
}

// Parallel clients, transactions that end well or not, and the same bytes twice.
BOOST_AUTO_TEST_CASE(what_clients_write_is_the_same_twice) {
  if (kSanitized || !MariadbWorksHere()) return;
  const std::string commands = R"sh(
sleep 10
for i in 1 2 3 4; do
  m -e "insert into orders.items (id, value) values (90000$i, $i); select connection_id()" &
done
wait
m -e 'begin; delete from orders.items where id = 900001; select count(*) from orders.items
      where id = 900001; rollback'
m -e 'set autocommit = 0; delete from orders.items where id = 900002; commit'
m -e 'set autocommit = 0; delete from orders.items where id = 900003'
m -e 'create table orders.mine (a int); insert into orders.mine values (1); drop table orders.mine'
exit 6)sh";
  const rehearsal::RunResult first = RunSql(commands);
  const rehearsal::RunResult second = RunSql(commands);
  BOOST_TEST(first.digest == second.digest);
  BOOST_TEST(first.engine_output == second.engine_output);
  BOOST_TEST(CountOf(first, trace::EventKind::kRowChanged) == 5U);  // four rows, and one deleted
  BOOST_TEST(Roots(first.verdict) == "converges (loss, engine)");
  ExpectReplayed(first);
}

BOOST_AUTO_TEST_CASE(a_row_that_somebody_deletes_is_found) {
  if (!MariadbWorksHere()) return;
  const rehearsal::RunResult run = RunSql(kRunBook + R"sh( || exit 1
sleep 30
m -e 'delete from orders.orders where id > 11 order by id limit 1; select row_count()')sh");
  BOOST_TEST(Roots(run.verdict) == "converges (loss, engine)");
  BOOST_TEST(Has(Explained(run), "somebody's own SQL deleted key 12 of orders.orders"),
             Explained(run));
  ExpectReplayed(run);
}

// The old Drainer's checkpoint, moved ahead before the new one starts there.
BOOST_AUTO_TEST_CASE(a_checkpoint_that_somebody_moves_is_found) {
  if (kSanitized || !MariadbWorksHere()) return;
  const rehearsal::RunResult run = RunSql(". " + kRunBook + R"sh(
for step in 1_deploy_pump 2_stop_tidb 3_upgrade_tidb 4_reconnect 5_wait_drained; do step_$step; done
ssh $old_drainer sudo systemctl stop drainer
saved=$(m -e 'select json_value(checkPoint, "$.commitTS") from tidb_binlog.checkpoint')
m -e "update tidb_binlog.checkpoint set checkPoint =
  replace(checkPoint, '$saved', '$((saved + (30000 << 18)))')"
step_6_start_drainer
step_7_close_old)sh");
  BOOST_TEST(Roots(run.verdict) == "checkpoint-not-ahead (loss, engine)");
  ExpectReplayed(run);
}

// A load replaces whole tables, and the old checkpoint is deleted before it.
BOOST_AUTO_TEST_CASE(what_a_full_import_loads_is_there) {
  if (kSanitized || !MariadbWorksHere()) return;
  const rehearsal::RunResult run =
      Run({.scenario = "full-import/run-book.json",
           .command = "fixtures/run-books/full-import/upgrade.sh > /dev/null 2>&1 || exit 1\n"
                      "mysql -h 10.0.5.1 -N -e 'select count(*) > 100 from shop.orders'",
           .overrides = {"downstream.kind=mariadb"}});
  BOOST_TEST(run.engine_output == "1\n");
  BOOST_TEST(verifier::OutcomeName(run.verdict.outcome) == "pass");
  ExpectReplayed(run);
}

// A sink that hangs answers when it goes on.
BOOST_AUTO_TEST_CASE(a_sink_that_hangs_keeps_its_clients_waiting) {
  if (kSanitized || !MariadbWorksHere()) return;
  const rehearsal::RunResult run =
      Run({.scenario = kScenario,
           .command = kMysql + "sleep 10; m -e 'select 1'; date -u +%T\n"
                               "sleep 10; m -e 'create table orders.mine (a int)'; date -u +%T\n"
                               "exit 6",
           .overrides = {R"(faults=[{"hung_downstream": "downstream-1", "at": "8s", "for": "1m"},)"
                         R"({"hung_downstream": "downstream-1", "at": "76s", "for": "30s"}])"}});
  BOOST_TEST(Has(run.engine_output, "1\n00:01:08\n00:01:46\n"), run.engine_output);
  ExpectReplayed(run);
}

BOOST_AUTO_TEST_CASE(the_database_goes_with_its_lab) {
  if (!MariadbWorksHere()) return;
  const OwnTmp tmp;
  KeptLab kept(kScenario);
  const Result<std::string> text = ReadFile(kept.folder() + "/downstream-1/pid");
  BOOST_REQUIRE_MESSAGE(text.has_value(), Why(text));
  pid_t pid = 0;
  std::from_chars(text->data(), text->data() + text->size(), pid);
  const Ended asked = Tidegate({"lab", "--shell", "-c",
                                "mysql -h 172.16.10.70 -N -e 'select 40 + 2'; lab advance 20s\n"
                                "mysql -h 172.16.10.70 -N -e 'select count(*) > 0 from "
                                "orders.orders'"});
  BOOST_TEST(Has(asked.output, "42\n00:00:25.0"), asked.output);
  BOOST_TEST(Has(asked.output, "\n1\n"), asked.output);
  const int process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  BOOST_REQUIRE(process >= 0);
  kept.Signal(SIGKILL);
  pollfd ended{process, POLLIN, 0};
  BOOST_TEST(poll(&ended, 1, 30'000) == 1);
  close(process);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
