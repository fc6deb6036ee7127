#include "sim/world/binlogctl.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/world/pd.h"

namespace tidegate::sim {
namespace {

using engine::port::Answer;
using engine::port::AnswerCode;

// The value of `-flag value` or `-flag=value`.
std::string FlagOf(const std::vector<std::string>& argv, std::string_view flag) {
  for (std::size_t i = 1; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (word == flag && i + 1 < argv.size()) return argv[i + 1];
    if (word.starts_with(std::string(flag) + "=")) return word.substr(flag.size() + 1);
  }
  return "";
}

Answer Fatal(const std::string& command, std::string_view error) {
  return {AnswerCode::kFailed, 1,
          fmt::format("fail to execute command {}, error: {}", command, error)};
}

}  // namespace

bool IsBinlogctl(const std::vector<std::string>& argv) {
  if (argv.empty()) return false;
  return argv[0].substr(argv[0].rfind('/') + 1) == "binlogctl";
}

Answer RunBinlogctl(World& world, NodeId from, const std::vector<std::string>& argv) {
  const std::string command = FlagOf(argv, "-cmd");
  const std::string id = FlagOf(argv, "-node-id");
  const bool pause = command.starts_with("pause-");
  if (!pause && !command.starts_with("offline-")) return Fatal(command, "not supported");
  const Role role = command.ends_with("-pump") ? Role::kPump : Role::kDrainer;
  for (std::size_t i = 0; i < world.plan().nodes.size(); ++i) {
    const auto node = static_cast<NodeId>(i);
    const NodePlan& plan = world.plan().nodes[i];
    if (plan.info.role != role || plan.info.era != Era::kCluster) continue;
    if (world.pd().IdOf(node) != id) continue;
    if (!world.kernel().IsUp(node)) return Fatal(command, "connect: connection refused");
    if (!world.kernel().CanCall(from, node)) return Fatal(command, "i/o timeout");
    world.node(node).OnHttp(
        {"PUT", fmt::format("/state/{}/{}", id, pause ? "pause" : "close"), ""});
    return {AnswerCode::kOk, 0,
            fmt::format("Apply action on node success, action: {}, NodeID: {}",
                        pause ? "pause" : "close", id)};
  }
  return Fatal(command, fmt::format("nodeID {} not found", id));
}

}  // namespace tidegate::sim
