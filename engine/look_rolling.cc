#include "engine/look_rolling.h"

#include <fmt/format.h>

#include "engine/checkpoint.h"
#include "engine/look.h"
#include "engine/registry.h"
#include "engine/status_body.h"

namespace tidegate::engine {
namespace {

using port::Answer;
using Queries = std::vector<port::Query>;
using Answers = std::vector<Answer>;

const Process& PumpAt(const LookContext& context, std::size_t index) {
  return context.cluster.new_pumps[index].process;
}
const Process& DrainerAt(const LookContext& context, std::size_t index) {
  return context.cluster.new_drainers[index].process;
}

port::Query StatusOf(const Process& process) {
  return port::HttpGet{process.host, process.port, "/status"};
}

Verdict JudgeBinary(const std::string& host, const std::string& path, const std::string& wanted,
                    const Answer& answer) {
  if (answer.code == port::AnswerCode::kNotFound) {
    return Fails(1, fmt::format("there is no {} on {}", path, host));
  }
  if (!answer.ok()) return Unknown(1, fmt::format("{} on {}: {}", path, host, AnswerText(answer)));
  const std::string_view version = ReleaseVersion(answer.body);
  if (!VersionMatches(version, wanted)) {
    return Fails(2, fmt::format("{} on {} is {}, not {}", path, host, version, wanted));
  }
  return Holds(fmt::format("{} on {} is {}", path, host, version));
}

// The newest binlog of a Pump lies above PD's own timestamp, which was asked after it: PD was
// restored to an older state. Nothing that is compared with its timestamps proves anything until
// they have passed what they were. (updateTS says nothing here: a Pump adds the time that has gone
// by to the timestamp of its start. tidb-binlog: pump/node.go, util.GetApproachTS)
bool LiesAbovePd(const ClusterNode& node, Tso pd_now) { return node.max_commit_ts > pd_now; }
Verdict PdWentBack(const ClusterNode& node, Tso pd_now) {
  return Fails(
      9, fmt::format("maxCommitTS of {} ({}) is {} above PD's timestamp {}: PD's "
                     "timestamps went back, and prove nothing until they have passed that "
                     "again",
                     node.id, node.max_commit_ts,
                     FormatDuration(TsoGapMs(node.max_commit_ts, pd_now) * kMillisecond), pd_now));
}

// A Pump that is to stay up while another one is away.
Verdict JudgeServing(const Pump& pump, const ClusterPumpStatus& status, const Answer& connected) {
  const std::string& name = pump.process.name;
  const ClusterNode* node = FindPump(status.pumps, pump);
  if (node == nullptr) return Fails(2, fmt::format("{} is not registered", name));
  if (node->state != "online") return Fails(3, fmt::format("{} is {}", name, node->state));
  if (TsoGapMs(status.commit_ts, node->update_ts) > kHeartbeatFresh / kMillisecond) {
    return Fails(4, fmt::format("the heartbeat of {} is stale", name));
  }
  if (LiesAbovePd(*node, status.commit_ts)) return PdWentBack(*node, status.commit_ts);
  if (!connected.ok()) return Fails(5, fmt::format("{}: {}", name, AnswerText(connected)));
  return Holds("");
}

}  // namespace

const Process& OtherPump(const LookContext& context, std::size_t skip) {
  const std::vector<Pump>& pumps = context.cluster.new_pumps;
  CHECK(!pumps.empty());
  if (skip >= pumps.size() || pumps.size() == 1)
    return pumps[context.attempt % pumps.size()].process;
  const std::size_t turn = context.attempt % (pumps.size() - 1);
  return pumps[turn < skip ? turn : turn + 1].process;
}

std::string DescribeRolling(const BinaryIs& c) {
  return fmt::format("{} on {} says that it is {}", c.path, c.host, c.version);
}
void AppendLookQueries(const BinaryIs& c, const LookContext&, Queries* out) {
  out->push_back(port::BinaryVersion{c.host, c.path});
}
Verdict EvaluateLook(const BinaryIs& c, const LookContext&, const Answers& answers) {
  return JudgeBinary(c.host, c.path, c.version, answers[0]);
}

std::string DescribeRolling(const RunsFrom& c) {
  return fmt::format("{} on {} is {} and {} is active", c.path, c.host, c.version, c.unit);
}
void AppendLookQueries(const RunsFrom& c, const LookContext&, Queries* out) {
  out->push_back(port::BinaryVersion{c.host, c.path});
  out->push_back(port::ShowUnit{c.host, c.unit});
}
Verdict EvaluateLook(const RunsFrom& c, const LookContext&, const Answers& answers) {
  Verdict verdict = JudgeBinary(c.host, c.path, c.version, answers[0]);
  if (verdict.state != Verdict::State::kHolds) return verdict;
  if (!answers[1].ok()) return Unknown(3, fmt::format("{}: {}", c.unit, AnswerText(answers[1])));
  const std::string_view state = UnitProperty(answers[1].body, "ActiveState");
  return state == "active" ? verdict : Fails(3, fmt::format("{} is {}", c.unit, state));
}

std::string DescribeRolling(const PumpsServe& c) {
  return fmt::format(
      "{} is registered online with a fresh heartbeat and listens, so does every Drainer, and none "
      "is registered online and dead",
      c.skip == kNobody ? "every Pump" : "every other Pump");
}
void AppendLookQueries(const PumpsServe& c, const LookContext& context, Queries* out) {
  out->push_back(StatusOf(OtherPump(context, c.skip)));
  out->push_back(port::ListRegistry{std::string(kRegistryRoot)});
  for (const Pump& pump : context.cluster.new_pumps) {
    out->push_back(port::ConnectTcp{pump.process.host, pump.process.port});
  }
  for (const Drainer& drainer : context.cluster.new_drainers) {
    out->push_back(port::ConnectTcp{drainer.process.host, drainer.process.port});
  }
}
Verdict EvaluateLook(const PumpsServe& c, const LookContext& context, const Answers& answers) {
  const Result<Registry> registry = ParseRegistry(answers[1]);
  if (!registry) {
    return Unknown(6, fmt::format("the registry can't be read: {}", registry.error().message));
  }
  const std::size_t count = context.cluster.new_pumps.size();
  const Result<ClusterPumpStatus> status = ParseClusterPumpStatus(answers[0]);
  const bool alone = count == 1 && c.skip != kNobody;
  // The one Pump there is may be down already when its way back is looked for.
  if (!status && alone) return Holds("there is no other Pump");
  if (!status) {
    return Unknown(1,
                   fmt::format("{}: {}", OtherPump(context, c.skip).name, status.error().message));
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (i == c.skip) continue;
    Verdict verdict = JudgeServing(context.cluster.new_pumps[i], *status, answers[2 + i]);
    if (verdict.state != Verdict::State::kHolds) return verdict;
  }
  for (std::size_t i = 0; i < context.cluster.new_drainers.size(); ++i) {
    const Answer& connected = answers[2 + count + i];
    if (connected.ok()) continue;
    return Fails(8, fmt::format("{}: {}; a Pump that is restarted now might not come up",
                                DrainerAt(context, i).name, AnswerText(connected)));
  }
  for (const ClusterNode& drainer : registry->cluster_drainers) {
    if (drainer.state != "online") continue;
    const std::int64_t age_ms = TsoGapMs(status->commit_ts, drainer.update_ts);
    if (age_ms < kDrainerDeadAfter / kMillisecond) continue;
    // tidb-binlog: pump/node.go Notify: a Pump that can't reach an online Drainer does not start.
    return Fails(7, fmt::format("Drainer {} is registered online and its heartbeat is {} s old: a "
                                "Pump that is restarted now may not come up. Start it, or run "
                                "binlogctl -cmd update-drainer -node-id {} -state paused",
                                drainer.id, age_ms / 1000, drainer.id));
  }
  if (alone) return Holds("there is no other Pump");
  return Holds(fmt::format("{} Pump{} online, heartbeats fresh",
                           c.skip == kNobody ? count : count - 1,
                           count - (c.skip == kNobody ? 0 : 1) == 1 ? "" : "s"));
}

std::string DescribeRolling(const TimestampFrom& c) {
  return fmt::format("{} := a PD timestamp (CommitTS of a Pump's /status)", c.fact);
}
void AppendLookQueries(const TimestampFrom& c, const LookContext& context, Queries* out) {
  out->push_back(StatusOf(OtherPump(context, c.skip)));
}
Verdict EvaluateLook(const TimestampFrom& c, const LookContext& context, const Answers& answers) {
  const Result<ClusterPumpStatus> status = ParseClusterPumpStatus(answers[0]);
  if (!status || status->commit_ts <= 0) {
    return Unknown(1, fmt::format("{} gives no PD timestamp{}", OtherPump(context, c.skip).name,
                                  status ? "" : ": " + status.error().message));
  }
  // What is to be compared with it later must not have been there before.
  for (const ClusterNode& node : status->pumps) {
    if (LiesAbovePd(node, status->commit_ts)) return PdWentBack(node, status->commit_ts);
  }
  Verdict verdict = Holds(fmt::format("{} = {}", c.fact, status->commit_ts));
  verdict.facts.emplace_back(c.fact, std::to_string(status->commit_ts));
  return verdict;
}

std::string DescribeRolling(const PumpBack& c) {
  return fmt::format(
      "the Pump is active, registered online, and its heartbeat and maxCommitTS are past {}",
      c.fact);
}
void AppendLookQueries(const PumpBack& c, const LookContext& context, Queries* out) {
  const Process& pump = PumpAt(context, c.pump);
  out->push_back(StatusOf(OtherPump(context, c.pump)));
  out->push_back(port::ShowUnit{pump.host, pump.unit});
  out->push_back(port::ConnectTcp{pump.host, pump.port});
}
Verdict EvaluateLook(const PumpBack& c, const LookContext& context, const Answers& answers) {
  const Pump& pump = context.cluster.new_pumps[c.pump];
  const std::string& name = pump.process.name;
  const Result<ClusterPumpStatus> status = ParseClusterPumpStatus(answers[0]);
  if (!status) {
    return Unknown(1,
                   fmt::format("{}: {}", OtherPump(context, c.pump).name, status.error().message));
  }
  const std::string_view state = UnitProperty(answers[1].body, "ActiveState");
  if (!answers[1].ok() || state != "active") {
    return Fails(2, fmt::format("{} on {} is {}", pump.process.unit, pump.process.host,
                                answers[1].ok() ? state : AnswerText(answers[1])));
  }
  if (!answers[2].ok()) return Fails(3, fmt::format("{}: {}", name, AnswerText(answers[2])));
  const ClusterNode* node = FindPump(status->pumps, pump);
  if (node == nullptr) return Fails(4, fmt::format("{} is not registered", name));
  if (node->state != "online") return Fails(5, fmt::format("{} is {}", name, node->state));
  if (LiesAbovePd(*node, status->commit_ts)) return PdWentBack(*node, status->commit_ts);
  const Tso bound = context.facts.TsoOf(c.fact);
  if (node->update_ts <= bound) {
    return Fails(6, fmt::format("the heartbeat of {} is not past {} ({})", name, c.fact, bound));
  }
  if (node->max_commit_ts <= bound) {
    return Fails(7, fmt::format("maxCommitTS of {} ({}) is not past {} ({})", name,
                                node->max_commit_ts, c.fact, bound));
  }
  return Holds(fmt::format("{} is registered online, maxCommitTS is past {}", name, c.fact));
}

std::string DescribeRolling(const PumpRead& c) {
  return fmt::format("PumpPos of every Drainer is past {} for the Pump", c.fact);
}
void AppendLookQueries(const PumpRead&, const LookContext& context, Queries* out) {
  out->push_back(port::ListRegistry{std::string(kRegistryRoot)});
  for (const Drainer& drainer : context.cluster.new_drainers) {
    out->push_back(StatusOf(drainer.process));
  }
}
Verdict EvaluateLook(const PumpRead& c, const LookContext& context, const Answers& answers) {
  const Result<Registry> registry = ParseRegistry(answers[0]);
  if (!registry) {
    return Unknown(1, fmt::format("the registry can't be read: {}", registry.error().message));
  }
  const Pump& pump = context.cluster.new_pumps[c.pump];
  const ClusterNode* node = FindPump(registry->cluster_pumps, pump);
  if (node == nullptr) return Fails(2, fmt::format("{} is not registered", pump.process.name));
  const Tso bound = context.facts.TsoOf(c.fact);
  for (std::size_t i = 0; i < context.cluster.new_drainers.size(); ++i) {
    const std::string& name = DrainerAt(context, i).name;
    const Result<ClusterDrainerStatus> status = ParseClusterDrainerStatus(answers[1 + i]);
    if (!status) return Unknown(3, fmt::format("{}: {}", name, status.error().message));
    Tso position = 0;
    for (const auto& [id, ts] : status->pump_pos) {
      if (id == node->id) position = ts;
    }
    if (position <= bound) {
      return Fails(4, fmt::format("{} has read {} up to {}, not past {} ({})", name,
                                  pump.process.name, position, c.fact, bound));
    }
  }
  const std::size_t count = context.cluster.new_drainers.size();
  return Holds(fmt::format("{} Drainer{} from {} again", count, count == 1 ? " reads" : "s read",
                           pump.process.name));
}

std::string DescribeRolling(const CheckpointKept&) {
  return "the stopped Drainer's checkpoint can be read and has not gone back";
}
void AppendLookQueries(const CheckpointKept& c, const LookContext& context, Queries* out) {
  out->push_back(NewCheckpointPlace(context.cluster.new_drainers[c.drainer]).query);
}
Verdict EvaluateLook(const CheckpointKept& c, const LookContext& context, const Answers& answers) {
  const Drainer& drainer = context.cluster.new_drainers[c.drainer];
  const CheckpointPlace place = NewCheckpointPlace(drainer);
  const Result<Checkpoint> saved = ParseCheckpoint(place, answers[0]);
  if (!saved && saved.error().code == ErrorCode::kUnavailable) {
    return Unknown(1, saved.error().message);
  }
  if (!saved || !saved->present || saved->commit_ts <= 0) {
    return Never(
        fmt::format("{}: the checkpoint of {} can't be read: started now it might not "
                    "resume where it stopped",
                    saved ? place.sentence + " holds no commitTS" : saved.error().message,
                    drainer.process.name));
  }
  const Tso before = context.facts.TsoOf("checkpoint/" + drainer.process.name);
  if (saved->commit_ts < before) {
    return Never(
        fmt::format("{} went back from {} to {} while {} was stopped: somebody else writes "
                    "it",
                    place.sentence, before, saved->commit_ts, drainer.process.name));
  }
  Verdict verdict =
      Holds(fmt::format("{} stopped at commitTS {}", drainer.process.name, saved->commit_ts));
  verdict.facts.emplace_back("stopped/" + drainer.process.name, std::to_string(saved->commit_ts));
  return verdict;
}

std::string DescribeRolling(const DrainerBack& c) {
  return fmt::format(
      "the Drainer is registered online, merges every Pump, and its checkpoint is past {}", c.fact);
}
void AppendLookQueries(const DrainerBack& c, const LookContext& context, Queries* out) {
  out->push_back(StatusOf(DrainerAt(context, c.drainer)));
  out->push_back(port::ListRegistry{std::string(kRegistryRoot)});
}
Verdict EvaluateLook(const DrainerBack& c, const LookContext& context, const Answers& answers) {
  const Process& drainer = DrainerAt(context, c.drainer);
  const Result<ClusterDrainerStatus> status = ParseClusterDrainerStatus(answers[0]);
  if (!status) return Unknown(1, fmt::format("{}: {}", drainer.name, status.error().message));
  const Result<Registry> registry = ParseRegistry(answers[1]);
  if (!registry) {
    return Unknown(2, fmt::format("the registry can't be read: {}", registry.error().message));
  }
  const std::string address = fmt::format("{}:{}", drainer.host, drainer.port);
  std::string state = "not registered";
  for (const ClusterNode& node : registry->cluster_drainers) {
    if (node.host == address || node.id == address) state = node.state;
  }
  if (state != "online") return Fails(3, fmt::format("{} is {}", drainer.name, state));
  const std::size_t pumps = context.cluster.new_pumps.size();
  if (status->pump_pos.size() < pumps) {
    return Fails(
        4, fmt::format("{} merges {} of {} Pumps", drainer.name, status->pump_pos.size(), pumps));
  }
  const Tso bound = context.facts.TsoOf(c.fact);
  if (status->last_ts <= bound) {
    return Fails(5, fmt::format("the checkpoint of {} ({}) is not past {} ({})", drainer.name,
                                status->last_ts, c.fact, bound));
  }
  return Holds(fmt::format("{} resumed from its checkpoint and is past {}", drainer.name, c.fact));
}

}  // namespace tidegate::engine
