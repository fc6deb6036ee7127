// The files that tidb-ansible puts on a host beside binary and configuration: unit, run script,
// start and stop scripts.
#pragma once

#include <string>
#include <string_view>

#include "sim/run_plan.h"

namespace tidegate::lab {

/// "pump", "drainer", "tidb", …: as in run_pump.sh.
std::string_view StemOf(Role role);
/// "pump", "drainer", "tidb-server"; "" of roles that no stub stands for.
std::string_view PartOf(Role role);
/// "/home/tidb/deploy" of "/home/tidb/deploy/bin/pump"; "" when there is no such folder.
std::string DeployDirOf(const sim::NodePlan& node);
/// "/home/tidb/deploy/scripts/run_pump.sh"; "" without a deploy folder.
std::string RunScriptPath(const sim::NodePlan& node);

std::string UnitText(const sim::NodePlan& node);
std::string RunScriptText(const sim::RunPlan& plan, const sim::NodePlan& node);
/// start_pump.sh and stop_pump.sh: `verb` is "start" or "stop".
std::string ControlScriptText(const sim::NodePlan& node, std::string_view verb);

}  // namespace tidegate::lab
