#include "tests/contract/in_process_under_test.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <utility>

#include "rehearsal/topology.h"
#include "sim/scenario.h"
#include "tests/support/why.h"

namespace tidegate::test {
namespace {

namespace port = engine::port;
using trace::EventKind;

sim::RunPlan SmallPlan() {
  std::vector<sim::Override> overrides;
  for (const char* text : {"topology.tidbs=2", "workload.transactions=0"}) {
    Result<sim::Override> one = sim::ParseOverride(text);
    BOOST_REQUIRE_MESSAGE(one.has_value(), Why(one));
    overrides.push_back(*std::move(one));
  }
  const Result<sim::Scenario> scenario = sim::LoadScenario(
      std::string(TIDEGATE_SOURCE_DIR) + "/scenarios/kafka-to-cluster/small.json", overrides);
  BOOST_REQUIRE_MESSAGE(scenario.has_value(), Why(scenario));
  Result<rehearsal::Prepared> prepared = rehearsal::Prepare(*scenario, 1);
  BOOST_REQUIRE_MESSAGE(prepared.has_value(), Why(prepared));
  return std::move(prepared->plan);
}

NodeId IdOf(const sim::RunPlan& plan, const std::string& name) {
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (plan.nodes[i].info.name == name) return static_cast<NodeId>(i);
  }
  BOOST_REQUIRE_MESSAGE(false, "no node " << name);
  return kNoNode;
}

std::int64_t PersistsBeforeAction(const Script& script) {
  std::int64_t count = 0;
  for (const Turn& turn : script) {
    for (const port::Output& output : turn) {
      if (std::holds_alternative<port::Perform>(output)) return count;
      if (std::holds_alternative<port::Persist>(output)) ++count;
    }
  }
  return count;
}

}  // namespace

// Stands between host and world, hands everything on, and takes note of what leaves the host.
class InProcessUnderTest::Observer final : public sim::AttachedEngine, public sim::EngineLink {
 public:
  explicit Observer(InProcessUnderTest* test) : test_(test) {}

  // -- the world's side
  void Start(sim::EngineLink* link) override {
    link_ = link;
    test_->host_->Start(this);
  }
  void OnInput(const port::Input& input) override { test_->host_->OnInput(input); }
  void Crash(trace::CrashPoint point) override { test_->host_->Crash(point); }
  bool finished() const override { return test_->host_->finished(); }

  // -- the host's side
  Time now() const override { return link_->now(); }
  void Perform(std::uint64_t id, const port::Action& action) override {
    const auto* hook = std::get_if<port::RunHook>(&action);
    if (hook != nullptr) Note("hook " + hook->name);
    link_->Perform(id, action);
  }
  void Ask(std::uint64_t id, std::uint32_t incarnation, const port::Query& query,
           Duration timeout) override {
    link_->Ask(id, incarnation, query, timeout);
  }
  void WakeAt(Time at) override { link_->WakeAt(at); }
  void Post(const port::Input& input) override { link_->Post(input); }
  void Claim(trace::Event event, std::string_view text) override {
    if (event.kind == EventKind::kEngineSaid) Note(fmt::format("told {}", text));
    if (event.kind == EventKind::kOperatorAsked) Note(fmt::format("asked {}", text));
    if (event.kind == EventKind::kEngineFinished) Note(fmt::format("finished {}", text));
    link_->Claim(event, text);
  }

 private:
  void Note(const std::string& what) {
    test_->visible_.push_back(fmt::format("{} {}", test_->Journal().size(), what));
  }

  InProcessUnderTest* test_;
  sim::EngineLink* link_ = nullptr;
};

InProcessUnderTest::InProcessUnderTest() : plan_(SmallPlan()), recorder_(&trace_, nullptr, false) {
  plan_.drain_max = kMinute;
  sim::NodePlan& hung = plan_.nodes[IdOf(plan_, "pump-1")];
  hung.version = "v2.1.0";
  hung.running = true;
  sim::FaultPlan& hang = plan_.faults.emplace_back();
  hang.kind = sim::FaultKind::kHang;
  hang.node = IdOf(plan_, "pump-1");
  hang.trigger.at = kSecond;
  // tidb-binlog kafka: pump/server.go, Status panics in write-mode kafka.
  sim::NodePlan& closing = plan_.nodes[IdOf(plan_, "old-pump-1")];
  closing.config = "write-mode = \"kafka\"\n";
  plan_.nodes[IdOf(plan_, "tidb-2")].running = false;
  FindPlaces();
}

InProcessUnderTest::~InProcessUnderTest() = default;

void InProcessUnderTest::FindPlaces() {
  const auto info = [&](const std::string& name) -> const trace::NodeInfo& {
    return plan_.nodes[IdOf(plan_, name)].info;
  };
  const auto unit = [&](const std::string& name) {
    return port::ShowUnit{info(name).host, info(name).unit};
  };
  const auto get = [&](const std::string& name, std::int64_t port, const char* path) {
    return port::HttpGet{info(name).host, port, path};
  };
  const sim::NodePlan& tidb = plan_.nodes[IdOf(plan_, "tidb-1")];
  Places& p = places_;
  p.unit = unit("old-drainer-1");
  p.unknown_unit = {p.unit.host, "unknown.service"};
  p.broken_unit = unit("drainer-1");
  p.hung_unit = unit("pump-1");
  p.host = p.unit.host;
  p.folder = "/srv";
  p.binary = {tidb.info.host, tidb.binary_path};
  p.page = get("tidb-1", tidb.status_port, "/status");
  p.missing_page = get("tidb-1", tidb.status_port, "/missing");
  p.missing_page_body = "404 page not found\n";
  p.closing = get("old-pump-1", info("old-pump-1").port, "/status");
  p.hung = get("pump-1", info("pump-1").port, "/status");
  p.nobody = get("tidb-1", 1, "/status");
  p.sql = info("downstream-1").name;
  p.sql_down = fmt::format("tidb {}:{}", info("tidb-2").host, info("tidb-2").port);
  p.detach = {"detach-service", {"hook"}};
  p.attach = {"attach-service", {"hook"}};
  p.failing = {"failing", {"hook"}};
}

void InProcessUnderTest::Carry(std::vector<Script> scripts,
                               const std::vector<sim::FaultPlan>& crashes) {
  std::vector<Incarnation> seen(scripts.size());
  std::uint32_t incarnation = 0;
  rehearsal::HostOptions options;
  options.operator_answers = {"doubt=no"};
  options.restart_after = 100 * kMicrosecond;  // what it left on its way comes in after that
  host_ = std::make_unique<rehearsal::InProcessHost>(
      [&](const std::vector<port::JournalRecord>& records)
          -> Result<std::unique_ptr<engine::Engine>> {
        BOOST_REQUIRE(incarnation < scripts.size());
        const std::size_t mine = incarnation++;
        return {std::make_unique<ScriptedEngine>(std::move(scripts[mine]), records, incarnation,
                                                 &seen[mine])};
      },
      options, crashes);
  observer_ = std::make_unique<Observer>(this);
  world_ = std::make_unique<sim::World>(plan_, &recorder_, observer_.get());
  world_->Run();
  BOOST_REQUIRE(host_->finished());
  BOOST_REQUIRE(incarnation == scripts.size());
  seen_ = std::move(seen.back());
  places_.page_body =
      world_->node(IdOf(plan_, "tidb-1")).OnHttp({"GET", places_.page.path, ""}).body;
}

void InProcessUnderTest::Run(Script script) {
  std::vector<Script> scripts;
  scripts.push_back(std::move(script));
  Carry(std::move(scripts), {});
}

void InProcessUnderTest::RunWithCrash(Script first, Cut cut, Script second) {
  sim::FaultPlan crash;
  crash.kind = sim::FaultKind::kEngineCrash;
  crash.amount = PersistsBeforeAction(first) + (cut == Cut::kInAction ? 1 : 0);
  crash.detail = static_cast<std::int64_t>(cut == Cut::kInAction ? trace::CrashPoint::kAfterAction
                                                                 : trace::CrashPoint::kTornTail);
  std::vector<Script> scripts;
  scripts.push_back(std::move(first));
  scripts.push_back(std::move(second));
  Carry(std::move(scripts), {crash});
}

}  // namespace tidegate::test
