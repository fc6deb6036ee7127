// One rehearsal: a scenario, a seed and an engine, run to the end and judged. The only place where
// world, engine and verifier meet; they meet as values and events.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rehearsal/in_process_host.h"
#include "rehearsal/steps.h"
#include "rehearsal/topology.h"
#include "sim/scenario.h"
#include "trace/recorder.h"
#include "verifier/verdict.h"

namespace tidegate::rehearsal {

/// How the engine is run; complete.
struct EngineChoice {
  std::string style = "ours";  ///< ours, literal
  std::string gate = "proof";  ///< proof, synced, both
  std::string variant;         ///< a known-bad engine (variants.h), or ""
  std::string until;
  std::string command;  ///< a program in the lab, as a shell reads it; "": ours, in this process
  /// What is started after a crash that the scenario asks for; "": of a command nothing, of our
  /// shipped engine its `resume`.
  std::string command_again;
  std::string clock = "lockstep";  ///< of the lab: lockstep, faketime, real, stopped

  /// "ours", "literal", "ours/skips-the-gate", the command.
  std::string Name() const;
};

struct RunOptions {
  EngineChoice engine;
  bool keep_trace = true;  ///< else witnesses have only what the checks had in hand
  bool digest = true;
  bool fail_on_exposure = false;
  /// Counted in the run, for Differences; null: none.
  const std::vector<sim::ExpectedEvents>* count = nullptr;
  bool logs = false;           ///< keep what Pumps and Drainers wrote
  Duration look_every = 0;     ///< somebody asks cluster-era Drainers for /status; 0: nobody
  bool look_at_pumps = false;  ///< and Pumps
  std::string reproduce;       ///< the command that runs it again, for the trace
};

struct NodeLogText {
  std::string node;
  std::string text;
};

/// A /status that somebody took beside the engine.
struct Taken {
  Time time = 0;
  NodeId node = kNoNode;
  std::string body;
};

struct RunResult {
  trace::Trace trace;
  verifier::Verdict verdict;
  std::vector<StepLine> steps;
  std::string digest;  ///< of the trace; "" when not asked for
  std::uint64_t event_count = 0;
  std::vector<std::int64_t> counts;  ///< of RunOptions::count, in its order
  std::uint64_t crash_points = 0;    ///< outputs of the engine that a crash can fall on
  std::vector<NodeLogText> logs;     ///< when they were asked for
  std::vector<Taken> taken;          ///< in order of time
  /// The plan was refused before anything was done: why. The trace then has no engine in it.
  std::string plan_refusal;
  std::string engine_output;                ///< what a program in the lab printed
  std::vector<std::string> refused_by_lab;  ///< what would have left the lab, a sentence each
  std::vector<std::string> swept_by_lab;    ///< of labs whose owner was killed, a sentence each
};

/// The choice that a scenario (or one of its variants) makes.
EngineChoice ChoiceOf(const sim::EngineSettings& settings);

/// Runs `prepared` with `plan` (its own, or that of another seed). Errors: an unknown variant; of
/// the lab (kIo where this machine can't do it).
Result<RunResult> Run(const Prepared& prepared, const sim::RunPlan& plan,
                      const sim::EngineSettings& settings, const RunOptions& options);

}  // namespace tidegate::rehearsal
