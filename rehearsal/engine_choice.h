// What `--engine` names, and whether the clock of the lab reaches it: found before a run that would
// hang or be wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/doctor/programs_of.h"

namespace tidegate::rehearsal {

/// Our own executor, by its style; everything else is a command for the lab.
bool IsOurs(std::string_view engine);

/// A word that is neither an engine of ours nor a program is a mistyped name. Errors: kBadInput
/// with the nearest name.
Status CheckEngineName(const std::string& engine);

/// How the programs of a command and the lab's clocks go together.
struct ClockFit {
  std::vector<lab::StartedProgram> programs;  ///< of the command and its scripts
  /// Those that a preload does not get into. `named`: the command itself names one, so that a run
  /// under a clock of that kind can't be right.
  std::vector<lab::StartedProgram> unreached;
  bool named = false;

  /// "lockstep", or "real" when the command itself is out of its reach.
  std::string_view clock() const { return named ? "real" : "lockstep"; }
};

/// Errors: as lab::ProgramsOf.
Result<ClockFit> FitOf(const std::string& engine);

/// A sentence on a program of `unreached`.
std::string Unreached(const lab::StartedProgram& program);

/// Before a run of `engine` under `clock`: the sentences to warn with. Errors: kBadInput when it
/// must not be run so; as FitOf.
Result<std::vector<std::string>> CheckClock(const std::string& engine, const std::string& clock);

}  // namespace tidegate::rehearsal
