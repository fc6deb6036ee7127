// The lines of a TiDB that tell an operator what it is doing: that it has begun, listens, was told
// to end, and what became of its binlogs.
#include <fmt/format.h>

#include "sim/world/node_log_line.h"

namespace tidegate::sim {
namespace {

// Of a build that was told nothing but its release (tidb release-2.1 and 3.0:
// util/printer/printer.go).
std::vector<LogText> Banner(bool old, const std::string& release) {
  if (!old) {
    return {{"printer.go", "info", "Welcome to TiDB.",
             LogField("Release Version", release) + LogField("Git Commit Hash", "None") +
                 LogField("Git Branch", "None") + LogField("UTC Build Time", "None") +
                 LogField("GoVersion", "None") + LogField("Race Enabled", "false")}};
  }
  std::vector<LogText> lines;
  for (const std::string& text :
       {std::string("Welcome to TiDB."), "Release Version: " + release,
        std::string("Git Commit Hash: None"), std::string("Git Branch: None"),
        std::string("UTC Build Time:  None"), std::string("GoVersion:  None")}) {
    lines.push_back({"printer.go", "info", text, ""});
  }
  return lines;
}

}  // namespace

// tidb release-2.1 and 3.0: tidb-server/main.go, server/server.go, server/conn.go,
// sessionctx/binloginfo/binloginfo.go.
std::vector<LogText> TidbLines(const Dialect& dialect, LogLine line, const NodePlan& plan,
                               const std::string& text) {
  const bool old = dialect.log_style == LogStyle::kPrefixed;
  switch (line) {
    case LogLine::kBanner: return Banner(old, text);
    case LogLine::kServes: {
      const std::string address = fmt::format("0.0.0.0:{}", plan.info.port);
      if (old) {
        return {{"server.go", "info",
                 fmt::format("Server is running MySQL Protocol at [{}]", address), ""}};
      }
      return {{"server.go", "info", "server is running MySQL protocol", LogField("addr", address)}};
    }
    case LogLine::kSignal:
      if (old) return {{"main.go", "info", "Got signal [terminated] to exit.", ""}};
      return {{"signal_posix.go", "info", "got signal to exit", LogField("signal", "terminated")}};
    case LogLine::kSkips:
      return {{"binloginfo.go", "error", "write binlog fail but error ignored", ""}};
    case LogLine::kFailed:
    case LogLine::kFatal: {
      const std::string_view level = line == LogLine::kFailed ? "error" : "fatal";
      return {{line == LogLine::kFailed ? "conn.go" : "terror.go", level, text, ""}};
    }
    default: return {};
  }
}

}  // namespace tidegate::sim
