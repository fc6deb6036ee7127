// `tidegate watch` as its users start it, against the cluster of stubs: it only reads, whatever it
// is asked to watch for, and its exit code is the gate's.
#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

#include "base/tso.h"
#include "tests/contract/upgrade_world.h"
#include "tests/support/temp_dir.h"
#include "tests/support/why.h"
#include "trace/file.h"

namespace tidegate::test {
namespace {

using engine::CommandResult;

std::string Why(const CommandResult& result) { return result.output + result.errors; }

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(watch)

BOOST_AUTO_TEST_CASE(it_reads_and_changes_nothing) {
  UpgradeWorld world;
  world.stubs().AddUnit(world.new_pump_unit, "active");
  world.stubs().AddUnit(world.new_drainer_unit, "active");
  const auto before = world.Tree();
  const TempDir dir;
  const CommandResult seen = world.Watch({"--templates", "local", "--timeout", "1s", "--interval",
                                          "1s", "--trace", dir / "seen.jsonl"});
  BOOST_TEST(seen.status == 0, Why(seen));
  BOOST_TEST(Has(seen.output, ": up, 5.7.10-TiDB-v2.0.7"), Why(seen));
  const CommandResult shut =
      world.Watch({"--gate", "proof", "--marker", "403701760000000000", "--templates", "local"});
  BOOST_TEST(shut.status == 6, Why(shut));
  BOOST_TEST(Has(shut.output, "which writes to the old side"), Why(shut));
  BOOST_TEST((world.Tree() == before));
  std::set<std::string> requests;
  for (const std::string& line : world.Requests()) requests.insert(line);
  const std::set<std::string> expected = {"GET /status", "GET /metrics", "POST /v3/kv/range"};
  BOOST_TEST(requests == expected, boost::test_tools::per_element());
  BOOST_TEST(world.stubs().Visible().empty());
}

BOOST_AUTO_TEST_CASE(its_trace_is_a_trace) {
  UpgradeWorld world;
  const TempDir dir;
  const CommandResult seen = world.Watch({"--timeout", "1s", "--trace", dir / "seen.tgt"});
  BOOST_TEST(seen.status == 0, Why(seen));
  const Result<trace::Trace> trace = trace::ReadTrace(dir / "seen.tgt");
  BOOST_REQUIRE_MESSAGE(trace.has_value(), test::Why(trace));
  BOOST_TEST(trace->header.scenario == "loopback");
  BOOST_TEST(trace->events.size() > 10);
}

BOOST_AUTO_TEST_CASE(the_barrier_is_printed_for_a_script) {
  UpgradeWorld world;
  world.stubs().AddUnit(world.new_pump_unit, "active");
  world.stubs().AddUnit(world.tidb_unit, "inactive");
  const CommandResult barrier = world.Watch(
      {"--gate", "barrier", "--wait", "--quiet", "--templates", "local", "--interval", "1s"});
  BOOST_TEST(barrier.status == 0, Why(barrier));
  BOOST_REQUIRE(barrier.output.ends_with('\n'));
  const Result<Tso> t0 = ParseTso(barrier.output.substr(0, barrier.output.size() - 1));
  BOOST_REQUIRE_MESSAGE(t0.has_value(), barrier.output);
  BOOST_TEST(TsoPhysicalMs(*t0) > 1'540'000'000'000);
}

struct Bad {
  std::vector<std::string> options;
  std::string says;
};

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
  UpgradeWorld world;
  const std::vector<Bad> cases = {
      {{"--wait-drained"}, "--wait-drained waits for a gate: give --gate proof"},
      {{"--gate", "prof"}, "--gate: prof not in"},
      {{"--barrier", "yesterday"}, "--barrier 'yesterday': no timestamp of PD"},
      {{"--marker", "-4"}, "--marker"},
      {{"--interval", "10ms"}, "--interval '10ms': at least 1s"},
      {{"--checkpoint", "h:99999"}, "a port is a number from 1 to 65535"},
      {{"--checkpoint", "h:3306/a`b"}, "is no schema"},
      {{"--pd", "http://:2379"}, "--pd"},
  };
  for (const Bad& bad : cases) {
    const CommandResult result = world.Watch(bad.options);
    BOOST_TEST(result.status == 2, Why(result));
    BOOST_TEST(Has(Why(result), bad.says), Why(result));
  }
  // TLS is on, and nobody says with which certificates.
  const std::string inventory = world.stubs().Read("in/inventory.ini");
  world.stubs().Write("in/inventory.ini", inventory + "enable_tls = True\n");
  for (const CommandResult& result :
       {world.Watch({"--timeout", "1s"}), world.Run("apply", {"--yes"})}) {
    BOOST_TEST(result.status == 2, Why(result));
    BOOST_TEST(Has(result.errors, "enable_tls is on: say where CA, certificate and key are"));
  }
  world.stubs().Write("in/inventory.ini", inventory);
  const CommandResult unproven = world.Watch({"--gate", "proof"});
  BOOST_TEST(unproven.status == 6, Why(unproven));
  BOOST_TEST(Has(unproven.output, "no marker was given"), Why(unproven));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
