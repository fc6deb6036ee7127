// Versions are data: what differs between releases of Pump and Drainer is an enumeration here, each
// read in exactly one function of the node that it belongs to. A dialect is chosen by the version
// of the binary that a process runs. `documented` is what the manual promises: kafka-head with the
// overrides listed in dialect.cc.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/role.h"
#include "base/time.h"

namespace tidegate::sim {

enum class DialectName : std::uint8_t {
  kLocalRc23,
  kKafkaV10,
  kDocumented,
  kKafka201804,
  kKafkaV11,
  kKafkaHead,
  kCluster21,
  kCluster30,
  kCluster40,
};
inline constexpr std::array<std::string_view, 9> kDialectNames = {
    "local-rc2.3", "kafka-v1.0",  "documented",  "kafka-2018-04", "kafka-v1.1",
    "kafka-head",  "cluster-2.1", "cluster-3.0", "cluster-4.0"};

// ------------------------------------------------------------ Local- and Kafka-era Pump
/// Which write modes a Pump knows (tidb-binlog v1.1: pump/server.go getBinloggerToWrite; v1.0 has
/// Kafka alone).
enum class PumpWrites : std::uint8_t { kMixedOrKafka, kKafkaOnly };
/// What TiDB hears of a failed write (pump/server.go WriteBinlog: enable-tolerant is of v1.1).
enum class OnWriteError : std::uint8_t { kSwallowedWhenTolerant, kReturned };
/// How often a failed produce of write-mode kafka is repeated (pump/encoder.go sendKafKaRetryNum;
/// v1.0: pump/kafka_binlogger.go, none).
enum class DirectResend : std::uint8_t { kTenRounds, kNone };
/// Positions in the registry and in a Pump's /status (v1.0: one LatestPos, rc2.3: that alone,
/// without IsOffline and OfflineTS).
enum class PositionForm : std::uint8_t { kFileAndKafka, kLatestPos, kLatestPosAlone };
/// Which local files a Pump of write-mode mixed deletes (pump/binlogger.go GC, PR 256).
enum class FileGc : std::uint8_t { kOnlyWhatKafkaHas, kByAge };
/// A record of the local file that a crash tore (pump/decoder.go, PR 251, 266).
enum class TornRecord : std::uint8_t { kIsSkipped, kStopsForwarder };
/// How many messages go to Kafka at once (kafka-max-messages, PR 268).
enum class ProduceBatch : std::uint8_t { kAtMost1024, kEverything };

// ------------------------------------------------------------ Local- and Kafka-era Drainer
/// When a Drainer lets go of a Pump (kafka: drainer/collector.go hadFinished; rc2.3: at the first
/// tick without its key, whatever was not read yet).
enum class PumpForgotten : std::uint8_t { kOfflineAndFinished, kKeyGone };
/// Lower moves after what it stands for was queued, or before (rc2.3: drainer/collector.go).
enum class LowerMoves : std::uint8_t { kAfterQueued, kBeforeQueued };
/// A transaction that comes below Lower (rc2.3: drainer/pump.go pushes it into the heap anyway).
enum class BelowWindow : std::uint8_t { kDiscarded, kPushedAnyway };
/// Where the checkpoint is kept (rc2.3: drainer/meta.go: <data-dir>/savePoint for every sink).
enum class CheckpointHome : std::uint8_t { kBySink, kSavePointFile };
/// How `Synced` is computed (tidb-binlog kafka, v1.1: drainer/collector.go HTTPStatus).
enum class SyncedRule : std::uint8_t {
  kTickEquality,  ///< Upper == Lower at the tick, nothing else (v1.0, rc2.3)
  kIdleTime,      ///< tick equality, or idle for synced-check-time; the gap test is vacuous
  kAsPromised,    ///< what the manual says: everything in the old Pumps was replicated
};
/// Does an idle worker refresh lastSyncTime each 3 s (drainer/syncer.go clearF)?
enum class IdleRefresh : std::uint8_t { kWhenDispatching, kNever };
/// GET /status before the first tick.
enum class EarlyStatus : std::uint8_t { kZeroObject, kEmptyReply, kNull };
enum class TsMapField : std::uint8_t { kAbsent, kEmptyString };
/// Which jobs may trigger a checkpoint (PR 340, e490e080).
enum class CheckpointBoundary : std::uint8_t { kTransactionEnd, kAnyJob };
enum class OnOffsetOutOfRange : std::uint8_t { kRetryForEver, kOldestWithin5000ElseStop };
/// Looking for a time in a topic that has no message (drainer/offset_seeker.go, PR 272).
enum class EmptyTopicSeek : std::uint8_t { kBeginsAtOldest, kWaitsForMessage };
enum class OnUnknownTable : std::uint8_t { kExit, kSkipMutation };
/// When rows are written idempotently (PR 385, 767c901e).
enum class SafeStart : std::uint8_t { kFiveMinutes, kInsertAlwaysReplaces };

// ------------------------------------------------------------ cluster-era Pump and Drainer
// The releases at which each of these changed stand in dialect_cluster.cc.

/// Which Drainers a starting Pump must reach (pump/server.go Start).
enum class NotifyRule : std::uint8_t { kEveryStart, kOnlyWhenOfflineOrAbsent };
/// What comes first at a Pump's start, and the state that it holds until it is registered
/// (pump/node.go NewPumpNode, pump/server.go Start).
enum class StartOrder : std::uint8_t { kRegisterFirst, kListenPaused, kListenAsBefore };
enum class NonPrewriteRule : std::uint8_t { kRefusedWhenNotOnline, kAcceptedAlways };
/// What an offline wait demands besides that every Drainer has consumed (waitSafeToOffline).
enum class OfflineRule : std::uint8_t { kSorted, kSortedAndMatched };
/// An offline wait that cannot read the Drainers (waitSafeToOffline, commitStatus).
enum class OfflineWithoutEtcd : std::uint8_t { kGoesOffline, kWaits };
enum class GcRule : std::uint8_t { kHeldBackByDrainers, kByAge, kByAgeUnlessUnsafe };
/// A PullBinlogs that begins above the Pump's max commit ts (PR 758, 759).
enum class FuturePull : std::uint8_t { kPanics, kWaits };
/// A commit whose prewrite lies on another Pump (PullCommitBinlog).
enum class LonelyCommit : std::uint8_t { kEndsStream, kIsSkipped };
/// A write that the disk took half of (vlog.go, PR 640, 642).
enum class ShortWrite : std::uint8_t { kShiftsOffsets, kIsSkipped };
/// storage.stop-write-at-available-space.
enum class DiskGuard : std::uint8_t { kNone, kStopsWrites };
enum class OrphanRule : std::uint8_t { kLockResolverAfter600s, kMvccAfter1s, kMvccUnlessLocked };
/// What a prewrite of a DDL becomes when TiKV, not TiDB, says that it committed (PR 852, 853).
enum class OrphanDdl : std::uint8_t { kNeverResolved, kLosesItsJob, kKeepsItsJob };
enum class UnknownKeys : std::uint8_t { kIgnored, kRefused };
/// Syntax of pump.toml's gc.
enum class GcSyntax : std::uint8_t { kDays, kDaysOrDuration };
/// Pages below /debug of a Pump.
enum class DebugPages : std::uint8_t { kNone, kBinlog, kBinlogAndGc };

enum class ClusterSynced : std::uint8_t { kIdleRefreshed, kSuccessOnly };
enum class ClusterCheckpoint : std::uint8_t { kCommitTsOnly, kWithConsistent, kWithSchemaVersion };
/// Names in a checkpoint's ts-map.
enum class TsMapNames : std::uint8_t { kMasterSlave, kPrimarySecondary };
enum class CloseSave : std::uint8_t { kNone, kDrainThenSave };
/// What becomes of the process when its syncer or collector returns an error (PR 806, PR 1012).
enum class SyncerError : std::uint8_t { kHangs, kExitsWithZero, kExitsWithTwo };
enum class HeartbeatErrors : std::uint8_t { kForEver, kTwentyThenExit };
/// Which acknowledgements of Kafka move the checkpoint (issue 1136, PR 1149).
enum class KafkaAcks : std::uint8_t { kAnyLaterOne, kContiguous };
enum class FakeMarks : std::uint8_t { kEach, kThinned };
/// Workers and rows of a transaction where the file says nothing.
/// The layout of log lines: ngaut/log up to 2.1, zap from 3.0 on.
enum class LogStyle : std::uint8_t { kPrefixed, kUnified };
/// Does the log say when a checkpoint is saved, and not only when that fails (drainer/syncer.go)?
enum class SaveLine : std::uint8_t { kNone, kWritten };
enum class WorkDefaults : std::uint8_t { kOneAndOne, kSixteenAndTwenty };

// ------------------------------------------------------------ TiDB as a writer
/// A binlog that cannot be written with ignore-error = false (server/conn.go, docs/pull/4828).
enum class CriticalError : std::uint8_t { kStopsListener, kFailsTransaction, kExits };
/// A Pump that failed more than ten times in a row (tidb-tools PR 158, 165, 244, 260).
enum class FailedPump : std::uint8_t { kForgottenForGood, kProbed };
/// Where the commit binlog goes (tidb-tools PR 71).
enum class CommitTarget : std::uint8_t { kAnyPump, kPumpOfPrewrite };
/// Unusable Pumps that are tried when no usable one took a prewrite (pump_client).
enum class LastResort : std::uint8_t { kThoseWithFewErrors, kAllOnline };

struct TidbDialect {
  CriticalError critical = CriticalError::kExits;
  FailedPump failed_pump = FailedPump::kProbed;
  CommitTarget commit_target = CommitTarget::kPumpOfPrewrite;
  LastResort last_resort = LastResort::kAllOnline;
};
TidbDialect TidbDialectOf(std::string_view version);

struct Dialect {
  DialectName name = DialectName::kKafkaHead;
  Era era = Era::kKafka;

  PumpWrites pump_writes = PumpWrites::kMixedOrKafka;
  OnWriteError write_error = OnWriteError::kSwallowedWhenTolerant;
  DirectResend direct_resend = DirectResend::kTenRounds;
  PositionForm position_form = PositionForm::kFileAndKafka;
  FileGc file_gc = FileGc::kOnlyWhatKafkaHas;
  TornRecord torn_record = TornRecord::kIsSkipped;
  ProduceBatch produce_batch = ProduceBatch::kAtMost1024;
  PumpForgotten pump_forgotten = PumpForgotten::kOfflineAndFinished;
  LowerMoves lower_moves = LowerMoves::kAfterQueued;
  BelowWindow below_window = BelowWindow::kDiscarded;
  CheckpointHome checkpoint_home = CheckpointHome::kBySink;
  SyncedRule synced = SyncedRule::kIdleTime;
  IdleRefresh idle_refresh = IdleRefresh::kWhenDispatching;
  EarlyStatus early_status = EarlyStatus::kZeroObject;
  TsMapField ts_map = TsMapField::kEmptyString;
  CheckpointBoundary checkpoint_boundary = CheckpointBoundary::kTransactionEnd;
  OnOffsetOutOfRange out_of_range = OnOffsetOutOfRange::kOldestWithin5000ElseStop;
  EmptyTopicSeek empty_topic = EmptyTopicSeek::kBeginsAtOldest;
  OnUnknownTable unknown_table = OnUnknownTable::kExit;
  SafeStart safe_start = SafeStart::kFiveMinutes;

  NotifyRule notify = NotifyRule::kEveryStart;
  StartOrder start_order = StartOrder::kListenAsBefore;
  NonPrewriteRule non_prewrite = NonPrewriteRule::kAcceptedAlways;
  OfflineRule offline = OfflineRule::kSortedAndMatched;
  OfflineWithoutEtcd offline_without_etcd = OfflineWithoutEtcd::kWaits;
  GcRule gc = GcRule::kByAgeUnlessUnsafe;
  FuturePull future_pull = FuturePull::kWaits;
  LonelyCommit lonely_commit = LonelyCommit::kIsSkipped;
  ShortWrite short_write = ShortWrite::kIsSkipped;
  DiskGuard disk_guard = DiskGuard::kStopsWrites;
  OrphanRule orphan = OrphanRule::kMvccAfter1s;
  OrphanDdl orphan_ddl = OrphanDdl::kKeepsItsJob;
  UnknownKeys unknown_keys = UnknownKeys::kRefused;
  GcSyntax gc_syntax = GcSyntax::kDaysOrDuration;
  DebugPages debug_pages = DebugPages::kBinlogAndGc;
  std::int32_t notify_attempts_max = 3;
  ClusterSynced cluster_synced = ClusterSynced::kSuccessOnly;
  ClusterCheckpoint cluster_checkpoint = ClusterCheckpoint::kWithConsistent;
  TsMapNames ts_map_names = TsMapNames::kMasterSlave;
  CloseSave close_save = CloseSave::kDrainThenSave;
  SyncerError syncer_error = SyncerError::kExitsWithTwo;
  HeartbeatErrors heartbeat_errors = HeartbeatErrors::kTwentyThenExit;
  KafkaAcks kafka_acks = KafkaAcks::kContiguous;
  FakeMarks fake_marks = FakeMarks::kEach;
  WorkDefaults work_defaults = WorkDefaults::kSixteenAndTwenty;
  LogStyle log_style = LogStyle::kPrefixed;
  SaveLine save_line = SaveLine::kWritten;
  bool flash_sink = false;
  Duration retry_delay = kSecond;               ///< between tries of a statement
  std::int64_t initial_commit_ts_default = -1;  ///< -1: the current TSO; 0: the oldest there is
  Duration detect_interval_default = 10 * kSecond;
};

const Dialect& DialectOf(DialectName name);

/// The dialect that a Pump or Drainer binary of `version` speaks: "rc2.3" -> local-rc2.3, "v1.0" ->
/// kafka-v1.0 (of 1.0 both were built; the Local one is named), "v1.1" -> kafka-v1.1, "kafka",
/// "latest" and "documented" as named. From "v2.0.8-binlog" on the whole number decides
/// (dialect_cluster.cc); cluster-2.1, cluster-3.0 and cluster-4.0 are the heads of those branches.
/// A dialect's own name names itself.
const Dialect& DialectOfVersion(std::string_view version);

/// Of a cluster-era binary's release; null for any other text. Valid for the thread's life.
const Dialect* ClusterDialectOf(std::string_view version);

}  // namespace tidegate::sim
