#include "lab/downstream/statement_kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace tidegate::lab {
namespace {

constexpr std::array<std::string_view, 16> kOfSession = {
    "set",     "use",        "begin", "start",  "commit", "rollback", "savepoint", "release",
    "prepare", "deallocate", "lock",  "unlock", "flush",  "kill",     "help",      "xa"};
constexpr std::array<std::string_view, 11> kReads = {"select",   "show",    "desc",   "describe",
                                                     "explain",  "analyze", "with",   "values",
                                                     "checksum", "check",   "handler"};

template <typename Words>
bool Has(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

StatementKind KindOfWord(std::string_view word) {
  if (word.empty() || Has(kOfSession, word)) return StatementKind::kOfSession;
  if (Has(kReads, word)) return StatementKind::kReads;
  if (word == "shutdown") return StatementKind::kForbidden;
  return StatementKind::kWrites;
}

// Behind the quoted text, or the name in backticks, that begins at `at`.
std::size_t BehindQuote(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\' && quote != '`') {
      ++at;
    } else if (text[at] == quote) {
      return at + 1;
    }
  }
  return text.size();
}

// Behind the comment that begins at `at`; `at` itself when none does. The content of "/*! … */" is
// no comment.
std::size_t BehindComment(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("/*!") || rest.starts_with("/*M!")) {
    return std::min(text.find_first_not_of("/*M!0123456789", at), text.size());
  }
  if (rest.starts_with("*/")) return at + 2;
  if (rest.starts_with("/*")) {
    const std::size_t end = text.find("*/", at + 2);
    return end == std::string_view::npos ? text.size() : end + 2;
  }
  const bool dashes = rest.starts_with("--") &&
                      (rest.size() == 2 || std::isspace(static_cast<unsigned char>(rest[2])) != 0);
  if (rest.starts_with('#') || dashes) return std::min(text.find('\n', at), text.size());
  return at;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

StatementKind KindOf(std::string_view text) {
  StatementKind kind = StatementKind::kOfSession;
  std::string word;
  bool in_head = true;  // the first word of a statement is being read, or is to come
  const auto end_word = [&] {
    kind = std::max(kind, KindOfWord(Lower(word)));
    word.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const std::size_t behind = BehindComment(text, at);
    const bool letter = std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
    if (in_head && letter && behind == at) {
      word += c;
      ++at;
      continue;
    }
    const bool blank = behind > at || std::isspace(static_cast<unsigned char>(c)) != 0 || c == '(';
    if (c == ';') {
      end_word();
      in_head = true;
    } else if (in_head && (!word.empty() || !blank)) {
      if (word.empty()) word = c;  // no statement that is known begins so
      in_head = false;
    }
    if (behind > at) {
      at = behind;
    } else if (c == '\'' || c == '"' || c == '`') {
      at = BehindQuote(text, at);
    } else {
      ++at;
    }
  }
  end_word();
  return kind;
}

bool AsksForLast(std::string_view text) {
  const std::string lower = Lower(text);
  constexpr std::array<std::string_view, 6> kWords = {
      "show warnings", "show errors", "show count", "get diagnostics", "row_count", "found_rows"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

}  // namespace tidegate::lab
