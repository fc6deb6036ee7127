// Hosts: their files, and the units that run on them. A unit's process reads its binary's version
// and its configuration when it starts, not before; a file replaced under a running process changes
// nothing.
//
// Supervision by systemd follows the unit files of tidb-ansible: Kafka-era units and TiDB
// Restart=always, cluster-era ones Restart=on-failure, both after 15 s
// (tidb-ansible: roles/systemd/templates/systemd_binary.service.j2). A unit that is a status folder
// runs under supervise: whatever ends is started again at once, though not within a second of its
// last start; stopping has no time-out and kills nothing; nothing starts it with its host
// (tidb-ansible: roles/supervise; daemontools: supervise.c).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/port/port.h"
#include "sim/world.h"

namespace tidegate::sim {

enum class UnitState : std::uint8_t { kInactive, kActivating, kActive, kDeactivating, kFailed };
/// systemd's ActiveState: "active".
std::string_view ActiveState(UnitState state);

/// What systemd says of a unit in the journal of its host (systemd: src/core/service.c, job.c).
enum class UnitWord : std::uint8_t {
  kStarted,
  kStopping,
  kEnded,        ///< the main process, with status 0 or by systemd's SIGTERM
  kEndedBadly,   ///< with another status
  kNotThere,     ///< there was nothing to execute
  kWasKilled,    ///< by SIGKILL
  kStopped,      ///< the job to stop it is done
  kWillRestart,  ///< and the pause before has passed; detail: how often by now
  kGaveUp,       ///< a stop that took too long, and kills nobody
  kKills,        ///< the same, and kills
};
struct UnitEntry {
  Time at = 0;
  NodeId node = kNoNode;
  UnitWord word = UnitWord::kStarted;
  std::uint32_t detail = 0;
};

class Hosts {
 public:
  explicit Hosts(World& world);

  // ---- files
  /// Null when there is none.
  const std::string* File(const std::string& host, const std::string& path) const;
  void WriteFile(const std::string& host, const std::string& path, std::string content);
  void RemoveFile(const std::string& host, const std::string& path);
  /// Puts a binary at `path`: its version is its content.
  void InstallBinary(const std::string& host, const std::string& path, std::string version);
  /// Empty when nothing is installed.
  std::string BinaryVersion(const std::string& host, const std::string& path) const;

  // ---- units
  NodeId FindUnit(const std::string& host, const std::string& unit) const;
  NodeId FindListener(const std::string& host, std::int64_t port) const;
  UnitState state(NodeId node) const { return units_[node].state; }
  bool enabled(NodeId node) const { return units_[node].enabled; }
  /// Begins to start; true at once when it is active already. kFailed when nothing is installed.
  bool Start(NodeId node);
  /// Sends SIGTERM; the unit is inactive when the process has exited.
  void Stop(NodeId node);
  void Kill(NodeId node);
  /// Somebody sends a signal to the process itself: SIGKILL, or another as SIGTERM. `supervised`:
  /// its supervisor may start it again. False: there is no process.
  bool Signal(NodeId node, int signal, bool supervised);
  void SetEnabled(NodeId node, bool enabled);

  // ---- what happens to hosts
  /// Somebody puts the version of the start of the run back, and restarts the unit.
  void RestartOnOldBinary(NodeId node);
  /// Every process of `host` dies; none is supervised until the host is back.
  void PowerOff(const std::string& host);
  /// The process is looked after by a supervise of its own, not by systemd.
  bool UnderSupervise(NodeId node) const { return units_[node].supervise; }
  /// What `svstat` says of such a unit.
  std::string Svstat(NodeId node) const;
  /// The host is back: units that are enabled start.
  void StartEnabled(const std::string& host);
  /// The unit file says SendSIGKILL=yes, as those of the Kafka era and of TiDB do.
  void SetSendSigkill(NodeId node) { units_[node].send_sigkill = true; }

  /// The running process's version and configuration; empty when it is down.
  const std::string& running_version(NodeId node) const { return units_[node].running_version; }
  const std::string& running_config(NodeId node) const { return units_[node].running_config; }
  /// What systemd has said of all units so far, in the order of time.
  const std::vector<UnitEntry>& journal() const { return journal_; }

  /// Listening and serving: up and booted.
  bool Serving(NodeId node) const;
  /// The unit has failed to stop, and its process is still there.
  bool LeftOver(NodeId node) const;
  /// Booting, or about to be restarted by its supervisor.
  bool Coming(NodeId node) const;

  // ---- for nodes
  /// The process of `node` has ended: kStopped after a stop signal, kExited or kFailedToStart by
  /// itself. `failure` decides what Restart=on-failure does.
  void Exited(NodeId node, trace::DownCause cause, std::string_view reason, bool failure);

  /// Brings up what runs at the start of a run, in the order of the nodes.
  void StartInitial();
  void OnTimer(What what, NodeId node, std::uint32_t start_count);

  enum Timer : What { kBooted = 100, kRestart = 101, kStopTimeout = 102 };

 private:
  struct Unit {
    UnitState state = UnitState::kInactive;
    bool enabled = false;
    bool stop_asked = false;
    bool restarts = false;       ///< when failed: its supervisor starts it again
    bool send_sigkill = false;   ///< what does not stop within 90 s is killed
    bool supervise = false;      ///< under supervise, not systemd
    bool restart_asked = false;  ///< by hand: started again when it has stopped
    std::string running_version;
    std::string running_config;
    std::uint16_t incarnation = 0;
    std::uint32_t start_count = 0;
    std::uint32_t restart_count = 0;  ///< by systemd, since somebody asked for a start
    Time up_since = 0;
    Time down_since = 0;
  };

  void Launch(NodeId node);
  void StopTimedOut(NodeId node);
  void RestartLater(NodeId node);
  bool OnHost(NodeId node, const std::string& host) const;
  bool HoldsPort(NodeId node) const;
  void Say(NodeId node, UnitWord word, std::uint32_t detail = 0);
  bool HomeIsTaken(NodeId node, std::string* reason) const;
  void WentDown(NodeId node, trace::DownCause cause, std::string_view reason);

  World& world_;
  std::vector<Unit> units_;
  std::vector<UnitEntry> journal_;
  std::map<std::pair<std::string, std::string>, std::string> files_;
  std::map<std::pair<std::string, std::string>, std::string> binaries_;
};

}  // namespace tidegate::sim
