// A scenario from what an operator has after an incident: the cluster's own files, /status bodies
// with the time when each was taken, the checkpoint, logs. Nothing is guessed: what a file does not
// say is left at its default and told in `notes`. No row, password or log line gets into the
// scenario, only numbers, states, releases and node ids.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "rehearsal/import_log.h"

namespace tidegate::rehearsal {

/// One --status: "FILE@TIME" or "old-drainer-2=FILE@TIME".
struct StatusArgument {
  std::string drainer;  ///< "" = the only old Drainer
  std::string file;
  std::int64_t ms = 0;
};
/// Errors: no '@', a time that is none.
Result<StatusArgument> ParseStatusArgument(const std::string& text, std::int64_t zone_minutes);

/// `FILE@TIME` is read in the same way for a listing of binlogctl.

/// One --pump-log or --drainer-log: "NODE=FILE"; a Drainer's may be "FILE".
struct LogArgument {
  std::string node;  ///< its name in the scenario, or its id in the registry
  std::string file;
};
LogArgument ParseLogArgument(const std::string& text);

struct ImportInput {
  std::string name;
  std::string out;  ///< where the scenario will be: paths in it are written from there
  std::string inventory;
  std::string target;
  std::string site;
  std::string procedure;  ///< "" = rolling-manual where the statuses are of the cluster version
  std::vector<StatusArgument> statuses;
  std::vector<StatusArgument> listings;  ///< what binlogctl printed
  std::string savepoint;
  std::string log_ends;
  std::vector<LogArgument> drainer_logs;
  std::vector<LogArgument> pump_logs;
  std::string old_version;  ///< "" = what the logs say
  std::string new_version;
  std::int64_t zone_minutes = 0;  ///< of logs and times without a zone
};

struct Imported {
  std::string text;                ///< the scenario
  std::vector<std::string> notes;  ///< what was taken, what was not, what was assumed
};

/// Errors, at file:line where there is one: files that are missing or cannot be read, no status,
/// statuses of several eras, a node that the cluster does not have.
Result<Imported> ImportScenario(const ImportInput& input);

}  // namespace tidegate::rehearsal
