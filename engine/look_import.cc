// The looks of a full import: TiKV's GC life time, and the checkpoint that must not be there.
#include <fmt/format.h>

#include "engine/checkpoint.h"
#include "engine/look.h"
#include "engine/plan.h"
#include "engine/status_body.h"

namespace tidegate::engine {
namespace {

using port::Answer;
using Queries = std::vector<port::Query>;
using Answers = std::vector<Answer>;

const std::string& OldName(const LookContext& context, std::size_t drainer) {
  return context.cluster.old_drainers[drainer].process.name;
}

CheckpointPlace PlaceOf(const LookContext& context, std::size_t drainer) {
  const Cluster& cluster = context.cluster;
  return NewCheckpointPlace(cluster.new_drainers[SuccessorOf(cluster, drainer)]);
}

// The one cell behind the header line; empty when there is none.
std::string OnlyCell(const Answer& answer) {
  const std::size_t header = answer.body.find('\n');
  if (!answer.ok() || header == std::string::npos) return "";
  const std::string rest = answer.body.substr(header + 1);
  return rest.substr(0, rest.find_first_of("\t\r\n"));
}

}  // namespace

void AppendGcLifeQuery(const LookContext& context, Queries* out) {
  const Tidb& tidb = context.cluster.tidbs[context.attempt % context.cluster.tidbs.size()];
  out->push_back(port::QuerySql{
      fmt::format("tidb {}:{}", tidb.process.host, tidb.process.port),
      "select VARIABLE_VALUE from mysql.tidb where VARIABLE_NAME = 'tikv_gc_life_time'"});
}

Result<std::string> ReadGcLife(const Answer& answer) {
  const std::string life = OnlyCell(answer);
  if (!answer.ok()) return Error{ErrorCode::kUnavailable, AnswerText(answer), ""};
  if (!ParseDuration(life)) {
    return Error{ErrorCode::kBadInput, fmt::format("tikv_gc_life_time is '{}'", life), ""};
  }
  return life;
}

void AppendLookQueries(const GcLifeKnown&, const LookContext& context, Queries* out) {
  AppendGcLifeQuery(context, out);
}
Verdict EvaluateLook(const GcLifeKnown&, const LookContext&, const Answers& answers) {
  const Result<std::string> life = ReadGcLife(answers[0]);
  if (!life) return Unknown(1, fmt::format("the GC life time: {}", life.error().message));
  Verdict verdict = Holds(fmt::format("tikv_gc_life_time is {}", *life));
  verdict.facts.emplace_back("gc-life", *life);
  return verdict;
}

void AppendLookQueries(const GcLifeAtLeast&, const LookContext& context, Queries* out) {
  AppendGcLifeQuery(context, out);
}
Verdict EvaluateLook(const GcLifeAtLeast& c, const LookContext&, const Answers& answers) {
  const Result<std::string> life = ReadGcLife(answers[0]);
  if (!life) return Unknown(1, fmt::format("the GC life time: {}", life.error().message));
  if (*ParseDuration(*life) < c.life) {
    return Fails(
        2, fmt::format("tikv_gc_life_time is {}, less than {}", *life, FormatDuration(c.life)));
  }
  return Holds(fmt::format("tikv_gc_life_time is {}", *life));
}

void AppendLookQueries(const GcLifeRestored&, const LookContext& context, Queries* out) {
  AppendGcLifeQuery(context, out);
}
Verdict EvaluateLook(const GcLifeRestored&, const LookContext& context, const Answers& answers) {
  const std::string* before = context.facts.Find("gc-life");
  if (before == nullptr) return Holds("tikv_gc_life_time was not changed");
  const Result<std::string> life = ReadGcLife(answers[0]);
  if (!life) return Unknown(1, fmt::format("the GC life time: {}", life.error().message));
  if (*life != *before) {
    return Fails(2, fmt::format("tikv_gc_life_time is {}, it was {}", *life, *before));
  }
  return Holds(fmt::format("tikv_gc_life_time is {} again", *life));
}

void AppendLookQueries(const StaleCheckpointKnown& c, const LookContext& context, Queries* out) {
  out->push_back(PlaceOf(context, c.drainer).query);
}
Verdict EvaluateLook(const StaleCheckpointKnown& c, const LookContext& context,
                     const Answers& answers) {
  const CheckpointPlace place = PlaceOf(context, c.drainer);
  const Result<Checkpoint> there = ParseCheckpoint(place, answers[0]);
  if (!there) return Unknown(1, there.error().message);
  const std::string id = there->present ? OnlyCell(answers[0]) : "-";
  Verdict verdict =
      Holds(there->present ? fmt::format("{} is at {}: it goes", place.sentence, there->commit_ts)
                           : fmt::format("{} holds nothing", place.sentence));
  verdict.facts.emplace_back("cluster-id/" + OldName(context, c.drainer), id);
  return verdict;
}

void AppendLookQueries(const CheckpointGone& c, const LookContext& context, Queries* out) {
  out->push_back(PlaceOf(context, c.drainer).query);
}
Verdict EvaluateLook(const CheckpointGone& c, const LookContext& context, const Answers& answers) {
  const CheckpointPlace place = PlaceOf(context, c.drainer);
  const Result<Checkpoint> there = ParseCheckpoint(place, answers[0]);
  if (!there) return Unknown(1, there.error().message);
  if (there->present) {
    return Fails(2, fmt::format("{} is at {} and would beat the dump's timestamp", place.sentence,
                                there->commit_ts));
  }
  return Holds(fmt::format("{} holds nothing", place.sentence));
}

}  // namespace tidegate::engine
