#include <fmt/format.h>

#include <string>
#include <string_view>

#include "engine/condition.h"

namespace tidegate::engine {
namespace {

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

// Is the line an assignment of `key`?
bool Assigns(std::string_view line, std::string_view key) {
  line = Trimmed(line);
  if (line.substr(0, key.size()) != key) return false;
  line = Trimmed(line.substr(key.size()));
  return !line.empty() && line.front() == '=';
}

template <typename Visit>
void EachLine(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// tidb: config/config.go, [binlog] enable and binlog-socket; very old files have binlog-socket at
// the top level. A socket that is left over wins over the Pumps (kafka-era compatibility).
std::string TidbConfigToCluster(std::string_view text) {
  std::string out;
  bool in_binlog = false;
  bool enabled = false;
  EachLine(text, [&](std::string_view line) {
    const std::string_view trimmed = Trimmed(line);
    if (!trimmed.empty() && trimmed.front() == '[') in_binlog = trimmed == "[binlog]";
    if (Assigns(line, "binlog-socket")) return;
    if (in_binlog && Assigns(line, "enable")) return;
    out += line;
    out += '\n';
    if (in_binlog && !enabled) {
      out += "enable = true\n";
      enabled = true;
    }
  });
  if (!enabled) out += "[binlog]\nenable = true\n";
  return out;
}

// The token --binlog-socket=… (or with its value behind a blank) goes; a line that held nothing
// else goes with it (tidb-ansible roles/tidb/templates/run_tidb_binary.sh.j2 has one a line).
std::string TidbScriptToCluster(std::string_view text) {
  constexpr std::string_view kFlag = "--binlog-socket";
  std::string out;
  EachLine(text, [&](std::string_view line) {
    const std::size_t at = line.find(kFlag);
    if (at == std::string_view::npos) {
      out += line;
      out += '\n';
      return;
    }
    std::size_t end = at + kFlag.size();
    if (end < line.size() && line[end] == ' ') ++end;
    char quote = 0;
    while (end < line.size() && (quote != 0 || (line[end] != ' ' && line[end] != '\\'))) {
      if (line[end] == quote) {
        quote = 0;
      } else if (quote == 0 && (line[end] == '"' || line[end] == '\'')) {
        quote = line[end];
      }
      ++end;
    }
    const std::string rest = std::string(line.substr(0, at)) + std::string(line.substr(end));
    const std::string_view left = Trimmed(rest);
    if (left.empty() || left == "\\") return;
    out += rest;
    out += '\n';
  });
  return out;
}

// tidb-binlog tag rc2.3 drainer/meta.go -> master drainer/checkpoint/file.go: only commitTS
// carries.
std::string SavePointToSavepoint(std::string_view text) {
  std::string out;
  EachLine(text, [&](std::string_view line) {
    if (out.empty() && Assigns(line, "commitTS")) out = std::string(line) + "\n";
  });
  return out;
}

}  // namespace

std::string ApplyEdit(Edit edit, const std::string& text) {
  switch (edit) {
    case Edit::kNone: return text;
    case Edit::kTidbConfigToCluster: return TidbConfigToCluster(text);
    case Edit::kTidbScriptToCluster: return TidbScriptToCluster(text);
    case Edit::kSavePointToSavepoint: return SavePointToSavepoint(text);
  }
  return text;
}

}  // namespace tidegate::engine
