#include "lab/doctor/programs_of.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "base/files.h"
#include "lab/doctor/shell_words.h"
#include "lab/hosts/programs.h"

namespace tidegate::lab {
namespace {

constexpr std::size_t kScriptMax = 1 << 20;
constexpr std::size_t kProgramsMax = 1000;

bool IsFile(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

bool IsOfTheLab(std::string_view name) {
  return std::find(kPrograms.begin(), kPrograms.end(), name) != kPrograms.end();
}

std::string OnPath(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string_view folders = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  while (!folders.empty()) {
    const std::size_t end = std::min(folders.find(':'), folders.size());
    const std::string file = fmt::format("{}/{}", folders.substr(0, end), name);
    if (IsFile(file) && access(file.c_str(), X_OK) == 0) return file;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return "";
}

std::vector<std::string> WordsOf(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
    if (end > 0) words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return words;
}

// "#!/usr/bin/env -S bash -eu" is bash. "": no first line of that kind.
std::string InterpreterOf(std::string_view text) {
  if (!text.starts_with("#!")) return "";
  const std::vector<std::string> words =
      WordsOf(text.substr(2, std::min(text.find('\n'), text.size()) - 2));
  if (words.empty()) return "";
  if (!words[0].ends_with("/env")) return words[0];
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i][0] != '-' && words[i].find('=') == std::string::npos) return OnPath(words[i]);
  }
  return words[0];
}

bool IsShell(std::string_view interpreter) {
  return interpreter.empty() || interpreter.ends_with("sh");  // a text without "#!" is one
}

class Search {
 public:
  Status Command(const std::string& command) {
    bool elsewhere = false;  // behind a `cd`: where, its first word alone does not tell
    for (const Invoked& one : InvokedBy(command)) {
      elsewhere |= one.word == "cd" || one.word == "pushd";
      if (elsewhere && !one.word.starts_with('/') && !IsFile(one.word)) {
        Named(one, "", "");
        continue;
      }
      if (one.word.find('/') != std::string::npos && !IsFile(one.word)) {
        return Error{ErrorCode::kNotFound, fmt::format("there is no file '{}'", one.word),
                     "--engine"};
      }
      if (one.word.find('/') != std::string::npos && !one.script &&
          access(one.word.c_str(), X_OK) != 0) {
        return Error{ErrorCode::kBadInput,
                     fmt::format("'{}' is not executable (chmod +x, or name its shell)", one.word),
                     "--engine"};
      }
      Named(one, "", "");
    }
    return {};
  }

  std::vector<StartedProgram> Take() { return std::move(found_); }

 private:
  // By a word of a text: `where` it stands, of a script in `folder`.
  void Named(const Invoked& one, const std::string& where, const std::string& folder) {
    std::string path = one.word;
    if (path.find('/') == std::string::npos) {
      if (IsOfTheLab(path)) return;
      if (!one.script || !IsFile(path)) path = OnPath(path);
    } else if (!IsFile(path) && !folder.empty() && !path.starts_with("/")) {
      path = fmt::format("{}/{}", folder, path);  // it may have gone there first
    }
    if (path.empty() || !IsFile(path)) return;
    if (!one.script && access(path.c_str(), X_OK) != 0) return;
    Add(path, where, one.script);
  }

  void Add(const std::string& path, const std::string& where, bool script) {
    if (found_.size() >= kProgramsMax || !seen_.insert(path).second) return;
    const Result<Reach> reach = ReachOf(path);
    if (!reach.has_value()) return;  // unreadable: the kernel may run it all the same
    found_.push_back({path, where, *reach});
    if (*reach != Reach::kScript) return;
    const Result<std::string> text = ReadFile(path, kScriptMax);
    if (!text.has_value()) return;
    const std::string interpreter = InterpreterOf(*text);
    if (!interpreter.empty() && !script) Add(interpreter, where.empty() ? "" : path + ":1", false);
    if (!IsShell(interpreter)) return;
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    for (const Invoked& one : InvokedBy(*text)) {
      Named(one, fmt::format("{}:{}", path, one.line), folder.empty() ? "." : folder);
    }
  }

  std::vector<StartedProgram> found_;
  std::set<std::string> seen_;
};

}  // namespace

Result<std::vector<StartedProgram>> ProgramsOf(const std::string& command) {
  Search search;
  TRY(search.Command(command));
  return search.Take();
}

}  // namespace tidegate::lab
