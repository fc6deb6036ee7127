#include "sim/world/hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <utility>

namespace tidegate::sim {
namespace {

using trace::DownCause;
using trace::EventKind;

constexpr Duration kRestartDelay = 15 * kSecond;      // RestartSec=15s
constexpr Duration kStopTimeoutAfter = 90 * kSecond;  // systemd's DefaultTimeoutStopSec
// daemontools: supervise.c trystart: sleeps for a second after it has started the process
constexpr Duration kSuperviseStartPause = kSecond;

}  // namespace

std::string_view ActiveState(UnitState state) {
  switch (state) {
    case UnitState::kInactive: return "inactive";
    case UnitState::kActivating: return "activating";
    case UnitState::kActive: return "active";
    case UnitState::kDeactivating: return "deactivating";
    case UnitState::kFailed: return "failed";
  }
  return "";
}

Hosts::Hosts(World& world) : world_(world), units_(world.plan().nodes.size()) {
  for (const NodePlan& node : world.plan().nodes) {
    if (!node.version.empty()) binaries_[{node.info.host, node.binary_path}] = node.version;
    if (!node.config.empty()) files_[{node.info.host, node.config_path}] = node.config;
    if (!node.control_path.empty()) files_[{"localhost", node.control_path}] = node.control_config;
  }
  // tidb-ansible: the cluster version's units say SendSIGKILL=no.
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const trace::NodeInfo& info = world.plan().nodes[i].info;
    units_[i].supervise = engine::port::UnderSupervise(info.unit);
    units_[i].send_sigkill = info.era != Era::kCluster && !units_[i].supervise;
  }
}

const std::string* Hosts::File(const std::string& host, const std::string& path) const {
  const auto found = files_.find({host, path});
  return found == files_.end() ? nullptr : &found->second;
}

void Hosts::WriteFile(const std::string& host, const std::string& path, std::string content) {
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const NodePlan& node = world_.plan().nodes[i];
    if (node.info.host == host && node.config_path == path) {
      world_.Record({.kind = EventKind::kConfigInstalled,
                     .node = static_cast<NodeId>(i),
                     .text = world_.InternRedacted(content)});
    }
  }
  files_[{host, path}] = std::move(content);
}

void Hosts::RemoveFile(const std::string& host, const std::string& path) {
  files_.erase({host, path});
}

void Hosts::InstallBinary(const std::string& host, const std::string& path, std::string version) {
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const NodePlan& node = world_.plan().nodes[i];
    if (node.info.host == host && node.binary_path == path) {
      world_.Record({.kind = EventKind::kBinaryInstalled,
                     .node = static_cast<NodeId>(i),
                     .text = world_.Intern(version)});
    }
  }
  binaries_[{host, path}] = std::move(version);
}

std::string Hosts::BinaryVersion(const std::string& host, const std::string& path) const {
  const auto found = binaries_.find({host, path});
  return found == binaries_.end() ? "" : found->second;
}

NodeId Hosts::FindUnit(const std::string& host, const std::string& unit) const {
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const trace::NodeInfo& info = world_.plan().nodes[i].info;
    if (info.host == host && info.unit == unit && !unit.empty()) return static_cast<NodeId>(i);
  }
  return kNoNode;
}

NodeId Hosts::FindListener(const std::string& host, std::int64_t port) const {
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const NodePlan& node = world_.plan().nodes[i];
    if (node.info.host == host && (node.info.port == port || node.status_port == port) &&
        HoldsPort(static_cast<NodeId>(i)) && world_.node(static_cast<NodeId>(i)).Listening()) {
      return static_cast<NodeId>(i);
    }
  }
  return kNoNode;
}

// A process that hangs takes no signal, and a Drainer closes its listener last, behind its syncer
// (tidb-binlog: drainer/server.go Close): while they are told to stop, and when systemd has given
// up on them, their ports are open.
bool Hosts::HoldsPort(NodeId node) const {
  if (Serving(node)) return true;
  const trace::NodeInfo& info = world_.node_plan(node).info;
  const bool closes_last = info.role == Role::kDrainer && info.era == Era::kCluster;
  return world_.kernel().IsUp(node) && (closes_last || world_.kernel().IsHung(node));
}

bool Hosts::Serving(NodeId node) const {
  return units_[node].state == UnitState::kActive && world_.kernel().IsUp(node);
}

bool Hosts::LeftOver(NodeId node) const {
  return units_[node].state == UnitState::kFailed && world_.kernel().IsUp(node);
}

bool Hosts::Coming(NodeId node) const {
  const Unit& unit = units_[node];
  return unit.state == UnitState::kActivating ||
         (unit.state == UnitState::kFailed && unit.restarts);
}

bool Hosts::Start(NodeId node) {
  Unit& unit = units_[node];
  const NodePlan& plan = world_.node_plan(node);
  if (unit.state == UnitState::kActive || unit.state == UnitState::kActivating) return true;
  // A process that systemd gave up on still has its port and its lock.
  if (world_.kernel().IsUp(node)) return false;
  unit.stop_asked = false;
  Say(node, UnitWord::kStarted);
  if (BinaryVersion(plan.info.host, plan.binary_path).empty()) {
    unit.state = UnitState::kFailed;
    unit.restarts = unit.supervise;
    Say(node, UnitWord::kNotThere);
    if (!unit.supervise) return false;
    // start_ROLE.sh says "ok: started!" once supervise runs, which tries its script each second.
    unit.up_since = world_.now();  // of the script that can't
    RestartLater(node);
    return true;
  }
  unit.state = UnitState::kActivating;
  ++unit.start_count;
  world_.kernel().After(static_cast<NodeId>(world_.node_count() - 1), world_.plan().boot_duration,
                        kBooted, node, unit.start_count);
  return true;
}

void Hosts::Stop(NodeId node) {
  Unit& unit = units_[node];
  unit.stop_asked = true;
  unit.restart_count = 0;
  if (unit.state == UnitState::kActivating) {
    ++unit.start_count;  // the pending boot is void
    unit.state = UnitState::kInactive;
    for (const UnitWord word : {UnitWord::kStopping, UnitWord::kEnded, UnitWord::kStopped}) {
      Say(node, word);
    }
    return;
  }
  if (LeftOver(node)) return;  // systemd has nothing more to send
  if (unit.state != UnitState::kActive) {
    if (unit.state == UnitState::kFailed && unit.restarts) Say(node, UnitWord::kStopped);
    unit.state = UnitState::kInactive;
    ++unit.start_count;  // so is a pending restart
    return;
  }
  unit.state = UnitState::kDeactivating;
  Say(node, UnitWord::kStopping);
  if (!unit.supervise) {
    world_.kernel().After(static_cast<NodeId>(world_.node_count() - 1), kStopTimeoutAfter,
                          kStopTimeout, node, unit.start_count);
  }
  if (!world_.kernel().IsHung(node)) world_.node(node).OnStopSignal();
}

void Hosts::Kill(NodeId node) {
  if (!world_.kernel().IsUp(node)) return;
  const bool stops = units_[node].state == UnitState::kDeactivating;
  WentDown(node, DownCause::kKilled, "killed");
  Say(node, UnitWord::kWasKilled);
  if (stops) Say(node, UnitWord::kStopped);
  world_.node(node).OnKilled();
  if (!units_[node].stop_asked && !world_.node_plan(node).info.unit.empty()) {
    units_[node].state = UnitState::kFailed;
    units_[node].restarts = true;
    RestartLater(node);
  }
}

void Hosts::RestartLater(NodeId node) {
  Unit& unit = units_[node];
  const Duration pause =
      unit.supervise ? std::max<Duration>(0, unit.up_since + kSuperviseStartPause - world_.now())
                     : kRestartDelay;
  world_.kernel().After(static_cast<NodeId>(world_.node_count() - 1), pause, kRestart, node,
                        unit.start_count);
}

// daemontools: svstat.c. Process ids are made up: no two of a host are the same.
std::string Hosts::Svstat(NodeId node) const {
  const Unit& unit = units_[node];
  const std::string& folder = world_.node_plan(node).info.unit;
  const bool up = unit.state == UnitState::kActive || unit.state == UnitState::kDeactivating;
  const Time since = up ? unit.up_since : unit.down_since;
  const std::int64_t seconds = (world_.now() - since) / kSecond;
  switch (unit.state) {
    case UnitState::kActive:
    case UnitState::kDeactivating:
      return fmt::format("{}: up (pid {}) {} seconds{}\n", folder,
                         1000 + 100 * node + unit.incarnation, seconds,
                         unit.state == UnitState::kActive ? "" : ", want down");
    case UnitState::kActivating:
    case UnitState::kFailed: return fmt::format("{}: down {} seconds, want up\n", folder, seconds);
    case UnitState::kInactive: break;
  }
  return fmt::format("{}: supervise not running\n", folder);
}

bool Hosts::Signal(NodeId node, int signal, bool supervised) {
  if (!world_.kernel().IsUp(node)) return false;
  if (!supervised) units_[node].stop_asked = true;
  if (signal == SIGKILL) {
    Kill(node);
  } else if (!world_.kernel().IsHung(node)) {
    world_.node(node).OnStopSignal();
  }
  return true;
}

// With SendSIGKILL=no systemd calls the unit failed and leaves the process alone.
void Hosts::StopTimedOut(NodeId node) {
  Unit& unit = units_[node];
  Say(node, unit.send_sigkill ? UnitWord::kKills : UnitWord::kGaveUp);
  if (unit.send_sigkill) {
    Kill(node);
    return;
  }
  unit.state = UnitState::kFailed;
  unit.restarts = false;
  world_.Alert(node, "State 'stop-sigterm' timed out. Skipping SIGKILL.");
}

void Hosts::RestartOnOldBinary(NodeId node) {
  const NodePlan& plan = world_.node_plan(node);
  InstallBinary(plan.info.host, plan.binary_path, plan.version);
  if (!world_.kernel().IsUp(node)) {
    Start(node);
    return;
  }
  units_[node].restart_asked = true;
  Stop(node);
}

void Hosts::PowerOff(const std::string& host) {
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const auto node = static_cast<NodeId>(i);
    if (!OnHost(node, host)) continue;
    ++units_[i].start_count;  // pending boots and restarts are void
    if (world_.kernel().IsUp(node)) {
      WentDown(node, DownCause::kKilled, "the host went down");
      world_.node(node).OnKilled();
    }
    units_[i].state = UnitState::kInactive;
    units_[i].restarts = false;
  }
}

void Hosts::StartEnabled(const std::string& host) {
  for (std::size_t i = 0; i < units_.size(); ++i) {
    if (OnHost(static_cast<NodeId>(i), host) && units_[i].enabled) Start(static_cast<NodeId>(i));
  }
}

// Has `host` a unit of this node? Clients and engine are no processes of the cluster.
bool Hosts::OnHost(NodeId node, const std::string& host) const {
  const trace::NodeInfo& info = world_.node_plan(node).info;
  return info.host == host && info.role != Role::kService && info.role != Role::kEngine;
}

void Hosts::SetEnabled(NodeId node, bool enabled) {
  if (units_[node].enabled == enabled) return;
  units_[node].enabled = enabled;
  world_.Record({.kind = EventKind::kUnitEnabled,
                 .node = node,
                 .code = static_cast<std::uint16_t>(enabled ? 1 : 0)});
}

// Of parts that systemd has a unit for.
void Hosts::Say(NodeId node, UnitWord word, std::uint32_t detail) {
  const trace::NodeInfo& info = world_.node_plan(node).info;
  if (units_[node].supervise || info.unit.empty()) return;
  journal_.push_back({world_.now(), node, word, detail});
}

void Hosts::WentDown(NodeId node, DownCause cause, std::string_view reason) {
  Unit& unit = units_[node];
  world_.kernel().SetDown(node);
  unit.state = UnitState::kInactive;
  unit.down_since = world_.now();
  unit.running_version.clear();
  unit.running_config.clear();
  world_.Record({.kind = EventKind::kNodeDown,
                 .node = node,
                 .code = static_cast<std::uint16_t>(cause),
                 .text = world_.Intern(reason)});
}

void Hosts::Exited(NodeId node, DownCause cause, std::string_view reason, bool failure) {
  Unit& unit = units_[node];
  const bool stops = unit.state == UnitState::kDeactivating;
  WentDown(node, cause, reason);
  Say(node, failure ? UnitWord::kEndedBadly : UnitWord::kEnded);
  if (stops) Say(node, UnitWord::kStopped);
  if (std::exchange(unit.restart_asked, false)) {
    Start(node);
    return;
  }
  if (unit.stop_asked) return;
  // Kafka-era units and TiDB: Restart=always; cluster-era ones: Restart=on-failure. supervise
  // starts again whatever ends.
  const bool always = unit.supervise || world_.node_plan(node).info.era != Era::kCluster;
  if (!always && !failure) return;
  unit.state = UnitState::kFailed;
  unit.restarts = true;
  RestartLater(node);
}

// Two processes of one host cannot share a port or a locked data directory (pump and drainer flock
// <data-dir>/.lock at start).
bool Hosts::HomeIsTaken(NodeId node, std::string* reason) const {
  const trace::NodeInfo& mine = world_.node_plan(node).info;
  for (std::size_t i = 0; i < units_.size(); ++i) {
    if (i == node || !world_.kernel().IsUp(static_cast<NodeId>(i))) continue;
    const trace::NodeInfo& other = world_.plan().nodes[i].info;
    if (other.host != mine.host) continue;
    if (mine.port != 0 && other.port == mine.port) {
      *reason =
          fmt::format("listen tcp {}:{}: address in use by {}", mine.host, mine.port, other.name);
      return true;
    }
    if (!mine.data_dir.empty() && other.data_dir == mine.data_dir) {
      *reason = fmt::format("{}/.lock: file already locked by {}", mine.data_dir, other.name);
      return true;
    }
  }
  return false;
}

void Hosts::Launch(NodeId node) {
  Unit& unit = units_[node];
  const NodePlan& plan = world_.node_plan(node);
  const std::string* config = File(plan.info.host, plan.config_path);
  unit.running_version = BinaryVersion(plan.info.host, plan.binary_path);
  unit.running_config = config == nullptr ? "" : *config;
  ++unit.incarnation;
  if (unit.state != UnitState::kActivating) Say(node, UnitWord::kStarted);
  world_.kernel().SetUp(node);
  unit.state = UnitState::kActive;
  unit.up_since = world_.now();
  std::string taken;
  if (plan.fail_to_start != 0) taken = "the binary exits at once";
  if (!taken.empty() || HomeIsTaken(node, &taken)) {
    Exited(node, DownCause::kFailedToStart, taken, true);
    return;
  }
  world_.Record({.kind = EventKind::kNodeUp,
                 .node = node,
                 .code = unit.incarnation,
                 .text = world_.Intern(unit.running_version),
                 .n = world_.InternRedacted(unit.running_config)});
  world_.node(node).OnStart();
}

void Hosts::StartInitial() {
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const auto node = static_cast<NodeId>(i);
    units_[i].enabled = world_.node_plan(node).enabled && !units_[i].supervise;
    const Role role = world_.node_plan(node).info.role;
    if (role == Role::kService || role == Role::kEngine) {  // not processes of the cluster
      world_.kernel().SetUp(node);
      world_.node(node).OnStart();
      continue;
    }
    if (world_.node_plan(node).running) Launch(node);
  }
}

void Hosts::OnTimer(What what, NodeId node, std::uint32_t start_count) {
  Unit& unit = units_[node];
  if (start_count != unit.start_count) return;
  if (what == kBooted && unit.state == UnitState::kActivating) Launch(node);
  if (what == kStopTimeout && unit.state == UnitState::kDeactivating) StopTimedOut(node);
  if (what == kRestart && unit.state == UnitState::kFailed && !unit.stop_asked) {
    Say(node, UnitWord::kWillRestart, ++unit.restart_count);
    Start(node);
  }
}

}  // namespace tidegate::sim
