#include "sim/world/cluster_status.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace tidegate::sim {
namespace {

using trace::RegistryState;

// unrolled/render, IndentJSON: two blanks, a newline at the end. `data` is JSON already.
std::string Indented(std::string_view message, int code, std::string_view data) {
  return fmt::format("{{\n  \"message\": {},\n  \"code\": {},\n  \"data\": {}\n}}\n",
                     JsonQuote(message), code, data);
}

// pkg/node/node.go Status, field order as encoded; nothing ever sets isAlive, score and label.
void AppendNode(const RegistryRecord& record, std::string* out) {
  fmt::format_to(std::back_inserter(*out),
                 "{{\"nodeId\":{},\"host\":{},\"state\":\"{}\",\"isAlive\":false,\"score\":0,"
                 "\"label\":null,\"maxCommitTS\":{},\"updateTS\":{}}}",
                 JsonQuote(record.id), JsonQuote(record.host), ClusterStateName(record.state),
                 record.max_commit_ts, record.update_ts);
}

}  // namespace

std::string_view ClusterStateName(RegistryState state) {
  switch (state) {
    case RegistryState::kOnline: return "online";
    case RegistryState::kPausing: return "pausing";
    case RegistryState::kPaused: return "paused";
    case RegistryState::kClosing: return "closing";
    case RegistryState::kOffline: return "offline";
    default: return "unknown";
  }
}

std::string ClusterPumpStatusBody(const std::vector<const RegistryRecord*>& pumps, Tso commit_ts,
                                  std::string_view error) {
  if (!error.empty()) {
    return fmt::format("{{\"status\":null,\"CommitTS\":{},\"Checkpoint\":{{}},\"ErrMsg\":{}}}\n",
                       commit_ts, JsonQuote(error));
  }
  // encoding/json writes maps in the order of their keys.
  std::vector<const RegistryRecord*> sorted = pumps;
  std::sort(
      sorted.begin(), sorted.end(),
      [](const RegistryRecord* one, const RegistryRecord* other) { return one->id < other->id; });
  std::string out = "{\"status\":{";
  for (const RegistryRecord* pump : sorted) {
    if (out.back() == '}') out += ',';
    out += JsonQuote(pump->id);
    out += ':';
    AppendNode(*pump, &out);
  }
  fmt::format_to(std::back_inserter(out),
                 "}},\"CommitTS\":{},\"Checkpoint\":{{}},\"ErrMsg\":\"\"}}\n", commit_ts);
  return out;
}

std::string ClusterDrainersBody(bool reached, const std::vector<const RegistryRecord*>& drainers) {
  if (!reached || drainers.empty()) return "null\n";  // a nil slice is null
  std::string out = "[";
  for (const RegistryRecord* drainer : drainers) {
    if (out.size() > 1) out += ',';
    AppendNode(*drainer, &out);
  }
  return out + "]\n";
}

std::string ClusterDrainerStatusBody(ClusterDrainerStatusBodyParts parts) {
  if (!parts.ticked) return "{\"PumpPos\":null,\"Synced\":false,\"LastTS\":0,\"TsMap\":\"\"}\n";
  std::sort(parts.pump_pos.begin(), parts.pump_pos.end());
  std::string out = "{\"PumpPos\":{";
  for (const auto& [id, commit_ts] : parts.pump_pos) {
    if (out.back() != '{') out += ',';
    fmt::format_to(std::back_inserter(out), "{}:{}", JsonQuote(id), commit_ts);
  }
  fmt::format_to(std::back_inserter(out), "}},\"Synced\":{},\"LastTS\":{},\"TsMap\":\"\"}}\n",
                 parts.synced, parts.last_ts);
  return out;
}

std::string ClusterCommitTsBody(Tso commit_ts) {
  return Indented("get drainer's latest ts success!", 200,
                  fmt::format("{{\n    \"ts\": {}\n  }}", commit_ts));
}

StateChange JudgeStateChange(std::string_view path, std::string_view own_id, RegistryState state) {
  StateChange change;
  change.response.content_type = "application/json; charset=UTF-8";
  constexpr std::string_view kPrefix = "/state/";
  const std::size_t slash = path.rfind('/');
  if (path.rfind(kPrefix, 0) != 0 || slash < kPrefix.size()) {
    return {false, false, {404, "text/plain; charset=utf-8", "404 page not found\n", false}};
  }
  const std::string_view id = path.substr(kPrefix.size(), slash - kPrefix.size());
  const std::string_view action = path.substr(slash + 1);
  const auto refuse = [&](std::string_view message) {
    change.response.body = Indented(message, 3, "null");
    return change;
  };
  if (id != own_id) {
    return refuse(fmt::format("invalide nodeID {}, this pump's nodeID is {}", id, own_id));
  }
  if (state != RegistryState::kOnline) {
    return refuse(
        fmt::format("this pump's state is {}, apply {} failed!", ClusterStateName(state), action));
  }
  if (action != "pause" && action != "close")
    return refuse(fmt::format("invalide action {}", action));
  change.accepted = true;
  change.close = action == "close";
  change.response.body = Indented(fmt::format("apply action {} success!", action), 200, "null");
  return change;
}

}  // namespace tidegate::sim
