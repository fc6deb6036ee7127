#include "sim/dialect.h"

#include "base/check.h"

namespace tidegate::sim {
namespace {

constexpr Dialect MakeKafkaHead() {
  Dialect d;
  d.name = DialectName::kKafkaHead;
  return d;
}

// The manual: "If the return value of Synced is True, it means Drainer has replicated the data in
// the old version of Pump to the downstream completely."
constexpr Dialect MakeDocumented() {
  Dialect d = MakeKafkaHead();
  d.name = DialectName::kDocumented;
  d.synced = SyncedRule::kAsPromised;
  d.idle_refresh = IdleRefresh::kNever;
  return d;
}

// tidb-binlog tag v1.1: nil status before the first tick, no TsMap, checkpoints inside a
// transaction, endless retry below retention, INSERT always as REPLACE.
constexpr Dialect MakeKafkaV11() {
  Dialect d = MakeKafkaHead();
  d.name = DialectName::kKafkaV11;
  d.early_status = EarlyStatus::kEmptyReply;
  d.ts_map = TsMapField::kAbsent;
  d.checkpoint_boundary = CheckpointBoundary::kAnyJob;
  d.out_of_range = OnOffsetOutOfRange::kRetryForEver;
  d.unknown_table = OnUnknownTable::kSkipMutation;
  d.safe_start = SafeStart::kInsertAlwaysReplaces;
  return d;
}

constexpr Dialect MakeCluster21() {
  Dialect d;
  d.name = DialectName::kCluster21;
  d.era = Era::kCluster;
  d.notify = NotifyRule::kEveryStart;
  d.non_prewrite = NonPrewriteRule::kRefusedWhenNotOnline;
  d.cluster_synced = ClusterSynced::kIdleRefreshed;
  d.cluster_checkpoint = ClusterCheckpoint::kCommitTsOnly;
  d.orphan = OrphanRule::kLockResolverAfter600s;
  d.close_save = CloseSave::kNone;
  d.initial_commit_ts_default = 0;
  d.detect_interval_default = 10 * kSecond;
  return d;
}

constexpr Dialect MakeCluster30() {
  Dialect d;
  d.name = DialectName::kCluster30;
  d.era = Era::kCluster;
  d.notify = NotifyRule::kOnlyWhenOfflineOrAbsent;
  d.detect_interval_default = 5 * kSecond;
  return d;
}

constexpr Dialect MakeCluster40() {
  Dialect d = MakeCluster30();
  d.name = DialectName::kCluster40;
  d.cluster_checkpoint = ClusterCheckpoint::kWithSchemaVersion;
  return d;
}

constexpr std::array<Dialect, 6> kDialects = {MakeDocumented(), MakeKafkaV11(),  MakeKafkaHead(),
                                              MakeCluster21(),  MakeCluster30(), MakeCluster40()};

}  // namespace

const Dialect& DialectOf(DialectName name) { return kDialects[static_cast<std::size_t>(name)]; }

const Dialect& DialectOfVersion(std::string_view version) {
  for (std::size_t i = 0; i < kDialectNames.size(); ++i) {
    if (version == kDialectNames[i]) return kDialects[i];
  }
  const auto starts = [&](std::string_view prefix) {
    return version.substr(0, prefix.size()) == prefix;
  };
  if (starts("v1.1")) return DialectOf(DialectName::kKafkaV11);
  if (starts("v2.")) return DialectOf(DialectName::kCluster21);
  if (starts("v3.")) return DialectOf(DialectName::kCluster30);
  if (starts("v4.") || starts("v5.") || starts("v6.") || starts("v7.")) {
    return DialectOf(DialectName::kCluster40);
  }
  return DialectOf(DialectName::kKafkaHead);
}

}  // namespace tidegate::sim
