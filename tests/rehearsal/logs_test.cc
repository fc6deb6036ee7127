// What the simulated Pumps and Drainers write, `tidegate import` reads: every line of progress,
// with the values that the trace has.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "rehearsal/import_log.h"
#include "tests/rehearsal/rehearse.h"
#include "tests/support/why.h"

namespace tidegate::test {
namespace {

using namespace rehearsal;  // NOLINT(google-build-using-namespace)

struct Logged {
  RunResult run;

  LogFile Of(const std::string& node) const {
    for (const NodeLogText& log : run.logs) {
      if (log.node != node) continue;
      Result<LogFile> read = ParseLog(log.text, node, 0);
      BOOST_REQUIRE_MESSAGE(read.has_value(), Why(read));
      return *std::move(read);
    }
    BOOST_FAIL("no log of " + node);
    return {};
  }

  // The commit ts of each checkpoint that `node` saved.
  std::vector<Tso> Saved(const std::string& node) const {
    std::vector<Tso> out;
    for (const trace::Event& event : run.trace.events) {
      if (event.kind != trace::EventKind::kCheckpointSaved) continue;
      if (run.trace.header.nodes[event.peer].name == node) out.push_back(event.b);
    }
    return out;
  }
};

Logged Run(const sim::Scenario& scenario) {
  Result<Prepared> prepared = Prepare(scenario, 1);
  BOOST_REQUIRE_MESSAGE(prepared.has_value(), Why(prepared));
  RunOptions options;
  options.engine = ChoiceOf(scenario.engine);
  options.logs = true;
  Result<RunResult> run =
      rehearsal::Run(*prepared, prepared->plan, prepared->scenario.engine, options);
  BOOST_REQUIRE_MESSAGE(run.has_value(), Why(run));
  return {*std::move(run)};
}

std::vector<std::string> Texts(const LogFile& log, LogFactKind kind) {
  std::vector<std::string> out;
  for (const LogFact& fact : log.facts) {
    if (fact.kind == kind) out.push_back(fact.text);
  }
  return out;
}

std::vector<Tso> Tsos(const LogFile& log, LogFactKind kind) {
  std::vector<Tso> out;
  for (const LogFact& fact : log.facts) {
    if (fact.kind == kind) out.push_back(fact.tso);
  }
  return out;
}

std::size_t CountOf(const LogFile& log, LogFactKind kind) { return Tsos(log, kind).size(); }

using Words = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(logs)

BOOST_AUTO_TEST_CASE(a_rolling_upgrade_over_the_change_of_layout) {
  for (const auto& [from, to] : {std::pair{"v2.1.8", "v2.1.20"}, std::pair{"v2.1.8", "v3.0.5"},
                                 std::pair{"v3.0.5", "v4.0.10"}}) {
    const Logged logged =
        Run(LoadScenario("rolling-manual/small.json",
                         {std::string("versions.old=") + from, std::string("versions.new=") + to}));
    const LogFile drainer = logged.Of("drainer-1");
    BOOST_TEST((Texts(drainer, LogFactKind::kVersion) == Words{from, to}));
    BOOST_TEST((Tsos(drainer, LogFactKind::kSavePoint) == logged.Saved("drainer-1")));
    BOOST_TEST(logged.Saved("drainer-1").size() > 3U);
    BOOST_TEST(CountOf(drainer, LogFactKind::kClosed) == 1U);
    const LogFile pump = logged.Of("pump-1");
    BOOST_TEST((Texts(pump, LogFactKind::kVersion) == Words{from, to}));
    BOOST_TEST((Texts(pump, LogFactKind::kState) == Words{"paused"}));
    BOOST_TEST(CountOf(pump, LogFactKind::kClosing) == 1U);
    const std::vector<Tso> progress = Tsos(pump, LogFactKind::kProgress);
    BOOST_TEST(progress.size() > 2U);
    BOOST_TEST(std::is_sorted(progress.begin(), progress.end()));
  }
}

BOOST_AUTO_TEST_CASE(an_upgrade_from_the_kafka_version) {
  const Logged logged = Run(LoadScenario("kafka-to-cluster/steady-writes.json"));
  const LogFile old = logged.Of("old-drainer-1");
  BOOST_TEST((Texts(old, LogFactKind::kVersion) == Words{"kafka-head"}));
  BOOST_TEST((Tsos(old, LogFactKind::kSavePoint) == logged.Saved("old-drainer-1")));
  BOOST_TEST(logged.Saved("old-drainer-1").size() > 0U);
}

// Each DDL that came downstream by `node`, by its commit ts.
std::vector<Tso> DdlsOf(const Logged& logged, const std::string& node) {
  std::vector<Tso> out;
  for (const trace::Event& event : logged.run.trace.events) {
    if (event.kind != trace::EventKind::kDdlApplied) continue;
    if (logged.run.trace.header.nodes[event.peer].name == node) out.push_back(event.b);
  }
  return out;
}

// Up to 2.1 two lines; from 3.0 on one, when it is taken up.
BOOST_AUTO_TEST_CASE(ddls_of_the_cluster_version) {
  for (const bool old : {true, false}) {
    const Logged logged = Run(LoadScenario(
        "rolling-manual/with-ddl.json", {old ? "versions.old=v2.1.8" : "versions.old=v3.0.5",
                                         old ? "versions.new=v2.1.20" : "versions.new=v4.0.10"}));
    const LogFile drainer = logged.Of("drainer-1");
    const std::vector<Tso> applied = DdlsOf(logged, "drainer-1");
    BOOST_TEST(applied.size() >= 4U);
    BOOST_TEST((Tsos(drainer, LogFactKind::kDdlBegun) == applied));
    BOOST_TEST((Tsos(drainer, LogFactKind::kDdlDone) == (old ? applied : std::vector<Tso>())));
  }
}

// What the old side says of itself: who it is, that it lives, which files it writes, its end.
BOOST_AUTO_TEST_CASE(the_old_side_of_two_eras) {
  for (const bool local : {true, false}) {
    const Logged logged = Run(
        LoadScenario(local ? "local-to-cluster/small.json" : "kafka-to-cluster/steady-writes.json",
                     {"workload.ddl=2", "pump.extra_config=\"binlog-file-size = 12800\""}));
    const LogFile drainer = logged.Of("old-drainer-1");
    BOOST_TEST(
        (Texts(drainer, LogFactKind::kVersion) == Words{local ? "local-rc2.3" : "kafka-head"}));
    BOOST_TEST(CountOf(drainer, LogFactKind::kStarted) == 1U);
    BOOST_TEST(CountOf(drainer, LogFactKind::kClosing) == 1U);
    const std::vector<Tso> applied = DdlsOf(logged, "old-drainer-1");
    BOOST_TEST(!applied.empty());
    BOOST_TEST((Tsos(drainer, LogFactKind::kDdlBegun) == applied));
    BOOST_TEST((Tsos(drainer, LogFactKind::kDdlDone) == applied));
    const LogFile pump = logged.Of("old-pump-1");
    BOOST_TEST((Texts(pump, LogFactKind::kVersion) == Texts(drainer, LogFactKind::kVersion)));
    BOOST_TEST(CountOf(pump, LogFactKind::kStarted) == 1U);
    BOOST_TEST(CountOf(pump, LogFactKind::kClosing) == 1U);
    BOOST_TEST(CountOf(pump, LogFactKind::kAlive) > 3U);
    BOOST_TEST(CountOf(pump, LogFactKind::kFileBegun) > 0U);
  }
}

// The old releases told of a save point only when it failed (tag v1.0: drainer/syncer.go).
BOOST_AUTO_TEST_CASE(an_old_release_is_silent) {
  const Logged logged =
      Run(LoadScenario("kafka-to-cluster/steady-writes.json", {"versions.old=kafka-v1.0"}));
  BOOST_TEST(CountOf(logged.Of("old-drainer-1"), LogFactKind::kSavePoint) == 0U);
  BOOST_TEST(logged.Saved("old-drainer-1").size() > 0U);
}

BOOST_AUTO_TEST_CASE(nobody_pays_for_what_nobody_reads) {
  BOOST_TEST(Rehearse(LoadScenario("rolling-manual/small.json")).result.logs.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::test
