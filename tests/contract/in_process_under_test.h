// The in-process host, in front of a small simulated world: two TiDBs of which the second is down,
// an old Pump that answers its status with nothing, a new Pump that hangs, a new Drainer without a
// binary.
#pragma once

#include <memory>

#include "rehearsal/in_process_host.h"
#include "sim/run_plan.h"
#include "sim/world.h"
#include "tests/contract/host_under_test.h"
#include "trace/recorder.h"

namespace tidegate::test {

class InProcessUnderTest final : public HostUnderTest {
 public:
  InProcessUnderTest();
  ~InProcessUnderTest() override;

  const Places& places() override { return places_; }
  void Run(Script script) override;
  void RunWithCrash(Script first, Cut cut, Script second) override;
  std::vector<std::string> Visible() override { return visible_; }
  std::vector<engine::port::JournalRecord> Journal() override { return host_->journal(); }

 private:
  class Observer;

  void FindPlaces();
  void Carry(std::vector<Script> scripts, const std::vector<sim::FaultPlan>& crashes);

  sim::RunPlan plan_;
  trace::Trace trace_;
  trace::Recorder recorder_;
  std::unique_ptr<rehearsal::InProcessHost> host_;
  std::unique_ptr<Observer> observer_;
  std::unique_ptr<sim::World> world_;
  std::vector<std::string> visible_;
  Places places_;
};

}  // namespace tidegate::test
