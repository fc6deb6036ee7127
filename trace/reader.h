// Reading a trace piece by piece: a judge of any length of run needs no whole trace in memory.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "trace/recorder.h"

namespace tidegate::trace {

/// A trace whose header has been read and is good. One per file format makes it. The header and the
/// text table that it was opened with must outlive it: header is complete from the start, the
/// table holds each text before the listener sees the first event that uses it.
class TraceReader {
 public:
  virtual ~TraceReader() = default;

  /// Gives every event to `listener` in order. Each one holds EventRules and is not earlier than
  /// the one before. Only once it returns success are count and digest verified: who acts on an
  /// event before that must be ready to drop the result. Call it once.
  /// Errors: kBadInput with the place of the damage, kLimit, kIo.
  virtual Status ReadEvents(Listener* listener) = 0;

  std::uint64_t event_count() const { return event_count_; }
  /// Set once ReadEvents returned success.
  const std::string& digest() const { return digest_; }

 protected:
  std::uint64_t event_count_ = 0;
  std::string digest_;
};

}  // namespace tidegate::trace
