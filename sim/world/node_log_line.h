// One line of a log on its way to text. Private to node_log*.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/dialect.h"
#include "sim/world/node_log.h"

namespace tidegate::sim {

/// In which file of the source, how loud, what, and the fields of zap.
struct LogText {
  std::string_view place;
  std::string_view level;  ///< info, warning, error, fatal
  std::string text;
  std::string fields;  ///< " [key=value]…", of the newer layout only
};

/// " [key=value]", quoted as zap does.
std::string LogField(std::string_view key, std::string_view value);

/// What a TiDB writes. `text`: of the line's own.
std::vector<LogText> TidbLines(const Dialect& dialect, LogLine line, const NodePlan& plan,
                               const std::string& text);

}  // namespace tidegate::sim
