// What each kind of fault does when it fires, and when it is healed.

#include "sim/faults.h"
#include "sim/world/control.h"
#include "sim/world/downstream.h"
#include "sim/world/hosts.h"
#include "sim/world/pd.h"

namespace tidegate::sim {
namespace {

using trace::EventKind;
using trace::RegistryState;

RegistryState StateOf(const FaultPlan& fault) {
  return static_cast<RegistryState>(static_cast<std::int64_t>(RegistryState::kOnline) +
                                    fault.detail);
}

RegistryRecord::Root RootOf(const World& world, NodeId node) {
  return world.node_plan(node).info.role == Role::kPump ? RegistryRecord::Root::kPumps
                                                        : RegistryRecord::Root::kDrainers;
}

}  // namespace

void Faults::Cut(NodeId node, NodeId peer, bool cut) {
  if (peer != kNoNode) {
    world_.kernel().SetCut(node, peer, cut);
    return;
  }
  for (std::size_t i = 0; i < world_.node_count(); ++i) {
    if (i != node) world_.kernel().SetCut(node, static_cast<NodeId>(i), cut);
  }
}

void Faults::Do(const FaultPlan& fault, bool heal) {
  if (DoToProcess(fault, heal) || DoToLink(fault, heal) || DoToRegistry(fault, heal)) return;
  if (fault.kind == FaultKind::kEngineCrash) {
    if (!heal && world_.engine() != nullptr) {
      world_.engine()->Crash(static_cast<trace::CrashPoint>(fault.detail));
      world_.control().NoteEnd();
    }
    return;
  }
  if (fault.kind == FaultKind::kClockJump && fault.node == world_.control().id()) {
    world_.control().JumpClock(heal ? -fault.amount : fault.amount);
    return;
  }
  world_.node(fault.node).OnFault(fault, heal);
}

// A file lies on the host of the Drainer that writes it.
void Faults::LoseFileTail(const FaultPlan& fault) {
  const trace::NodeInfo& info = world_.node_plan(fault.node).info;
  if (info.role != Role::kDrainer || info.sink == kNoNode) return;
  static_cast<Downstream&>(world_.node(info.sink)).LoseTail(fault.node, fault.amount);
}

bool Faults::DoToProcess(const FaultPlan& fault, bool heal) {
  Hosts& hosts = world_.hosts();
  switch (fault.kind) {
    case FaultKind::kKill:
      if (!heal) hosts.Kill(fault.node);
      return true;
    case FaultKind::kPowerLoss:
      if (heal) return true;
      hosts.Kill(fault.node);
      world_.node(fault.node).OnFault(fault, heal);
      LoseFileTail(fault);
      return true;
    case FaultKind::kRestart:
    case FaultKind::kStop:
      if (!heal) {
        hosts.Stop(fault.node);
      } else if (hosts.enabled(fault.node) || hosts.UnderSupervise(fault.node)) {
        hosts.Start(fault.node);  // a unit that was disabled meanwhile stays down
      }
      return true;
    case FaultKind::kStartNode:
      if (!heal) hosts.Start(fault.node);
      return true;
    case FaultKind::kHang:
      if (world_.kernel().IsUp(fault.node)) world_.kernel().SetHung(fault.node, !heal);
      return true;
    case FaultKind::kOldBinary:
      if (!heal) hosts.RestartOnOldBinary(fault.node);
      return true;
    case FaultKind::kReboot:
      if (heal) {
        hosts.StartEnabled(world_.node_plan(fault.node).info.host);
      } else {
        hosts.PowerOff(world_.node_plan(fault.node).info.host);
      }
      return true;
    case FaultKind::kSendSigkill:
      if (!heal) hosts.SetSendSigkill(fault.node);
      return true;
    default: return false;
  }
}

bool Faults::DoToLink(const FaultPlan& fault, bool heal) {
  switch (fault.kind) {
    case FaultKind::kPartition: Cut(fault.node, fault.peer, !heal); return true;
    case FaultKind::kKafkaUnreachable: Cut(fault.node, kNoNode, !heal); return true;
    case FaultKind::kPartitionOneWay:
      world_.kernel().SetCutOneWay(fault.node, fault.peer, !heal);
      return true;
    case FaultKind::kDelay:
      world_.kernel().AddLatency(fault.node, fault.peer, heal ? -fault.amount : fault.amount);
      return true;
    default: return false;
  }
}

bool Faults::DoToRegistry(const FaultPlan& fault, bool heal) {
  Pd& pd = world_.pd();
  switch (fault.kind) {
    case FaultKind::kRegistryStale: {
      if (heal) return true;
      RegistryRecord record;
      record.root = RegistryRecord::Root::kOldDrainers;
      record.id = fault.peer != kNoNode ? world_.node_plan(fault.peer).etcd_id : "gone-host:8249";
      record.host = record.id;
      record.alive_until = kTimeMax;
      pd.AddLeftover(record);
      return true;
    }
    case FaultKind::kStalePump:
    case FaultKind::kStaleDrainer: {
      if (heal) return true;
      const bool pump = fault.kind == FaultKind::kStalePump;
      RegistryRecord record;
      record.root = pump ? RegistryRecord::Root::kPumps : RegistryRecord::Root::kDrainers;
      record.id = pump ? "gone-host:8250" : "gone-host:8249";
      record.host = record.id;
      record.state = StateOf(fault);
      record.update_ts = record.max_commit_ts = pd.Peek();
      pd.AddLeftover(record);
      return true;
    }
    case FaultKind::kRegistryGarbage: {
      if (heal) {
        pd.RemoveUndecodable();
        return true;
      }
      RegistryRecord record;
      record.id = record.host = "gone-host:8250";
      record.undecodable = true;
      pd.AddLeftover(record);
      return true;
    }
    case FaultKind::kUpdateState:
      if (!heal) pd.Overwrite(RootOf(world_, fault.node), fault.node, StateOf(fault));
      return true;
    case FaultKind::kPutState: {
      if (heal || !world_.hosts().Serving(fault.node)) return true;
      HttpRequest request;
      request.method = "PUT";
      request.path = "/state/" + pd.IdOf(fault.node) + (fault.detail == 0 ? "/pause" : "/close");
      world_.node(fault.node).OnHttp(request);
      return true;
    }
    case FaultKind::kDuplicateId:
      if (!heal) pd.ShareId(fault.node, fault.peer);
      return true;
    case FaultKind::kNewIdentity:
      if (!heal) pd.LoseId(fault.node);
      return true;
    default: return false;
  }
}

}  // namespace tidegate::sim
