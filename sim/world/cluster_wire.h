// The PullBinlogs stream between cluster-era Pump and Drainer, as messages. A Drainer numbers the
// streams that it opens; both directions carry the number, so that what is left of a broken stream
// is known as such. TCP and gRPC give the product order, repetition and back-pressure; here batches
// are numbered, a lost one and all behind it are sent again, and a Pump runs at most
// kPullWindowBatches ahead of what the Drainer consumed.
//   kPull     b: stream             a: commit_ts after which to begin
//   kPull     b: stream | kPullAck  a: batches consumed so far
//   kPulled   b: stream             a: batch; Batch::first is its number in the stream, from 0
//   kPullEnd  b: stream             the Pump, or its operating system, closed the stream
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace tidegate::sim {

inline constexpr std::uint32_t kPullAck = 1U << 31U;
inline constexpr std::int64_t kPullWindowBatches = 8;
inline constexpr std::size_t kPullBatchMax = 512;

/// Both ends poll or retry a broken connection once a second (tidb-binlog: drainer/pump.go).
inline constexpr Duration kReconnectDelay = kSecond;

}  // namespace tidegate::sim
