// Which of the verifier's checks can be judged from outside, and why the others can't: what
// commits, what a Pump acknowledges and what is applied is not seen by whoever only polls.
#pragma once

#include <string_view>

#include "trace/recorder.h"
#include "verifier/verdict.h"

namespace tidegate::watch {

/// In the header's place for the engine's name of a trace that a watch wrote.
inline constexpr std::string_view kWatched = "watched from outside";

/// Why the check can't be judged from outside; "" when it can. `check`: one of the verifier's.
/// Unknown checks can't.
std::string_view WhyNotJudged(std::string_view check);

/// The verifier's word on a trace that a watch wrote: findings of the checks that can be judged,
/// the others reported as not judged. Passes when none of those was violated.
verifier::Verdict JudgeWatched(const trace::Trace& trace);

}  // namespace tidegate::watch
