// The preflight of rolling upgrades: what the registry, the Pumps, the Drainers and their files say
// before the first Pump is touched.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/checkpoint.h"
#include "engine/config_keys.h"
#include "engine/look.h"
#include "engine/look_rolling.h"
#include "engine/preflight.h"
#include "engine/registry.h"
#include "engine/status_body.h"

namespace tidegate::engine {
namespace {

using port::Answer;
using State = Verdict::State;

/// A dead Drainer may be about to come back by its supervisor; after this long it is not.
constexpr Duration kGoneAfter = kMinute;
/// Draining stands still for about this long while Pumps and Drainers restart.
constexpr Duration kRollTime = kHour;
constexpr std::size_t kPumpQueries = 4;     // -V, configuration, metrics, unit
constexpr std::size_t kDrainerQueries = 6;  // status, -V, configuration, checkpoint, unit, control

bool Known(const ClusterNode& node, const Process& process, const std::string& node_id) {
  const std::string address = fmt::format("{}:{}", process.host, process.port);
  return node.host == address || node.id == address || node.id == node_id;
}

class Preflight {
 public:
  Preflight(const LookContext& context, const std::vector<Answer>& answers)
      : cluster_(context.cluster), context_(context), answers_(answers) {}

  Verdict Judge() {
    const Result<Registry> registry = ParseRegistry(answers_[0]);
    if (!registry) {
      return Unknown(1, fmt::format("the registry can't be read: {}", registry.error().message));
    }
    registry_ = &*registry;
    const Result<ClusterPumpStatus> status = ParseClusterPumpStatus(answers_[1]);
    if (!status) {
      return Unknown(
          2, fmt::format("{}: {}", OtherPump(context_, kNobody).name, status.error().message));
    }
    now_ = status->commit_ts;
    for (const auto part : {&Preflight::Eras, &Preflight::Members, &Preflight::DeadDrainers,
                            &Preflight::Pumps, &Preflight::Drainers}) {
      Verdict verdict = (this->*part)();
      if (verdict.state != State::kHolds) return verdict;
    }
    std::string text = fmt::format("{} Pumps online, {} Drainers answer, checkpoints readable",
                                   cluster_.new_pumps.size(), cluster_.new_drainers.size());
    if (leftover_count_ > 0) {
      text += fmt::format("; {} of the Kafka version left over in the registry, not touched",
                          leftover_count_ == 1 ? std::string("1 node is")
                                               : fmt::format("{} nodes are", leftover_count_));
    }
    Verdict verdict = Holds(std::move(text));
    verdict.facts = std::move(facts_);
    std::string ids;
    for (const ClusterNode& pump : registry_->cluster_pumps) {
      ids += (ids.empty() ? "" : " ") + pump.id + "=" + pump.state;
    }
    verdict.facts.emplace_back("registry", ids);
    return verdict;
  }

 private:
  // Something of the Kafka version that is alive: this cluster is half way between the versions.
  Verdict Eras() {
    for (const auto* nodes : {&registry_->pumps, &registry_->cisterns}) {
      for (const OldNode& node : *nodes) {
        if (node.alive && !node.offline) {
          return Never(fmt::format(
              "{} at {} of the Kafka version is alive: finish the upgrade from that version first "
              "(--procedure kafka-to-cluster)",
              node.id, node.host));
        }
        ++leftover_count_;
      }
    }
    return Holds("");
  }

  Verdict Members() {
    for (const Pump& pump : cluster_.new_pumps) {
      const ClusterNode* node = FindPump(registry_->cluster_pumps, pump);
      const std::string& name = pump.process.name;
      if (node == nullptr) return Fails(3, fmt::format("{} is not registered", name));
      if (node->state != "online") {
        return Fails(4, fmt::format("{} is {}: start it, or take it out of the inventory", name,
                                    node->state));
      }
      if (TsoGapMs(now_, node->update_ts) > kHeartbeatFresh / kMillisecond) {
        return Fails(5, fmt::format("{} is registered online and its heartbeat is {} s old", name,
                                    TsoGapMs(now_, node->update_ts) / 1000));
      }
    }
    for (const ClusterNode& node : registry_->cluster_pumps) {
      const bool listed =
          std::any_of(cluster_.new_pumps.begin(), cluster_.new_pumps.end(),
                      [&](const Pump& pump) { return Known(node, pump.process, pump.node_id); });
      if (listed || node.state == "offline") continue;
      return Never(fmt::format(
          "a Pump that no inventory lists is registered {}: {} at {}. It would keep its version, "
          "and every Drainer waits for it: add it to the inventory, or take it offline with "
          "binlogctl -cmd {} -node-id {}",
          node.state, node.id, node.host,
          node.state == "online" ? "offline-pump" : "update-pump -state offline", node.id));
    }
    return Holds("");
  }

  Verdict DeadDrainers() {
    for (const ClusterNode& node : registry_->cluster_drainers) {
      if (node.state == "offline") continue;
      const bool listed =
          std::any_of(cluster_.new_drainers.begin(), cluster_.new_drainers.end(),
                      [&](const Drainer& drainer) { return Known(node, drainer.process, ""); });
      const std::int64_t age_ms = TsoGapMs(now_, node.update_ts);
      const bool dead = age_ms >= kDrainerDeadAfter / kMillisecond;
      if (node.state == "online" && dead) {
        // tidb-binlog: pump/node.go Notify: such a Drainer keeps Pumps from starting.
        std::string text = fmt::format(
            "Drainer {} is registered online but its heartbeat is {} s old: Pumps that are "
            "restarted could not start. Start it, or run binlogctl -cmd update-drainer -node-id {} "
            "-state {}",
            node.id, age_ms / 1000, node.id, listed ? "paused" : "offline");
        return age_ms >= kGoneAfter / kMillisecond ? Never(std::move(text))
                                                   : Fails(6, std::move(text));
      }
      if (listed) continue;
      return Never(
          fmt::format("a Drainer that no inventory lists is registered {}: {} at {}. It would keep "
                      "its version: "
                      "add it to the inventory, or run binlogctl -cmd update-drainer -node-id {} "
                      "-state offline "
                      "if it is gone for good",
                      node.state, node.id, node.host, node.id));
    }
    return Holds("");
  }

  // The binary on disk, and the file that the new one will read.
  Verdict Files(const Process& process, std::string_view part, const Answer& version,
                const Answer& config) const {
    if (!version.ok()) {
      return Unknown(
          7, fmt::format("{} of {}: {}", process.binary, process.name, AnswerText(version)));
    }
    const Result<Version> found = ParseVersion(ReleaseVersion(version.body));
    const Result<Version> wanted = ParseVersion(process.version);
    if (found && wanted && !wanted->latest && *wanted < *found) {
      return Never(
          fmt::format("{} of {} is {} already, newer than {}: the inventory is not of this "
                      "cluster, or its target is wrong",
                      process.binary, process.name, found->ToString(), process.version));
    }
    if (config.code == port::AnswerCode::kNotFound) return Holds("");
    if (!config.ok()) {
      return Unknown(8,
                     fmt::format("{} of {}: {}", process.config, process.name, AnswerText(config)));
    }
    if (!wanted || !RefusesUnknownKeys(*wanted)) return Holds("");
    const Result<std::vector<std::string>> unknown = UnknownKeys(part, config.body, process.config);
    if (!unknown) {
      return Never(fmt::format("{} would not start: {}", process.name, unknown.error().ToString()));
    }
    if (unknown->empty()) return Holds("");
    return Never(fmt::format(
        "{} {} would not start: {} contains keys that it does not know and refuses: {}. Take them "
        "out first",
        process.name, process.version, process.config, fmt::join(*unknown, ", ")));
  }

  Verdict Pumps() {
    for (std::size_t i = 0; i < cluster_.new_pumps.size(); ++i) {
      const Process& process = cluster_.new_pumps[i].process;
      const std::size_t at = 2 + i * kPumpQueries;
      Verdict verdict = Files(process, "pump", answers_[at], answers_[at + 1]);
      if (verdict.state != State::kHolds) return verdict;
      const Result<std::int64_t> collected =
          MetricSum(answers_[at + 2].body, "binlog_pump_storage_gc_ts");
      if (collected) collected_ms_ = std::max(collected_ms_, *collected);
      RememberUnit(process, answers_[at + 3]);
    }
    return Holds("");
  }

  // One that answers and is not online has given up: up to 2.1.18 and 3.0.5 its process stays when
  // the part that writes downstream has ended (tidb-binlog PR 806). It reads from no Pump again, so
  // that no restart could be proven.
  Verdict Registered(const Process& process) const {
    for (const ClusterNode& node : registry_->cluster_drainers) {
      if (!Known(node, process, "")) continue;
      if (node.state == "online") return Holds("");
      return Fails(14, fmt::format("{} answers and is registered {}: it applies nothing any more. "
                                   "Restart it first",
                                   process.name, node.state));
    }
    return Fails(15, fmt::format("{} answers and is not registered", process.name));
  }

  Verdict Drainers() {
    for (std::size_t i = 0; i < cluster_.new_drainers.size(); ++i) {
      const Drainer& drainer = cluster_.new_drainers[i];
      const std::string& name = drainer.process.name;
      const std::size_t at = 2 + cluster_.new_pumps.size() * kPumpQueries + i * kDrainerQueries;
      const Result<ClusterDrainerStatus> status = ParseClusterDrainerStatus(answers_[at]);
      if (!status) return Unknown(9, fmt::format("{}: {}", name, status.error().message));
      if (status->pump_pos.size() < cluster_.new_pumps.size()) {
        return Fails(10, fmt::format("{} merges {} of {} Pumps", name, status->pump_pos.size(),
                                     cluster_.new_pumps.size()));
      }
      Verdict verdict = Registered(drainer.process);
      if (verdict.state != State::kHolds) return verdict;
      verdict = Files(drainer.process, "drainer", answers_[at + 1], answers_[at + 2]);
      if (verdict.state != State::kHolds) return verdict;
      verdict = Stored(drainer, answers_[at + 3]);
      if (verdict.state != State::kHolds) return verdict;
      verdict = Lag(name, status->last_ts);
      if (verdict.state != State::kHolds) return verdict;
      RememberUnit(drainer.process, answers_[at + 4]);
      if (cluster_.ansible_dir.empty()) continue;
      verdict = ControlFile(drainer, answers_[at + 2], answers_[at + 5]);
      if (verdict.state != State::kHolds) return verdict;
    }
    return Holds("");
  }

  // What deploy_drainer.yml would put in the place of the Drainer's configuration.
  Verdict ControlFile(const Drainer& drainer, const Answer& here, const Answer& control) const {
    const std::string path = ControlConfigPath(cluster_, drainer);
    if (control.code == port::AnswerCode::kNotFound) {
      return Never(fmt::format(
          "there is no {} on this machine: deploy_drainer.yml would fail with {} stopped. Copy {} "
          "of {} there",
          path, drainer.process.name, drainer.process.config, drainer.process.host));
    }
    if (!control.ok()) return Unknown(13, fmt::format("{}: {}", path, AnswerText(control)));
    if (control.body == here.body) return Holds("");
    return Never(
        fmt::format("{} on this machine differs from {} on {}, and deploy_drainer.yml would put it "
                    "in its place: "
                    "other rows could reach the sink. Make them the same",
                    path, drainer.process.config, drainer.process.host));
  }

  Verdict Stored(const Drainer& drainer, const Answer& answer) {
    const CheckpointPlace place = NewCheckpointPlace(drainer);
    const Result<Checkpoint> saved = ParseCheckpoint(place, answer);
    if (!saved && saved.error().code == ErrorCode::kUnavailable) {
      return Unknown(11, saved.error().message);
    }
    const std::string& name = drainer.process.name;
    if (!saved) return Never(fmt::format("the checkpoint of {}: {}", name, saved.error().message));
    if (!saved->present || saved->commit_ts <= 0) {
      return Fails(12, fmt::format("{} holds no commitTS of {}: find where it is kept (checkpoint "
                                   "schema, data directory) and say so in the site file",
                                   place.sentence, name));
    }
    facts_.emplace_back("checkpoint/" + name, std::to_string(saved->commit_ts));
    return Holds("");
  }

  // Whoever resumes below a Pump's collection point is raised to it without a word
  // (tidb-binlog: pump/server.go PullBinlogs).
  Verdict Lag(const std::string& name, Tso checkpoint) const {
    if (collected_ms_ > 0 && TsoPhysicalMs(checkpoint) <= collected_ms_) {
      return Never(fmt::format(
          "the checkpoint of {} ({}) is below what a Pump has deleted already: restarted, it would "
          "skip what is gone without a word",
          name, checkpoint));
    }
    const Duration lag = TsoGapMs(now_, checkpoint) * kMillisecond;
    if (lag + kRollTime < cluster_.pump_gc) return Holds("");
    return Never(fmt::format(
        "{} is {} behind and Pumps keep binlogs for {}: what it has not read may be deleted while "
        "they restart; let it catch up, or set a longer gc",
        name, FormatDuration(lag), FormatDuration(cluster_.pump_gc)));
  }

  void RememberUnit(const Process& process, const Answer& shown) {
    if (UnitProperty(shown.body, "UnitFileState") != "enabled") return;
    facts_.emplace_back("enabled/" + process.name, "yes");
  }

  const Cluster& cluster_;
  const LookContext& context_;
  const std::vector<Answer>& answers_;
  const Registry* registry_ = nullptr;
  Tso now_ = 0;
  std::int64_t collected_ms_ = 0;
  std::size_t leftover_count_ = 0;
  std::vector<Fact> facts_;
};

}  // namespace

std::string DescribeRolling(const RollingHolds&) {
  return "the registry lists what the inventory lists and nobody dead, versions, configuration "
         "files and checkpoints can be read, and nothing speaks against the upgrade";
}

void AppendLookQueries(const RollingHolds&, const LookContext& context,
                       std::vector<port::Query>* out) {
  const Cluster& cluster = context.cluster;
  const Process& asked = OtherPump(context, kNobody);
  out->push_back(port::ListRegistry{std::string(kRegistryRoot)});
  out->push_back(port::HttpGet{asked.host, asked.port, "/status"});
  for (const Pump& pump : cluster.new_pumps) {
    const Process& p = pump.process;
    out->push_back(port::BinaryVersion{p.host, p.binary});
    out->push_back(port::ReadRemoteFile{p.host, p.config});
    out->push_back(port::HttpGet{p.host, p.port, "/metrics"});
    out->push_back(port::ShowUnit{p.host, p.unit});
  }
  for (const Drainer& drainer : cluster.new_drainers) {
    const Process& p = drainer.process;
    out->push_back(port::HttpGet{p.host, p.port, "/status"});
    out->push_back(port::BinaryVersion{p.host, p.binary});
    out->push_back(port::ReadRemoteFile{p.host, p.config});
    out->push_back(NewCheckpointPlace(drainer).query);
    out->push_back(port::ShowUnit{p.host, p.unit});
    // By hand nothing is copied over it: the host's own file once more.
    out->push_back(cluster.ansible_dir.empty()
                       ? port::ReadRemoteFile{p.host, p.config}
                       : port::ReadRemoteFile{"localhost", ControlConfigPath(cluster, drainer)});
  }
}

Verdict EvaluateLook(const RollingHolds&, const LookContext& context,
                     const std::vector<Answer>& answers) {
  return Preflight(context, answers).Judge();
}

std::vector<std::string> RollingRefusalsOf(const Cluster& cluster, const PlanOptions& options) {
  std::vector<std::string> refusals;
  if (cluster.new_pumps.size() == 1 && !options.accept_write_outage) {
    refusals.push_back(fmt::format(
        "{} is the only Pump: while it restarts no TiDB can write, and one that waits longer than "
        "its write-timeout stops serving. Add a Pump first, or accept the outage "
        "(--accept-write-outage)",
        cluster.new_pumps.front().process.name));
  }
  if (options.gate != Gate::kProof) {
    refusals.emplace_back(
        "--gate: a rolling upgrade drains nothing; Synced means idle and proves nothing about a "
        "restart. Leave the option away");
  }
  return refusals;
}

}  // namespace tidegate::engine
