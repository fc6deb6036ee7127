// A run whose engine is a program of somebody's, in the lab.
#pragma once

#include "rehearsal/run.h"

namespace tidegate::rehearsal {

class ByHand;

/// As Run. With `by_hand` the lab is kept for people, who are its engine. Errors: kIo where this
/// machine can't do it (no namespaces), kBadInput: an address or a clock that can't be.
Result<RunResult> RunInLab(const Prepared& prepared, const sim::RunPlan& plan,
                           const sim::EngineSettings& settings, const RunOptions& options,
                           ByHand* by_hand = nullptr);

}  // namespace tidegate::rehearsal
