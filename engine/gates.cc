#include "engine/gates.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/checkpoint.h"
#include "engine/status_body.h"

namespace tidegate::engine {
namespace {

// Clause numbers, times 64 plus the Drainer's index: which one is shut, for "since when".
enum Clause {
  kAnswer = 1,
  kTicked,
  kLower,
  kFreshUpper,
  kTwoSnapshots,
  kSynced,
  kRegistry,
  kPumpMissing,
  kPumpOffline,
  kCheckpoint,
  kQueue,
  kPdTime,
};
int ClauseOf(Clause clause, std::size_t drainer) { return clause * 64 + static_cast<int>(drainer); }

std::size_t DrainerCount(const Drained& gate, const LookContext& context) {
  const std::size_t count = context.cluster.old_drainers.size();
  return gate.first_only ? std::min<std::size_t>(count, 1) : count;
}

bool NeedsProof(const Drained& gate) { return gate.gate != Gate::kSynced; }

std::int64_t ToMs(Duration duration) { return duration / kMillisecond; }

// A pump of the first listing and what it was then.
struct RegisteredPump {
  std::string_view id;
  Tso offline_ts = -1;  // -1: it was not offline
};

std::vector<RegisteredPump> ReadRegistryFact(const Facts& facts) {
  std::vector<RegisteredPump> pumps;
  const std::string* fact = facts.Find("registry");
  if (fact == nullptr) return pumps;
  std::string_view rest = *fact;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    const std::size_t equals = word.rfind('=');
    RegisteredPump pump{word.substr(0, equals)};
    if (equals != std::string_view::npos) {
      const Result<Tso> tso = ParseTso(word.substr(equals + 1));
      pump.offline_ts = tso ? *tso : -1;
    }
    pumps.push_back(pump);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return pumps;
}

// Clause 1 on one Drainer. Holds, fails or could not be seen.
Verdict JudgeWindow(const LookContext& context, std::size_t index, const OldDrainerStatus& status,
                    Tso pd_now) {
  const Drainer& drainer = context.cluster.old_drainers[index];
  const std::string& name = drainer.process.name;
  GateMemory::Snapshot& first = context.memory->drainers[index];
  const Tso t0 = context.facts.TsoOf("T0");
  if (!status.ticked || status.lower <= t0) {
    first = {};
    if (!status.ticked) {
      return Fails(ClauseOf(kTicked, index), fmt::format("{} has not ticked yet", name));
    }
    if (status.lower == 0) {
      return Fails(ClauseOf(kLower, index),
                   fmt::format("Lower of {} is 0: it has not heard from every Pump yet", name));
    }
    return Fails(ClauseOf(kLower, index),
                 fmt::format("Lower of {} ({}) has not passed T0 ({}): {} ms behind", name,
                             status.lower, t0, TsoGapMs(t0, status.lower)));
  }
  const std::int64_t age_ms = TsoGapMs(pd_now, status.upper);
  if (age_ms > ToMs(drainer.detect_interval + kFreshSlack)) {
    return Fails(ClauseOf(kFreshUpper, index),
                 fmt::format("the status of {} is stale: Upper is {} ms behind PD", name, age_ms));
  }
  if (!first.taken) {
    first.taken = true;
    first.at = context.now;
    first.upper = status.upper;
  }
  if (context.now - first.at < drainer.detect_interval || status.upper <= first.upper) {
    return Fails(ClauseOf(kTwoSnapshots, index),
                 fmt::format("{}: waiting for a second snapshot with a later Upper", name));
  }
  return Holds("");
}

Verdict JudgeStatuses(const Drained& gate, const LookContext& context,
                      const std::vector<port::Answer>& answers) {
  const std::size_t count = DrainerCount(gate, context);
  GateMemory& memory = *context.memory;
  memory.drainers.resize(context.cluster.old_drainers.size());
  Tso pd_now = 0;
  if (NeedsProof(gate)) {
    const Result<Tso> now = ParsePdTimestamp(answers[count - gate.first]);
    if (!now) {
      return Unknown(ClauseOf(kPdTime, 0),
                     fmt::format("{} gives no PD timestamp: {}", PumpToAsk(context).name,
                                 now.error().message));
    }
    pd_now = *now;
  }
  Verdict shut = Holds("");
  for (std::size_t i = gate.first; i < count; ++i) {
    const std::string& name = context.cluster.old_drainers[i].process.name;
    Result<OldDrainerStatus> status = ParseOldDrainerStatus(answers[i - gate.first]);
    Verdict verdict = Holds("");
    if (!status) {
      verdict = Unknown(ClauseOf(kAnswer, i),
                        fmt::format("{} gives no status: {}", name, status.error().message));
    } else {
      if (NeedsProof(gate)) verdict = JudgeWindow(context, i, *status, pd_now);
      if (verdict.state == Verdict::State::kHolds && gate.gate != Gate::kProof && !status->synced) {
        verdict = Fails(ClauseOf(kSynced, i), fmt::format("Synced of {} is false", name));
      }
      memory.drainers[i].pumps = std::move(status->pumps);
    }
    if (shut.state == Verdict::State::kHolds) shut = std::move(verdict);
  }
  return shut;
}

// Clause 3 on one Drainer: `pumps` are the keys of its PumpPos.
Verdict JudgePumps(const LookContext& context, std::size_t index, const Registry& registry) {
  const std::vector<std::string>& pumps = context.memory->drainers[index].pumps;
  const std::string& name = context.cluster.old_drainers[index].process.name;
  const auto in_pump_pos = [&](std::string_view id) {
    return std::find(pumps.begin(), pumps.end(), id) != pumps.end();
  };
  const Tso checkpoint =
      context.facts.TsoOf("checkpoint/" + context.cluster.old_drainers[index].process.name);
  for (const RegisteredPump& first : ReadRegistryFact(context.facts)) {
    if (in_pump_pos(first.id)) continue;
    if (first.offline_ts >= 0 && TsoGapMs(checkpoint, first.offline_ts) >= ToMs(kSafeForward)) {
      continue;  // offline long before the checkpoint: the Drainer ignores it by design
    }
    const auto now = std::find_if(registry.pumps.begin(), registry.pumps.end(),
                                  [&](const OldNode& node) { return node.id == first.id; });
    if (now != registry.pumps.end() && now->offline) {
      return Fails(
          ClauseOf(kPumpOffline, index),
          fmt::format("{} no longer reads old Pump {}, which is marked offline: that its "
                      "whole topic was read can't be seen (it is marked offline before its "
                      "tail is in Kafka); start that Pump again and keep it running",
                      name, first.id));
    }
    if (context.cluster.era == "local" && now == registry.pumps.end()) {
      // tag rc2.3: pump/registry.go UnregisterNode, drainer/collector.go
      return Fails(ClauseOf(kPumpOffline, index),
                   fmt::format("the key of old Pump {} is gone: a Local Pump deletes it when it is "
                               "stopped, and {} forgets what it had not read of it; start that "
                               "Pump again and keep it running",
                               first.id, name));
    }
    return Fails(ClauseOf(kPumpMissing, index),
                 fmt::format("{} does not read old Pump {}", name, first.id));
  }
  for (const OldNode& node : registry.pumps) {
    if (node.has_object && !node.offline && !in_pump_pos(node.id)) {
      return Fails(ClauseOf(kPumpMissing, index),
                   fmt::format("{} does not read old Pump {}", name, node.id));
    }
  }
  return Holds("");
}

// Clause 2 by proof.
Verdict JudgeCheckpoint(const LookContext& context, std::size_t index, const port::Answer& answer) {
  const Drainer& drainer = context.cluster.old_drainers[index];
  const CheckpointPlace place = OldCheckpointPlace(drainer, context.cluster.era);
  const Result<Checkpoint> saved = ParseCheckpoint(place, answer);
  if (!saved) return Unknown(ClauseOf(kCheckpoint, index), saved.error().message);
  const Tso marker = context.facts.TsoOf("M");
  if (saved->commit_ts < marker) {
    return Fails(ClauseOf(kCheckpoint, index),
                 fmt::format("the saved checkpoint of {} ({}) has not reached the marker (M {})",
                             drainer.process.name, saved->commit_ts, marker));
  }
  return Holds("");
}

// Clause 2 by evidence: empty queues, for long enough.
Verdict JudgeQueues(const LookContext& context, std::size_t index, const port::Answer& answer) {
  const std::string& name = context.cluster.old_drainers[index].process.name;
  GateMemory::Snapshot& memory = context.memory->drainers[index];
  // tidb-binlog kafka: drainer/metrics.go, binlog_drainer_queue_size
  const Result<std::int64_t> queued =
      answer.ok() ? MetricSum(answer.body, "binlog_drainer_queue_size")
                  : Result<std::int64_t>(Error{ErrorCode::kUnavailable, AnswerText(answer), ""});
  if (!queued || *queued != 0) {
    memory.settled = false;
    if (!queued) {
      return Unknown(ClauseOf(kQueue, index),
                     fmt::format("{} shows no queue sizes: {}", name, queued.error().message));
    }
    return Fails(ClauseOf(kQueue, index), fmt::format("{} has {} items queued", name, *queued));
  }
  if (!memory.settled) {
    memory.settled = true;
    memory.settled_since = context.now;
  }
  if (context.now - memory.settled_since < kSettled) {
    return Fails(ClauseOf(kQueue, index), fmt::format("{}: queues are empty, but not yet for {}",
                                                      name, FormatDuration(kSettled)));
  }
  return Holds("");
}

Verdict JudgeSaved(const Drained& gate, const LookContext& context,
                   const std::vector<port::Answer>& answers) {
  const Result<Registry> registry = ParseRegistry(answers[0]);
  if (!registry) {
    return Unknown(ClauseOf(kRegistry, 0),
                   fmt::format("the registry can't be read: {}", registry.error().message));
  }
  std::size_t next = 1;
  Verdict shut = Holds("");
  const auto keep_first = [&](Verdict verdict) {
    if (shut.state == Verdict::State::kHolds) shut = std::move(verdict);
  };
  for (std::size_t i = gate.first; i < DrainerCount(gate, context); ++i) {
    keep_first(JudgePumps(context, i, *registry));
    if (gate.marker) keep_first(JudgeCheckpoint(context, i, answers[next++]));
    if (gate.evidence) keep_first(JudgeQueues(context, i, answers[next++]));
  }
  return shut;
}

std::string OpenText(const Drained& gate, const LookContext& context) {
  std::string names;
  for (std::size_t i = gate.first; i < DrainerCount(gate, context); ++i) {
    names += (names.empty() ? "" : ", ") + context.cluster.old_drainers[i].process.name;
  }
  std::string text;
  if (NeedsProof(gate)) {
    text =
        fmt::format("on {}: Lower > T0 in two fresh snapshots, every registered Pump read", names);
    if (gate.marker) text += ", checkpoint at or past M";
    if (gate.evidence) text += "; evidence, not proof: queues empty and settled";
  }
  if (gate.gate != Gate::kProof) {
    text += fmt::format("{}Synced is true on {}", text.empty() ? "" : "; ", names);
  }
  return text;
}

}  // namespace

void AppendDrainedQueries(const Drained& gate, const LookContext& context,
                          std::vector<port::Query>* queries) {
  const std::vector<Drainer>& drainers = context.cluster.old_drainers;
  const std::size_t count = DrainerCount(gate, context);
  if (context.round == 0) {
    for (std::size_t i = gate.first; i < count; ++i) {
      queries->push_back(
          port::HttpGet{drainers[i].process.host, drainers[i].process.port, "/status"});
    }
    if (!NeedsProof(gate)) return;
    const Process& pump = PumpToAsk(context);
    queries->push_back(port::HttpGet{pump.host, pump.port, "/status"});
    return;
  }
  queries->push_back(port::ListRegistry{std::string(kRegistryRoot)});
  for (std::size_t i = gate.first; i < count; ++i) {
    if (gate.marker) {
      queries->push_back(OldCheckpointPlace(drainers[i], context.cluster.era).query);
    }
    if (gate.evidence) {
      queries->push_back(
          port::HttpGet{drainers[i].process.host, drainers[i].process.port, "/metrics"});
    }
  }
}

Verdict EvaluateDrained(const Drained& gate, const LookContext& context,
                        const std::vector<port::Answer>& answers) {
  CHECK(context.memory != nullptr);
  if (context.round == 0) {
    Verdict verdict = JudgeStatuses(gate, context, answers);
    if (verdict.state != Verdict::State::kHolds) return verdict;
    return NeedsProof(gate) ? AskMore() : Holds(OpenText(gate, context));
  }
  Verdict verdict = JudgeSaved(gate, context, answers);
  return verdict.state == Verdict::State::kHolds ? Holds(OpenText(gate, context)) : verdict;
}

std::string RegistryFact(const Registry& registry) {
  std::string fact;
  for (const OldNode& node : registry.pumps) {
    if (!node.has_object) continue;
    if (!fact.empty()) fact += ' ';
    fact += node.id;
    if (node.offline) fact += fmt::format("={}", node.offline_ts);
  }
  return fact;
}

}  // namespace tidegate::engine
