// Verbs for tests that put a program into the lab.
#pragma once

#include <string>
#include <vector>

#include "tests/rehearsal/rehearse.h"

namespace tidegate::test {

/// Can this machine do it? Says why not, once, when it can't.
bool LabWorksHere();
/// The same of the clock `faketime`.
bool FaketimeWorksHere();

struct InLab {
  std::string scenario;  ///< below scenarios/
  std::string command;   ///< as a shell reads it, in the folder of the checkout; "binlog-upgrade"
  std::string command_again = "";  ///< after a crash
  std::vector<std::string> overrides = {};
  std::vector<sim::FaultPlan> faults = {};  ///< besides the scenario's
  std::string clock = "lockstep";
  bool captures = false;  ///< logs, and statuses each minute
};

/// Rehearses with seed 1. A lab that does not come about ends the test.
rehearsal::RunResult Run(const InLab& what);

}  // namespace tidegate::test
