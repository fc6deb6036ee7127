#include <fmt/format.h>

#include <algorithm>

#include "engine/checkpoint.h"
#include "engine/gates.h"
#include "engine/preflight.h"
#include "engine/preflight_parts.h"
#include "engine/registry.h"
#include "engine/status_body.h"

namespace tidegate::engine {
namespace {

using port::Answer;

// The order of the queries, and where each one's answer is.
struct Layout {
  explicit Layout(const Cluster& cluster)
      : drainers(1),
        checkpoints(drainers + cluster.old_drainers.size()),
        new_places(checkpoints + cluster.old_drainers.size()),
        tidbs(new_places + cluster.old_drainers.size()) {}
  std::size_t registry = 0;
  std::size_t drainers;
  std::size_t checkpoints;
  std::size_t new_places;
  std::size_t tidbs;
};

bool SameQuery(const CheckpointPlace& a, const CheckpointPlace& b) {
  return a.kind == b.kind && a.sentence == b.sentence;
}

Verdict JudgeLag(const Cluster& cluster, const std::string& name, const OldDrainerStatus& status) {
  if (status.lower <= 0) return Holds("");
  const Duration lag = TsoGapMs(status.upper, status.lower) * kMillisecond;
  if (cluster.era == "kafka" && lag + kSafeForward >= cluster.kafka_retention) {
    return Never(
        fmt::format("{} is {} behind and Kafka keeps messages for {}: unread ones may be deleted "
                    "before they are "
                    "read; set a longer retention for the Pumps' topics first",
                    name, FormatDuration(lag), FormatDuration(cluster.kafka_retention)));
  }
  if (lag + kSafeForward >= cluster.pump_gc) {
    return Never(fmt::format("{} is {} behind and new Pumps keep binlogs for {}: set a longer gc",
                             name, FormatDuration(lag), FormatDuration(cluster.pump_gc)));
  }
  return Holds("");
}

Verdict JudgeCheckpoints(const Cluster& cluster, std::size_t index, const Answer& old_answer,
                         const Answer& new_answer, std::vector<Fact>* facts) {
  const Drainer& drainer = cluster.old_drainers[index];
  const std::string& name = drainer.process.name;
  const CheckpointPlace place = OldCheckpointPlace(drainer, cluster.era);
  const Result<Checkpoint> saved = ParseCheckpoint(place, old_answer);
  if (!saved && saved.error().code == ErrorCode::kUnavailable) {
    return Unknown(2, saved.error().message);
  }
  if (!saved || !saved->present || saved->commit_ts <= 0) {
    return Never(fmt::format(
        "the checkpoint of {} can't be read ({}): the new Drainer would not resume where it "
        "stopped; "
        "find where it is kept (checkpoint schema, data directory) and say so in the site file",
        name, saved ? place.sentence + " holds no commitTS" : saved.error().message));
  }
  facts->emplace_back("checkpoint/" + name, std::to_string(saved->commit_ts));
  const Drainer& next = cluster.new_drainers[SuccessorOf(cluster, index)];
  const CheckpointPlace new_place = NewCheckpointPlace(next);
  if (SameQuery(place, new_place)) return Holds("");
  const Result<Checkpoint> stale = ParseCheckpoint(new_place, new_answer);
  if (!stale && stale.error().code == ErrorCode::kUnavailable) {
    return Unknown(3, stale.error().message);
  }
  if (!stale || stale->present) {
    return Never(
        fmt::format("{} exists already and would override what {} hands over to {}: move it away",
                    new_place.sentence, name, next.process.name));
  }
  return Holds("");
}

Verdict JudgeDrainers(const Cluster& cluster, const Layout& layout,
                      const std::vector<Answer>& answers, Tso* now, std::vector<Fact>* facts) {
  for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
    const std::string& name = cluster.old_drainers[i].process.name;
    const Result<OldDrainerStatus> status = ParseOldDrainerStatus(answers[layout.drainers + i]);
    if (!status) {
      return Unknown(1,
                     fmt::format("old Drainer {} gives no status: {}. Start it, or remove it from "
                                 "the site file if its downstream is given up",
                                 name, status.error().message));
    }
    if (!status->ticked) return Unknown(1, fmt::format("old Drainer {} has not ticked yet", name));
    *now = std::max(*now, status->upper);
    Verdict verdict = JudgeLag(cluster, name, *status);
    if (verdict.state != Verdict::State::kHolds) return verdict;
    verdict = JudgeCheckpoints(cluster, i, answers[layout.checkpoints + i],
                               answers[layout.new_places + i], facts);
    if (verdict.state != Verdict::State::kHolds) return verdict;
  }
  return Holds("");
}

}  // namespace

void AppendPreflightQueries(const LookContext& context, std::vector<port::Query>* queries) {
  const Cluster& cluster = context.cluster;
  queries->push_back(port::ListRegistry{std::string(kRegistryRoot)});
  for (const Drainer& drainer : cluster.old_drainers) {
    queries->push_back(port::HttpGet{drainer.process.host, drainer.process.port, "/status"});
  }
  for (const Drainer& drainer : cluster.old_drainers) {
    queries->push_back(OldCheckpointPlace(drainer, cluster.era).query);
  }
  for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
    queries->push_back(NewCheckpointPlace(cluster.new_drainers[SuccessorOf(cluster, i)]).query);
  }
  for (const Tidb& tidb : cluster.tidbs) {
    const Process& p = tidb.process;
    queries->push_back(port::ReadRemoteFile{p.host, p.config});
    queries->push_back(port::ReadRemoteFile{p.host, p.script.empty() ? p.config : p.script});
  }
}

Verdict EvaluatePreflight(const LookContext& context, const std::vector<Answer>& answers) {
  const Cluster& cluster = context.cluster;
  const Layout layout(cluster);
  const Result<Registry> registry = ParseRegistry(answers[layout.registry]);
  if (!registry) {
    return Unknown(5, fmt::format("the registry can't be read: {}", registry.error().message));
  }
  const std::string pumps = RegistryFact(*registry);
  if (pumps.empty()) {
    return Never(
        "no old Pump is registered below /tidb-binlog/pumps: this PD does not belong to that "
        "pipeline, or binlog was never on");
  }
  Verdict verdict = JudgeCisterns(cluster, *registry);
  if (verdict.state != Verdict::State::kHolds) return verdict;
  verdict = JudgeStrangers(cluster, *registry);
  if (verdict.state != Verdict::State::kHolds) return verdict;
  Tso now = 0;
  std::vector<Fact> facts;
  facts.emplace_back("registry", pumps);
  verdict = JudgeDrainers(cluster, layout, answers, &now, &facts);
  if (verdict.state != Verdict::State::kHolds) return verdict;
  verdict = JudgeClusterDrainers(*registry, now);
  if (verdict.state != Verdict::State::kHolds) return verdict;
  for (std::size_t i = 0; i < cluster.tidbs.size(); ++i) {
    verdict = JudgeSocket(cluster.tidbs[i], answers[layout.tidbs + 2 * i],
                          answers[layout.tidbs + 2 * i + 1]);
    if (verdict.state != Verdict::State::kHolds) return verdict;
  }
  verdict =
      Holds(fmt::format("{} old Drainer{} answer, checkpoints readable, registry listed",
                        cluster.old_drainers.size(), cluster.old_drainers.size() == 1 ? "" : "s"));
  verdict.facts = std::move(facts);
  return verdict;
}

}  // namespace tidegate::engine
