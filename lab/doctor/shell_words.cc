#include "lab/doctor/shell_words.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace tidegate::lab {
namespace {

constexpr std::size_t kDepthMax = 50;

template <std::size_t kSize>
bool In(const std::array<std::string_view, kSize>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// A command follows.
constexpr std::array<std::string_view, 11> kBeforeCommand = {
    "if", "then", "elif", "else", "while", "until", "do", "!", "{", "}", "time"};
// No command follows before the next separator.
constexpr std::array<std::string_view, 9> kOther = {"for",  "case", "select", "function", "[[",
                                                    "done", "fi",   "esac",   "in"};
// They run what stands behind their options.
constexpr std::array<std::string_view, 11> kWrappers = {"exec",    "env",    "command", "nohup",
                                                        "nice",    "setsid", "sudo",    "stdbuf",
                                                        "timeout", "ionice", "xargs"};
constexpr std::array<std::string_view, 5> kShells = {"sh", "bash", "dash", "ksh", "zsh"};

std::string_view LastName(std::string_view path) { return path.substr(path.rfind('/') + 1); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_';
}

class Scanner {
 public:
  Scanner(std::string_view text, std::size_t line, std::size_t depth)
      : text_(text), line_(line), depth_(depth) {}

  // Up to the `end` that closes what was opened (0: to the end of the text).
  void Commands(char end);

  std::vector<Invoked> Take();

 private:
  struct Word {
    std::string text;
    std::size_t line = 0;
    bool plain = true;  ///< known in full
  };
  // What the words of one simple command have been so far.
  enum class Expect {
    kCommand,
    kWrapped,
    kArgument,
    kShellOption,
    kShellText,
    kFile,
    kName,
    kTarget
  };

  bool More() const { return at_ < text_.size(); }
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  char Next() {
    const char c = text_[at_++];
    if (c == '\n') ++line_;
    return c;
  }
  void SkipPast(char opening, char closing);
  void Dollar(Word* word);
  void Nested(char end);
  Word ReadWord();
  void Quoted(Word* word);
  void TakeWord(const Word& word);
  bool TakeAssignment(const Word& word);
  void Redirection();
  void HereDocuments();
  void Separator() { expect_ = Expect::kCommand; }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_;
  std::size_t depth_;
  bool in_backticks_ = false;
  Expect expect_ = Expect::kCommand;
  Expect after_target_ = Expect::kCommand;
  std::vector<Invoked> found_;
  std::set<std::string> functions_;
  std::map<std::string, std::string> variables_;
  std::vector<std::string> here_;  // delimiters of documents that begin at the next line
};

// Of `opening`, which stands before us, the end; what is inside may nest.
void Scanner::SkipPast(char opening, char closing) {
  for (std::size_t open = 1; open > 0 && More();) {
    const char c = Next();
    if (c == closing) --open;
    if (c == opening) ++open;
    if (c == '\\' && More()) Next();
  }
}

// "$(…)": commands of their own, in the middle of a word.
void Scanner::Nested(char end) {
  const Expect expect = expect_;
  const Expect target = after_target_;
  const bool in_backticks = std::exchange(in_backticks_, end == '`');
  if (++depth_ > kDepthMax) {
    at_ = text_.size();
  } else {
    expect_ = Expect::kCommand;
    Commands(end);
  }
  --depth_;
  expect_ = expect;
  after_target_ = target;
  in_backticks_ = in_backticks;
}

void Scanner::Dollar(Word* word) {
  const auto append = [&](const std::string& name) {
    const auto known = variables_.find(name);
    if (known == variables_.end()) {
      word->plain = false;
    } else {
      word->text += known->second;
    }
  };
  if (Peek() == '(') {
    Next();
    word->plain = false;
    return Peek() == '(' ? SkipPast('(', ')') : Nested(')');
  }
  std::string name;
  if (Peek() == '{') {
    Next();
    while (IsNameChar(Peek())) name += Next();
    if (Peek() == '}') {
      Next();
      return append(name);
    }
    word->plain = false;
    return SkipPast('{', '}');
  }
  while (IsNameChar(Peek())) name += Next();
  if (name.empty()) {
    word->plain = false;
    if (More() && std::string_view("@*#?$!-").find(Peek()) != std::string_view::npos) Next();
    return;
  }
  append(name);
}

void Scanner::Quoted(Word* word) {
  while (More()) {
    const char c = Next();
    if (c == '"') return;
    if (c == '\\' && More()) {
      word->text += Next();
    } else if (c == '$') {
      Dollar(word);
    } else if (c == '`') {
      word->plain = false;
      Nested('`');
    } else {
      word->text += c;
    }
  }
}

Scanner::Word Scanner::ReadWord() {
  Word word;
  word.line = line_;
  while (More() && std::string_view(" \t\r\n;&|()<>").find(Peek()) == std::string_view::npos) {
    if (Peek() == '`' && in_backticks_) break;
    const char c = Next();
    if (c == '\\') {
      if (More() && Peek() != '\n') {
        word.text += Next();
      } else if (More()) {
        Next();
      }
    } else if (c == '\'') {
      while (More() && Peek() != '\'') word.text += Next();
      if (More()) Next();
    } else if (c == '"') {
      Quoted(&word);
    } else if (c == '$') {
      Dollar(&word);
    } else if (c == '`') {
      word.plain = false;
      Nested('`');
    } else {
      word.text += c;
    }
  }
  return word;
}

bool Scanner::TakeAssignment(const Word& word) {
  const std::size_t equals = word.text.find('=');
  if (equals == std::string::npos || equals == 0 || IsDigit(word.text[0])) return false;
  const std::string name = word.text.substr(0, equals);
  if (!std::all_of(name.begin(), name.end(), IsNameChar)) return false;
  variables_.erase(name);
  if (word.plain) variables_[name] = word.text.substr(equals + 1);
  return true;
}

void Scanner::TakeWord(const Word& word) {
  const bool option = word.text.starts_with("-");
  switch (expect_) {
    case Expect::kArgument: return;
    case Expect::kName:
      functions_.insert(word.text);
      expect_ = Expect::kCommand;
      return;
    case Expect::kTarget: expect_ = after_target_; return;
    case Expect::kShellText: {
      expect_ = Expect::kArgument;
      if (depth_ >= kDepthMax) return;
      Scanner inner(word.text, word.line, depth_ + 1);
      inner.Commands('\0');
      for (Invoked& each : inner.Take()) found_.push_back(std::move(each));
      return;
    }
    case Expect::kShellOption:
      if (option && word.text.find('c') != std::string::npos && !word.text.starts_with("--")) {
        expect_ = Expect::kShellText;
        return;
      }
      if (option) return;
      [[fallthrough]];
    case Expect::kFile:
      if (word.plain) found_.push_back({word.text, word.line, true});
      expect_ = Expect::kArgument;
      return;
    case Expect::kWrapped:
      if (option || (!word.text.empty() && IsDigit(word.text[0]))) return;
      [[fallthrough]];
    case Expect::kCommand: break;
  }
  if (TakeAssignment(word) || In(kBeforeCommand, word.text)) return;
  expect_ = word.text == "function" ? Expect::kName : Expect::kArgument;
  if (In(kOther, word.text) || word.text.empty() || !word.plain) return;
  found_.push_back({word.text, word.line, false});
  const std::string_view name = LastName(word.text);
  if (In(kWrappers, name)) expect_ = Expect::kWrapped;
  if (In(kShells, name)) expect_ = Expect::kShellOption;
  if (name == "eval") expect_ = Expect::kShellText;
  if (name == "source" || name == ".") expect_ = Expect::kFile;
}

// `at_` stands behind a < or >.
void Scanner::Redirection() {
  const bool input = text_[at_ - 1] == '<';
  if (Peek() == '(') {
    Next();
    return Nested(')');
  }
  if (input && Peek() == '<' && Peek(1) != '<') {
    Next();
    if (Peek() == '-') Next();
    while (Peek() == ' ') Next();
    here_.push_back(ReadWord().text);
    return;
  }
  while (std::string_view("<>&|").find(Peek()) != std::string_view::npos && More()) Next();
  if (expect_ != Expect::kTarget) after_target_ = expect_;
  expect_ = Expect::kTarget;
}

void Scanner::HereDocuments() {
  for (const std::string& delimiter : here_) {
    while (More()) {
      const std::size_t end = std::min(text_.find('\n', at_), text_.size());
      std::string_view line = text_.substr(at_, end - at_);
      line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
      at_ = std::min(end + 1, text_.size());
      ++line_;
      if (line == delimiter) break;
    }
  }
  here_.clear();
}

void Scanner::Commands(char end) {
  std::size_t open = 0;
  while (More()) {
    const char c = Peek();
    if (c == '\n') {
      Next();
      HereDocuments();
      Separator();
    } else if (c == ' ' || c == '\t' || c == '\r') {
      Next();
    } else if (c == '#') {
      while (More() && Peek() != '\n') Next();
    } else if (c == ';' || c == '&' || c == '|') {
      Next();
      Separator();
    } else if (c == '(') {
      Next();
      if (Peek() == '(' || (at_ > 1 && text_[at_ - 2] == '=')) {  // a reckoning, a list
        SkipPast('(', ')');
        continue;
      }
      if (Peek() == ')' && !found_.empty()) functions_.insert(found_.back().word);
      ++open;
      Separator();
    } else if (c == ')') {
      Next();
      if (open == 0 && end == ')') return;
      const bool pattern = open == 0 && expect_ == Expect::kArgument && !found_.empty();
      if (pattern && found_.back().line == line_) found_.pop_back();  // of a `case`
      if (open > 0) --open;
      Separator();
    } else if (c == '<' || c == '>') {
      Next();
      Redirection();
    } else if (c == '`' && end == '`') {
      Next();
      return;
    } else {
      const std::size_t before = at_;
      TakeWord(ReadWord());
      if (at_ == before) Next();
    }
  }
}

std::vector<Invoked> Scanner::Take() {
  std::erase_if(found_,
                [&](const Invoked& one) { return !one.script && functions_.contains(one.word); });
  return std::move(found_);
}

}  // namespace

std::vector<Invoked> InvokedBy(std::string_view shell_text) {
  Scanner scanner(shell_text, 1, 0);
  scanner.Commands('\0');
  return scanner.Take();
}

}  // namespace tidegate::lab
