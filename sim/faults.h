// Faults: when they fire, and what they do. A fault fires at a virtual time or after the nth event
// that matches; it is an event itself, before all others of its time. Nodes carry out what concerns
// them alone (Node::OnFault); processes and links are the kernel's.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/world.h"

namespace tidegate::sim {

class Faults final : public Process {
 public:
  explicit Faults(World& world);

  /// Schedules those that have a time. REQUIRES: called once, before the first Step.
  void Begin();

  /// An event was recorded: counts the triggers that wait for it.
  void OnEvent(const trace::Event& event) {
    if (waits_[static_cast<std::size_t>(event.kind)] != 0) Match(event);
  }

  /// Everything that is still broken is mended.
  void HealAll();
  /// Writes kFaultNeverFired for those that did not.
  void ReportUnfired();
  /// An engine crash that the engine's host carried out by itself.
  void MarkFired(std::size_t index);

  // The kernel delivers faults here: `a` is the index << 1 | heal.
  void OnTimer(What what, std::uint64_t a, std::uint32_t b) override;
  void OnMessage(const Envelope&) override {}
  void OnSendFailed(const Envelope&, SendFailure) override {}

 private:
  struct State {
    std::int64_t matched = 0;
    bool armed = false;
    bool fired = false;
    bool healed = false;
  };

  void Match(const trace::Event& event);
  void Fire(std::size_t index);
  void Heal(std::size_t index);
  void Do(const FaultPlan& fault, bool heal);
  // Each is false for a kind that is not its own.
  bool DoToProcess(const FaultPlan& fault, bool heal);
  void LoseFileTail(const FaultPlan& fault);
  bool DoToLink(const FaultPlan& fault, bool heal);
  bool DoToRegistry(const FaultPlan& fault, bool heal);
  void Cut(NodeId node, NodeId peer, bool cut);

  World& world_;
  std::array<std::uint8_t, static_cast<std::size_t>(trace::EventKind::kCount)> waits_{};
  std::vector<State> states_;
};

}  // namespace tidegate::sim
