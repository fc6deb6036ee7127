// The engine of a replay: does what a recording says, when and where it says, and listens to
// nobody. It acts between two steps of the world's kernel, as the recorded engine did; and it
// compares each event that comes of it with the recorded one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rehearsal/recording.h"
#include "rehearsal/run.h"
#include "sim/attach.h"
#include "sim/world.h"
#include "trace/recorder.h"

namespace tidegate::rehearsal {

/// Where a replay left its recording.
struct Divergence {
  std::uint64_t event = 0;  ///< its number, from 0
  Time time = 0;            ///< of the replay
  std::string recorded;     ///< as sentences
  std::string replayed;
};

class ReplayEngine final : public sim::AttachedEngine, public trace::Listener {
 public:
  /// `replayed`: the trace that the replay's events have their texts in. REQUIRES: all outlive the
  /// engine.
  ReplayEngine(const Recording& recording, const trace::Trace& recorded,
               const trace::Trace& replayed)
      : inputs_(recording.inputs), recorded_(recorded), replayed_(replayed) {}

  /// REQUIRES: called before the world runs, and nobody else looks at it. `taken`, unless null:
  /// somebody asked nodes for their status beside the engine, and does so again.
  void Watch(sim::World* world, std::vector<Taken>* taken);

  void Start(sim::EngineLink* link) override;
  void OnInput(const engine::port::Input&) override {}
  void Crash(trace::CrashPoint) override { Act(); }
  bool finished() const override { return finished_; }

  void OnEvent(const trace::Event& event, std::uint64_t index) override;

  /// The whole run was replayed: has nothing of the recording stayed out?
  void Finish();
  const std::optional<Divergence>& divergence() const { return divergence_; }

 private:
  void Look(std::vector<Taken>* taken);
  void Act();
  void Do(const RecordedInput& input);
  void Diverge(std::uint64_t event, std::string replayed);

  const std::vector<RecordedInput>& inputs_;
  const trace::Trace& recorded_;
  const trace::Trace& replayed_;
  sim::World* world_ = nullptr;
  std::size_t next_ = 0;
  std::uint64_t steps_ = 0;  // of the kernel, at the last look
  Time take_at_ = 0;         // the next statuses
  std::uint64_t event_count_ = 0;
  bool started_ = false;
  bool finished_ = false;
  std::optional<Divergence> divergence_;
};

}  // namespace tidegate::rehearsal
