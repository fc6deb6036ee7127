#include "lab/hosts/tree.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <system_error>

#include "base/files.h"
#include "lab/hosts/programs.h"
#include "lab/hosts/stamp.h"
#include "lab/hosts/stand_in.h"
#include "lab/hosts/unit_text.h"
#include "lab/hosts/world_pids.h"

namespace tidegate::lab {
namespace {

using sim::NodePlan;

// Clients, engine and downstream servers are no hosts that anybody logs in to.
bool IsOnHost(const NodePlan& node) {
  const Role role = node.info.role;
  return !node.info.host.empty() && role != Role::kService && role != Role::kEngine &&
         role != Role::kDownstream;
}

// What every host has besides its own: where the real system is bound, where people work.
constexpr std::array<std::string_view, 9> kHostFolders = {
    "/home/tidb",          "/root", "/tmp", "/var/log", "/var/tmp", "/run",
    "/etc/systemd/system", "/opt",  "/mnt"};

}  // namespace

Result<Trees> Trees::Make(const sim::RunPlan& plan, TreeOptions options) {
  Trees trees(plan, std::move(options));
  TRY(trees.MakeAll());
  return trees;
}

Status Trees::MakeAll() {
  std::error_code error;
  std::filesystem::create_directories(options_.directory + "/hosts/localhost", error);
  if (error) {
    return Error{ErrorCode::kIo,
                 fmt::format("cannot make '{}': {}", options_.directory, error.message()), ""};
  }
  hosts_[std::string(kControlHost)].root = RootDir(options_.directory + "/hosts/localhost");
  for (const NodePlan& node : plan_->nodes) {
    if (IsOnHost(node) && node.info.host != kControlHost) {
      hosts_[node.info.host].root = RootDir(options_.directory + "/hosts/" + node.info.host);
    }
  }
  for (const std::string& name : options_.others) {
    hosts_.try_emplace(name).first->second.root = RootDir(options_.directory + "/hosts/" + name);
  }
  std::string names;
  for (const std::string& name : HostNames()) {
    TRY(MakeHost(name));
    names += name;
    if (const auto found = options_.names.find(name); found != options_.names.end()) {
      for (const std::string& other : found->second) names += " " + other;
    }
    names += "\n";
  }
  for (const NodePlan& node : plan_->nodes) {
    if (IsOnHost(node)) TRY(MakeNode(node, Find(node.info.host)));
    if (node.control_path.empty()) continue;
    Host* control = Find(kControlHost);
    TRY(control->root.Write(node.control_path, node.control_config, 0644));
    Watch(control, node.control_path, false);
  }
  for (auto& [name, host] : hosts_) WatchScripts(&host);
  TRY(MakeResources());
  TRY(MakePrograms());
  TRY(MakeMemory());
  TRY(MakeProfile());
  TRY(MakeUsers());
  return RootDir(options_.directory).Write("/names", names, 0644);
}

Status Trees::MakeHost(const std::string& name) {
  Host* host = Find(name);
  std::error_code error;
  std::filesystem::create_directories(host->root.path(), error);
  if (error) {
    return Error{ErrorCode::kIo,
                 fmt::format("cannot make '{}': {}", host->root.path(), error.message()), ""};
  }
  if (name == kControlHost) return {};
  for (const std::string_view folder : kHostFolders) TRY(host->root.MakeFolder(folder));
  TRY(RootDir(options_.directory).MakeFolder("/journald/" + name));
  return {};
}

Status Trees::MakeNode(const NodePlan& node, Host* host) {
  const std::string deploy = DeployDirOf(node);
  const std::string_view part = PartOf(node.info.role);
  const bool installed = !node.version.empty();
  if (!part.empty() && !deploy.empty()) {
    if (installed) {
      for (const std::string_view folder : {"bin", "conf", "scripts", "log", "backup", "status"}) {
        TRY(host->root.MakeFolder(fmt::format("{}/{}", deploy, folder)));
      }
      TRY(MakeStub(host->root, node.binary_path, part, node.version));
      const std::string stem(StemOf(node.info.role));
      TRY(host->root.Write(RunScriptPath(node), RunScriptText(*plan_, node), 0755));
      for (const std::string_view verb : {"start", "stop"}) {
        TRY(host->root.Write(fmt::format("{}/scripts/{}_{}.sh", deploy, verb, stem),
                             ControlScriptText(node, verb), 0755));
      }
    }
    Watch(host, node.binary_path, true);
  }
  if (!node.config_path.empty()) {
    if (installed) TRY(host->root.Write(node.config_path, node.config, 0644));
    Watch(host, node.config_path, false);
  }
  if (!node.info.data_dir.empty()) {
    if (installed) TRY(host->root.MakeFolder(node.info.data_dir));
    // What a Drainer reads its position from when it starts (Local era: savePoint).
    for (const std::string_view name : {"savepoint", "savePoint"}) {
      Watch(host, fmt::format("{}/{}", node.info.data_dir, name), false);
    }
  }
  if (!installed || node.info.unit.empty()) return {};
  if (const std::string_view other = StandInOf(node.info.role); !other.empty()) {
    TRY(MakeStub(host->root, StandInBinary(node), other, node.version));
    TRY(WriteStandIn(*plan_, node, host->root));
  }
  return engine::port::UnderSupervise(node.info.unit) ? MakeSupervise(node, host)
                                                      : MakeUnit(node, host);
}

// tidb-ansible: roles/supervise/tasks/main.yml
Status Trees::MakeSupervise(const NodePlan& node, Host* host) {
  TRY(host->root.MakeFolder(node.info.unit));
  const auto id = static_cast<NodeId>(&node - plan_->nodes.data());
  TRY(host->root.Write(node.info.unit + "/pid", fmt::format("{}\n", SupervisePidOf(id)), 0644));
  for (const std::string_view name : kSupervisePrograms) {
    TRY(MakeProgram(host->root, fmt::format("{}/bin/{}", DeployDirOf(node), name)));
  }
  return {};
}

// A file of its own, not a link: what runs it goes by its name in /proc, too.
Status Trees::MakeProgram(const RootDir& root, const std::string& path) {
  if (program_.empty()) {
    TRY_ASSIGN(program_, ReadFile(options_.program));
  }
  return root.Write(path, program_, 0755);
}

Status Trees::MakeUnit(const NodePlan& node, Host* host) {
  TRY(host->root.Write(fmt::format("{}/{}", kUnitDir, node.info.unit), UnitText(node), 0644));
  return node.enabled ? LinkUnit(node.info.host, node.info.unit, true) : Status();
}

Status Trees::MakeStub(const RootDir& root, const std::string& path, std::string_view part,
                       std::string_view version) {
  std::string& bytes = stubs_[fmt::format("{} {}", part, version)];
  if (bytes.empty()) {
    TRY_ASSIGN(bytes, StubBytes(options_.program, {std::string(part), std::string(version)}));
  }
  return root.Write(path, bytes, 0755);
}

// Binaries to install: by version for whoever names one, in bin/ as the playbooks look for them.
Status Trees::MakeResources() {
  const RootDir root(options_.directory);
  std::set<std::string> parts;
  for (const NodePlan& node : plan_->nodes) {
    const std::string_view part = PartOf(node.info.role);
    if (part.empty()) continue;
    const std::string& target = node.info.target_version;
    const std::string& delivered = node.delivered.empty() ? target : node.delivered;
    for (const std::string& version : {node.version, target}) {
      if (version.empty()) continue;
      const std::string path = fmt::format("/resources/{}/bin/{}", version, part);
      TRY(MakeStub(root, path, part, version == target ? delivered : version));
    }
    if (engine::port::UnderSupervise(node.info.unit)) TRY(MakeSuperviseResources(root, target));
    if (target.empty() || !parts.insert(std::string(part)).second) continue;
    TRY(MakeStub(root, fmt::format("/resources/bin/{}", part), part, delivered));
  }
  return {};
}

// The three have no version of their own; whoever wants them beside a version's parts finds them.
Status Trees::MakeSuperviseResources(const RootDir& root, const std::string& version) {
  for (const std::string_view name : kSupervisePrograms) {
    for (const std::string& path : {fmt::format("/resources/bin/{}", name),
                                    fmt::format("/resources/{}/bin/{}", version, name)}) {
      if (!root.Stat(path)) TRY(MakeProgram(root, path));
    }
  }
  return {};
}

Status Trees::MakePrograms() {
  const RootDir root(options_.directory);
  for (const std::string_view name : kPrograms) {
    TRY(root.Link(options_.program, fmt::format("/bin/{}", name)));
  }
  // For shells on a host: their own kill knows no process that only the world has.
  return root.Write("/bash.env",
                    fmt::format("kill() {{ case \"$*\" in\n*{}*) {}/kill \"$@\" ;;\n"
                                "*) builtin kill \"$@\" ;;\nesac; }}\n",
                                kPidPrefix, ProgramsDir()),
                    0644);
}

// A host has no swap, as check_system_dynamic wants it, and says the same whenever it is asked
// (tidb-ansible: roles/check_system_dynamic/tasks/main.yml).
Status Trees::MakeMemory() {
  const std::string machine = RootDir("/").Read("/proc/meminfo").value_or("");
  std::string memory;
  for (std::size_t at = 0; at < machine.size();) {
    const std::size_t end = std::min(machine.find('\n', at), machine.size());
    const std::string_view line = std::string_view(machine).substr(at, end - at);
    if (line.starts_with("Swap")) {
      memory += fmt::format("{}0 kB\n", line.substr(0, line.find_first_of("0123456789")));
    } else {
      memory += fmt::format("{}\n", line);
    }
    at = end + 1;
  }
  return RootDir(options_.directory).Write("/meminfo", memory, 0644);
}

// A login shell sets PATH anew; the lab's programs stay in front.
Status Trees::MakeProfile() {
  const std::string profile = RootDir("/").Read("/etc/profile").value_or("");
  return Find(kControlHost)
      ->root.Write("/etc/profile",
                   fmt::format("{}\nPATH={}:$PATH\nexport PATH\n", profile, ProgramsDir()), 0644);
}

// The deployment's user is known everywhere, as in `echo ~tidb`. What is given to it stays with who
// runs the lab.
Status Trees::MakeUsers() {
  const RootDir& control = Find(kControlHost)->root;
  const std::array<std::array<std::string, 2>, 2> files = {
      {{"/etc/passwd", fmt::format("tidb:x:{}:{}::/home/tidb:/bin/bash\n", geteuid(), getegid())},
       {"/etc/group", fmt::format("tidb:x:{}:\n", getegid())}}};
  for (const auto& [path, line] : files) {
    std::string text = RootDir("/").Read(path).value_or("");
    if (text.starts_with("tidb:") || text.find("\ntidb:") != std::string::npos) continue;
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    TRY(control.Write(path, text + line, 0644));
  }
  return {};
}

std::vector<std::string> Trees::HostNames() const {
  std::vector<std::string> names;
  for (const auto& [name, host] : hosts_) {
    if (name != kControlHost) names.push_back(name);
  }
  return names;
}

std::optional<std::string> Trees::HostNamed(std::string_view name) const {
  if (const auto found = hosts_.find(name); found != hosts_.end()) return found->first;
  for (const auto& [host, others] : options_.names) {
    if (std::find(others.begin(), others.end(), name) != others.end()) return host;
  }
  return std::nullopt;
}

const RootDir* Trees::Root(std::string_view host) const {
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? nullptr : &found->second.root;
}

Trees::Host* Trees::Find(std::string_view host) {
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? nullptr : &found->second;
}

// ------------------------------------------------------------------ units

bool Trees::HasUnit(const std::string& host, const std::string& unit) const {
  const RootDir* root = Root(host);
  return root != nullptr && !unit.empty() && unit.find('/') == std::string::npos &&
         root->Stat(fmt::format("{}/{}", kUnitDir, unit)).has_value();
}

std::vector<std::string> Trees::Units(const std::string& host) const {
  const RootDir* root = Root(host);
  std::vector<std::string> units;
  if (root == nullptr) return units;
  for (std::string& name : root->List(kUnitDir)) {
    if (name.ends_with(".service")) units.push_back(std::move(name));
  }
  return units;
}

namespace {

// The value of `KEY=` in a unit file, without systemd's prefixes of a command.
std::string ValueIn(const std::string& text, std::string_view key) {
  const std::string lines = fmt::format("\n{}", text);
  const std::string wanted = fmt::format("\n{}=", key);
  const std::size_t at = lines.find(wanted);
  if (at == std::string::npos) return "";
  const std::size_t from = lines.find_first_not_of("-@+! ", at + wanted.size());
  if (from == std::string::npos) return "";
  return lines.substr(from, lines.find('\n', from) - from);
}

}  // namespace

NodeId Trees::NodeOfUnit(const std::string& host, const std::string& unit) const {
  if (!HasUnit(host, unit)) return kNoNode;
  for (std::size_t i = 0; i < plan_->nodes.size(); ++i) {
    const trace::NodeInfo& info = plan_->nodes[i].info;
    if (info.host == host && info.unit == unit) return static_cast<NodeId>(i);
  }
  // The unit runs a binary, or a script that does; a relative bin/pump is looked for, too.
  const std::string text = StartTextOf(host, unit);
  for (std::size_t i = 0; i < plan_->nodes.size(); ++i) {
    const NodePlan& node = plan_->nodes[i];
    if (node.info.host != host || PartOf(node.info.role).empty()) continue;
    const std::string deploy = DeployDirOf(node);
    const bool whole = text.find(node.binary_path) != std::string::npos;
    const bool relative =
        !deploy.empty() && text.find(deploy) != std::string::npos &&
        text.find(fmt::format("bin/{}", NameOf(node.binary_path))) != std::string::npos;
    if (whole || relative) return static_cast<NodeId>(i);
  }
  return kNoNode;
}

std::string Trees::StartTextOf(const std::string& host, const std::string& unit) const {
  if (!HasUnit(host, unit)) return "";
  const RootDir& root = *Root(host);
  std::string command =
      ValueIn(root.Read(fmt::format("{}/{}", kUnitDir, unit)).value_or(""), "ExecStart");
  const std::string program = command.substr(0, command.find(' '));
  if (!program.ends_with(".sh")) return command;
  return fmt::format("{}\n{}", command, root.Read(program).value_or(""));
}

Status Trees::LinkUnit(const std::string& host, const std::string& unit, bool enabled) {
  const RootDir* root = Root(host);
  const std::string link = fmt::format("{}/multi-user.target.wants/{}", kUnitDir, unit);
  if (root == nullptr) return {};
  return enabled ? root->Link(fmt::format("{}/{}", kUnitDir, unit), link) : root->Remove(link);
}

}  // namespace tidegate::lab
