// The program as its users start it, against a whole small cluster of stubs on the loopback net:
// an upgrade to its end, one that is held and aborted, one that is killed and resumed.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "engine/journal.h"
#include "tests/contract/upgrade_world.h"

namespace tidegate::test {
namespace {

using engine::CommandResult;
using Lines = std::vector<std::string>;

std::string Why(const CommandResult& result) { return result.output + result.errors; }

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// What hooks and units were made to do, without the number of journal records.
Lines Hooks(UpgradeWorld& world) {
  Lines lines = world.stubs().Visible();
  for (std::string& line : lines) line = line.substr(line.find(' ') + 1);
  return lines;
}

void ExpectUpgraded(UpgradeWorld& world) {
  StubWorld& stubs = world.stubs();
  for (const std::string& unit : {world.tidb_unit, world.new_pump_unit, world.new_drainer_unit}) {
    BOOST_TEST(stubs.StateOf(unit) == "active", unit);
  }
  for (const std::string unit :
       {"pump.service", "drainer.service", "kafka.service", "zookeeper.service"}) {
    BOOST_TEST(stubs.StateOf(unit) == "inactive", unit);
    BOOST_TEST(!stubs.Has("units/" + unit + ".enabled"), unit);
  }
  BOOST_TEST(stubs.Read("tidb/conf/tidb.toml") ==
             "port = 4000\n\n[binlog]\nenable = true\nwrite-timeout = \"15s\"\n");
  BOOST_TEST(!Has(stubs.Read("tidb/scripts/run_tidb.sh"), "binlog-socket"));
  BOOST_TEST(Has(stubs.Read("tidb/bin/tidb-server"), "v2.0.11-binlog"));
  BOOST_TEST(Has(stubs.Read("new-drainer/conf/drainer.toml"), "s3cret"));
  BOOST_TEST(!Has(stubs.Read("journal"), "s3cret"));
}

BOOST_AUTO_TEST_SUITE(upgrade)

BOOST_AUTO_TEST_CASE(plan_status_and_dry_run_change_nothing) {
  UpgradeWorld world;
  const auto before = world.Tree();
  BOOST_TEST(world.Run("plan").status == 0);
  const CommandResult dry = world.Run("apply", {"--dry-run"});
  BOOST_TEST(dry.status == 0, Why(dry));
  BOOST_TEST(Has(dry.output, "\"systemctl\" \"stop\" \"--\" \"drainer.service\""), Why(dry));
  BOOST_TEST(world.Run("status").status == 2);  // nothing was begun
  BOOST_TEST((world.Tree() == before));
}

BOOST_AUTO_TEST_CASE(all_seven_steps_to_the_end) {
  UpgradeWorld world;
  const CommandResult result = world.Run("apply", {"--yes"});
  BOOST_TEST_MESSAGE(Why(result));
  BOOST_TEST(result.status == 0, Why(result));
  BOOST_TEST(Has(result.output, "done: every step is done\n"), Why(result));
  ExpectUpgraded(world);
  BOOST_TEST(Hooks(world) == (Lines{"hook detach-service", "hook attach-service"}),
             boost::test_tools::per_element());
  const CommandResult status = world.Run("status");
  BOOST_TEST_MESSAGE(Why(status));
  BOOST_TEST(status.status == 0);
  BOOST_TEST(Has(status.output, "end       done every step is done\n"), Why(status));
  BOOST_TEST_MESSAGE(world.stubs().Read("journal"));
  // It is over: neither begun again nor resumed into anything.
  const auto after = world.Tree();
  BOOST_TEST(world.Run("apply", {"--yes"}).status == 6);
  BOOST_TEST((world.Tree() == after));
}

BOOST_AUTO_TEST_CASE(held_after_stop_tidb_and_turned_back) {
  UpgradeWorld world;
  const CommandResult held = world.Run("apply", {"--yes", "--until", "stop-tidb"});
  BOOST_TEST_MESSAGE(Why(held));
  BOOST_TEST(held.status == 0, Why(held));
  BOOST_TEST(world.stubs().StateOf(world.tidb_unit) == "inactive");
  BOOST_TEST(world.stubs().StateOf(world.new_pump_unit) == "active");
  const CommandResult back = world.Run("abort", {"--yes"});
  BOOST_TEST_MESSAGE(Why(back));
  BOOST_TEST(back.status == 6, Why(back));
  BOOST_TEST(Has(back.output, "what was done is undone, the old side serves"), Why(back));
  BOOST_TEST(!Has(back.output, "Do it again?"), Why(back));
  BOOST_TEST(world.stubs().StateOf(world.tidb_unit) == "active");
  BOOST_TEST(world.stubs().StateOf(world.old_drainer_unit) == "active");
  BOOST_TEST(world.stubs().StateOf(world.new_pump_unit) == "inactive");
  BOOST_TEST(Has(world.stubs().Read("tidb/bin/tidb-server"), "v2.0.7"));
  BOOST_TEST(Hooks(world) == (Lines{"hook detach-service", "hook attach-service"}),
             boost::test_tools::per_element());
}

// Killed while a hook runs: whether it took effect is looked at before it is run again.
void ExpectResumed(const std::string& when, const Lines& hooks) {
  UpgradeWorld world;
  world.stubs().Write("die", when);
  const CommandResult killed = world.Run("apply", {"--yes"});
  BOOST_TEST((killed.end == CommandResult::End::kSignaled), Why(killed));
  BOOST_TEST(world.stubs().StateOf(world.tidb_unit) == "active");
  BOOST_TEST(world.Run("apply", {"--yes"}).status == 6);  // only `resume` goes on
  const CommandResult resumed = world.Run("resume", {"--yes"});
  BOOST_TEST_MESSAGE(Why(resumed));
  BOOST_TEST(resumed.status == 0, Why(resumed));
  ExpectUpgraded(world);
  BOOST_TEST(Hooks(world) == hooks, boost::test_tools::per_element());
}

// Clients are still connected when it looks, so the hook runs once more.
BOOST_AUTO_TEST_CASE(killed_before_an_effect_and_resumed) {
  ExpectResumed("before", {"hook detach-service", "hook detach-service", "hook attach-service"});
}

BOOST_AUTO_TEST_CASE(killed_behind_an_effect_and_resumed) {
  ExpectResumed("behind", {"hook detach-service", "hook attach-service"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
