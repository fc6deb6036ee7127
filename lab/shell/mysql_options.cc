#include "lab/shell/mysql_options.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace tidegate::lab {
namespace {

// A long option, without its value; options may be cut short where that is not ambiguous.
bool SetLong(const std::string& name, const std::string& value, MysqlOptions* out) {
  if (name == "host") out->host = value;
  if (name == "port") out->port = value;
  if (name == "database") out->schema = value;
  if (name == "execute") out->statements += value + ";\n", out->executes = true;
  if (name == "batch" || name == "silent") return false;
  if (name == "raw") return out->raw = true, false;
  if (name == "skip-column-names") return out->names = false, false;
  if (name == "force") return out->forces = true, false;
  if (name == "vertical") return out->vertical = true, false;
  constexpr std::array<std::string_view, 14> kTakeValue = {"host",
                                                           "port",
                                                           "database",
                                                           "execute",
                                                           "user",
                                                           "protocol",
                                                           "socket",
                                                           "connect-timeout",
                                                           "default-character-set",
                                                           "ssl-mode",
                                                           "ssl-ca",
                                                           "ssl-cert",
                                                           "ssl-key",
                                                           "delimiter"};
  return std::find(kTakeValue.begin(), kTakeValue.end(), name) != kTakeValue.end();
}

// One letter of a cluster such as -NBe; true when it takes the rest, or the next word.
bool SetShort(char letter, MysqlOptions* out) {
  switch (letter) {
    case 'N': out->names = false; return false;
    case 'r': out->raw = true; return false;
    case 'f': out->forces = true; return false;
    case 'E': out->vertical = true; return false;
    case 'h':
    case 'P':
    case 'D':
    case 'e':
    case 'u':
    case 'S': return true;
    default: return false;  // B, s, A, t, v, … change nothing here
  }
}

std::string LongOf(char letter) {
  switch (letter) {
    case 'h': return "host";
    case 'P': return "port";
    case 'D': return "database";
    case 'e': return "execute";
    default: return "user";
  }
}

}  // namespace

MysqlOptions ReadMysqlOptions(const std::vector<std::string>& argv) {
  MysqlOptions out;
  for (std::size_t i = 0; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (word.size() < 2 || word[0] != '-') {
      if (!word.empty()) out.schema = word;
      continue;
    }
    if (word.starts_with("--")) {
      const std::size_t equals = word.find('=');
      const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
      const bool stuck = equals != std::string::npos;
      const bool takes = SetLong(name, stuck ? word.substr(equals + 1) : "", &out);
      if (takes && !stuck && i + 1 < argv.size()) {
        if (name == "execute") out.statements.clear();
        SetLong(name, argv[++i], &out);
      }
      continue;
    }
    for (std::size_t at = 1; at < word.size(); ++at) {
      if (word[at] == 'p') break;  // the rest is a password
      if (!SetShort(word[at], &out)) continue;
      std::string value = word.substr(at + 1);
      if (value.empty() && i + 1 < argv.size()) value = argv[++i];
      SetLong(LongOf(word[at]), value, &out);
      break;
    }
  }
  return out;
}

std::vector<std::string> OptionsOfFile(const std::string& text) {
  std::vector<std::string> out;
  bool ours = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    std::erase_if(line, [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
    if (line.starts_with("[")) ours = line == "[client]" || line == "[mysql]";
    for (const std::string_view name : {"host=", "port=", "database="}) {
      if (!ours || !line.starts_with(name)) continue;
      std::string value = line.substr(name.size());
      std::erase_if(value, [](char c) { return c == '"' || c == '\''; });
      out.push_back("--" + std::string(name) + value);
    }
  }
  return out;
}

}  // namespace tidegate::lab
