#include "engine/preflight_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/status_body.h"

namespace tidegate::engine {
namespace {

/// A Drainer key of the cluster era is rewritten every second (tidb-binlog: drainer/server.go).
constexpr Duration kDeadAfter = 1 * kMinute;

}  // namespace

Verdict JudgeCisterns(const Cluster& cluster, const Registry& registry) {
  for (const OldNode& cistern : registry.cisterns) {
    const auto known = std::any_of(
        cluster.old_drainers.begin(), cluster.old_drainers.end(), [&](const Drainer& drainer) {
          const std::string address =
              fmt::format("{}:{}", drainer.process.host, drainer.process.port);
          return cistern.host == address || cistern.id == address;
        });
    if (!known) {
      return Never(
          fmt::format("an old Drainer that nobody listed is registered: {} at {} ({}). Name it in "
                      "the site file, "
                      "or delete its key /tidb-binlog/cisterns/{} if it is gone for good",
                      cistern.id, cistern.host, cistern.alive ? "alive" : "not alive", cistern.id));
    }
  }
  return Holds("");
}

// A living old Pump beside no listed TiDB: some TiDB that nobody will stop writes through it.
Verdict JudgeStrangers(const Cluster& cluster, const Registry& registry) {
  for (const OldNode& pump : registry.pumps) {
    if (!pump.alive || pump.offline) continue;
    const bool known =
        std::any_of(cluster.old_pumps.begin(), cluster.old_pumps.end(), [&](const Pump& listed) {
          const std::string address =
              fmt::format("{}:{}", listed.process.host, listed.process.port);
          return pump.host == address || pump.id == address || pump.id == listed.node_id;
        });
    if (known) continue;
    return Never(
        fmt::format("an old Pump that no inventory lists is alive: {} at {}. A TiDB may write "
                    "through it that would "
                    "go on writing to the old side: add its host to the inventory, or stop both",
                    pump.id, pump.host));
  }
  return Holds("");
}

Verdict JudgeClusterDrainers(const Registry& registry, Tso now) {
  for (const ClusterNode& drainer : registry.cluster_drainers) {
    if (drainer.state != "online") continue;
    if (TsoGapMs(now, drainer.update_ts) < kDeadAfter / kMillisecond) continue;
    // tidb-binlog: pump/node.go Notify: a Pump that can't reach an online Drainer does not start.
    return Never(fmt::format(
        "Drainer {} is registered online but its heartbeat is {} s old: new Pumps could not start. "
        "Run binlogctl -cmd update-drainer -node-id {} -state offline",
        drainer.id, TsoGapMs(now, drainer.update_ts) / 1000, drainer.id));
  }
  return Holds("");
}

Verdict JudgeSocket(const Tidb& tidb, const port::Answer& config, const port::Answer& script) {
  const std::string& name = tidb.process.name;
  if (!config.ok() && config.code != port::AnswerCode::kNotFound) {
    return Unknown(4, fmt::format("the configuration of {}: {}", name, AnswerText(config)));
  }
  const bool in_config = config.body.find("binlog-socket") != std::string::npos;
  const bool in_script = script.body.find("binlog-socket") != std::string::npos;
  if (!tidb.old_socket.empty() && config.ok() && script.ok() && !in_config && !in_script) {
    return Never(
        fmt::format("{} writes to {}, but neither {} nor {} says so: wherever its binlog-socket is "
                    "given, it would "
                    "be left over and win over the new Pumps; move it into the configuration file",
                    name, tidb.old_socket, tidb.process.config, tidb.process.script));
  }
  return Holds("");
}

}  // namespace tidegate::engine
