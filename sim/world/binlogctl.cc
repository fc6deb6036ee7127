#include "sim/world/binlogctl.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/world/cluster_status.h"
#include "sim/world/pd.h"

namespace tidegate::sim {
namespace {

using engine::port::Answer;
using engine::port::AnswerCode;
using trace::RegistryState;
using Root = RegistryRecord::Root;

// The value of `-flag value` or `-flag=value`; Go takes two dashes for one.
std::string FlagOf(const std::vector<std::string>& argv, std::string_view flag) {
  for (std::size_t i = 1; i < argv.size(); ++i) {
    std::string_view word = argv[i];
    if (word.starts_with("--")) word.remove_prefix(1);
    if (word == flag && i + 1 < argv.size()) return argv[i + 1];
    if (word.starts_with(fmt::format("{}=", flag))) {
      return std::string(word.substr(flag.size() + 1));
    }
  }
  return "";
}

Answer Fatal(const std::string& command, std::string_view error) {
  return {AnswerCode::kFailed, 1,
          fmt::format("fail to execute command {}, error: {}", command, error)};
}

struct Command {
  std::string name;
  std::string id;
  Root root = Root::kPumps;
};

std::string_view KindOf(const Command& command) {
  return command.root == Root::kPumps ? "pump" : "drainer";
}

const RegistryRecord* Find(const std::vector<const RegistryRecord*>& list, const std::string& id) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const RegistryRecord* one) { return one->id == id; });
  return found == list.end() ? nullptr : *found;
}

// binlogctl/nodes.go UpdateNodeState: reads the entry, and writes it with another state.
Answer UpdateState(World& world, const Command& command, const RegistryRecord* entry,
                   const std::vector<std::string>& argv) {
  if (entry == nullptr) {
    return Fatal(command.name, fmt::format("node {}, id {} from etcd {} not found", KindOf(command),
                                           command.id, FlagOf(argv, "-pd-urls")));
  }
  const std::string state = FlagOf(argv, "-state");
  for (const RegistryState known :
       {RegistryState::kOnline, RegistryState::kPausing, RegistryState::kPaused,
        RegistryState::kClosing, RegistryState::kOffline}) {
    if (ClusterStateName(known) != state) continue;
    world.pd().Overwrite(command.root, command.id, known);
    return {};
  }
  return Fatal(command.name, fmt::format("state {} is illegal", state));
}

// binlogctl/nodes.go ApplyAction: whatever the process answers is success.
Answer ApplyAction(World& world, NodeId from, const Command& command, const RegistryRecord* entry) {
  if (entry == nullptr) return Fatal(command.name, fmt::format("nodeID {} not found", command.id));
  const bool pause = command.name.starts_with("pause-");
  const std::string_view action = pause ? "pause" : "close";
  const std::string path = fmt::format("/state/{}/{}", command.id, action);
  const NodeId node = entry->owner;
  const auto unreachable = [&](std::string_view why) {
    return Fatal(command.name,
                 fmt::format("Put http://{0}{1}: dial tcp {0}: {2}", entry->host, path, why));
  };
  if (node == kNoNode || !world.kernel().IsUp(node)) {
    return unreachable("connect: connection refused");
  }
  if (!world.kernel().CanCall(from, node)) return unreachable("i/o timeout");
  world.node(node).OnHttp({"PUT", path, ""});
  return {AnswerCode::kOk, 0,
          fmt::format("Apply action on node success, action: {}, NodeID: {}", action, command.id)};
}

// binlogctl/meta.go GetTSO
Answer GenerateMeta(World& world, NodeId from, const Command& command) {
  Tso commit_ts = 0;
  if (!world.pd().GetTso(from, &commit_ts)) {
    return Fatal(command.name, "get ts from PD: context deadline exceeded");
  }
  return {AnswerCode::kOk, 0, fmt::format("save meta commitTS: {}", commit_ts)};
}

Command CommandOf(const std::vector<std::string>& argv) {
  Command command{FlagOf(argv, "-cmd"), FlagOf(argv, "-node-id")};
  if (command.name.ends_with("-drainer")) command.root = Root::kDrainers;
  return command;
}

}  // namespace

bool IsBinlogctl(const std::vector<std::string>& argv) {
  if (argv.empty()) return false;
  return argv[0].substr(argv[0].rfind('/') + 1) == "binlogctl";
}

NodeId BinlogctlTarget(const World& world, const std::vector<std::string>& argv) {
  const Command command = CommandOf(argv);
  if (!command.name.starts_with("update-")) return kNoNode;
  const NodeId owner = world.pd().OwnerOf(command.root, command.id);
  return owner == kNoNode ? world.pd().id() : owner;
}

Answer RunBinlogctl(World& world, NodeId from, const std::vector<std::string>& argv) {
  constexpr std::array<std::string_view, 6> kCommands = {"update-pump",  "update-drainer",
                                                         "pause-pump",   "pause-drainer",
                                                         "offline-pump", "offline-drainer"};
  const Command command = CommandOf(argv);
  if (command.name == "generate_meta") return GenerateMeta(world, from, command);
  if (std::find(kCommands.begin(), kCommands.end(), command.name) == kCommands.end()) {
    return Fatal(command.name, fmt::format("cmd {} not supported", command.name));
  }
  std::vector<const RegistryRecord*> list;
  if (!world.pd().List(from, command.root, &list)) {
    return Fatal(command.name, "context deadline exceeded");
  }
  const RegistryRecord* entry = Find(list, command.id);
  return command.name.starts_with("update-") ? UpdateState(world, command, entry, argv)
                                             : ApplyAction(world, from, command, entry);
}

}  // namespace tidegate::sim
