// Does a run look like what somebody saw? The statuses of the old Drainers that crossed from the
// world to the engine, or of the cluster era those that were taken beside it, are compared with a
// scenario's `observed`, by what does not depend on how busy the real cluster was:
//
//   of each answer: Synced; the keys of PumpPos; the gap between Lower and Upper (a bound of 0,
//     within two detect intervals, wider), in the cluster era between LastTS and the highest
//     PumpPos
//   of the registry: the state of each node that was listed, at that time
//   between two: whether Upper, Lower, each PumpPos and the saved checkpoint moved or stood still;
//     the time that passed, to within an eighth or 15 s
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rehearsal/run.h"
#include "sim/scenario_observed.h"
#include "trace/recorder.h"

namespace tidegate::rehearsal {

/// One answer of a Drainer in a run.
struct SeenStatus {
  Time time = 0;
  NodeId drainer = kNoNode;
  sim::Observation status;  ///< `after` is not set
};

/// What the registry said from `from` on, until the next one.
struct SeenRegistry {
  Time from = 0;
  std::map<std::string, std::string> states;  ///< by node id
};

struct Seen {
  std::vector<SeenStatus> statuses;
  std::vector<SeenRegistry> registry;
};

/// Every whole answer of an old Drainer in the trace, and of those that were taken of a cluster-era
/// one, in order; saved_commit_ts is what the Drainer had saved by then.
Seen SeenIn(const RunResult& run);

/// For each observation the answer that looks like it; nothing when there is no such row of
/// answers. The first row in time wins.
std::optional<std::vector<SeenStatus>> MatchObserved(const std::vector<sim::Observation>& observed,
                                                     const Seen& seen, const trace::Header& header);

/// What of the two agrees, line by line.
std::string MatchText(const std::vector<sim::Observation>& observed,
                      const std::vector<SeenStatus>& matched);

}  // namespace tidegate::rehearsal
