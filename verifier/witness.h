// Turns the drafts of a run into findings: fetches from the trace the events of a transaction that
// a check did not keep, writes each event as a sentence, and says what follows from what.
#pragma once

#include <vector>

#include "trace/recorder.h"
#include "verifier/check.h"
#include "verifier/findings.h"

namespace tidegate::verifier {

/// Findings in telling order: each root (procedure before gate before checkpoint before data before
/// service, then by first event) and behind it those that follow from it. `trace` may be null.
std::vector<Finding> TellFindings(const Findings& findings, const Context& context,
                                  const trace::Trace* trace);

}  // namespace tidegate::verifier
