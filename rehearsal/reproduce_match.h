// Does a run look like what somebody saw? The statuses of the old Drainers that crossed from the
// world to the engine are compared with a scenario's `observed`, by what does not depend on how
// busy the real cluster was:
//
//   of each answer: Synced; the keys of PumpPos; the gap between Lower and Upper (a bound of 0,
//     within two detect intervals, wider)
//   between two: whether Upper, Lower, each PumpPos and the saved checkpoint moved or stood still;
//     the time that passed, to within an eighth or 15 s
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/scenario_observed.h"
#include "trace/recorder.h"

namespace tidegate::rehearsal {

/// One answer of an old Drainer in a run.
struct SeenStatus {
  Time time = 0;
  NodeId drainer = kNoNode;
  sim::Observation status;  ///< `after` is not set
};

/// Every whole answer in the trace, in order; saved_commit_ts is what the Drainer had saved by
/// then. Those of another era are left out.
std::vector<SeenStatus> SeenStatuses(const trace::Trace& trace);

/// For each observation the answer that looks like it; nothing when there is no such row of
/// answers. The first row in time wins.
std::optional<std::vector<SeenStatus>> MatchObserved(const std::vector<sim::Observation>& observed,
                                                     const std::vector<SeenStatus>& seen,
                                                     const trace::Header& header);

/// What of the two agrees, line by line.
std::string MatchText(const std::vector<sim::Observation>& observed,
                      const std::vector<SeenStatus>& matched);

}  // namespace tidegate::rehearsal
