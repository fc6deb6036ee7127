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

constexpr std::array<Dialect, 3> kKafkaDialects = {MakeDocumented(), MakeKafkaV11(),
                                                   MakeKafkaHead()};

}  // namespace

const Dialect& DialectOf(DialectName name) {
  const auto index = static_cast<std::size_t>(name);
  if (index < kKafkaDialects.size()) return kKafkaDialects[index];
  const Dialect* cluster = ClusterDialectOf(kDialectNames[index]);
  CHECK(cluster != nullptr);
  return *cluster;
}

const Dialect& DialectOfVersion(std::string_view version) {
  for (std::size_t i = 0; i < kKafkaDialects.size(); ++i) {
    if (version == kDialectNames[i]) return kKafkaDialects[i];
  }
  if (const Dialect* cluster = ClusterDialectOf(version); cluster != nullptr) return *cluster;
  if (version.substr(0, 4) == "v1.1") return DialectOf(DialectName::kKafkaV11);
  return DialectOf(DialectName::kKafkaHead);
}

}  // namespace tidegate::sim
