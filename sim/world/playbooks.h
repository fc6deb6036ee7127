// tidb-ansible's playbooks as the control machine runs them, task by task: which hosts, in which
// order, what is waited for, and what a failed host means. Nothing is looked at but units and
// ports.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/port/port.h"
#include "sim/world.h"

namespace tidegate::sim {

class Playbooks {
 public:
  /// Timers of a run are given to `owner`, as `timer` with the number of the run and of the host.
  Playbooks(World& world, NodeId owner, What timer) : world_(world), owner_(owner), timer_(timer) {}

  /// Begins the playbook of action `id`. False, and `why`, where ansible-playbook ends at once: no
  /// such playbook or tag, or a limit that names no host of it.
  bool Begin(std::uint64_t id, const engine::port::RunPlaybook& playbook, std::string* why);

  /// A timer of Begin's owner. True when the run of `id` has ended; `answer` is its end.
  bool OnTimer(std::uint64_t id, std::uint32_t host, engine::port::Answer* answer);

 private:
  enum class Task : std::uint8_t {
    kStop,
    kWaitDown,
    kCopyBinary,
    kStart,
    kWaitUp,
  };
  struct Host {
    NodeId node = kNoNode;
    std::size_t task = 0;  ///< index of the next one
    Time since = 0;        ///< when that one began
    bool stopping = false;
    bool failed = false;
    bool done = false;
  };
  struct Run {
    std::uint64_t id = 0;
    std::string dir;
    std::string part;
    std::vector<Task> tasks;
    bool serial = false;  ///< serial: 1 with any_errors_fatal; else all hosts at once
    bool disables = false;
    std::vector<Host> hosts;
    std::string log;
  };

  enum class Step : std::uint8_t { kGoesOn, kWaits, kFailed };
  Step Do(Run* run, Host* host, std::string* message);
  Step Copy(const Run& run, NodeId node, std::string* message);
  bool CopyConfig(const NodePlan& plan, std::string* message);
  void Wake(const Run& run, std::uint32_t host, Duration delay);
  bool Over(const Run& run) const;

  World& world_;
  NodeId owner_;
  What timer_;
  std::vector<Run> runs_;
};

}  // namespace tidegate::sim
