// Counts the events that a scenario expects, as they happen: how the premise of a hazard is proven
// to have held, where no check has it for its own.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/scenario.h"
#include "trace/event.h"
#include "trace/header.h"
#include "trace/recorder.h"

namespace tidegate::rehearsal {

class EventCounter {
 public:
  /// `expected` may be null. REQUIRES: all outlive the counter.
  EventCounter(const std::vector<sim::ExpectedEvents>* expected, const trace::Header& header,
               const trace::TextTable& texts);

  void OnEvent(const trace::Event& event) {
    if (wanted_[static_cast<std::size_t>(event.kind)]) Count(event);
  }
  /// Of each that is expected, in its order.
  const std::vector<std::int64_t>& counts() const { return counts_; }

 private:
  void Count(const trace::Event& event);

  const std::vector<sim::ExpectedEvents>* expected_;
  const trace::Header& header_;
  const trace::TextTable& texts_;
  std::array<bool, static_cast<std::size_t>(trace::EventKind::kCount)> wanted_{};
  std::vector<std::int64_t> counts_;
};

}  // namespace tidegate::rehearsal
