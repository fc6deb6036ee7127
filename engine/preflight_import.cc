// The preflight of a full import: what the cluster's description shows, and what can be asked.
// Nothing of the old side is carried over, so that its Drainers and checkpoints may be broken.
#include <fmt/format.h>

#include <algorithm>

#include "engine/checkpoint.h"
#include "engine/gates.h"
#include "engine/look.h"
#include "engine/preflight.h"
#include "engine/preflight_parts.h"
#include "engine/registry.h"
#include "engine/status_body.h"

namespace tidegate::engine {
namespace {

using Answers = std::vector<port::Answer>;

bool Takes(const std::vector<std::string>& argv, std::string_view placeholder) {
  return std::any_of(argv.begin(), argv.end(), [&](const std::string& word) {
    return word.find(placeholder) != std::string::npos;
  });
}

}  // namespace

void AddImportRefusals(const Cluster& cluster, std::vector<std::string>* refusals) {
  const Hooks& hooks = cluster.hooks;
  if (!Takes(hooks.dump, "${DUMP_TS}")) {
    refusals->emplace_back(
        "hooks.dump of the site file must dump as of ${DUMP_TS}: without the timestamp nobody "
        "could "
        "say where the new Drainer has to begin");
  }
  if (!Takes(hooks.load, "${SINK}")) {
    refusals->emplace_back(
        "hooks.load of the site file must load into ${SINK}, replacing the rows that are there");
  }
  if (!hooks.compare.empty() && !Takes(hooks.compare, "${SINK}")) {
    refusals->emplace_back("hooks.compare of the site file must name ${SINK}");
  }
  for (const Drainer& drainer : cluster.new_drainers) {
    if (drainer.sink.type == "mysql" || drainer.sink.type == "tidb") continue;
    refusals->push_back(fmt::format(
        "{} applies to {}: a full import loads into a database; whoever reads that sink "
        "would have to be seeded instead, so use the seven steps",
        drainer.process.name, drainer.sink.type));
  }
  for (std::size_t i = 0; i < cluster.new_drainers.size(); ++i) {
    for (std::size_t j = i + 1; j < cluster.new_drainers.size(); ++j) {
      const Drainer& a = cluster.new_drainers[i];
      const Drainer& b = cluster.new_drainers[j];
      if (NewCheckpointPlace(a).sentence != NewCheckpointPlace(b).sentence) continue;
      refusals->push_back(fmt::format(
          "{} and {} would keep their checkpoint in {}: whichever saves first would tell the other "
          "where to begin; give one of them another checkpoint schema",
          a.process.name, b.process.name, NewCheckpointPlace(a).sentence));
    }
  }
  const Duration needed = ImportGcLife(cluster);
  if (cluster.pump_gc < needed) {
    refusals->push_back(fmt::format(
        "new Pumps keep binlogs for {}, and dump and load may take {}: what is written "
        "meanwhile could be purged before the new Drainer reads it; set a longer gc, or "
        "shorter budgets.dump and budgets.load",
        FormatDuration(cluster.pump_gc), FormatDuration(needed)));
  }
}

void AppendLookQueries(const ImportPreflightHolds&, const LookContext& context,
                       std::vector<port::Query>* out) {
  const Cluster& cluster = context.cluster;
  out->push_back(port::ListRegistry{std::string(kRegistryRoot)});
  AppendGcLifeQuery(context, out);
  for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
    out->push_back(NewCheckpointPlace(cluster.new_drainers[SuccessorOf(cluster, i)]).query);
  }
  for (const Tidb& tidb : cluster.tidbs) {
    const Process& p = tidb.process;
    out->push_back(port::ReadRemoteFile{p.host, p.config});
    out->push_back(port::ReadRemoteFile{p.host, p.script.empty() ? p.config : p.script});
  }
}

Verdict EvaluateLook(const ImportPreflightHolds&, const LookContext& context,
                     const Answers& answers) {
  const Cluster& cluster = context.cluster;
  const Result<Registry> registry = ParseRegistry(answers[0]);
  if (!registry) {
    return Unknown(1, fmt::format("the registry can't be read: {}", registry.error().message));
  }
  const Result<std::string> life = ReadGcLife(answers[1]);
  if (!life) return Unknown(2, fmt::format("the GC life time: {}", life.error().message));
  // An old Drainer that nobody listed would go on writing over what was loaded.
  Verdict verdict = JudgeCisterns(cluster, *registry);
  if (verdict.state != Verdict::State::kHolds) return verdict;
  verdict = JudgeStrangers(cluster, *registry);
  if (verdict.state != Verdict::State::kHolds) return verdict;
  std::size_t next = 2;
  for (std::size_t i = 0; i < cluster.old_drainers.size(); ++i) {
    const CheckpointPlace place = NewCheckpointPlace(cluster.new_drainers[SuccessorOf(cluster, i)]);
    const Result<Checkpoint> there = ParseCheckpoint(place, answers[next++]);
    if (there) continue;
    if (there.error().code == ErrorCode::kUnavailable) return Unknown(3, there.error().message);
    return Never(fmt::format("{}: it would have to go, and can't be told apart: {}", place.sentence,
                             there.error().message));
  }
  for (std::size_t i = 0; i < cluster.tidbs.size(); ++i) {
    verdict = JudgeSocket(cluster.tidbs[i], answers[next + 2 * i], answers[next + 2 * i + 1]);
    if (verdict.state != Verdict::State::kHolds) return verdict;
  }
  verdict = Holds(fmt::format("registry listed, tikv_gc_life_time is {}", *life));
  verdict.facts.emplace_back("registry", RegistryFact(*registry));
  return verdict;
}

}  // namespace tidegate::engine
