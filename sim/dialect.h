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
  kDocumented,
  kKafkaV11,
  kKafkaHead,
  kCluster21,
  kCluster30,
  kCluster40,
};
inline constexpr std::array<std::string_view, 6> kDialectNames = {
    "documented", "kafka-v1.1", "kafka-head", "cluster-2.1", "cluster-3.0", "cluster-4.0"};

// ------------------------------------------------------------ Kafka-era Drainer
/// How `Synced` is computed (tidb-binlog kafka, v1.1: drainer/collector.go HTTPStatus).
enum class SyncedRule : std::uint8_t {
  kIdleTime,    ///< tick equality, or idle for synced-check-time; the gap test is vacuous
  kAsPromised,  ///< what the manual says: everything in the old Pumps was replicated
};
/// Does an idle worker refresh lastSyncTime each 3 s (drainer/syncer.go clearF)?
enum class IdleRefresh : std::uint8_t { kWhenDispatching, kNever };
/// GET /status before the first tick.
enum class EarlyStatus : std::uint8_t { kZeroObject, kEmptyReply };
enum class TsMapField : std::uint8_t { kAbsent, kEmptyString };
/// Which jobs may trigger a checkpoint (PR 340, e490e080).
enum class CheckpointBoundary : std::uint8_t { kTransactionEnd, kAnyJob };
enum class OnOffsetOutOfRange : std::uint8_t { kRetryForEver, kOldestWithin5000ElseStop };
enum class OnUnknownTable : std::uint8_t { kExit, kSkipMutation };
/// When rows are written idempotently (PR 385, 767c901e).
enum class SafeStart : std::uint8_t { kFiveMinutes, kInsertAlwaysReplaces };

// ------------------------------------------------------------ cluster-era Pump and Drainer
/// Which Drainers a starting Pump must reach (cluster_era: pump/server.go Start).
enum class NotifyRule : std::uint8_t { kEveryStart, kOnlyWhenOfflineOrAbsent };
enum class NonPrewriteRule : std::uint8_t { kRefusedWhenNotOnline, kAcceptedAlways };
enum class ClusterSynced : std::uint8_t { kIdleRefreshed, kSuccessOnly };
enum class ClusterCheckpoint : std::uint8_t { kCommitTsOnly, kWithConsistent, kWithSchemaVersion };
enum class OrphanRule : std::uint8_t { kLockResolverAfter600s, kMvccAfter1s };
enum class CloseSave : std::uint8_t { kNone, kDrainThenSave };

struct Dialect {
  DialectName name = DialectName::kKafkaHead;
  Era era = Era::kKafka;

  SyncedRule synced = SyncedRule::kIdleTime;
  IdleRefresh idle_refresh = IdleRefresh::kWhenDispatching;
  EarlyStatus early_status = EarlyStatus::kZeroObject;
  TsMapField ts_map = TsMapField::kEmptyString;
  CheckpointBoundary checkpoint_boundary = CheckpointBoundary::kTransactionEnd;
  OnOffsetOutOfRange out_of_range = OnOffsetOutOfRange::kOldestWithin5000ElseStop;
  OnUnknownTable unknown_table = OnUnknownTable::kExit;
  SafeStart safe_start = SafeStart::kFiveMinutes;

  NotifyRule notify = NotifyRule::kEveryStart;
  NonPrewriteRule non_prewrite = NonPrewriteRule::kAcceptedAlways;
  ClusterSynced cluster_synced = ClusterSynced::kSuccessOnly;
  ClusterCheckpoint cluster_checkpoint = ClusterCheckpoint::kWithConsistent;
  OrphanRule orphan = OrphanRule::kMvccAfter1s;
  CloseSave close_save = CloseSave::kDrainThenSave;
  std::int64_t initial_commit_ts_default = -1;  ///< -1: the current TSO; 0: the oldest there is
  Duration detect_interval_default = 10 * kSecond;
};

const Dialect& DialectOf(DialectName name);

/// The dialect that a Pump or Drainer binary of `version` speaks: "v1.1" -> kafka-v1.1, "kafka",
/// "latest" and "documented" as named, "v2.0.8-binlog" up to "v2.1.x" -> cluster-2.1, "v3.…" ->
/// cluster-3.0, "v4.…" and later -> cluster-4.0. A dialect's own name names itself.
const Dialect& DialectOfVersion(std::string_view version);

}  // namespace tidegate::sim
