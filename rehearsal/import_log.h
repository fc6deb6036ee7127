// Log lines of Pumps and Drainers that tell how far they were. Only what is taken out of a line
// (a time, a timestamp, a state, a release) leaves this file: the lines themselves may hold rows
// and passwords.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/tso.h"

namespace tidegate::rehearsal {

enum class LogFactKind : std::uint8_t {
  kVersion,          ///< text: the release
  kStarted,          ///< serves, or has read its checkpoint
  kSavePoint,        ///< tso
  kClosing,          ///< a Pump begins to close
  kClosed,           ///< a Pump or Drainer has ended
  kState,            ///< text: the state that it gave itself in the registry
  kWaitsForDrainer,  ///< a Pump that is to go offline waits
  kNotifyFailed,     ///< a Pump cannot start: a Drainer does not answer
  kSourceRemoved,    ///< a Drainer lets go of a Pump
  kSourceAdded,      ///< a Drainer pulls from a Pump
  kOutOfRange,       ///< a Drainer's position is no longer in Kafka
  kProgress,         ///< tso: a Pump's max commit ts
  kAlive,            ///< an idle Pump of the old side wrote a fake binlog
  kFileBegun,        ///< an old Pump's next local file
  kFileGone,         ///< one of its local files was collected
  kDdlBegun,         ///< tso: commit ts of a DDL that a Drainer takes up
  kDdlDone,          ///< tso: the same, executed and saved
};
inline constexpr std::array<std::string_view, 17> kLogFactNames = {"release",
                                                                   "start",
                                                                   "save point",
                                                                   "begin of close",
                                                                   "end",
                                                                   "state change",
                                                                   "wait for a Drainer",
                                                                   "failed notify",
                                                                   "source removed",
                                                                   "source added",
                                                                   "position out of range",
                                                                   "max commit ts",
                                                                   "sign of life",
                                                                   "local file begun",
                                                                   "local file collected",
                                                                   "DDL begun",
                                                                   "DDL done"};

struct LogFact {
  std::int64_t ms = 0;  ///< since 1970; of the last dated line when this one has no date
  std::uint32_t line = 0;
  LogFactKind kind = LogFactKind::kVersion;
  Tso tso = 0;
  std::string text;
};

struct LogFile {
  std::string file;
  std::vector<LogFact> facts;  ///< in file order
  std::uint64_t line_count = 0;
  std::uint64_t unknown_count = 0;       ///< lines that say nothing of progress
  std::uint32_t first_unknown_line = 0;  ///< 0: none
};

/// Reads a log of any release: `2018/11/05 12:00:00 server.go:1: [info] …` up to 2.1,
/// `[2019/07/01 12:00:00.000 +08:00] [INFO] [server.go:1] ["…"]` from 3.0 on. Unknown lines are
/// counted. Errors, as file:line: a known line whose number cannot be read, a line of progress
/// before any date.
Result<LogFile> ParseLog(std::string_view text, const std::string& file, std::int64_t zone_minutes);

}  // namespace tidegate::rehearsal
