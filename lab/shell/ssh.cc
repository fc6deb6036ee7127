// ssh to a host of the lab: its command runs by a shell in the host's namespace, as a child, so
// that a command that kills its own shell looks as it does over a real connection.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "lab/hosts/root_dir.h"
#include "lab/hosts/world_pids.h"
#include "lab/shell/client.h"
#include "lab/shell/enter.h"

extern char** environ;

namespace tidegate::lab {
namespace {

constexpr int kSshFailed = 255;  // ssh(1): "or with 255 if an error occurred"

struct Destination {
  std::string host;
  std::string user = "tidb";
  std::string command;
  bool no_input = false;
  bool background = false;
  bool only_control = false;  ///< -O: a question to a shared connection, of which there are none
  std::string wrong;          ///< what this ssh does not do
};

// Options of ssh(1) that take a value.
constexpr std::string_view kTakeValue = "BbcDEeFIiJLlmOoPpQRSWw";

void SetHost(std::string word, Destination* out) {
  if (word.starts_with("ssh://")) {
    word = word.substr(6);
    word = word.substr(0, word.find_first_of(":/"));
  }
  const std::size_t at = word.rfind('@');
  if (at != std::string::npos) {
    out->user = word.substr(0, at);
    word = word.substr(at + 1);
  }
  out->host = word;
}

// One word of options; true when its value is the next word.
bool ReadCluster(const std::string& word, const std::string& next, Destination* out) {
  for (std::size_t i = 1; i < word.size(); ++i) {
    const char letter = word[i];
    if (letter == 'n') out->no_input = true;
    if (letter == 'f') out->background = out->no_input = true;
    if (letter == 'N' || letter == 's') out->wrong = word;
    if (kTakeValue.find(letter) == std::string_view::npos) continue;
    const bool stuck = i + 1 < word.size();
    const std::string value = stuck ? word.substr(i + 1) : next;
    if (letter == 'l') out->user = value;
    if (std::string_view("DJLRWw").find(letter) != std::string_view::npos) out->wrong = word;
    if (letter == 'o' && value.starts_with("User=")) {
      out->user = value.substr(5);
      std::erase(out->user, '"');
    }
    if (letter == 'O') out->only_control = true;
    return !stuck;
  }
  return false;
}

Destination ReadArguments(const std::vector<std::string>& argv) {
  Destination out;
  bool only_words = false;
  for (std::size_t i = 0; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (!only_words && word == "--") {
      only_words = true;
    } else if (!only_words && word.size() > 1 && word[0] == '-') {
      if (ReadCluster(word, i + 1 < argv.size() ? argv[i + 1] : "", &out)) ++i;
    } else if (out.host.empty()) {
      SetHost(word, &out);
    } else {
      for (; i < argv.size(); ++i) {
        out.command += (out.command.empty() ? "" : " ") + argv[i];
      }
    }
  }
  return out;
}

bool Keeps(std::string_view variable) {
  constexpr std::array<std::string_view, 8> kKept = {
      "TIDEGATE_", "LD_", "FAKETIME", "PYTHONHASHSEED=", "LANG=", "LC_", "TERM=", "TZ="};
  for (const std::string_view prefix : kKept) {
    if (variable.starts_with(prefix) && !variable.starts_with("TIDEGATE_HOST=")) return true;
  }
  return false;
}

// A login has an environment of its own; what keeps the lab together goes along.
std::vector<std::string> Environment(const Place& place, const Destination& to,
                                     const std::string& host, const std::string& home) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (Keeps(*entry)) out.emplace_back(*entry);
  }
  out.push_back("TIDEGATE_HOST=" + host);
  out.push_back("HOME=" + home);
  out.push_back("USER=" + to.user);
  out.push_back("LOGNAME=" + to.user);
  out.emplace_back("SHELL=/bin/bash");
  out.push_back(fmt::format(
      "PATH={}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", place.lab));
  // A shell's own kill knows no process that only the world has. By the variable, the shell that is
  // started here; by the file those below it, also where a sh lies between, which drops the other.
  out.push_back(fmt::format("BASH_ENV={}/bash.env", place.lab));
  out.push_back(
      fmt::format("BASH_FUNC_kill%%=() {{ case \"$*\" in\n*{}*) {}/bin/kill \"$@\" ;;\n"
                  "*) builtin kill \"$@\" ;;\nesac; }}",
                  kPidPrefix, place.lab));
  out.push_back(fmt::format("SSH_CONNECTION=127.0.0.1 50000 {} 22", host));
  return out;
}

// As a deployment's limits.conf has it, where the machine allows it.
void RaiseFileLimit() {
  constexpr rlim_t kFiles = 1'000'000;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max >= kFiles) return;
  limit.rlim_max = kFiles;
  setrlimit(RLIMIT_NOFILE, &limit);
}

[[noreturn]] void RunThere(const Place& place, const Destination& to, const std::string& host) {
  const bool stays = host == "localhost";  // the control machine logs in to itself
  if (const Status entered = stays ? Status() : EnterHost(place, host); !entered) {
    Trouble(entered.error());
    _exit(kSshFailed);
  }
  const char* own = stays ? std::getenv("HOME") : nullptr;
  std::string home = to.user == "root" ? "/root" : "/home/" + to.user;
  if (own != nullptr) home = own;
  if (chdir(home.c_str()) != 0 && (mkdir(home.c_str(), 0755) != 0 || chdir(home.c_str()) != 0)) {
    _exit(kSshFailed);
  }
  if (to.no_input) {
    const int null = open("/dev/null", O_RDONLY);
    if (null >= 0) dup2(null, STDIN_FILENO);
  }
  RaiseFileLimit();
  std::vector<std::string> environment = Environment(place, to, host, home);
  const bool bash = access("/bin/bash", X_OK) == 0;
  std::vector<std::string> argv = {bash ? "bash" : "sh"};
  if (!to.command.empty()) argv.insert(argv.end(), {"-c", to.command});
  std::vector<char*> words;
  for (std::string& word : argv) words.push_back(word.data());
  words.push_back(nullptr);
  std::vector<char*> variables;
  for (std::string& variable : environment) variables.push_back(variable.data());
  variables.push_back(nullptr);
  execve(bash ? "/bin/bash" : "/bin/sh", words.data(), variables.data());
  _exit(kSshFailed);
}

int Wait(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return kSshFailed;
  }
  // The far shell died of a signal: ssh has no status to pass on.
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSshFailed;
}

}  // namespace

int RunSsh(const Place& place, const std::vector<std::string>& argv) {
  if (argv.size() == 1 && argv[0] == "-V") {
    WriteAll(STDERR_FILENO, "OpenSSH_9.2p1 (tidegate lab)\n");
    return 0;
  }
  const Destination to = ReadArguments(argv);
  if (to.host.empty() || !to.wrong.empty()) {
    WriteAll(STDERR_FILENO, to.wrong.empty()
                                ? "usage: ssh [options] destination [command]\n"
                                : fmt::format("ssh: the lab's ssh does not do {}\n", to.wrong));
    return kSshFailed;
  }
  if (to.only_control) return 0;
  const Result<Reply> reply = Call(place, {"ssh", "", {to.host, to.command}, "", ""});
  if (!reply) {
    Trouble(reply.error());
    return kSshFailed;
  }
  if (reply->exit != 0) {
    WriteAll(STDERR_FILENO, reply->errors);
    return kSshFailed;
  }
  const pid_t child = fork();
  if (child < 0) return kSshFailed;
  if (child == 0) RunThere(place, to, reply->output);
  return to.background ? 0 : Wait(child);
}

}  // namespace tidegate::lab
