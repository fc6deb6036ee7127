// Numbers of a run worth reading, computed from its events alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/role.h"
#include "base/time.h"
#include "base/tso.h"
#include "trace/event.h"
#include "trace/header.h"
#include "trace/recorder.h"

namespace tidegate::verifier {

class Model;
struct StatusAnswer;

struct SinkFigures {
  NodeId sink = kNoNode;
  std::uint64_t wanted_count = 0;   ///< real transactions and DDL that this sink was to get
  std::uint64_t applied_count = 0;  ///< of these, applied whole
  Duration lag_max = 0;             ///< commit to whole apply, the worst
  Tso handed_over = 0;  ///< the old Drainer's last saved commit_ts when the new one loaded; 0: none
  Duration drain =
      -1;  ///< clients attached again (else writers' paths closed) to gate decision; -1: none
  Tso outstanding_min = 0;  ///< commit_ts of the oldest that is missing at the end; 0: none
};

/// What the manual's gate ("`Synced` is true") would have said of one old Drainer.
struct ManualGate {
  NodeId drainer = kNoNode;
  std::uint64_t answer_count = 0;  ///< /status answers seen at the boundary
  Time first_at = 0;
  Time last_at = 0;
  Time synced_at = -1;           ///< first answer with Synced true; -1: never
  Tso checkpoint_at_synced = 0;  ///< saved commit_ts then
  std::uint64_t undrained_at_synced =
      0;  ///< real transactions acknowledged by the old side and missing
};

struct Figures {
  Duration virtual_duration = 0;
  std::uint64_t event_count = 0;
  std::uint64_t committed_count = 0;  ///< transactions, real or not
  std::uint64_t applied_count = 0;    ///< sum over sinks
  std::uint64_t failed_write_count = 0;
  Duration writers_down = 0;  ///< no TiDB reachable by clients, summed
  Duration lag_max = 0;
  std::vector<SinkFigures> sinks;
  std::vector<ManualGate> manual_gate;

  /// "true at 00:12:03.000 with 3 transactions missing", "never in 231 answers over 38m30s".
  static std::string Sentence(const ManualGate& gate);
};

}  // namespace tidegate::verifier
