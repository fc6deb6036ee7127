// What came from outside, put to the world: actions and queries of the engine's port, each with
// whoever waits for its answer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "engine/port/port.h"
#include "sim/attach.h"

namespace tidegate::lab {

using OnAnswer = std::function<void(const engine::port::Answer&)>;

class LinkHands final {
 public:
  /// REQUIRES: before the first Perform or Ask; `link` outlives this.
  void Attach(sim::EngineLink* link) { link_ = link; }

  void Perform(const engine::port::Action& action, OnAnswer on_answer);
  void Ask(const engine::port::Query& query, Duration timeout, OnAnswer on_answer);

  /// Gives an answer to whoever waits for it; false when `input` is none.
  bool Deliver(const engine::port::Input& input);
  std::size_t outstanding_count() const { return waiting_.size(); }

 private:
  sim::EngineLink* link_ = nullptr;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, OnAnswer> waiting_;
};

}  // namespace tidegate::lab
