// scp(1), sftp(1) and rsync(1): which operands, which options, and what they print.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/files.h"
#include "lab/shell/copy.h"

namespace tidegate::lab {
namespace {

constexpr int kScpFailed = 1;
constexpr int kRsyncSyntax = 1;     // rsync(1): syntax or usage error
constexpr int kRsyncPartial = 23;   // partial transfer due to error
constexpr int kRsyncProtocol = 12;  // what a failed ssh leaves behind

void Say(const std::string& text) { WriteAll(STDERR_FILENO, text + "\n"); }

Operand Inside(Operand folder, const Operand& from) {
  folder.path += folder.path.ends_with('/') ? "" : "/";
  folder.path += NameOf(from.path);
  return folder;
}

struct Words {
  CopyOptions options;
  std::vector<std::string> operands;
  bool shows_names = false;
  std::string wrong;
};

Words ReadScp(const std::vector<std::string>& argv) {
  Words out;
  bool only_words = false;
  for (std::size_t i = 0; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (only_words || word.size() < 2 || word[0] != '-') {
      out.operands.push_back(word);
      continue;
    }
    only_words = word == "--";
    for (std::size_t at = 1; at < word.size() && !only_words; ++at) {
      const char letter = word[at];
      if (letter == 'r') out.options.recursive = true;
      if (letter == 'p') out.options.times = out.options.modes = true;
      if (std::string_view("cDFiJloPSX").find(letter) == std::string_view::npos) continue;
      if (at + 1 == word.size()) ++i;  // its value is the next word
      break;
    }
  }
  return out;
}

// Letters of rsync that stand together; true when the next word belongs to the last one.
bool ReadRsyncLetters(const std::string& word, Words* out) {
  CopyOptions& options = out->options;
  for (std::size_t at = 1; at < word.size(); ++at) {
    switch (word[at]) {
      case 'a': options.recursive = options.times = options.modes = options.links = true; break;
      case 'r': options.recursive = true; break;
      case 't': options.times = true; break;
      case 'p': options.modes = true; break;
      case 'l': options.links = true; break;
      case 'n': options.pretends = true; break;
      case 'v': out->shows_names = true; break;
      case 'e': return at + 1 == word.size();
      default:
        if (std::string_view("zqPhcgoDHWiuSAX").find(word[at]) == std::string_view::npos) {
          out->wrong = word;
        }
    }
  }
  return false;
}

// Words of a line of sftp's: quoted by either quote, or by a backslash.
std::vector<std::string> SftpWords(std::string_view line) {
  std::vector<std::string> words;
  bool inside = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    char c = line[i];
    const bool blank = c == ' ' || c == '\t' || c == '\r';
    if (quote == 0 && blank) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
      continue;
    }
    if (quote != 0 && c == quote) {
      quote = 0;
      continue;
    }
    if (c == '\\' && i + 1 < line.size()) c = line[++i];
    words.back() += c;
  }
  return words;
}

bool IsHarmless(std::string_view word) {
  constexpr std::array<std::string_view, 12> kHarmless = {
      "--progress", "--partial", "--compress", "--checksum", "--human-readable", "--stats",
      "--quiet",    "--inplace", "--no-owner", "--no-group", "--whole-file",     "--mkpath"};
  for (const std::string_view known : kHarmless) {
    if (word == known) return true;
  }
  return word.starts_with("--rsh=") || word.starts_with("--rsync-path=") ||
         word.starts_with("--chmod=") || word.starts_with("--timeout=") ||
         word.starts_with("--bwlimit=") || word.starts_with("--chown=");
}

Words ReadRsync(const std::vector<std::string>& argv) {
  Words out;
  for (std::size_t i = 0; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (word.size() < 2 || word[0] != '-') {
      out.operands.push_back(word);
    } else if (word.starts_with("--exclude=")) {
      out.options.excluded.push_back(word.substr(10));
    } else if (word == "--exclude" && i + 1 < argv.size()) {
      out.options.excluded.push_back(argv[++i]);
    } else if (word == "--archive") {
      ReadRsyncLetters("-a", &out);
    } else if (word == "--recursive") {
      out.options.recursive = true;
    } else if (word == "--dry-run") {
      out.options.pretends = true;
    } else if (word == "--verbose") {
      out.shows_names = true;
    } else if (word == "--rsh") {
      ++i;
    } else if (word.starts_with("--delete")) {
      out.options.deletes = true;
    } else if (word.starts_with("--")) {
      if (!IsHarmless(word)) out.wrong = word;
    } else if (ReadRsyncLetters(word, &out)) {
      ++i;
    }
  }
  return out;
}

}  // namespace

int RunScp(const Place& place, const std::vector<std::string>& argv) {
  Words words = ReadScp(argv);
  if (words.operands.size() < 2) {
    Say("usage: scp [-346ABCOpqRrsTv] [-o ssh_option] [-P port] source ... target");
    return kScpFailed;
  }
  const Result<Operand> to = ReadOperand(place, "scp", words.operands.back());
  if (!to) {
    Say(to.error().message);
    return 255;
  }
  words.operands.pop_back();
  const bool into = IsFolderAt(to->root, to->path);
  if (!into && (words.operands.size() > 1 || to->folder_itself)) {
    Say(fmt::format("scp: {}: Not a directory", to->path));
    return kScpFailed;
  }
  if (!into && !IsFolderAt(to->root, std::string(FolderOf(to->path)))) {
    Say(fmt::format("scp: dest open \"{}\": No such file or directory", to->path));
    return kScpFailed;
  }
  int exit = 0;
  for (const std::string& word : words.operands) {
    const Result<Operand> source = ReadOperand(place, "scp", word);
    if (!source) {
      Say(source.error().message);
      return 255;
    }
    for (const Operand& from : Expand(*source)) {
      const Status copied = Copy(from, into ? Inside(*to, from) : *to, &words.options);
      if (copied) continue;
      Say("scp: " + copied.error().message);
      exit = kScpFailed;
    }
  }
  return exit;
}

// A batch of put and get, as sftp -b has them; each is a copy of scp's.
int RunSftp(const Place& place, const std::vector<std::string>& argv) {
  std::string host;
  std::string batch;
  for (std::size_t i = 0; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (word.size() < 2 || word[0] != '-') {
      host = word;
      continue;
    }
    if (std::string_view("BbcDFiJloPRSsX").find(word[1]) == std::string_view::npos) continue;
    const std::string value = word.size() > 2 ? word.substr(2) : ++i < argv.size() ? argv[i] : "";
    if (word[1] == 'b') batch = value;
  }
  if (host.empty() || host.find(':') != std::string::npos || batch.empty()) {
    Say("usage: sftp [options] -b batchfile destination (the lab's sftp does batches alone)");
    return kScpFailed;
  }
  Result<std::string> text =
      batch == "-" ? Result<std::string>(ReadAll(STDIN_FILENO).value_or("")) : ReadFile(batch);
  if (!text) {
    Say(text.error().message);
    return kScpFailed;
  }
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    const std::vector<std::string> words = SftpWords(text->substr(at, end - at));
    at = end + 1;
    if (words.empty() || words[0].starts_with('#')) continue;
    const bool put = words[0] == "put";
    if ((!put && words[0] != "get") || words.size() != 3 || words[1].starts_with('-')) {
      Say(
          fmt::format("Invalid command: the lab's sftp does 'put FILE FILE' and 'get FILE FILE', "
                      "not '{}'",
                      words[0]));
      return kScpFailed;
    }
    const std::string there = fmt::format("{}:{}", host, words[put ? 2 : 1]);
    const int copied = RunScp(place, {"--", put ? words[1] : there, put ? there : words[2]});
    if (copied != 0) return copied;
  }
  return 0;
}

int RunRsync(const Place& place, const std::vector<std::string>& argv) {
  Words words = ReadRsync(argv);
  if (!words.wrong.empty() || words.operands.size() < 2) {
    Say(fmt::format("rsync: {}: unknown option (of the lab's rsync)", words.wrong));
    return kRsyncSyntax;
  }
  Result<Operand> to = ReadOperand(place, "rsync", words.operands.back());
  if (!to) {
    Say(to.error().message);
    return kRsyncProtocol;
  }
  words.operands.pop_back();
  int exit = 0;
  for (const std::string& word : words.operands) {
    const Result<Operand> source = ReadOperand(place, "rsync", word);
    if (!source) {
      Say(source.error().message);
      return kRsyncProtocol;
    }
    for (const Operand& from : Expand(*source)) {
      // A folder without a slash behind it lands in the target, with one it becomes the target.
      const bool folder = IsFolderAt(from.root, from.path);
      const bool into =
          folder ? !from.folder_itself : to->folder_itself || IsFolderAt(to->root, to->path);
      if (folder && !words.options.recursive) {
        Say(fmt::format("skipping directory {}", NameOf(from.path)));
        continue;
      }
      const Status copied = Copy(from, into ? Inside(*to, from) : *to, &words.options);
      if (copied) continue;
      Say("rsync: " + copied.error().message);
      exit = kRsyncPartial;
    }
  }
  if (words.shows_names) {
    std::string text = "sending incremental file list\n";
    for (const std::string& path : words.options.copied) text += fmt::format("{}\n", NameOf(path));
    WriteAll(STDOUT_FILENO, text);
  }
  return exit;
}

}  // namespace tidegate::lab
