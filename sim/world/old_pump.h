// What a Pump of the old side does alike in the Local and the Kafka version: tidb-binlog tag rc2.3
// and branch kafka, pump/{node,server,binlogger}.go.
#pragma once

#include <cstdint>
#include <string>

#include "sim/world.h"

namespace tidegate::sim {

struct Notified {
  bool ok = true;
  std::int64_t open = 0;  ///< Drainers whose answers are to come, as Msg::kNotifyDone
  std::string drainer;    ///< that can't be reached; "": etcd gives none at all
};

/// pump/node.go Notify: every living Drainer looks at the registry before the Pump serves. Answers
/// carry `round`.
Notified NotifyLivingDrainers(World& world, NodeId pump, std::uint32_t round);

/// pump/server.go WriteBinlog: the binlog that a TiDB's message brought; its slot is given back.
Binlog TakeWritten(World& world, std::uint64_t slot);
/// The answer to it.
void AckWritten(World& world, NodeId pump, NodeId tidb, const Binlog& binlog, bool ok);

/// pump/server.go genFakeBinlog; false when PD gives no timestamp.
bool MakeFake(World& world, NodeId pump, Binlog* fake);

/// pump/binlogger.go GC: `binlog` at `position` went with its file.
void RecordPurged(World& world, NodeId pump, const Binlog& binlog, std::int64_t position);

}  // namespace tidegate::sim
