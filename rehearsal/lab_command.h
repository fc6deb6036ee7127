// What the shell of the lab is given for an engine: the operator's own command, or our shipped
// program with everything that it asks for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/session/home.h"
#include "rehearsal/run.h"

namespace tidegate::rehearsal {

/// The name by which our own program, as a process, is asked for.
inline constexpr std::string_view kShippedEngine = "binlog-upgrade";

/// The scenario's own files, or those that were generated for it, which then lie in the lab's
/// folder. Whole paths, that hold wherever the command runs; "" where the scenario has none.
struct LabInputs {
  std::string inventory;
  std::string target;
  std::string site;

  /// TIDEGATE_INVENTORY and the like, for commands that name them.
  std::vector<std::string> Environment() const;
};
/// Errors: kIo.
Result<LabInputs> LabInputsOf(const sim::Scenario& scenario, const lab::Home& home);

/// For a shell, each.
struct LabCommands {
  std::string first;
  std::string again;         ///< after a crash that the scenario asks for; "": nothing
  std::string journal_path;  ///< of an engine whose records can be counted; "": none
};

/// The commands of `choice`. For "binlog-upgrade": its `apply` and `resume` on `inputs`. Errors:
/// kIo; kBadInput for a crash of `prepared` at an output that nobody can count.
Result<LabCommands> CommandsFor(const EngineChoice& choice, const Prepared& prepared,
                                const sim::RunPlan& plan, const sim::EngineSettings& settings,
                                const LabInputs& inputs, const lab::Home& home);

}  // namespace tidegate::rehearsal
