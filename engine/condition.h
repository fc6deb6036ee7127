// Conditions: what the engine waits for, proves, learns or probes. A condition is data (a closed
// variant); looking at one is two pure functions: which queries to ask, and what their answers say.
// A look may take several rounds of queries: the second is asked only where the first one held, so
// that a shut gate costs one request a Drainer and poll.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "engine/cluster.h"
#include "engine/facts.h"
#include "engine/port/port.h"

namespace tidegate::engine {

enum class Gate : std::uint8_t { kProof, kSynced, kBoth };

/// How bytes of a file are changed before they are written back.
enum class Edit : std::uint8_t {
  kNone,
  kTidbConfigToCluster,   ///< [binlog] enable = true, without binlog-socket
  kTidbScriptToCluster,   ///< without --binlog-socket
  kSavePointToSavepoint,  ///< Local era checkpoint to the file that the cluster version reads
};
std::string ApplyEdit(Edit edit, const std::string& text);

/// What can be known before step 1: registry, old Drainers, their checkpoints. Learns "registry"
/// and "checkpoint/DRAINER".
struct PreflightHolds {};
/// Every new Pump is registered online with a fresh heartbeat.
struct PumpsOnline {};
/// Some new Pump's maxCommitTS is past the fact.
struct PumpsPast {
  std::string fact;
};
/// Learns a PD timestamp: CommitTS of a new Pump's /status.
struct PdTimestamp {
  std::string fact;
};
/// No client is connected to any TiDB.
struct TidbsIdle {};
/// Some client is connected to some TiDB.
struct TidbsServe {};
/// No DDL job is queued or running.
struct NoDdlRunning {};
/// The marker table exists.
struct MarkerExists {
  std::string statement;  ///< `show tables …`, with ${M} filled
};
/// Every TiDB's unit is inactive and its port refuses.
struct TidbsStopped {};
/// Every TiDB's status port answers.
struct TidbsUp {};
/// Every TiDB's binary on disk is the target version.
struct TidbsUpgraded {};
/// Every TiDB runs the target version, drops no binlog and has no binlog-socket left.
struct TidbsLogToPumps {};
/// The drain gate: see gates.h.
struct Drained {
  Gate gate = Gate::kProof;
  bool marker = true;       ///< the marker ran: the saved checkpoint is a proof
  bool evidence = false;    ///< writers may have committed after the marker: look at queues too
  bool first_only = false;  ///< ask the first old Drainer only, as the manual does
  std::size_t first = 0;    ///< old Drainers before this one have been retired already
};
/// The unit is inactive and the port refuses, or the opposite.
struct ProcessIs {
  std::string host;
  std::string unit;
  std::int64_t port = 0;
  bool up = false;
};
/// The stopped old Drainer's checkpoint is what may be handed over; learns "handover/NAME".
struct HandOverReady {
  std::size_t drainer = 0;  ///< index into Cluster::old_drainers
};
/// The new Drainers' checkpoints are past the fact, and each merges every new Pump.
struct DrainersPast {
  std::vector<std::size_t> drainers;  ///< indices into Cluster::new_drainers
  std::string fact;
};
/// Every retired unit is down.
struct Retired {};
// ---- of rolling upgrades; indices are into Cluster::new_pumps and new_drainers
inline constexpr std::size_t kNobody = SIZE_MAX;

/// What can be known before the first Pump is touched. Learns "registry" and "checkpoint/NAME".
struct RollingHolds {};
/// The binary at PATH says that it is VERSION.
struct BinaryIs {
  std::string host;
  std::string path;
  std::string version;
};
/// Like it, and the unit that runs it is active: what a playbook leaves behind on one host.
struct RunsFrom {
  std::string host;
  std::string path;
  std::string version;
  std::string unit;
};
/// Every Pump but `skip` is registered online with a fresh heartbeat and listens, and no Drainer is
/// registered online and dead: a Pump could be stopped and started.
struct PumpsServe {
  std::size_t skip = kNobody;
};
/// Learns a PD timestamp from a Pump other than `skip`, where there is one.
struct TimestampFrom {
  std::string fact;
  std::size_t skip = kNobody;
};
/// The Pump is registered online with a heartbeat and a maxCommitTS past the fact.
struct PumpBack {
  std::size_t pump = 0;
  std::string fact;
};
/// Every Drainer has read from the Pump past the fact.
struct PumpRead {
  std::size_t pump = 0;
  std::string fact;
};
/// The stopped Drainer's checkpoint can be read; learns "stopped/NAME".
struct CheckpointKept {
  std::size_t drainer = 0;
};
/// The Drainer is registered online, merges every Pump, and its checkpoint is past the fact.
struct DrainerBack {
  std::size_t drainer = 0;
  std::string fact;
};

/// What the new Drainer will begin with is the old one's timestamp: in the file that it reads, or
/// by --initial-commit-ts, which counts as long as its table has no row.
struct CheckpointCarried {
  std::size_t drainer = 0;  ///< index into Cluster::old_drainers
};

// ---- of a full import (look_import.cc)
/// What can be known before step 1 where nothing of the old side is carried over.
struct ImportPreflightHolds {};
/// Learns "gc-life", TiKV's GC life time as SQL shows it.
struct GcLifeKnown {};
/// The GC life time is at least so long.
struct GcLifeAtLeast {
  Duration life = 0;
};
/// The GC life time is what it was ("gc-life"); so it is as long as that was never learned.
struct GcLifeRestored {};
/// Learns "cluster-id/NAME", the key of the row that would beat initial-commit-ts; "-" when there
/// is none.
struct StaleCheckpointKnown {
  std::size_t drainer = 0;  ///< index into Cluster::old_drainers
};
/// Nothing stands where the new Drainer looks for a checkpoint.
struct CheckpointGone {
  std::size_t drainer = 0;  ///< index into Cluster::old_drainers
};
/// The effect of the action that is being probed is there.
struct EffectThere {};

using Condition =
    std::variant<PreflightHolds, PumpsOnline, PumpsPast, PdTimestamp, TidbsIdle, TidbsServe,
                 NoDdlRunning, MarkerExists, TidbsStopped, TidbsUp, TidbsUpgraded, TidbsLogToPumps,
                 Drained, ProcessIs, HandOverReady, DrainersPast, Retired, RollingHolds, BinaryIs,
                 RunsFrom, PumpsServe, TimestampFrom, PumpBack, PumpRead, CheckpointKept,
                 DrainerBack, CheckpointCarried, ImportPreflightHolds, GcLifeKnown, GcLifeAtLeast,
                 GcLifeRestored, StaleCheckpointKnown, CheckpointGone, EffectThere>;

/// One printed line, for plans: "every new Pump is registered online with a fresh heartbeat".
std::string Describe(const Condition& condition);

/// What a look says.
struct Verdict {
  enum class State : std::uint8_t {
    kHolds,    ///< text: what was proven
    kFails,    ///< text: which clause is false
    kUnknown,  ///< text: why it could not be seen
    kAskMore,  ///< another round of queries decides
    kNever,    ///< text: why it can't come true by waiting, and what to do
  };
  State state = State::kFails;
  int clause = 0;  ///< which clause is false; the same number for the same clause
  std::string text;
  std::vector<Fact> facts;  ///< learned, when it holds
};

/// What a gate remembers from one poll to the next; empty when its task begins.
struct GateMemory {
  struct Snapshot {
    bool taken = false;
    Time at = 0;
    Tso upper = 0;
    std::vector<std::string> pumps;
    std::int64_t lower_gap_ms = 0;
    bool settled = false;  ///< the queues were empty
    Time settled_since = 0;
  };
  std::vector<Snapshot> drainers;
};

struct LookContext {
  const Cluster& cluster;
  const Facts& facts;
  Time now = 0;
  std::uint32_t attempt = 0;  ///< counts the looks of one task; varies which Pump is asked
  int round = 0;              ///< of one look
  GateMemory* memory = nullptr;
  const port::Action* action = nullptr;  ///< of EffectThere
  const port::Query* source = nullptr;   ///< where the action's bytes come from, or null
  Edit edit = Edit::kNone;
};

/// Appends the queries of round `context.round`.
void AppendQueries(const Condition& condition, const LookContext& context,
                   std::vector<port::Query>* queries);

/// REQUIRES: `answers` are those of the queries that AppendQueries gave for the same context.
Verdict Evaluate(const Condition& condition, const LookContext& context,
                 const std::vector<port::Answer>& answers);

/// The new Pump that is asked for timestamps at the context's attempt.
const Process& PumpToAsk(const LookContext& context);

inline Verdict Holds(std::string text) { return {Verdict::State::kHolds, 0, std::move(text), {}}; }
inline Verdict Fails(int clause, std::string text) {
  return {Verdict::State::kFails, clause, std::move(text), {}};
}
inline Verdict Unknown(int clause, std::string text) {
  return {Verdict::State::kUnknown, clause, std::move(text), {}};
}
inline Verdict Never(std::string text) { return {Verdict::State::kNever, 0, std::move(text), {}}; }
inline Verdict AskMore() { return {Verdict::State::kAskMore, 0, {}, {}}; }

}  // namespace tidegate::engine
