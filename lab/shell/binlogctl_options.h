// The words of binlogctl (tidb-binlog: binlogctl/config.go), by the rules of Go's flag package.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidegate::lab {

/// What a release of binlogctl has.
struct BinlogctlRelease {
  bool show_offline = true;     ///< -show-offline-nodes, and else those are hidden
  bool refuses_unknown = true;  ///< a -cmd that nobody knows; tidb-tools' did nothing then
  bool zap_layout = true;       ///< of its log lines
  bool encrypts = true;         ///< -cmd encrypt, -text
};

struct BinlogctlOptions {
  std::string command = "pumps";
  std::string node_id;
  std::string pd_urls = "http://127.0.0.1:2379";
  std::string data_dir = "binlog_position";
  std::string time_zone;
  std::string state;
  bool show_offline = false;
  bool version = false;
  bool help = false;
  std::string wrong;       ///< why the words are refused
  std::string said_first;  ///< what Go's flag package itself prints then
};

BinlogctlOptions ReadBinlogctlOptions(const std::vector<std::string>& argv,
                                      const BinlogctlRelease& release);

/// What -h prints.
std::string BinlogctlUsage(const BinlogctlRelease& release);

/// Content of the file that generate_meta makes (binlogctl/meta.go saveMeta): with a time zone two
/// lines more, which make it no TOML. A zone that nobody knows adds nothing.
std::string SavepointText(std::int64_t commit_ts, const std::string& time_zone);

}  // namespace tidegate::lab
