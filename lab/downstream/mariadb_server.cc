#include "lab/downstream/mariadb_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/files.h"
#include "lab/downstream/server_link.h"

namespace tidegate::lab {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kStartMax{30};
constexpr int kLookEveryMs = 5;
constexpr std::size_t kWordsMax = 600;

constexpr const char* kAdvice =
    "apt-get install --no-install-recommends mariadb-server-core mariadb-client-core (not "
    "mariadb-server, whose service would start)";

std::string OnPath(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::string folders = path == nullptr ? "" : path;
  folders += ":/usr/sbin:/usr/bin";
  for (std::size_t at = 0; at < folders.size();) {
    const std::size_t end = std::min(folders.find(':', at), folders.size());
    const std::string file = fmt::format("{}/{}", folders.substr(at, end - at), name);
    if (end > at && access(file.c_str(), X_OK) == 0) return file;
    at = end + 1;
  }
  return "";
}

// What makes it small and quick to start and to end: nothing of it has to survive a crash.
// mariadb.com/kb: "mariadbd Options", "InnoDB System Variables".
std::vector<std::string> Arguments(const std::string& server, const std::string& folder) {
  std::vector<std::string> out = {server, "--no-defaults"};
  if (geteuid() == 0) out.emplace_back("--user=root");
  for (const char* name : {"datadir=data", "secure-file-priv=files", "tmpdir=files",
                           "plugin-dir=none", "pid-file=pid"}) {
    const std::string_view word = name;
    const std::size_t equals = word.find('=') + 1;
    out.push_back(fmt::format("--{}{}/{}", word.substr(0, equals), folder, word.substr(equals)));
  }
  for (const char* option :
       {"--socket=../socket",  // from its data on, since a socket's path has to be short
        "--skip-networking", "--skip-grant-tables", "--skip-log-bin", "--performance-schema=OFF",
        "--local-infile=0", "--sysdate-is-now", "--default-time-zone=+00:00",
        "--character-set-server=utf8mb4", "--lower-case-table-names=0",
        // Time stands still while it works: who waits for a lock waits for nobody.
        "--innodb-lock-wait-timeout=1", "--lock-wait-timeout=1", "--max-statement-time=30",
        "--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M", "--innodb-log-buffer-size=2M",
        "--innodb-autoextend-increment=1", "--innodb-temp-data-file-path=ibtmp1:1M:autoextend",
        "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync",
        "--innodb-doublewrite=0", "--innodb-use-native-aio=0", "--innodb-stats-persistent=0",
        "--innodb-buffer-pool-dump-at-shutdown=0", "--innodb-buffer-pool-load-at-startup=0",
        "--innodb-purge-threads=1", "--key-buffer-size=1M", "--aria-pagecache-buffer-size=1M",
        "--table-open-cache=200", "--max-connections=500"}) {
    out.emplace_back(option);
  }
  return out;
}

// Runs in a child, which shares nothing with us; it only makes system calls.
[[noreturn]] void BecomeServer(char* const* argv, char* const* envp, const char* log) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int input = open("/dev/null", O_RDONLY);
  const int output = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  // A listening socket of ours that stayed open here would never refuse a connection.
  syscall(SYS_close_range, 3U, ~0U, 0U);
  setsid();
  execve(argv[0], argv, envp);
  _exit(127);
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

Result<MariadbPrograms> FindMariadb() {
  MariadbPrograms programs{OnPath("mariadbd"), OnPath("mariadb")};
  if (!programs.server.empty() && !programs.client.empty()) return {std::move(programs)};
  return Error{ErrorCode::kNotFound,
               fmt::format("a downstream that is a MariaDB needs {}, which is not here: {}",
                           programs.server.empty() ? "mariadbd" : "mariadb", kAdvice),
               ""};
}

Result<std::unique_ptr<MariadbServer>> MariadbServer::Start(const std::string& folder,
                                                            const std::string& lab) {
  TRY_ASSIGN(const MariadbPrograms programs, FindMariadb());
  std::error_code failed;
  for (const char* part : {"data", "files"}) fs::create_directories(folder + "/" + part, failed);
  if (failed) return Error{ErrorCode::kIo, "can't make " + folder + ": " + failed.message(), ""};
  auto made = std::unique_ptr<MariadbServer>(new MariadbServer(folder));
  std::vector<std::string> words = Arguments(programs.server, folder);
  // So a lab that is killed leaves nothing that the next one could not tell for its own.
  std::vector<std::string> variables = {"TIDEGATE_LAB=" + lab, "PATH=/usr/bin:/bin"};
  const std::vector<char*> argv = Pointers(words);
  const std::vector<char*> envp = Pointers(variables);
  const std::string log = folder + "/log";
  const pid_t child = fork();
  if (child < 0) return Error{ErrorCode::kIo, "can't start mariadbd", ""};
  if (child == 0) BecomeServer(argv.data(), envp.data(), log.c_str());
  made->pid_ = child;
  const auto give_up_at = std::chrono::steady_clock::now() + kStartMax;
  while (!made->Ended() && std::chrono::steady_clock::now() < give_up_at) {
    Result<ServerLink> link = ServerLink::Connect(made->socket_path_);
    if (link.has_value() && link->LogIn().has_value()) return {std::move(made)};
    poll(nullptr, 0, kLookEveryMs);
  }
  return Error{ErrorCode::kIo,
               fmt::format("mariadbd does not start in {}: {}", folder, made->LastWords()), ""};
}

MariadbServer::~MariadbServer() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool MariadbServer::Ended() {
  if (pid_ != 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = 0;
  return pid_ == 0;
}

std::string MariadbServer::LastWords() const {
  const Result<std::string> log = ReadFile(folder_ + "/log");
  if (!log.has_value()) return "it said nothing";
  return log->size() > kWordsMax ? log->substr(log->size() - kWordsMax) : *log;
}

}  // namespace tidegate::lab
