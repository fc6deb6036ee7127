// The small ones: sudo, ntpstat, mysql, id, readlink, kill.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/files.h"
#include "lab/hosts/root_dir.h"
#include "lab/hosts/world_pids.h"
#include "lab/shell/client.h"
#include "lab/shell/mysql_options.h"

namespace tidegate::lab {
namespace {

int Replace(std::vector<std::string> argv) {
  std::vector<char*> words;
  for (std::string& word : argv) words.push_back(word.data());
  words.push_back(nullptr);
  execvp(words[0], words.data());
  WriteAll(STDERR_FILENO, fmt::format("sudo: {}: command not found\n", argv[0]));
  return 1;
}

// A process of this lab has its folder in its environment.
bool IsOfLab(const Place& place, pid_t pid) {
  const Result<std::string> environment = ReadFile(fmt::format("/proc/{}/environ", pid));
  if (!environment) return false;
  const std::string wanted = "TIDEGATE_LAB=" + place.lab + '\0';
  const std::size_t at = environment->find(wanted);
  return at == 0 || (at != std::string::npos && (*environment)[at - 1] == '\0');
}

}  // namespace

// sudo(8): everybody may do everything here, and is called what they ask for.
int RunSudo(const std::vector<std::string>& argv) {
  std::size_t at = 0;
  std::string user = "root";
  for (; at < argv.size(); ++at) {
    const std::string& word = argv[at];
    if (word == "--") {
      ++at;
      break;
    }
    if (word == "-u" && at + 1 < argv.size()) user = argv[at + 1];
    const std::size_t equals = word.find('=');
    if (word.size() > 1 && word[0] == '-') {
      if (word == "-v" || word == "-l" || word == "-k" || word == "-K") return 0;
      if (word.size() == 2 && std::strchr("ugpCrtTUhDR", word[1]) != nullptr) ++at;
    } else if (equals != std::string::npos && equals > 0 && word.find('/') > equals) {
      setenv(word.substr(0, equals).c_str(), word.substr(equals + 1).c_str(), 1);
    } else {
      break;
    }
  }
  setenv("USER", user.c_str(), 1);
  if (at >= argv.size()) return Replace({"sh"});
  return Replace({argv.begin() + static_cast<std::ptrdiff_t>(at), argv.end()});
}

// Hosts of a lab have one clock (tidb-ansible's checks want `ntpstat | grep -w synchronised`).
int RunNtpstat() {
  WriteAll(STDOUT_FILENO,
           "synchronised to local net at stratum 1\n   time correct to within 0 ms\n"
           "   polling server every 64 s\n");
  return 0;
}

// Servers that are real databases, as "HOST:PORT HOST:PORT": they get the real client, of which
// the lab has a copy, since its own programs lie over the machine's.
bool IsRealDatabase(const MysqlOptions& options) {
  const char* variable = std::getenv("TIDEGATE_MARIADB");
  const std::string list = fmt::format(" {} ", variable == nullptr ? "" : variable);
  return list.find(fmt::format(" {}:{} ", options.host, options.port)) != std::string::npos;
}

int RunMysql(const Place& place, const std::vector<std::string>& argv) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < argv.size(); ++i) {
    std::string file;
    for (const std::string_view name : {"--defaults-extra-file", "--defaults-file"}) {
      if (argv[i].starts_with(fmt::format("{}=", name))) file = argv[i].substr(name.size() + 1);
      if (argv[i] == name && i + 1 < argv.size()) file = argv[++i];
    }
    if (file.empty()) {
      words.push_back(argv[i]);
      continue;
    }
    const Result<std::string> text = ReadFile(file);
    if (!text) {
      WriteAll(STDERR_FILENO, fmt::format("mysql: [ERROR] Failed to open required defaults file: "
                                          "{}\n",
                                          file));
      return 1;
    }
    for (std::string& option : OptionsOfFile(*text)) words.push_back(std::move(option));
  }
  Request request{"mysql", "", words, "", ""};
  const MysqlOptions options = ReadMysqlOptions(words);
  if (IsRealDatabase(options)) {
    std::vector<std::string> real = {place.lab + "/real/mariadb"};
    real.insert(real.end(), argv.begin(), argv.end());
    return Replace(std::move(real));
  }
  if (!options.executes) {
    request.input = ReadAll(STDIN_FILENO).value_or("");
  }
  const Result<Reply> reply = Call(place, std::move(request));
  return reply ? Finish(*reply) : Trouble(reply.error());
}

// The real ps, where there is one, and below it the host's processes that only the world has.
int RunPs(const Place& place, const std::vector<std::string>& argv) {
  const Result<Reply> reply = Call(place, {"ps", "", argv, "", ""});
  if (!reply) return Trouble(reply.error());
  const pid_t child = fork();
  if (child == 0) {
    std::vector<std::string> words = {"ps"};
    words.insert(words.end(), argv.begin(), argv.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    execv("/usr/bin/ps", pointers.data());
    _exit(0);
  }
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const int exit = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  const int ours = Finish(*reply);
  return reply->output.empty() ? exit : ours;
}

// Everybody on a host has the rights of who runs the lab; where that is root, scripts that refuse
// to run as root go by the name that somebody came under.
int RunId(const Place& place, const std::vector<std::string>& argv) {
  constexpr const char* kNobodysUser = "1000";
  const char* variable = std::getenv("USER");
  const std::string user = variable == nullptr ? "root" : variable;
  const std::string asked = argv.size() == 1 ? argv[0] : "";
  const bool named = asked == "-un" || asked == "-nu" || asked == "-gn" || asked == "-ng";
  if (!place.host.empty() && geteuid() == 0 && (named || asked == "-u" || asked == "-g")) {
    WriteAll(STDOUT_FILENO, (named ? user : user == "root" ? "0" : kNobodysUser) + "\n");
    return 0;
  }
  std::vector<std::string> words = {"/usr/bin/id"};
  words.insert(words.end(), argv.begin(), argv.end());
  return Replace(std::move(words));
}

// The real one, but for what /proc says of processes that only the world has.
int RunReadlink(const Place& place, const std::vector<std::string>& argv) {
  const std::string asked = argv.empty() ? "" : argv.back();
  const bool ours = asked.starts_with(fmt::format("/proc/{}", kPidPrefix)) &&
                    (asked.ends_with("/exe") || asked.ends_with("/cwd"));
  if (ours) {
    const Result<Reply> reply = Call(place, {"readlink", "", argv, "", ""});
    return reply ? Finish(*reply) : Trouble(reply.error());
  }
  std::vector<std::string> words = {"/usr/bin/readlink"};
  words.insert(words.end(), argv.begin(), argv.end());
  return Replace(std::move(words));
}

// A process of the lab gets the signal; nobody else's does.
int RunKill(const Place& place, const std::vector<std::string>& argv) {
  int signal = SIGTERM;
  int exit = 0;
  for (std::size_t i = 0; i < argv.size(); ++i) {
    std::string word = argv[i];
    const bool spelt = (word == "-s" || word == "-n") && i + 1 < argv.size();
    if (spelt || (word.size() > 1 && word[0] == '-')) {
      word = spelt ? argv[++i] : word.substr(1);
      if (word == "-") continue;
      if (word.starts_with("SIG")) word = word.substr(3);
      signal = word == "KILL" ? SIGKILL : word == "INT" ? SIGINT : word == "HUP" ? SIGHUP : SIGTERM;
      if (word[0] >= '0' && word[0] <= '9') {
        std::from_chars(word.data(), word.data() + word.size(), signal);
      }
      continue;
    }
    std::int64_t pid = 0;
    std::from_chars(word.data(), word.data() + word.size(), pid);
    if (pid >= kFirstPid) {
      const Result<Reply> reply =
          Call(place, {"kill", "", {fmt::format("-{}", signal), word}, "", ""});
      if (!reply) return Trouble(reply.error());
      if (Finish(*reply) != 0) exit = 1;
    } else if (pid <= 0 || !IsOfLab(place, static_cast<pid_t>(pid))) {
      WriteAll(STDERR_FILENO, fmt::format("kill: ({}) - no process of the lab\n", word));
      exit = 1;
    } else if (kill(static_cast<pid_t>(pid), signal) != 0) {
      WriteAll(STDERR_FILENO, fmt::format("kill: ({}) - {}\n", word, std::strerror(errno)));
      exit = 1;
    }
  }
  return exit;
}

}  // namespace tidegate::lab
