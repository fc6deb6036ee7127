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

/// For a shell, each.
struct LabCommands {
  std::string first;
  std::string again;         ///< after a crash that the scenario asks for; "": nothing
  std::string journal_path;  ///< of an engine whose records can be counted; "": none
};

/// The commands of `choice`. For "binlog-upgrade": its `apply` and `resume` on the scenario's own
/// files, or on those that were generated for it, which then lie in the lab's folder. Errors: kIo;
/// kBadInput for a crash of `prepared` at an output that nobody can count.
Result<LabCommands> CommandsFor(const EngineChoice& choice, const Prepared& prepared,
                                const sim::RunPlan& plan, const sim::EngineSettings& settings,
                                const lab::Home& home);

}  // namespace tidegate::rehearsal
