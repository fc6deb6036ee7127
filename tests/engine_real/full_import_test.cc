// The real side of a full import: its steps hold-gc, dump, abandon-old and load as the plan has
// them, carried out by the real host with processes: hooks that are scripts, a `mysql` and a
// `systemctl` on PATH that keep their state in files and write down what they were given, and a new
// Pump's /status on the loopback.
#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "engine/cluster_builder.h"
#include "engine/executor.h"
#include "engine/journal.h"
#include "engine/plan.h"
#include "engine/real/real_host.h"
#include "tests/engine_real/one_shot_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/why.h"

namespace tidegate::engine {
namespace {

using port::Answer;
using port::AnswerCode;

constexpr const char* kDumpTs = "403700092137111552";
constexpr const char* kPumpStatus =
    "{\"status\":{\"p:8250\":{\"state\":\"online\"}},\"CommitTS\":403700092137111552}";

// One statement comes on standard input; what mysql --batch --raw prints, goes out.
constexpr const char* kMysql = R"sh(#!/bin/sh
cd "$(dirname "$0")/.."
statement=$(cat)
echo "mysql $2 $3 < $statement" >> log
case "$statement" in
  *delete*) rm -f row ;;
  *update*) echo "$statement" | sed "s/.*VARIABLE_VALUE = '\([^']*\)'.*/\1/" > life ;;
  *tikv_gc_life_time*) echo VARIABLE_VALUE; cat life ;;
  *checkpoint*) if test -f row; then echo "clusterID	checkPoint"; cat row; fi ;;
esac
)sh";
constexpr const char* kSystemctl = R"sh(#!/bin/sh
cd "$(dirname "$0")/.."
test "$1" = show || echo "systemctl $*" >> log
echo LoadState=loaded
echo ActiveState=inactive
echo SubState=dead
echo UnitFileState=disabled
)sh";
// What stands on the hook's standard error and its exit status are all that the engine sees of it.
constexpr const char* kHook = R"sh(#!/bin/sh
cd "$(dirname "$0")/.."
echo "$(basename "$0") $* (life $(cat life))" >> log
test ! -f "fail-$(basename "$0")" || { echo "rows are missing" >&2; exit 3; }
)sh";

class Quiet : public Operator {
 public:
  void Tell(const port::Tell&) override {}
  std::string Ask(const port::Tell&) override { return "yes"; }
};

// PATH with `folder` in front, for the lifetime of the object.
class PathInFront {
 public:
  explicit PathInFront(const std::string& folder) : before_(std::getenv("PATH")) {
    setenv("PATH", (folder + ":" + before_).c_str(), 1);
  }
  ~PathInFront() { setenv("PATH", before_.c_str(), 1); }
  PathInFront(const PathInFront&) = delete;
  PathInFront& operator=(const PathInFront&) = delete;

 private:
  std::string before_;
};

struct Import {
  Import() : journal(*JournalFile::Open(dir / "journal")) {
    BOOST_REQUIRE(mkdir((dir / "bin").c_str(), 0700) == 0);
    Script("mysql", kMysql);
    Script("systemctl", kSystemctl);
    for (const char* hook : {"dump", "load", "compare"}) Script(hook, kHook);
    Write("life", "10m0s\n");
    Write("row", "77\t{\"commitTS\":403700000000000000}\n");
    Write("drainer.toml", "detect-interval = 10\n");
  }

  void Write(const std::string& name, const std::string& text) const {
    BOOST_REQUIRE(WriteFileAtomically(dir / name, text).has_value());
  }
  void Script(const std::string& name, const std::string& text) const {
    Write("bin/" + name, text);
    BOOST_REQUIRE(chmod((dir / ("bin/" + name)).c_str(), 0700) == 0);
  }
  std::string Text(const std::string& name) const {
    const Result<std::string> text = ReadFile(dir / name);
    return text.has_value() ? *text : "(none)";
  }

  Cluster MakeCluster() const {
    const std::string fixtures = std::string(TIDEGATE_SOURCE_DIR) + "/fixtures/";
    Result<Cluster> cluster =
        LoadCluster({fixtures + "inventories/small.ini", fixtures + "inventories/small.target.ini",
                     fixtures + "sites/small.json"});
    BOOST_REQUIRE_MESSAGE(cluster.has_value(), test::Why(cluster));
    cluster->hooks.dump = {dir / "bin/dump", "--snapshot=${DUMP_TS}", "--where=a b;$(id)"};
    cluster->hooks.load = {dir / "bin/load", "${SINK}"};
    cluster->hooks.compare = {dir / "bin/compare", "${SINK}", "${DUMP_TS}"};
    cluster->new_pumps[0].process.host = "127.0.0.1";
    cluster->new_pumps[0].process.port = server.port();
    Process& old_drainer = cluster->old_drainers[0].process;
    old_drainer.host = "127.0.0.1";
    old_drainer.port = 1;  // nobody listens there
    old_drainer.config = dir / "drainer.toml";
    return *std::move(cluster);
  }

  // The plan's own steps, as far as they are about the import itself.
  Plan MakePlan() const {
    Result<Plan> plan = BuildPlan(MakeCluster(), {.procedure = Procedure::kFullImport});
    BOOST_REQUIRE_MESSAGE(plan.has_value(), test::Why(plan));
    std::erase_if(plan->steps, [](const Step& step) {
      return step.id != "hold-gc" && step.id != "dump" && step.id != "abandon-old" &&
             step.id != "load";
    });
    for (Step& step : plan->steps) {
      step.outage_begins = step.outage_ends = false;
      std::erase_if(step.tasks, [](const Task& task) {
        const auto* act = std::get_if<Act>(&task.what);
        return act != nullptr && act->source &&
               std::holds_alternative<port::ListRegistry>(*act->source);
      });
      for (Task& task : step.tasks) {
        if (auto* act = std::get_if<Act>(&task.what)) act->attempts_max = 1;
      }
    }
    BOOST_REQUIRE(plan->steps.size() == 4U);
    return *std::move(plan);
  }

  RealHost Host() {
    RealHostOptions options;
    options.backup_dir = dir / "backup";
    options.templates.resources_dir = dir / "resources";
    options.templates.sql["tidb 172.16.10.49:4000"] = {"172.16.10.49", 4000, "/etc/tidb.cnf"};
    options.templates.sql["orders"] = {"172.16.10.70", 3306, "/etc/orders.cnf"};
    return RealHost(options, &journal, &people);
  }

  test::TempDir dir;
  OneShotServer server{fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}",
                                   std::string_view(kPumpStatus).size(), kPumpStatus),
                       OneShotServer::Way::kReply, 20};
  JournalFile journal;
  Quiet people;
  PathInFront path{dir / "bin"};
};

// Everything but looks: what changed something, in order.
std::string Changes(const std::string& log) {
  std::string out;
  std::size_t at = 0;
  while (at < log.size()) {
    const std::size_t end = log.find('\n', at) + 1;
    const std::string line = log.substr(at, end - at);
    if (line.find("select") == std::string::npos) out += line;
    at = end;
  }
  return out;
}

BOOST_AUTO_TEST_SUITE(full_import)

BOOST_AUTO_TEST_CASE(hooks_are_run_with_the_timestamp_under_a_raised_gc_life) {
  Import import;
  Executor executor(import.MakePlan(), ExecutorOptions{});
  BOOST_REQUIRE(import.Host().Run(&executor).has_value());
  BOOST_TEST(executor.outcome() == "done", executor.why());
  // Twice the longest dump and load and half an hour: 36 h 30 m.
  BOOST_TEST(Changes(import.Text("log")) ==
             "mysql --host=172.16.10.49 --port=4000 < update mysql.tidb set VARIABLE_VALUE = "
             "'2190m0s' where VARIABLE_NAME = 'tikv_gc_life_time';\n"
             "dump --snapshot=403700092137111552 --where=a b;$(id) (life 2190m0s)\n"
             "systemctl stop -- drainer.service\n"
             "systemctl disable -- drainer.service\n"
             "mysql --host=172.16.10.70 --port=3306 < delete from `tidb_binlog`.`checkpoint` "
             "where clusterID = 77;\n"
             "load orders (life 2190m0s)\n"
             "compare orders 403700092137111552 (life 2190m0s)\n"
             "mysql --host=172.16.10.49 --port=4000 < update mysql.tidb set VARIABLE_VALUE = "
             "'10m0s' where VARIABLE_NAME = 'tikv_gc_life_time';\n");
  BOOST_TEST(import.Text("life") == "10m0s\n");
  BOOST_TEST(import.Text("row") == "(none)");
  // What was there before is kept: the row, and the old Drainer's file.
  BOOST_TEST(import.Text("backup/old-drainer@drainer.checkpoint") ==
             "clusterID\tcheckPoint\n77\t{\"commitTS\":403700000000000000}\n");
  BOOST_TEST(import.Text("backup/old-drainer@drainer.toml") == "detect-interval = 10\n");
}

BOOST_AUTO_TEST_CASE(the_timestamp_is_durable_before_the_dump_begins) {
  Import import;
  // The hook shows what the journal held when it ran.
  import.Script("dump", std::string("#!/bin/sh\ncp '") + (import.dir / "journal") + "' '" +
                            (import.dir / "seen") + "'\n");
  Executor executor(import.MakePlan(), ExecutorOptions{});
  BOOST_REQUIRE(import.Host().Run(&executor).has_value());
  const std::string seen = import.Text("seen");
  BOOST_TEST(seen.find(kDumpTs) != std::string::npos, seen);
  BOOST_TEST(seen.find("run-hook dump") != std::string::npos, seen);
}

BOOST_AUTO_TEST_CASE(a_dump_that_fails_leaves_the_old_side_alone) {
  Import import;
  import.Write("fail-dump", "");
  Executor executor(import.MakePlan(), ExecutorOptions{});
  BOOST_REQUIRE(import.Host().Run(&executor).has_value());
  BOOST_TEST(executor.outcome() != "done");
  BOOST_TEST(executor.why().find("dump") != std::string::npos, executor.why());
  const std::string changes = Changes(import.Text("log"));
  BOOST_TEST(changes.find("systemctl") == std::string::npos, changes);
  BOOST_TEST(changes.find("load") == std::string::npos, changes);
  BOOST_TEST(import.Text("row") != "(none)");
  // Turned back: TiKV keeps old versions for as long as before.
  BOOST_TEST(import.Text("life") == "10m0s\n");
}

BOOST_AUTO_TEST_CASE(rows_that_differ_stop_before_the_new_drainer) {
  Import import;
  import.Write("fail-compare", "");
  Executor executor(import.MakePlan(), ExecutorOptions{});
  BOOST_REQUIRE(import.Host().Run(&executor).has_value());
  BOOST_TEST(executor.outcome() != "done");
  BOOST_TEST(executor.why().find("compare orders") != std::string::npos, executor.why());
}

// A dump takes hours: what ends a command is the bound of its task, no bound of the host.
BOOST_AUTO_TEST_CASE(a_hook_is_bounded_by_its_own_time_out) {
  Import import;
  const Plan plan = import.MakePlan();
  const auto& dump = std::get<Act>(plan.steps[1].tasks.back().what);
  BOOST_TEST(dump.timeout == 6 * kHour);
  const RealHost host = import.Host();
  const port::RunHook slow{"dump", {"sleep", "30"}};
  BOOST_TEST((host.Perform(slow, 100 * kMillisecond).code == AnswerCode::kTimedOut));
  BOOST_TEST(host.Perform(port::RunHook{"dump", {"sleep", "0.1"}}, 5 * kSecond).ok());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::engine
