#include "tests/house/source_text.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace tidegate::test {
namespace {

bool IsWordChar(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::size_t EndOf(std::string_view text, std::string_view what, std::size_t from) {
  const std::size_t found = text.find(what, from);
  return found == std::string_view::npos ? text.size() : found + what.size();
}

// Behind the closing quote of the literal whose opening quote is at `at`; at the line's end when it
// is not closed.
std::size_t EndOfQuoted(std::string_view text, std::size_t at) {
  const char quote = text[at];
  std::size_t end = at + 1;
  while (end < text.size() && text[end] != quote && text[end] != '\n') {
    end += text[end] == '\\' ? 2 : 1;
  }
  return std::min(end + 1, text.size());
}

std::size_t EndOfRaw(std::string_view text, std::size_t quote) {
  const std::size_t open = text.find('(', quote);
  if (open == std::string_view::npos) return text.size();
  std::string close(text.substr(quote, open - quote));  // "delimiter, to become )delimiter"
  close.front() = ')';
  close += '"';
  return EndOf(text, close, open);
}

void Blank(std::string* text, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) {
    if ((*text)[i] != '\n') (*text)[i] = ' ';
  }
}

std::string Blanked(std::string_view text, bool comments) {
  std::string out(text);
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = at + 1;
    bool blank = true;
    if (text.substr(at, 2) == "//") {
      end = std::min(text.find('\n', at), text.size());
      blank = comments;
    } else if (text.substr(at, 2) == "/*") {
      end = EndOf(text, "*/", at + 2);
      blank = comments;
    } else if (text[at] == '"') {
      const bool raw = at > 0 && text[at - 1] == 'R' && (at < 2 || !IsWordChar(text[at - 2]));
      end = raw ? EndOfRaw(text, at) : EndOfQuoted(text, at);
    } else if (text[at] == '\'' && (at == 0 || !IsWordChar(text[at - 1]))) {
      end = EndOfQuoted(text, at);  // not the separator of 1'000
    } else {
      blank = false;
    }
    if (blank) Blank(&out, at, end);
    at = end;
  }
  return out;
}

// Is the text in front of a brace that of a function: a parameter list, and no type, value or
// control keyword?
bool IsFunctionHead(std::string_view head) {
  const std::size_t parenthesis = head.find('(');
  if (parenthesis == std::string_view::npos) return false;
  const std::string_view before = head.substr(0, parenthesis);
  constexpr std::array<std::string_view, 4> kScopes = {"namespace", "class", "enum", "union"};
  for (const std::string_view word : kScopes) {
    if (FindWord(before, word) != std::string_view::npos) return false;
  }
  const std::size_t last = head.find_last_not_of(" \n");
  return last != std::string_view::npos && head[last] != '=';
}

// Preprocessor lines with their continuations hold braces that belong to no function.
void BlankPreprocessor(std::string* code) {
  std::size_t at = 0;
  while (at < code->size()) {
    std::size_t end = std::min(code->find('\n', at), code->size());
    if ((*code)[at] == '#') {
      while (end < code->size() && (*code)[end - 1] == '\\') {
        end = std::min(code->find('\n', end + 1), code->size());
      }
      Blank(code, at, end);
    }
    at = end + 1;
  }
}

}  // namespace

std::string CodeOf(std::string_view text) { return Blanked(text, true); }
std::string WithoutLiterals(std::string_view text) { return Blanked(text, false); }

std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<FunctionExtent> FunctionsOf(std::string_view raw_code) {
  std::string code(raw_code);
  BlankPreprocessor(&code);
  std::vector<FunctionExtent> functions;
  std::size_t line = 1;
  std::size_t head = 0;            // where the text before the next brace begins
  std::size_t function_depth = 0;  // open braces within the current function
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (c == '\n') ++line;
    if (function_depth > 0) {
      if (c == '{') ++function_depth;
      if (c == '}' && --function_depth == 0) {
        functions.back().line_count = line - functions.back().first_line + 1;
        const std::size_t next = code.find_first_not_of(" \n", i + 1);
        if (next != std::string::npos && (code[next] == ',' || code[next] == '{')) {
          functions.pop_back();  // it was the `y_{x}` of a constructor: the body is to come
        } else {
          head = i + 1;
        }
      }
      continue;
    }
    if (c == '{' && IsFunctionHead(std::string_view(code).substr(head, i - head))) {
      functions.push_back({line, 0});
      function_depth = 1;
      continue;
    }
    if (c == '{' || c == '}' || c == ';') head = i + 1;
  }
  return functions;
}

bool IsWordAt(std::string_view text, std::size_t at, std::string_view word) {
  if (text.substr(at, word.size()) != word) return false;
  const std::size_t end = at + word.size();
  return (at == 0 || !IsWordChar(text[at - 1])) && (end == text.size() || !IsWordChar(text[end]));
}

std::size_t FindWord(std::string_view text, std::string_view word, std::size_t from) {
  for (std::size_t at = text.find(word, from); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    if (IsWordAt(text, at, word)) return at;
  }
  return std::string_view::npos;
}

}  // namespace tidegate::test
