#include "engine/config_keys.h"

#include <algorithm>
#include <array>

#include "base/toml.h"

namespace tidegate::engine {
namespace {

// tidb-binlog: pump/config.go, cmd/pump/pump.toml
constexpr std::array<std::string_view, 18> kPump = {"log-level",
                                                    "log-file",
                                                    "log-rotate",
                                                    "node-id",
                                                    "addr",
                                                    "advertise-addr",
                                                    "socket",
                                                    "pd-urls",
                                                    "data-dir",
                                                    "gc",
                                                    "max-message-size",
                                                    "heartbeat-interval",
                                                    "metrics-addr",
                                                    "metrics-interval",
                                                    "gen-binlog-interval",
                                                    "binlog-file-size",
                                                    "binlog-slice-size",
                                                    "enable-binlog-slice"};
// tidb-binlog: drainer/config.go, cmd/drainer/drainer.toml
constexpr std::array<std::string_view, 19> kDrainer = {"log-level",
                                                       "log-file",
                                                       "log-rotate",
                                                       "node-id",
                                                       "addr",
                                                       "advertise-addr",
                                                       "pd-urls",
                                                       "data-dir",
                                                       "detect-interval",
                                                       "compressor",
                                                       "synced-check-time",
                                                       "metrics-addr",
                                                       "metrics-interval",
                                                       "initial-commit-ts",
                                                       "enable-dispatch",
                                                       "disable-dispatch",
                                                       "disable-detect",
                                                       "enable-detect",
                                                       "cache-binlog-count"};
constexpr std::array<std::string_view, 2> kPumpTables = {"security.", "storage."};
constexpr std::array<std::string_view, 2> kDrainerTables = {"security.", "syncer."};

template <typename Keys, typename Tables>
std::vector<std::string> Unknown(const TomlTable& table, const Keys& keys, const Tables& tables) {
  std::vector<std::string> unknown;
  for (const std::string& key : table.Keys()) {
    const auto within = [&](std::string_view prefix) { return key.starts_with(prefix); };
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    if (std::any_of(tables.begin(), tables.end(), within)) continue;
    unknown.push_back(key);
  }
  return unknown;
}

}  // namespace

bool RefusesUnknownKeys(const Version& version) {
  if (version.latest) return true;
  if (version.major < 2 || (version.major == 2 && version.minor == 0)) return false;
  if (version.major == 2) return version.minor > 1 || version.patch >= 16;
  if (version.major == 3 && version.minor == 0) return version.patch >= 2;
  return true;
}

Result<std::vector<std::string>> UnknownKeys(std::string_view part, const std::string& text,
                                             const std::string& file) {
  TRY_ASSIGN(const TomlTable table, TomlTable::Parse(text, file));
  return part == "pump" ? Unknown(table, kPump, kPumpTables)
                        : Unknown(table, kDrainer, kDrainerTables);
}

}  // namespace tidegate::engine
