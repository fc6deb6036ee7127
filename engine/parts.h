// Building blocks of the plans: the tasks that install, configure, start, stop and retire one
// process. Templates follow tidb-ansible release-2.1 (roles/pump, roles/drainer, roles/systemd).
#pragma once

#include <string>
#include <vector>

#include "engine/cluster.h"
#include "engine/plan.h"

namespace tidegate::engine {

void AddAct(Step* step, port::Action action);
void AddAct(Step* step, Act act);
void AddLook(Step* step, Look look);
void AddUndo(Step* step, port::Action action);
void AddUndo(Step* step, Act act);
void AddUndoLook(Step* step, Look look);

/// Binary, configuration, run script, unit; enabled and started. With `prove`, the binary is asked
/// for its version first.
void DeployPump(const Cluster& cluster, const Pump& pump, bool prove, Step* step);
/// The same for the Drainer that takes over from the old one of this name. Its script passes the
/// handed-over timestamp as --initial-commit-ts, which counts only where no checkpoint is stored.
void DeployDrainer(const Cluster& cluster, const Drainer& drainer, const std::string& initial_ts,
                   bool prove, Step* step);
/// Why `prove` is.
void ExplainBinaryProof(Step* step);
/// A unit that starts with its host, or no longer does; nothing to do where none ever does.
void AddEnabled(const Process& process, bool enabled, Step* step);
/// Stopped, and kept from coming back with its host.
void RetireProcess(const Process& process, Step* step);
/// Binary and configuration of a TiDB; with `undo`, also the copies that its way back needs.
void UpgradeTidb(const Cluster& cluster, const Tidb& tidb, bool undo, Step* step);
/// Kafka brokers, then ZooKeeper servers, that step 7 stops: those that are ours to stop and that
/// nobody else needs. A broker that stays needs its ZooKeeper.
std::vector<const Process*> RetiredBystanders(const Cluster& cluster);

/// Where the bytes of PATH are kept before they are changed.
std::string BeforePath(const std::string& path);
std::string RunPumpScript(const Cluster& cluster, const Pump& pump);
std::string RunDrainerScript(const Cluster& cluster, const Drainer& drainer,
                             const std::string& initial_ts);
std::string UnitText(const Process& process, const std::string& what);

}  // namespace tidegate::engine
