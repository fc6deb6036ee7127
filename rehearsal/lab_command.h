// What the shell of the lab is given for an engine: the operator's own command, or our shipped
// program with everything that it asks for.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "lab/session/home.h"
#include "rehearsal/run.h"

namespace tidegate::rehearsal {

/// The name by which our own program, as a process, is asked for.
inline constexpr std::string_view kShippedEngine = "binlog-upgrade";

/// The command of `choice`. For "binlog-upgrade": its `apply` on the scenario's own files, or on
/// those that were generated for it, which then lie in the lab's folder. Errors: kIo.
Result<std::string> LabCommand(const EngineChoice& choice, const Prepared& prepared,
                               const sim::EngineSettings& settings, const lab::Home& home);

}  // namespace tidegate::rehearsal
