// Which release of the cluster era behaves how: one boundary for each change, by the whole release
// number. What is not said here is as at the head of release-4.0.

#include <map>
#include <string>

#include "base/check.h"
#include "sim/dialect.h"
#include "sim/release.h"

namespace tidegate::sim {
namespace {

constexpr ReleaseNumber kAlways = {0, 0, 0, 0};
constexpr ReleaseNumber kRc5 = {2, 1, 0, 1005};
constexpr ReleaseNumber kFirst21 = {2, 1, 0};
constexpr ReleaseNumber kFirst30 = {3, 0, 0, 0};
constexpr ReleaseNumber kFirst31 = {3, 1, 0, 0};
constexpr ReleaseNumber kFirst40 = {4, 0, 0, 0};

// Found by comparing tags of tidb-binlog in both lines.
constexpr Boundary kGcByAge = {{2, 1, 15}, {3, 0, 1}};  // detectDrainerCheckpoint, PR 646, 663
constexpr Boundary kUnsafeGcIgnored = {kNeverReleased, {3, 0, 1}};  // "Ignore unsafe gc request"
constexpr Boundary kNonPrewriteTaken = {{2, 1, 16}, {3, 0, 3}};     // writeBinlog
constexpr Boundary kAllMatched = {{2, 1, 16}, {3, 0, 3}};           // waitSafeToOffline
constexpr Boundary kStrictConfig = {{2, 1, 16}, {3, 0, 2}};         // StrictDecodeFile, PR 687
constexpr Boundary kListensFirst = {{2, 1, 17}, {3, 0, 4}};         // pump/node.go NewPumpNode
constexpr Boundary kKeepsState = {kNeverReleased, {3, 0, 5}};       // previousState
constexpr Boundary kNotifiesNewOnly = {kNeverReleased, {3, 0, 5}};  // pump/server.go Start
constexpr Boundary kNotifyRetries = {kNeverReleased, kFirst30};     // pump/node.go Notify
constexpr Boundary kSkipsLonelyCommit = {{2, 1, 10}, {3, 0, 0, 1002}};
constexpr Boundary kBearsFuturePull = {{2, 1, 18}, {3, 0, 4}};  // PR 758, 759: 2019-09-30
constexpr Boundary kBearsShortWrite = {{2, 1, 14}, {3, 0, 0}};  // PR 640, 642: 2019-06-20
constexpr Boundary kGuardsDisk = {{2, 1, 14}, {3, 0, 1}};
constexpr Boundary kDebugBinlog = {{2, 1, 3}, {3, 0, 0, 101}};
constexpr Boundary kDebugGc = {{2, 1, 14}, {3, 0, 1}};
constexpr Boundary kMvcc = {kNeverReleased, {3, 0, 0, 1003}};  // GetMvccByEncodedKey
constexpr Boundary kLockTtl = {kNeverReleased, {4, 0, 9}};     // status.TTL(), PR 1025
constexpr Boundary kResolvesDdl = {kFirst21, kAlways};         // rc.5 leaves them
constexpr Boundary kKeepsDdlJob = {{2, 1, 20}, {3, 0, 8}};     // PR 852, 853: after v3.0.7
constexpr Boundary kGcDurations = {kNeverReleased, kFirst30};
constexpr Boundary kOfflineWaits = {kNeverReleased, kFirst40};  // waitSafeToOffline of master
constexpr Boundary kSuccessOnly = {kNeverReleased, kFirst30};   // drainer/syncer.go lastSyncTime
constexpr Boundary kConsistent = {kNeverReleased, {3, 0, 10}};  // with the relay log
constexpr Boundary kSchemaVersion = {kNeverReleased, {4, 0, 10}};
constexpr Boundary kDrainsAtClose = {kNeverReleased, kFirst30};      // drainer/syncer.go Close
constexpr Boundary kSyncerErrorEnds = {{2, 1, 19}, {3, 0, 6}};       // PR 806: 2019-11
constexpr Boundary kSyncerErrorShows = {kNeverReleased, {4, 0, 9}};  // errCh, PR 1012
constexpr Boundary kHeartbeatEnds = {kNeverReleased, {4, 0, 9}};     // heartbeatMaxErr
constexpr Boundary kContiguousAcks = {kNeverReleased, {6, 0, 0}};    // PR 1149: 2022-03
constexpr Boundary kThinsFakes = {kNeverReleased, kFirst40};
constexpr Boundary kInitialNow = {kNeverReleased, {3, 0, 6}};  // PR 787
constexpr Boundary kDetects5s = {kNeverReleased, {3, 0, 5}};
constexpr Boundary kManyWorkers = {kFirst21, kAlways};
constexpr Boundary kUnifiedLog = {kNeverReleased, kFirst30};  // pingcap/log
constexpr Boundary kNoFlash = {kNeverReleased, kFirst30};

// The names in ts-map changed in two lines apart: 3.0.16 and 4.0.3.
bool NamesPrimary(const ReleaseNumber& release) {
  return release >= (release < kFirst40 ? ReleaseNumber{3, 0, 16} : ReleaseNumber{4, 0, 3});
}

void FillPump(const ReleaseNumber& release, Dialect* d) {
  const auto since = [&](const Boundary& boundary) { return Since(release, boundary); };
  if (!since(kNotifiesNewOnly)) {
    d->notify = NotifyRule::kEveryStart;
  } else {
    d->notify = NotifyRule::kOnlyWhenOfflineOrAbsent;
  }
  d->start_order = since(kKeepsState)     ? StartOrder::kListenAsBefore
                   : since(kListensFirst) ? StartOrder::kListenPaused
                                          : StartOrder::kRegisterFirst;
  if (!since(kNonPrewriteTaken)) d->non_prewrite = NonPrewriteRule::kRefusedWhenNotOnline;
  if (!since(kAllMatched)) d->offline = OfflineRule::kSorted;
  if (!since(kOfflineWaits)) d->offline_without_etcd = OfflineWithoutEtcd::kGoesOffline;
  d->gc = since(kUnsafeGcIgnored) ? GcRule::kByAgeUnlessUnsafe
          : since(kGcByAge)       ? GcRule::kByAge
                                  : GcRule::kHeldBackByDrainers;
  if (!since(kBearsFuturePull)) d->future_pull = FuturePull::kPanics;
  if (!since(kSkipsLonelyCommit)) d->lonely_commit = LonelyCommit::kEndsStream;
  if (!since(kBearsShortWrite)) d->short_write = ShortWrite::kShiftsOffsets;
  if (!since(kGuardsDisk)) d->disk_guard = DiskGuard::kNone;
  d->orphan = since(kLockTtl) ? OrphanRule::kMvccUnlessLocked
              : since(kMvcc)  ? OrphanRule::kMvccAfter1s
                              : OrphanRule::kLockResolverAfter600s;
  d->orphan_ddl = since(kKeepsDdlJob)   ? OrphanDdl::kKeepsItsJob
                  : since(kResolvesDdl) ? OrphanDdl::kLosesItsJob
                                        : OrphanDdl::kNeverResolved;
  if (!since(kGcDurations)) d->gc_syntax = GcSyntax::kDays;
  d->debug_pages = since(kDebugGc)       ? DebugPages::kBinlogAndGc
                   : since(kDebugBinlog) ? DebugPages::kBinlog
                                         : DebugPages::kNone;
  if (!since(kNotifyRetries)) d->notify_attempts_max = 1;
}

void FillDrainer(const ReleaseNumber& release, Dialect* d) {
  const auto since = [&](const Boundary& boundary) { return Since(release, boundary); };
  if (!since(kSuccessOnly)) d->cluster_synced = ClusterSynced::kIdleRefreshed;
  d->cluster_checkpoint = since(kSchemaVersion) ? ClusterCheckpoint::kWithSchemaVersion
                          : since(kConsistent)  ? ClusterCheckpoint::kWithConsistent
                                                : ClusterCheckpoint::kCommitTsOnly;
  if (NamesPrimary(release)) d->ts_map_names = TsMapNames::kPrimarySecondary;
  if (!since(kDrainsAtClose)) d->close_save = CloseSave::kNone;
  d->syncer_error = since(kSyncerErrorShows)  ? SyncerError::kExitsWithTwo
                    : since(kSyncerErrorEnds) ? SyncerError::kExitsWithZero
                                              : SyncerError::kHangs;
  if (!since(kHeartbeatEnds)) d->heartbeat_errors = HeartbeatErrors::kForEver;
  if (!since(kContiguousAcks)) d->kafka_acks = KafkaAcks::kAnyLaterOne;
  if (since(kThinsFakes)) d->fake_marks = FakeMarks::kThinned;
  d->initial_commit_ts_default = since(kInitialNow) ? -1 : 0;
  d->detect_interval_default = since(kDetects5s) ? 5 * kSecond : 10 * kSecond;
  if (!since(kManyWorkers)) d->work_defaults = WorkDefaults::kOneAndOne;
  d->flash_sink = !since(kNoFlash);
  // pkg/sql/sql.go of 2.1 waits 3 s between tries, pkg/loader of 3.0 one.
  if (release < kFirst30) d->retry_delay = 3 * kSecond;
}

Dialect MakeCluster(const ReleaseNumber& release) {
  Dialect d;
  d.name = release < kFirst30   ? DialectName::kCluster21
           : release < kFirst40 ? DialectName::kCluster30
                                : DialectName::kCluster40;
  d.era = Era::kCluster;
  if (!Since(release, kStrictConfig)) d.unknown_keys = UnknownKeys::kIgnored;
  if (Since(release, kUnifiedLog)) d.log_style = LogStyle::kUnified;
  FillPump(release, &d);
  FillDrainer(release, &d);
  return d;
}

// The last releases of the branches, for their names; kNoRelease for what is of another era.
ReleaseNumber ClusterRelease(std::string_view version) {
  if (version == "cluster-2.1") return {2, 1, 20};
  if (version == "cluster-3.0") return {3, 0, 20};
  if (version == "cluster-4.0") return {4, 0, 16};
  const ReleaseNumber release = ReadReleaseNumber(version);
  if (release.major < 2) return kNoRelease;
  // v2.0.8-binlog and its successors were built from the tree of 2.1.0-rc.5.
  return release < kRc5 ? kRc5 : release;
}

}  // namespace

const Dialect* ClusterDialectOf(std::string_view version) {
  thread_local std::map<std::string, Dialect, std::less<>> cache;
  const auto found = cache.find(version);
  if (found != cache.end()) return &found->second;
  const ReleaseNumber release = ClusterRelease(version);
  if (release == kNoRelease) return nullptr;
  return &cache.emplace(std::string(version), MakeCluster(release)).first->second;
}

TidbDialect TidbDialectOf(std::string_view version) {
  // docs/pull/4828: up to 3.0.12 the listener stops, from 3.0.13 on the transaction fails; later
  // lines exit (tidb issues/28659: "critical error, stop the server").
  constexpr Boundary kFailsTxn = {kNeverReleased, {3, 0, 13}};
  // tidb-tools PR 260 (2019-06) ended a series of such fixes; it came with these releases.
  constexpr Boundary kProbesAgain = {{2, 1, 13}, {3, 0, 0}};
  constexpr Boundary kSamePump = {kFirst21, kAlways};  // tidb-tools PR 71: 2018-09
  TidbDialect d;
  const ReleaseNumber release = ReadReleaseNumber(version);
  if (release == kNoRelease) return d;
  if (release < kFirst31) {
    d.critical = Since(release, kFailsTxn) ? CriticalError::kFailsTransaction
                                           : CriticalError::kStopsListener;
  }
  if (!Since(release, kProbesAgain)) d.failed_pump = FailedPump::kForgottenForGood;
  if (!Since(release, kSamePump)) d.commit_target = CommitTarget::kAnyPump;
  if (release < kFirst40) d.last_resort = LastResort::kThoseWithFewErrors;
  return d;
}

}  // namespace tidegate::sim
