// The events of a run: 64-byte trivially copyable records of three closed classes. *Truth* is what
// happened inside the cluster, *boundary* what crossed between any engine and the cluster, *claims*
// what our executor says of itself. No event carries a conclusion ("lost", "drained"): the verifier
// draws those. Strings live in a side table; text 0 is the empty string. Field meanings per kind
// stand in kEventSpecs (event_spec.h), which the file formats and `explain` are driven by.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/role.h"
#include "base/time.h"
#include "base/tso.h"

namespace tidegate::trace {

using TextId = std::uint32_t;

/// In place of a table id: a DDL statement that is about no table of Header::tables.
inline constexpr std::uint16_t kNoTable = 0xFFFF;

enum class EventKind : std::uint16_t {
  // ------------------------------------------------------------ truth: processes and files
  kNodeUp,    ///< node; code: incarnation; text: version; n: text id of its configuration file
  kNodeDown,  ///< node; code: DownCause; text: reason
  kBinaryInstalled,  ///< node; text: version now at the path that node's unit runs
  kConfigInstalled,  ///< node; text: the configuration file's new content
  kUnitEnabled,      ///< node; code: 1 enabled, 0 disabled
  kAlert,            ///< node; text: what a component said loudly (a fatal log line, an exit)
  // ------------------------------------------------------------ truth: writing
  kWriterPathOpened,  ///< node: tidb; peer: its old Pump or kNoNode; code: Flavour; a: PD TSO now
  kWriterPathClosed,  ///< node: tidb; peer; code: Flavour; a: PD TSO now
  kClientsAttached,   ///< node: tidb: clients can reach it from now on
  kClientsDetached,   ///< node: tidb
  kWriteFailed,       ///< node: tidb; code: WriteFailure; a: start_ts or 0; n: how many
  kTxnCommitted,      ///< node: tidb; a: start_ts; b: commit_ts; n: rows that follow; code: TxnFlag
                      ///< bits
  kRowCommitted,      ///< node: tidb; code: table; a: key; b: commit_ts; c: value (0: deleted); n:
                      ///< shape
  kDdlCommitted,   ///< node: tidb; code: table; a: start_ts; b: commit_ts; c: job id; n: new shape;
                   ///< d: 1 when the job was cancelled
  kTxnRolledBack,  ///< node: tidb or tikv; a: start_ts
  kBinlogAcked,  ///< node: pump; peer: tidb; code: BinlogType; a: start_ts; b: commit_ts (0: none)
  kBinlogDropped,  ///< node: whoever dropped it; code: DropReason; a: start_ts; b: commit_ts (0:
                   ///< none)
  // ------------------------------------------------------------ truth: transport
  kTopicAdvanced,  ///< node: kafka; peer: pump; a: first new offset; b: log end; c: last real TSO
                   ///< in it
  kBinlogPurged,   ///< node: holder; peer: pump; code: BinlogType; a: start_ts; b: commit_ts; c:
                   ///< offset
  kRegistryMoved,  ///< node: whose key; code: RegistryState; text: key
  // ------------------------------------------------------------ truth: Drainer and downstream
  kSourceAdded,    ///< node: drainer; peer: pump; a: start position (offset or commit_ts)
  kSourceRemoved,  ///< node: drainer; peer: pump
  kWindowMoved,    ///< node: drainer; a: Upper; b: Lower (Kafka era, once per tick that moved it)
  kTxnHanded,      ///< node: drainer; a: start_ts; b: commit_ts: handed to its sink's queue
  kRowApplied,  ///< node: downstream; peer: drainer; code: table; a: key; b: commit_ts; c: value;
                ///< n: shape of the row; d: ApplyFlag bits
  kDdlApplied,  ///< node: downstream; peer: drainer; code: table; b: commit_ts; c: job id; n: shape
  kCheckpointSaved,   ///< node: downstream; peer: drainer; b: commit_ts; n: text id of the store's
                      ///< name
                      ///< ("tidb_binlog.checkpoint", "file:/…/savepoint"); text: the stored body
  kCheckpointLoaded,  ///< node: drainer; b: commit_ts resumed from; code: CheckpointSource; n: text
                      ///< id
                      ///< of the store's name; c: configured initial-commit-ts
  // ------------------------------------------------------------ truth: a full import
  kGcLifeSet,    ///< node: tikv; a: how long it keeps old versions, in ns
  kDumpMoved,    ///< node: tikv; code: ImportMove; b: timestamp that it reads as of; a: PD TSO now
  kLoadMoved,    ///< node: downstream; code: ImportMove; b: timestamp of the dump
  kTableLoaded,  ///< node: downstream; code: table, replaced by its rows as of b; a: how many
                 ///< kRowLoaded follow; n: shape
  kRowLoaded,    ///< node: downstream; code: table; a: key; b: timestamp of the dump; c: value
  // ------------------------------------------------------------ truth: the run
  kFaultFired,   ///< node, peer: where (or kNoNode); n: index in the RunPlan; text: its description
  kFaultHealed,  ///< n: index in the RunPlan
  kFaultNeverFired,  ///< n: index; text: description; written at the end of the run
  kWorkloadStopped,  ///< clients write no more
  kRunEnded,         ///< code: RunEnd; a: PD TSO now
  // ------------------------------------------------------------ boundary
  // Of what an engine does (and claims, below) b is how many steps the world's kernel had made:
  // with the time this is its place, and with it, n and what stands here a run can be replayed.
  kActionStarted,  ///< node: target or kNoNode; code: port action index; a: action id; b: place;
                   ///< text: Describe(); n: text id of the action by value, 0 where none is kept
  kActionDone,     ///< node; code: port AnswerCode; a: action id; n: status; text: output
  kAsked,          ///< node or kNoNode; code: port query index; a: ask id; b: place; c: time-out
                   ///< in ns; d: incarnation; text: Describe(); n: the query by value, the same
  kAnswered,  ///< node; code: port AnswerCode; a: ask id; n: status; text: body, as it was sent
  // ------------------------------------------------------------ claims (b: place)
  kEngineStarted,  ///< n: incarnation (from 1); text: engine name
  kEngineCrashed,  ///< n: incarnation; code: CrashPoint; a: how many outputs were performed
  kActionPlanned,  ///< n: position in the plan; text: Describe() of the action; code: port action
                   ///< index;
                   ///< a: 1 when it belongs to an undo
  kStepStarted,    ///< n: position; text: step id
  kStepDone,       ///< n: position; text: step id
  kGateJudged,     ///< code: 1 open, 0 shut; text: what stood, or the false clause
  kFactJournaled,  ///< text: name ("T0", "M", …); a: value
  kOperatorAsked,  ///< text: question id
  kOperatorSaid,   ///< text: answer
  kEngineSaid,  ///< code: Said; n: place of the step in the plan; text: what it told the operator
  kEngineFinished,  ///< code: EngineEnd; text: why
  // ------------------------------------------------------------ truth: a file that loses its end
  // (Behind the others, whose numbers files of before have.)
  kRowTorn,  ///< node: downstream; peer: drainer that wrote it; code: table; a: key; b: commit_ts;
             ///< c: value that was written; d: value that the file has now (0: none)
  kDdlTorn,  ///< node: downstream; peer: drainer; code: table; b: commit_ts; c: job id; n: shape
             ///< that
             ///< the DDL made; d: shape that the file has now
  // ------------------------------------------------------------ truth: somebody's own SQL
  kRowChanged,  ///< node: downstream; code: table; a: key; c: value before (0: none); d: value now
                ///< (0: none); n: how many rows have the key now: by whoever is no Drainer
  kCount,
};

enum class EventClass : std::uint8_t { kTruth, kBoundary, kClaim };

enum class DownCause : std::uint16_t { kStopped, kKilled, kExited, kFailedToStart };
inline constexpr std::array<std::string_view, 4> kDownCauseNames = {"stopped", "killed", "exited",
                                                                    "failed-to-start"};
/// Which kind of binlog path a TiDB writes to.
enum class Flavour : std::uint16_t { kOff, kSocket, kCluster };
inline constexpr std::array<std::string_view, 3> kFlavourNames = {"off", "socket", "cluster"};
enum class WriteFailure : std::uint16_t { kBinlog, kServerDown, kPd, kConflict, kReadOnly };
inline constexpr std::array<std::string_view, 5> kWriteFailureNames = {
    "binlog", "server-down", "pd", "conflict", "read-only"};
enum class BinlogType : std::uint16_t { kPrewrite, kCommit, kRollback, kFake };
inline constexpr std::array<std::string_view, 4> kBinlogTypeNames = {"prewrite", "commit",
                                                                     "rollback", "fake"};
enum class TxnFlag : std::uint16_t {
  kDdl = 1,
  kMarker = 2,    ///< the engine's own marker DDL
  kUnlogged = 4,  ///< committed while binlog was off or skipping
};
inline constexpr std::array<std::string_view, 3> kTxnFlagNames = {"ddl", "marker", "unlogged"};
enum class DropReason : std::uint16_t {
  kTolerantWrite,     ///< Pump lost it and acknowledged it (enable-tolerant)
  kIgnoreError,       ///< TiDB skipped it (ignore-error)
  kWriterGone,        ///< the commit binlog died with its TiDB (fire and forget)
  kNoPrewrite,        ///< a commit whose prewrite is not in memory
  kBelowWindow,       ///< below Lower when it came
  kDuplicate,         ///< same commit_ts as the last one
  kLessThanLast,      ///< smaller commit_ts than the last one
  kBelowStart,        ///< commit_ts <= the checkpoint that the Drainer resumed from
  kResolvedRollback,  ///< TiKV said rolled back
  kUnknownTable,      ///< the Drainer skipped a mutation of a table that it does not know
  kPurgedRange,       ///< the request started below the GC point and was raised
  kPendingAtForget,   ///< its source was dropped while it waited
  kTornTail,          ///< it was not on disk when the power went (sync-log = false)
  kJobLost,           ///< a DDL's commit was made up without its job
  kTooLarge,          ///< Kafka refused it, and the Drainer went on
};
inline constexpr std::array<std::string_view, 15> kDropReasonNames = {
    "tolerant-write", "ignore-error",      "writer-gone", "no-prewrite",       "below-window",
    "duplicate",      "less-than-last",    "below-start", "resolved-rollback", "unknown-table",
    "purged-range",   "pending-at-forget", "torn-tail",   "job-lost",          "too-large"};
enum class RegistryState : std::uint16_t {
  kAbsent,
  kAlive,         ///< Kafka era: object without IsOffline
  kKafkaOffline,  ///< Kafka era: IsOffline
  kOnline,
  kPausing,
  kPaused,
  kClosing,
  kOffline,
};
inline constexpr std::array<std::string_view, 8> kRegistryStateNames = {
    "absent", "alive", "kafka-offline", "online", "pausing", "paused", "closing", "offline"};
enum class ApplyFlag : std::uint16_t { kSafeMode = 1, kRetry = 2 };
inline constexpr std::array<std::string_view, 2> kApplyFlagNames = {"safe-mode", "retry"};
enum class CheckpointSource : std::uint16_t { kStored, kInitialCommitTs, kNow, kZero };
inline constexpr std::array<std::string_view, 4> kCheckpointSourceNames = {
    "stored", "initial-commit-ts", "now", "zero"};
enum class ImportMove : std::uint16_t { kBegan, kEnded, kFailed };
inline constexpr std::array<std::string_view, 3> kImportMoveNames = {"began", "ended", "failed"};
enum class RunEnd : std::uint16_t { kQuiet, kTimeLimit, kEventLimit };
inline constexpr std::array<std::string_view, 3> kRunEndNames = {"quiet", "time-limit",
                                                                 "event-limit"};
enum class CrashPoint : std::uint16_t {
  kBeforePersist,
  kAfterPersist,
  kAfterAction,  ///< acted, outcome not recorded
  kTornTail,     ///< the last journal record is half written
};
inline constexpr std::array<std::string_view, 4> kCrashPointNames = {
    "before-persist", "after-persist", "after-action", "torn-tail"};
enum class Said : std::uint16_t { kProven, kWarning };
inline constexpr std::array<std::string_view, 2> kSaidNames = {"proven", "warning"};
enum class EngineEnd : std::uint16_t { kDone, kRefused, kAborted, kFailed };
inline constexpr std::array<std::string_view, 4> kEngineEndNames = {"done", "refused", "aborted",
                                                                    "failed"};

/// Of boundary events: how an action or a query of the engine's port ended, by the port's value.
inline constexpr std::array<std::string_view, 8> kAnswerNames = {
    "ok",        "connection-refused", "connection-reset", "timed-out",
    "truncated", "http-status",        "not-found",        "failed"};

struct Event {
  Time time = 0;
  EventKind kind = EventKind::kCount;
  NodeId node = kNoNode;
  NodeId peer = kNoNode;
  std::uint16_t code = 0;
  std::int64_t a = 0;
  std::int64_t b = 0;
  std::int64_t c = 0;
  std::int64_t d = 0;
  TextId text = 0;
  std::uint32_t n = 0;
  std::uint64_t reserved = 0;
};
static_assert(sizeof(Event) == 64);
static_assert(std::is_trivially_copyable_v<Event>);

}  // namespace tidegate::trace
