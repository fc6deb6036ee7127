// The looks at a hand-over: what the stopped old Drainer leaves, and what the new one will begin
// with.
#include <fmt/format.h>

#include "engine/checkpoint.h"
#include "engine/gates.h"
#include "engine/plan.h"

namespace tidegate::engine {

void AppendHandOverQueries(const HandOverReady& look, const LookContext& context,
                           std::vector<port::Query>* queries) {
  queries->push_back(
      OldCheckpointPlace(context.cluster.old_drainers[look.drainer], context.cluster.era).query);
}

Verdict EvaluateHandOver(const HandOverReady& look, const LookContext& context,
                         const std::vector<port::Answer>& answers) {
  const Drainer& drainer = context.cluster.old_drainers[look.drainer];
  const std::string& name = drainer.process.name;
  const CheckpointPlace place = OldCheckpointPlace(drainer, context.cluster.era);
  const Result<Checkpoint> saved = ParseCheckpoint(place, answers[0]);
  if (!saved) return Unknown(1, saved.error().message);
  if (!saved->present || saved->commit_ts <= 0) {
    return Never(fmt::format("{} holds no commitTS: nothing can be handed over from {}",
                             place.sentence, name));
  }
  const Tso t0 = context.facts.TsoOf("T0");
  if (saved->commit_ts > t0) {
    return Never(
        fmt::format("{} is at {}, past T0 ({}): somebody else writes it, or a new Drainer "
                    "ran already; find out who before anything is started",
                    place.sentence, saved->commit_ts, t0));
  }
  if (saved->commit_ts < context.facts.TsoOf("checkpoint/" + name)) {
    return Never(fmt::format("{} went back to {}: it was further when the upgrade began",
                             place.sentence, saved->commit_ts));
  }
  Verdict verdict = Holds(fmt::format("{} hands over commitTS {}", name, saved->commit_ts));
  verdict.facts.emplace_back("handover/" + name, std::to_string(saved->commit_ts));
  return verdict;
}

void AppendCarriedQueries(const CheckpointCarried& look, const LookContext& context,
                          std::vector<port::Query>* queries) {
  const Cluster& cluster = context.cluster;
  queries->push_back(
      NewCheckpointPlace(cluster.new_drainers[SuccessorOf(cluster, look.drainer)]).query);
}

Verdict EvaluateCarried(const CheckpointCarried& look, const LookContext& context,
                        const std::vector<port::Answer>& answers) {
  const Cluster& cluster = context.cluster;
  const Drainer& next = cluster.new_drainers[SuccessorOf(cluster, look.drainer)];
  const std::string& name = cluster.old_drainers[look.drainer].process.name;
  const CheckpointPlace place = NewCheckpointPlace(next);
  const Result<Checkpoint> there = ParseCheckpoint(place, answers[0]);
  if (!there) return Unknown(1, there.error().message);
  const Tso handed = context.facts.TsoOf("handover/" + name);
  if (place.kind == CheckpointKind::kTable) {
    // drainer/checkpoint/util.go: a stored commitTS always wins over initial-commit-ts.
    if (there->present) {
      return Never(
          fmt::format("{} has come into being and would override {}, which {} hands over: "
                      "find out who wrote it, and move it away",
                      place.sentence, handed, name));
    }
    return Holds(fmt::format("{} is empty: {} will begin at {} by --initial-commit-ts",
                             place.sentence, next.process.name, handed));
  }
  if (!there->present || there->commit_ts != handed) {
    return Fails(2, fmt::format("{} says {}, not {}, which {} hands over", place.sentence,
                                there->present ? std::to_string(there->commit_ts) : "nothing",
                                handed, name));
  }
  return Holds(
      fmt::format("{} carries commitTS {} over to {}", place.sentence, handed, next.process.name));
}

}  // namespace tidegate::engine
