// A recording: what an engine, ours or a program in the lab, asked and did in a run, read from the
// run's trace. Time and place say exactly where each input belongs: between which two steps of the
// world's kernel.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "engine/port/port.h"
#include "sim/run_plan.h"
#include "trace/recorder.h"

namespace tidegate::rehearsal {

/// One action, query or claim.
struct RecordedInput {
  trace::Event event;
  std::string text;                                                              ///< of a claim
  std::variant<std::monostate, engine::port::Action, engine::port::Query> what;  ///< none: a claim

  std::uint64_t after() const { return static_cast<std::uint64_t>(event.b); }
};

struct Recording {
  sim::RunPlan plan;
  std::vector<RecordedInput> inputs;  ///< in order
};

/// Errors: kBadInput with `path` and the number of the event: a trace that holds no run plan, or
/// one of another cluster, or inputs that are not by value.
Result<Recording> ReadRecording(const trace::Trace& trace, const std::string& path);

}  // namespace tidegate::rehearsal
