// Parts that nobody upgrades here and that have a process all the same: PD, TiKV, Kafka and
// ZooKeeper. Their files are the lab's alone: the world knows the processes, and starts what it
// knows, whatever becomes of the files.
#pragma once

#include <string>
#include <string_view>

#include "lab/hosts/root_dir.h"
#include "sim/run_plan.h"

namespace tidegate::lab {

/// What the process is called, and what its stub stands for: "pd-server", "tikv-server", "kafka",
/// "zookeeper"; "" of other roles.
std::string_view StandInOf(Role role);
bool IsStandIn(std::string_view part);

/// The file that runs, on its host: "/home/tidb/deploy/bin/pd-server". Kafka and ZooKeeper run in a
/// Java of their own, "/home/tidb/kafka/jre/bin/java". "" of other roles.
std::string StandInBinary(const sim::NodePlan& node);
/// The command line as /proc has it.
std::string StandInCommand(const sim::RunPlan& plan, const sim::NodePlan& node);
/// The script that the unit runs, and what it is given, with a blank in front; "" of other roles.
std::string StandInScript(const sim::NodePlan& node);
std::string StandInArguments(const sim::NodePlan& node);

/// Scripts and configuration, without the binary. Errors: kIo.
Status WriteStandIn(const sim::RunPlan& plan, const sim::NodePlan& node, const RootDir& root);

}  // namespace tidegate::lab
