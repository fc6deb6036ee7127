// Which release behaves how: each boundary from both sides, in both lines of development.
#include "sim/dialect.h"

#include <boost/test/unit_test.hpp>

#include "sim/release.h"

namespace tidegate::sim {
namespace {

// The last release before a change and the first one with it; "" where a line has none.
struct Step {
  const char* before_21;
  const char* from_21;
  const char* before_30;
  const char* from_30;
};

// `has` is false up to the release before and true from the next one on.
template <typename Has>
void CheckStep(const char* what, const Step& step, Has has) {
  BOOST_TEST_CONTEXT(what) {
    const auto value = [&](const char* version) { return has(DialectOfVersion(version)); };
    if (*step.before_21 != '\0') BOOST_TEST(!value(step.before_21), step.before_21);
    if (*step.from_21 != '\0') BOOST_TEST(value(step.from_21), step.from_21);
    if (*step.before_30 != '\0') BOOST_TEST(!value(step.before_30), step.before_30);
    if (*step.from_30 != '\0') BOOST_TEST(value(step.from_30), step.from_30);
    if (*step.from_21 == '\0') BOOST_TEST(!value("cluster-2.1"));
    BOOST_TEST(value("cluster-4.0"));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dialect)

BOOST_AUTO_TEST_CASE(release_numbers_are_ordered_as_they_came_out) {
  const char* ascending[] = {"v2.0.8-binlog", "v2.1.0-alpha", "v2.1.0-beta.1", "v2.1.0-rc.4",
                             "v2.1.0-rc.5",   "v2.1.0",       "v2.1.9",        "v2.1.10",
                             "v3.0.0-beta.1", "v3.0.0-rc.2",  "v3.0.0",        "v3.0.1",
                             "v3.1.0-beta",   "v4.0.0",       "v4.0.9",        "v4.0.10"};
  for (std::size_t i = 1; i < std::size(ascending); ++i) {
    BOOST_TEST((ReadReleaseNumber(ascending[i - 1]) < ReadReleaseNumber(ascending[i])),
               ascending[i]);
  }
  for (const char* none : {"latest", "kafka-head", "", "v", "v3", "v3.x"}) {
    BOOST_TEST((ReadReleaseNumber(none) == kNoRelease), none);
  }
}

BOOST_AUTO_TEST_CASE(names_and_lines) {
  for (std::size_t i = 0; i < kDialectNames.size(); ++i) {
    const Dialect& named = DialectOfVersion(kDialectNames[i]);
    BOOST_TEST((named.name == static_cast<DialectName>(i)), kDialectNames[i]);
  }
  BOOST_TEST((DialectOfVersion("v2.0.11-binlog").name == DialectName::kCluster21));
  BOOST_TEST((DialectOfVersion("v3.1.2").name == DialectName::kCluster30));
  BOOST_TEST((DialectOfVersion("v5.4.0").name == DialectName::kCluster40));
  BOOST_TEST((DialectOfVersion("v1.1.0").name == DialectName::kKafkaV11));
  BOOST_TEST((DialectOfVersion("latest").name == DialectName::kKafkaHead));
  BOOST_TEST((DialectOfVersion("v2.1.16").era == Era::kCluster));
}

BOOST_AUTO_TEST_CASE(boundaries_of_pumps) {
  using D = const Dialect&;
  CheckStep("gc by age", {"v2.1.14", "v2.1.15", "v3.0.0", "v3.0.1"},
            [](D d) { return d.gc != GcRule::kHeldBackByDrainers; });
  CheckStep("unsafe gc", {"v2.1.19", "", "v3.0.0", "v3.0.1"},
            [](D d) { return d.gc == GcRule::kByAgeUnlessUnsafe; });
  CheckStep("non-prewrites", {"v2.1.15", "v2.1.16", "v3.0.2", "v3.0.3"},
            [](D d) { return d.non_prewrite == NonPrewriteRule::kAcceptedAlways; });
  CheckStep("all matched", {"v2.1.15", "v2.1.16", "v3.0.2", "v3.0.3"},
            [](D d) { return d.offline == OfflineRule::kSortedAndMatched; });
  CheckStep("strict keys", {"v2.1.15", "v2.1.16", "v3.0.1", "v3.0.2"},
            [](D d) { return d.unknown_keys == UnknownKeys::kRefused; });
  CheckStep("listens first", {"v2.1.16", "v2.1.17", "v3.0.3", "v3.0.4"},
            [](D d) { return d.start_order != StartOrder::kRegisterFirst; });
  CheckStep("keeps its state", {"v2.1.17", "", "v3.0.4", "v3.0.5"},
            [](D d) { return d.start_order == StartOrder::kListenAsBefore; });
  CheckStep("notify", {"v2.1.19", "", "v3.0.4", "v3.0.5"},
            [](D d) { return d.notify == NotifyRule::kOnlyWhenOfflineOrAbsent; });
  CheckStep("lonely commits", {"v2.1.9", "v2.1.10", "v3.0.0-rc.1", "v3.0.0-rc.2"},
            [](D d) { return d.lonely_commit == LonelyCommit::kIsSkipped; });
  CheckStep("future pulls", {"v2.1.17", "v2.1.18", "v3.0.3", "v3.0.4"},
            [](D d) { return d.future_pull == FuturePull::kWaits; });
  CheckStep("short writes", {"v2.1.13", "v2.1.14", "v3.0.0-rc.3", "v3.0.0"},
            [](D d) { return d.short_write == ShortWrite::kIsSkipped; });
  CheckStep("disk guard", {"v2.1.13", "v2.1.14", "v3.0.0", "v3.0.1"},
            [](D d) { return d.disk_guard == DiskGuard::kStopsWrites; });
  CheckStep("mvcc", {"v2.1.19", "", "v3.0.0-rc.2", "v3.0.0-rc.3"},
            [](D d) { return d.orphan != OrphanRule::kLockResolverAfter600s; });
  CheckStep("lock ttl", {"v2.1.19", "", "v4.0.8", "v4.0.9"},
            [](D d) { return d.orphan == OrphanRule::kMvccUnlessLocked; });
  CheckStep("ddl jobs", {"v2.1.19", "v2.1.20", "v3.0.7", "v3.0.8"},
            [](D d) { return d.orphan_ddl == OrphanDdl::kKeepsItsJob; });
  CheckStep("orphan ddl", {"v2.1.0-rc.5", "v2.1.0", "", "v3.0.0"},
            [](D d) { return d.orphan_ddl != OrphanDdl::kNeverResolved; });
  CheckStep("offline without etcd", {"v2.1.19", "", "v3.0.20", "v4.0.0"},
            [](D d) { return d.offline_without_etcd == OfflineWithoutEtcd::kWaits; });
  CheckStep("debug pages", {"v2.1.2", "v2.1.3", "v3.0.0-beta", "v3.0.0-beta.1"},
            [](D d) { return d.debug_pages != DebugPages::kNone; });
  CheckStep("gc by hand", {"v2.1.13", "v2.1.14", "v3.0.0", "v3.0.1"},
            [](D d) { return d.debug_pages == DebugPages::kBinlogAndGc; });
}

BOOST_AUTO_TEST_CASE(boundaries_of_drainers) {
  using D = const Dialect&;
  CheckStep("consistent", {"v2.1.19", "", "v3.0.9", "v3.0.10"},
            [](D d) { return d.cluster_checkpoint != ClusterCheckpoint::kCommitTsOnly; });
  CheckStep("schema version", {"v2.1.19", "", "v4.0.9", "v4.0.10"},
            [](D d) { return d.cluster_checkpoint == ClusterCheckpoint::kWithSchemaVersion; });
  CheckStep("names of 3.0", {"v2.1.19", "", "v3.0.15", "v3.0.16"},
            [](D d) { return d.ts_map_names == TsMapNames::kPrimarySecondary; });
  CheckStep("names of 4.0", {"v2.1.19", "", "v4.0.2", "v4.0.3"},
            [](D d) { return d.ts_map_names == TsMapNames::kPrimarySecondary; });
  CheckStep("synced", {"v2.1.19", "", "", "v3.0.0"},
            [](D d) { return d.cluster_synced == ClusterSynced::kSuccessOnly; });
  CheckStep("log layout", {"v2.1.19", "", "", "v3.0.0"},
            [](D d) { return d.log_style == LogStyle::kUnified; });
  CheckStep("drains", {"v2.1.19", "", "", "v3.0.0"},
            [](D d) { return d.close_save == CloseSave::kDrainThenSave; });
  CheckStep("syncer error ends", {"v2.1.18", "v2.1.19", "v3.0.5", "v3.0.6"},
            [](D d) { return d.syncer_error != SyncerError::kHangs; });
  CheckStep("syncer error shows", {"v2.1.19", "", "v4.0.8", "v4.0.9"},
            [](D d) { return d.syncer_error == SyncerError::kExitsWithTwo; });
  CheckStep("heartbeats", {"v2.1.19", "", "v4.0.8", "v4.0.9"},
            [](D d) { return d.heartbeat_errors == HeartbeatErrors::kTwentyThenExit; });
  CheckStep("initial ts", {"v2.1.19", "", "v3.0.5", "v3.0.6"},
            [](D d) { return d.initial_commit_ts_default == -1; });
  CheckStep("detect interval", {"v2.1.19", "", "v3.0.4", "v3.0.5"},
            [](D d) { return d.detect_interval_default == 5 * kSecond; });
  CheckStep("workers", {"v2.1.0-rc.5", "v2.1.0", "", "v3.0.0"},
            [](D d) { return d.work_defaults == WorkDefaults::kSixteenAndTwenty; });
  BOOST_TEST((DialectOfVersion("v5.4.0").kafka_acks == KafkaAcks::kAnyLaterOne));
  BOOST_TEST((DialectOfVersion("v6.0.0").kafka_acks == KafkaAcks::kContiguous));
}

BOOST_AUTO_TEST_CASE(boundaries_of_tidb) {
  const auto critical = [](const char* version) { return TidbDialectOf(version).critical; };
  BOOST_TEST((critical("v2.1.19") == CriticalError::kStopsListener));
  BOOST_TEST((critical("v3.0.12") == CriticalError::kStopsListener));
  BOOST_TEST((critical("v3.0.13") == CriticalError::kFailsTransaction));
  BOOST_TEST((critical("v4.0.0") == CriticalError::kExits));
  BOOST_TEST((TidbDialectOf("v2.1.12").failed_pump == FailedPump::kForgottenForGood));
  BOOST_TEST((TidbDialectOf("v2.1.13").failed_pump == FailedPump::kProbed));
  BOOST_TEST((TidbDialectOf("v2.0.11-binlog").commit_target == CommitTarget::kAnyPump));
  BOOST_TEST((TidbDialectOf("v2.1.0").commit_target == CommitTarget::kPumpOfPrewrite));
  BOOST_TEST((TidbDialectOf("v3.0.9").last_resort == LastResort::kThoseWithFewErrors));
  BOOST_TEST((TidbDialectOf("v4.0.0").last_resort == LastResort::kAllOnline));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::sim
