// What a Drainer's /status answer claims. Bodies are bytes of any dialect and may be damaged: what
// can't be read claims nothing.
// Source: tidb-binlog branch kafka drainer/server.go, drainer/status.go; domain notes 3.1, 3.4.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/tso.h"

namespace tidegate::verifier {

struct StatusBody {
  bool readable = false;
  bool synced = false;
  bool has_window = false;  ///< DepositWindow: Local and Kafka era
  Tso upper = 0;
  Tso lower = 0;
  bool has_positions = false;      ///< PumpPos is an object, not null
  std::vector<std::string> pumps;  ///< node ids in PumpPos
};

StatusBody ParseStatusBody(std::string_view body);

}  // namespace tidegate::verifier
