// `expect` of a scenario, written from what a run came to: for scenarios that are made by a program
// (import, reproduce). A person reads it before it is kept.
#pragma once

#include <string>
#include <vector>

#include "rehearsal/steps.h"
#include "verifier/verdict.h"

namespace tidegate::rehearsal {

/// The JSON object: verdict, root findings, and for a pass the checks of data and gate that had
/// something to judge.
std::string ExpectText(const verifier::Verdict& verdict);

/// `path` as it must stand in a file `from`: relative to its folder where both are relative, else
/// absolute. An empty path stays empty.
std::string PathFrom(const std::string& from, const std::string& path);

/// Writes a scenario: atomically, and over nothing that is there unless `force`.
Status WriteScenario(const std::string& path, const std::string& text, bool force);

}  // namespace tidegate::rehearsal
