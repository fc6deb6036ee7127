// How a Drainer of the old side gets at a Pump's binlogs: through Kafka's topics, or, in the Local
// version, from the Pump itself (tidb-binlog kafka: drainer/pump.go, offset_seeker.go; tag rc2.3:
// drainer/pump.go PullBinlogs). A position is a topic offset there, a place in a file here.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/world.h"

namespace tidegate::sim {

struct RegistryRecord;
struct KafkaCheckpoint;

/// A place in a Local Pump's files as one number: the file's suffix and the record in it.
inline constexpr std::int64_t kLocalRecordsPerFile = 1 << 22;  // 512 MiB of 128 bytes each
constexpr std::int64_t LocalSuffix(std::int64_t position) {
  return position / kLocalRecordsPerFile;
}

class OldTransport {
 public:
  virtual ~OldTransport() = default;
  /// Who answers for `pump`'s binlogs; kNoNode when nobody does.
  virtual NodeId Server(NodeId pump) const = 0;
  /// The oldest position that `drainer` can read of `pump`; false when nobody answers.
  virtual bool Oldest(NodeId drainer, NodeId pump, std::int64_t* oldest) const = 0;
  /// Where to begin with a Pump that was not known, after `checkpoint` was loaded; -2: the oldest.
  virtual std::int64_t Start(NodeId drainer, const RegistryRecord& pump,
                             const KafkaCheckpoint& checkpoint, Tso saved_commit_ts) const = 0;
  /// Would looking for a place to begin wait for a first message?
  virtual bool SeekWaits(NodeId drainer, const RegistryRecord& pump,
                         const KafkaCheckpoint& checkpoint) const = 0;
  /// Positions are places in files, which PumpPos shows with their suffix.
  virtual bool in_files() const = 0;
};

std::unique_ptr<OldTransport> MakeOldTransport(World& world, Era era);

}  // namespace tidegate::sim
