#include "engine/condition.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/checkpoint.h"
#include "engine/gates.h"
#include "engine/look.h"
#include "engine/look_rolling.h"
#include "engine/preflight.h"
#include "engine/registry.h"
#include "engine/status_body.h"

namespace tidegate::engine {
namespace {

struct Text {
  std::string operator()(const PreflightHolds&) const {
    return "the registry, every old Drainer and its checkpoint can be read, and nothing speaks "
           "against the upgrade";
  }
  std::string operator()(const PumpsOnline&) const {
    return "every new Pump is registered online with a fresh heartbeat";
  }
  std::string operator()(const PumpsPast& c) const {
    return fmt::format("maxCommitTS of a new Pump is past {}", c.fact);
  }
  std::string operator()(const PdTimestamp& c) const {
    return fmt::format("{} := a PD timestamp (CommitTS of a new Pump's /status)", c.fact);
  }
  std::string operator()(const TidbsIdle&) const { return "no client is connected to any TiDB"; }
  std::string operator()(const TidbsServe&) const { return "clients are connected to TiDB"; }
  std::string operator()(const NoDdlRunning&) const { return "no DDL job is queued or running"; }
  std::string operator()(const MarkerExists&) const { return "the marker table exists"; }
  std::string operator()(const TidbsStopped&) const {
    return "every TiDB's unit is inactive and its port refuses";
  }
  std::string operator()(const TidbsUp&) const { return "every TiDB's status port answers"; }
  std::string operator()(const TidbsUpgraded&) const {
    return "every tidb-server on disk is the target version";
  }
  std::string operator()(const TidbsLogToPumps&) const {
    return "every TiDB runs the target version, skips no binlog, and has no binlog-socket";
  }
  std::string operator()(const Drained& c) const {
    const char* who = c.first_only ? "the first old Drainer" : "every old Drainer";
    if (c.gate == Gate::kSynced) return fmt::format("Synced is true on {}", who);
    std::string text = fmt::format(
        "on {}: Lower > T0 in two fresh snapshots, every registered Pump "
        "is read",
        who);
    if (c.marker) text += ", the saved checkpoint is at or past M";
    if (c.evidence) text += ", and (evidence, not proof) its queues are empty and settled";
    if (c.gate == Gate::kBoth) text += "; and Synced is true";
    return text;
  }
  std::string operator()(const ProcessIs& c) const {
    return fmt::format("{} on {} is {}", c.unit, c.host,
                       c.up ? "active" : "inactive and its port refuses");
  }
  std::string operator()(const HandOverReady&) const {
    return "the stopped Drainer's checkpoint has a commitTS, at or below T0";
  }
  std::string operator()(const DrainersPast& c) const {
    return fmt::format("the new Drainer's checkpoint is past {}, and it merges every new Pump",
                       c.fact);
  }
  std::string operator()(const Retired&) const {
    return "every retired unit is inactive and its port refuses";
  }
  std::string operator()(const CheckpointCarried&) const {
    return "the new Drainer will begin at the handed-over commitTS, and nothing overrides it";
  }
  std::string operator()(const ImportPreflightHolds&) const {
    return "the registry and the GC life time can be read, and nothing speaks against the import";
  }
  std::string operator()(const GcLifeKnown&) const {
    return "gc-life := tikv_gc_life_time of mysql.tidb";
  }
  std::string operator()(const GcLifeAtLeast& c) const {
    return fmt::format("tikv_gc_life_time is at least {}", FormatDuration(c.life));
  }
  std::string operator()(const GcLifeRestored&) const {
    return "tikv_gc_life_time is what it was before";
  }
  std::string operator()(const StaleCheckpointKnown&) const {
    return "the checkpoint that would beat initial-commit-ts is known";
  }
  std::string operator()(const CheckpointGone&) const {
    return "nothing stands where the new Drainer looks for a checkpoint";
  }
  std::string operator()(const EffectThere&) const { return "the action's effect is there"; }
  template <typename Rolling>
  std::string operator()(const Rolling& c) const {
    return DescribeRolling(c);
  }
};

struct Asker {
  const LookContext& context;
  std::vector<port::Query>* out;

  void operator()(const PreflightHolds&) const { AppendPreflightQueries(context, out); }
  void operator()(const Drained& c) const { AppendDrainedQueries(c, context, out); }
  void operator()(const HandOverReady& c) const { AppendHandOverQueries(c, context, out); }
  void operator()(const CheckpointCarried& c) const { AppendCarriedQueries(c, context, out); }
  void operator()(const EffectThere&) const { AppendEffectQueries(context, out); }
  template <typename C>
  void operator()(const C& c) const {
    AppendLookQueries(c, context, out);
  }
};

struct Judge {
  const LookContext& context;
  const std::vector<port::Answer>& answers;

  Verdict operator()(const PreflightHolds&) const { return EvaluatePreflight(context, answers); }
  Verdict operator()(const Drained& c) const { return EvaluateDrained(c, context, answers); }
  Verdict operator()(const HandOverReady& c) const { return EvaluateHandOver(c, context, answers); }
  Verdict operator()(const CheckpointCarried& c) const {
    return EvaluateCarried(c, context, answers);
  }
  Verdict operator()(const EffectThere&) const { return EvaluateEffect(context, answers); }
  template <typename C>
  Verdict operator()(const C& c) const {
    return EvaluateLook(c, context, answers);
  }
};

}  // namespace

std::string Describe(const Condition& condition) { return std::visit(Text{}, condition); }

void AppendQueries(const Condition& condition, const LookContext& context,
                   std::vector<port::Query>* queries) {
  std::visit(Asker{context, queries}, condition);
}

Verdict Evaluate(const Condition& condition, const LookContext& context,
                 const std::vector<port::Answer>& answers) {
  return std::visit(Judge{context, answers}, condition);
}

const Process& PumpToAsk(const LookContext& context) {
  const std::vector<Pump>& pumps = context.cluster.new_pumps;
  CHECK(!pumps.empty());
  return pumps[context.attempt % pumps.size()].process;
}

}  // namespace tidegate::engine
