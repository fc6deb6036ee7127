#include "sim/world/playbooks.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/world/hosts.h"

namespace tidegate::sim {
namespace {

using engine::port::Answer;
using engine::port::AnswerCode;

// The always-tagged plays of every playbook come first: check_config_static on the control machine,
// gathering facts and check_config_dynamic everywhere (tidb-ansible: rolling_update.yml,
// stop_drainer.yml, start_drainer.yml, deploy_drainer.yml).
constexpr Duration kGatherTime = 3 * kSecond;
constexpr Duration kTaskTime = 500 * kMillisecond;
constexpr Duration kPoll = kSecond;                  // wait_for: sleep 1
constexpr Duration kWaitForTimeout = 300 * kSecond;  // wait_for: timeout 300
// systemd gives up waiting after DefaultTimeoutStopSec, and SendSIGKILL=no leaves the process
// alone.
constexpr Duration kStopTimeout = 90 * kSecond;
constexpr std::string_view kLocalhost = "localhost";

std::vector<std::string> SplitCommas(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    out.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return out;
}

// The inventory's name of a node's host is the first half of the id that it registers under: the
// host's name, which set_hostname makes the same (tidb-ansible: bootstrap.yml).
std::string AliasOf(const NodePlan& node) { return node.etcd_id.substr(0, node.etcd_id.find(':')); }

}  // namespace

bool Playbooks::Begin(std::uint64_t id, const engine::port::RunPlaybook& playbook,
                      std::string* why) {
  Run run;
  run.id = id;
  run.dir = playbook.dir;
  run.part = playbook.tags;
  Role role = Role::kDrainer;
  if (playbook.playbook == "rolling_update.yml" && playbook.tags == "pump") {
    role = Role::kPump;
    run.serial = true;
    run.tasks = {Task::kStop, Task::kWaitDown, Task::kCopyBinary, Task::kStart, Task::kWaitUp};
  } else if (playbook.playbook == "stop_drainer.yml" && playbook.tags == "drainer") {
    run.tasks = {Task::kStop, Task::kWaitDown};
    run.disables = true;
  } else if (playbook.playbook == "start_drainer.yml" && playbook.tags == "drainer") {
    run.tasks = {Task::kStart, Task::kWaitUp};
    run.disables = true;
  } else if (playbook.playbook == "deploy_drainer.yml" && playbook.tags == "drainer") {
    run.tasks = {Task::kCopyBinary};
  } else {
    *why = fmt::format("ERROR! the playbook: {} could not be found, or nothing in it is tagged {}",
                       playbook.playbook, playbook.tags);
    return false;
  }
  const std::vector<std::string> limit = SplitCommas(playbook.limit);
  // The first play checks the configuration on localhost; a limit without it skips that and the
  // variables it sets.
  if (!limit.empty() && std::find(limit.begin(), limit.end(), kLocalhost) == limit.end()) {
    *why = "the limit leaves out localhost, whose check_config_static the other plays need";
    return false;
  }
  for (std::size_t i = 0; i < world_.plan().nodes.size(); ++i) {
    const NodePlan& node = world_.plan().nodes[i];
    if (node.info.role != role || node.info.era != Era::kCluster) continue;
    const bool named =
        limit.empty() || std::find(limit.begin(), limit.end(), AliasOf(node)) != limit.end();
    if (named) run.hosts.push_back({.node = static_cast<NodeId>(i)});
  }
  runs_.push_back(std::move(run));
  const Run& begun = runs_.back();
  if (begun.hosts.empty()) {  // "no hosts matched": nothing to do, which ends well
    Wake(begun, 0, kGatherTime);
    return true;
  }
  const std::size_t at_once = begun.serial ? 1 : begun.hosts.size();
  for (std::size_t i = 0; i < at_once; ++i) Wake(begun, static_cast<std::uint32_t>(i), kGatherTime);
  return true;
}

void Playbooks::Wake(const Run& run, std::uint32_t host, Duration delay) {
  world_.kernel().After(owner_, delay, timer_, run.id, host);
}

bool Playbooks::Over(const Run& run) const {
  return std::all_of(run.hosts.begin(), run.hosts.end(),
                     [](const Host& host) { return host.done || host.failed; });
}

bool Playbooks::OnTimer(std::uint64_t id, std::uint32_t index, Answer* answer) {
  const auto found =
      std::find_if(runs_.begin(), runs_.end(), [&](const Run& run) { return run.id == id; });
  if (found == runs_.end()) return false;
  Run& run = *found;
  if (index < run.hosts.size()) {
    Host& host = run.hosts[index];
    std::string message;
    switch (Do(&run, &host, &message)) {
      case Step::kWaits: Wake(run, index, kPoll); return false;
      case Step::kGoesOn:
        ++host.task;
        host.since = world_.now();
        host.stopping = false;
        if (host.task < run.tasks.size()) {
          Wake(run, index, kTaskTime);
          return false;
        }
        host.done = true;
        break;
      case Step::kFailed:
        host.failed = true;
        run.log += fmt::format("[{}]: Ansible FAILED! => message: {}\n",
                               AliasOf(world_.node_plan(host.node)), message);
        break;
    }
    // serial: 1 goes on with the next host, any_errors_fatal does not.
    if (run.serial && host.done && index + 1 < run.hosts.size()) {
      Wake(run, index + 1, kTaskTime);
      return false;
    }
    if (!run.serial && !Over(run)) return false;
  }
  const bool failed =
      std::any_of(run.hosts.begin(), run.hosts.end(), [](const Host& host) { return host.failed; });
  // ansible-playbook: 2 when a host failed; the callback plugin's banner otherwise.
  *answer = failed ? Answer{AnswerCode::kFailed, 2, run.log}
                   : Answer{AnswerCode::kOk, 0, "Congrats! All goes well. :-)"};
  runs_.erase(found);
  return true;
}

Playbooks::Step Playbooks::Do(Run* run, Host* host, std::string* message) {
  Hosts& hosts = world_.hosts();
  const trace::NodeInfo& info = world_.node_plan(host->node).info;
  if (host->since == 0) host->since = world_.now();
  const Duration waited = world_.now() - host->since;
  const bool listens = hosts.FindListener(info.host, info.port) != kNoNode;
  switch (run->tasks[host->task]) {
    case Task::kStop:
      if (!host->stopping) {
        host->stopping = true;
        hosts.Stop(host->node);
        if (run->disables && hosts.enabled(host->node)) hosts.SetEnabled(host->node, false);
      }
      // stop_ROLE.sh sends its signals and is done (tidb-ansible: roles/supervise/templates).
      if (hosts.state(host->node) != UnitState::kDeactivating || waited >= kStopTimeout ||
          hosts.UnderSupervise(host->node)) {
        return Step::kGoesOn;
      }
      return Step::kWaits;
    case Task::kWaitDown:
      if (!listens) return Step::kGoesOn;
      *message = fmt::format("the {} port {} is not down", run->part, info.port);
      return waited >= kWaitForTimeout ? Step::kFailed : Step::kWaits;
    case Task::kCopyBinary: return Copy(*run, host->node, message);
    case Task::kStart:
      if (run->disables && hosts.enabled(host->node)) hosts.SetEnabled(host->node, false);
      if (hosts.Start(host->node)) return Step::kGoesOn;
      *message = fmt::format("Unable to start service {}", info.unit);
      return Step::kFailed;
    case Task::kWaitUp:
      if (listens) return Step::kGoesOn;
      *message = fmt::format("the {} port {} is not up", run->part, info.port);
      return waited >= kWaitForTimeout ? Step::kFailed : Step::kWaits;
  }
  return Step::kFailed;
}

// role drainer: conf/<inventory_hostname>_drainer.toml of the control machine over the host's file.
// A Pump's file is rendered from the same variables as before, so that it does not change.
bool Playbooks::CopyConfig(const NodePlan& plan, std::string* message) {
  Hosts& hosts = world_.hosts();
  const std::string* toml = hosts.File(std::string(kLocalhost), plan.control_path);
  if (toml == nullptr) {
    *message = fmt::format("drainer {} toml custom profile doesn't exist", AliasOf(plan));
    return false;
  }
  const std::string* there = hosts.File(plan.info.host, plan.config_path);
  if (there == nullptr || *there != *toml) {
    hosts.WriteFile(plan.info.host, plan.config_path, *toml);
  }
  return true;
}

// role pump, role drainer: resources/bin/PART to deploy_dir/bin. A file that is renamed over the
// old one: what runs goes on.
Playbooks::Step Playbooks::Copy(const Run& run, NodeId node, std::string* message) {
  Hosts& hosts = world_.hosts();
  const NodePlan& plan = world_.node_plan(node);
  if (plan.info.role == Role::kDrainer && !CopyConfig(plan, message)) return Step::kFailed;
  const std::string source = fmt::format("{}/resources/bin/{}", run.dir, run.part);
  const std::string version = hosts.BinaryVersion(std::string(kLocalhost), source);
  if (version.empty()) {
    *message = fmt::format("Could not find or access '{}'", source);
    return Step::kFailed;
  }
  // copy: an equal checksum changes nothing.
  if (hosts.BinaryVersion(plan.info.host, plan.binary_path) != version) {
    hosts.InstallBinary(plan.info.host, plan.binary_path, version);
  }
  return Step::kGoesOn;
}

}  // namespace tidegate::sim
