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

// tidb-binlog branch kafka in April 2018: behind write-mode mixed (dc1b09f2) and before PR 251,
// 256, 266, 268 and 272. What of those tag v1.1 has is not known; its dialect has them all.
constexpr Dialect MakeKafka201804() {
  Dialect d = MakeKafkaV11();
  d.name = DialectName::kKafka201804;
  d.file_gc = FileGc::kByAge;
  d.torn_record = TornRecord::kStopsForwarder;
  d.produce_batch = ProduceBatch::kEverything;
  d.empty_topic = EmptyTopicSeek::kWaitsForMessage;
  return d;
}

// tidb-binlog tag v1.0: Kafka alone, written errors go back to TiDB, one LatestPos; `null` before
// the first tick, Synced by the tick alone; the rest as v1.1.
constexpr Dialect MakeKafkaV10() {
  Dialect d = MakeKafkaV11();
  d.name = DialectName::kKafkaV10;
  d.save_line = SaveLine::kNone;
  d.pump_writes = PumpWrites::kKafkaOnly;
  d.write_error = OnWriteError::kReturned;
  d.direct_resend = DirectResend::kNone;
  d.position_form = PositionForm::kLatestPos;
  d.early_status = EarlyStatus::kNull;
  d.synced = SyncedRule::kTickEquality;
  return d;
}

// tidb-binlog tag rc2.3, the Local version: PullBinlogs from each Pump's files, keys that are
// deleted at a clean stop, a savePoint file for every sink.
constexpr Dialect MakeLocalRc23() {
  Dialect d = MakeKafkaV10();
  d.name = DialectName::kLocalRc23;
  d.era = Era::kLocal;
  d.position_form = PositionForm::kLatestPosAlone;
  d.pump_forgotten = PumpForgotten::kKeyGone;
  d.lower_moves = LowerMoves::kBeforeQueued;
  d.below_window = BelowWindow::kPushedAnyway;
  d.checkpoint_home = CheckpointHome::kSavePointFile;
  d.checkpoint_boundary = CheckpointBoundary::kTransactionEnd;
  return d;
}

constexpr std::array<Dialect, 6> kOldDialects = {MakeLocalRc23(),  MakeKafkaV10(),
                                                 MakeDocumented(), MakeKafka201804(),
                                                 MakeKafkaV11(),   MakeKafkaHead()};

}  // namespace

const Dialect& DialectOf(DialectName name) {
  const auto index = static_cast<std::size_t>(name);
  if (index < kOldDialects.size()) return kOldDialects[index];
  const Dialect* cluster = ClusterDialectOf(kDialectNames[index]);
  CHECK(cluster != nullptr);
  return *cluster;
}

const Dialect& DialectOfVersion(std::string_view version) {
  for (std::size_t i = 0; i < kOldDialects.size(); ++i) {
    if (version == kDialectNames[i]) return kOldDialects[i];
  }
  if (const Dialect* cluster = ClusterDialectOf(version); cluster != nullptr) return *cluster;
  const std::string_view head = version.substr(0, 4);
  if (head.starts_with("rc")) return DialectOf(DialectName::kLocalRc23);
  if (head == "v1.0") return DialectOf(DialectName::kKafkaV10);
  if (head == "v1.1") return DialectOf(DialectName::kKafkaV11);
  return DialectOf(DialectName::kKafkaHead);
}

}  // namespace tidegate::sim
