#include "base/redact.h"

#include <cctype>

namespace tidegate {

std::string Redact(std::string_view text) {
  constexpr std::string_view kWord = "password";
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = text.find(kWord); at != std::string_view::npos;
       at = text.find(kWord, at + kWord.size())) {
    std::size_t value = at + kWord.size();
    if (value < text.size() && text[value] == '"') ++value;  // a JSON key's closing quote
    while (value < text.size() && (text[value] == ' ' || text[value] == '\t')) ++value;
    if (value >= text.size() || (text[value] != '=' && text[value] != ':')) continue;
    ++value;
    while (value < text.size() && (text[value] == ' ' || text[value] == '\t')) ++value;
    if (value >= text.size() || value < done) continue;
    const char quote = text[value];
    std::size_t end = value;
    if (quote == '"' || quote == '\'') {
      end = value + 1;
      while (end < text.size() && text[end] != quote && text[end] != '\n') {
        end += text[end] == '\\' && quote == '"' ? 2 : 1;
      }
      end = end < text.size() ? end + 1 : text.size();
    } else {
      while (end < text.size() && std::isspace(static_cast<unsigned char>(text[end])) == 0) ++end;
    }
    out += text.substr(done, value - done);
    out += "\"***\"";
    done = end;
  }
  return out.append(text.substr(done));
}

}  // namespace tidegate
