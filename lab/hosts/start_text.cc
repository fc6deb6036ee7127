#include "lab/hosts/start_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidegate::lab {
namespace {

// Of a script that sets NAME=VALUE in a line of its own; "" where it does not, or to something that
// depends.
std::string VariableIn(const std::string& text, std::string_view name) {
  const std::string lines = "\n" + text;
  const std::string wanted = fmt::format("\n{}=", name);
  const std::size_t at = lines.find(wanted);
  if (at == std::string::npos) return "";
  const std::size_t from = lines.find_first_not_of("\"'", at + wanted.size());
  const std::string value =
      lines.substr(from, std::min(lines.find_first_of(" \n\"'", from), lines.size()) - from);
  return value.find_first_of("$`(") == std::string::npos ? value : "";
}

// With variables that `text` sets put in; "" where one is left.
std::string Expanded(std::string value, const std::string& text) {
  for (std::size_t at = value.find('$'); at != std::string::npos; at = value.find('$')) {
    const bool braces = at + 1 < value.size() && value[at + 1] == '{';
    const std::size_t from = at + (braces ? 2 : 1);
    std::size_t end = from;
    while (end < value.size() &&
           (value[end] == '_' || (value[end] >= 'A' && value[end] <= 'Z') ||
            (value[end] >= 'a' && value[end] <= 'z') || (value[end] >= '0' && value[end] <= '9'))) {
      ++end;
    }
    const std::string known = VariableIn(text, value.substr(from, end - from));
    if (known.empty() || (braces && (end >= value.size() || value[end] != '}'))) return "";
    value.replace(at, end + (braces ? 1 : 0) - at, known);
  }
  return value;
}

// The word that begins at `from`, without its quotes.
std::string WordAt(const std::string& text, std::size_t from) {
  const std::size_t end = std::min(text.find_first_of(" \n\"'\\", from), text.size());
  return Expanded(text.substr(from, end - from), text);
}

}  // namespace

std::string FlagIn(const std::string& text, std::string_view name) {
  const std::string flag = fmt::format("-{}", name);
  for (std::size_t at = text.find(flag); at != std::string::npos; at = text.find(flag, at + 1)) {
    std::size_t from = at + flag.size();
    const std::size_t begin = at > 0 && text[at - 1] == '-' ? at - 1 : at;
    const bool starts = begin == 0 || text[begin - 1] == ' ' || text[begin - 1] == '\n';
    if (!starts || from >= text.size() ||
        std::string_view("= \n").find(text[from]) == std::string_view::npos) {
      continue;
    }
    from = text.find_first_not_of(" \n=\"'", from);
    return from == std::string::npos ? "" : WordAt(text, from);
  }
  return "";
}

std::string ErrorsFileIn(const std::string& text) {
  for (const std::string_view sign : {"2>", "&>"}) {
    for (std::size_t at = text.find(sign); at != std::string::npos; at = text.find(sign, at + 1)) {
      if (at == 0 || (text[at - 1] != ' ' && text[at - 1] != '\n')) continue;
      const std::size_t from = text.find_first_not_of("> \"'", at + sign.size());
      // Of another command, such as `ulimit -n 1000000 2>/dev/null`.
      if (from == std::string::npos || text.compare(from, 9, "/dev/null") == 0) continue;
      if (text[from] != '&') return WordAt(text, from);
    }
  }
  return "";
}

std::string Absolute(const std::string& path, const std::string& folder) {
  return path.empty() || path.starts_with('/') ? path : folder + "/" + path;
}

}  // namespace tidegate::lab
