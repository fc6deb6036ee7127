// A RunPlan as one JSON object, and back: enough to run it again, and the form in which it is
// printed and kept in a trace's header. Durations and times are texts ("30s"), 64-bit ids and
// timestamps decimal strings, nodes are named by name. Passwords in configuration files are written
// as
// "***": nothing in a run depends on them. But for those, a plan read again equals the one written.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "sim/run_plan.h"

namespace tidegate::sim {

std::string RunPlanToJson(const RunPlan& plan, JsonWriter::Style style);

/// Errors: file:line:column; unknown keys, absent keys, names that no node has.
Result<RunPlan> ParseRunPlan(std::string text, const std::string& file);

/// One line for each node, fault and table, and the numbers: what `rehearse` prints first.
std::string DescribeRunPlan(const RunPlan& plan);

}  // namespace tidegate::sim
