#include "rehearsal/captures.h"

#include <fmt/format.h>

#include <utility>

#include "base/files.h"
#include "sim/world/hosts.h"
#include "sim/world/node_log.h"

namespace tidegate::rehearsal {

void TakeStatuses(sim::World* world, bool pumps_too, std::vector<Taken>* out) {
  for (std::size_t i = 0; i < world->node_count(); ++i) {
    const auto node = static_cast<NodeId>(i);
    const trace::NodeInfo& info = world->node_plan(node).info;
    const bool asked = info.role == Role::kDrainer || (pumps_too && info.role == Role::kPump);
    if (!asked || info.era != Era::kCluster) continue;
    const bool answers = world->hosts().Serving(node) && world->node(node).Listening() &&
                         !world->kernel().IsHung(node);
    if (!answers) continue;
    out->push_back({world->now(), node, world->node(node).OnHttp({"GET", "/status", ""}).body});
  }
}

void LookBesideEngine(sim::World* world, const RunOptions& options, RunResult* result) {
  if (options.look_every == 0) return;
  world->LookEach(options.look_every, [pumps_too = options.look_at_pumps, result](sim::World& at) {
    TakeStatuses(&at, pumps_too, &result->taken);
  });
}

void KeepLogs(sim::World* world, RunResult* result) {
  for (std::size_t i = 0; i < world->node_count(); ++i) {
    const auto node = static_cast<NodeId>(i);
    std::string text = world->node(node).ReadLog();
    if (text.empty()) continue;
    result->logs.push_back({world->node_plan(node).info.name, std::move(text)});
  }
}

Result<std::size_t> WriteCaptures(const RunResult& run, std::int64_t epoch_ms,
                                  const std::string& folder) {
  std::size_t count = 0;
  for (const NodeLogText& log : run.logs) {
    TRY(WriteFileAtomically(fmt::format("{}/{}.log", folder, log.node), log.text));
    ++count;
  }
  for (const Taken& taken : run.taken) {
    std::string time = sim::UtcText(epoch_ms + taken.time / kMillisecond, '-');
    time[10] = 'T';
    TRY(WriteFileAtomically(
        fmt::format("{}/{}@{}Z.json", folder, run.trace.header.nodes[taken.node].name, time),
        taken.body));
    ++count;
  }
  return count;
}

}  // namespace tidegate::rehearsal
