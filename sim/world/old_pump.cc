#include "sim/world/old_pump.h"

#include "sim/world/pd.h"

namespace tidegate::sim {

using trace::BinlogType;
using trace::EventKind;

Notified NotifyLivingDrainers(World& world, NodeId pump, std::uint32_t round) {
  Notified notified;
  std::vector<const RegistryRecord*> drainers;
  notified.ok = world.pd().List(pump, RegistryRecord::Root::kOldDrainers, &drainers);
  for (const RegistryRecord* drainer : drainers) {
    if (drainer->alive_until <= world.now()) continue;
    if (drainer->owner == kNoNode) {
      notified.ok = false;
      notified.drainer = drainer->id;
      return notified;
    }
    ++notified.open;
    world.Send(pump, drainer->owner, Msg::kNotify, 0, round, {.report_failure = true});
  }
  return notified;
}

Binlog TakeWritten(World& world, std::uint64_t slot) {
  const Binlog binlog = world.batches()[slot].binlogs.front();
  world.batches()[slot].binlogs.clear();
  world.batches().Give(slot);
  return binlog;
}

void AckWritten(World& world, NodeId pump, NodeId tidb, const Binlog& binlog, bool ok) {
  if (ok) {
    world.Record({.kind = EventKind::kBinlogAcked,
                  .node = pump,
                  .peer = tidb,
                  .code = binlog.type,
                  .a = binlog.start_ts,
                  .b = binlog.commit_ts});
  }
  const auto result = static_cast<std::uint32_t>(ok ? WriteResult::kOk : WriteResult::kFailed);
  world.Send(pump, tidb, Msg::kWriteBinlogDone, static_cast<std::uint64_t>(binlog.start_ts),
             result << 8U | binlog.type);
}

bool MakeFake(World& world, NodeId pump, Binlog* fake) {
  Tso now = 0;
  if (!world.pd().GetTso(pump, &now)) return false;
  fake->start_ts = fake->commit_ts = now;
  fake->type = static_cast<std::uint8_t>(BinlogType::kFake);
  return true;
}

void RecordPurged(World& world, NodeId pump, const Binlog& binlog, std::int64_t position) {
  if (static_cast<BinlogType>(binlog.type) == BinlogType::kFake) return;
  world.Record({.kind = EventKind::kBinlogPurged,
                .node = pump,
                .peer = pump,
                .code = binlog.type,
                .a = binlog.start_ts,
                .b = binlog.commit_ts,
                .c = position});
}

}  // namespace tidegate::sim
