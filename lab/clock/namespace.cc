#include "lab/clock/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tidegate::lab {
namespace {

// All that the new processes need, made before there are any: between a clone and an exec nothing
// may allocate.
struct Plan {
  const char* path;
  char* const* argv;
  char* const* environment;
  const char* cwd;
  int streams[3];
  int errors;  ///< close-on-exec pipe for a Failure
  bool user_namespace;
  char uid_map[32];
  char gid_map[32];
  Page* page;
};

enum class Stage : int { kUserNamespace, kMounts, kCommand, kStreams, kFolder, kExec };
struct Failure {
  Stage stage;
  int error;
};

[[noreturn]] void Fail(const Plan& plan, Stage stage) {
  const Failure failure = {stage, errno};
  if (write(plan.errors, &failure, sizeof failure) < 0) _exit(71);
  _exit(70);
}

bool WriteText(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const auto size = static_cast<ssize_t>(strlen(text));
  const bool written = write(fd, text, static_cast<std::size_t>(size)) == size;
  close(fd);
  return written;
}

void ResetSignals() {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void RunCommand(const Plan& plan) {
  setsid();
  int high[3];
  for (int i = 0; i < 3; ++i) {
    high[i] = fcntl(plan.streams[i], F_DUPFD_CLOEXEC, 10);
    if (high[i] < 0) Fail(plan, Stage::kStreams);
  }
  for (int i = 0; i < 3; ++i) {
    if (dup2(high[i], i) < 0) Fail(plan, Stage::kStreams);
  }
  // All but the streams stay behind; the pipe for errors closes itself when exec succeeds.
  constexpr unsigned kCloseOnExec = 4;  // CLOSE_RANGE_CLOEXEC of linux/close_range.h
  syscall(SYS_close_range, 3U, ~0U, kCloseOnExec);
  if (plan.cwd != nullptr && chdir(plan.cwd) != 0) Fail(plan, Stage::kFolder);
  // Addresses reach output: bash mixes one into $RANDOM, Python orders sets of objects by them.
  personality(ADDR_NO_RANDOMIZE);
  execve(plan.path, plan.argv, plan.environment);
  Fail(plan, Stage::kExec);
}

void ReapForever(pid_t command, Page* page) {
  for (;;) {
    int status = 0;
    const pid_t ended = waitpid(-1, &status, 0);
    if (ended == command) page->engine_ended.store(1 + status);
    if (ended < 0 && errno == ECHILD) poll(nullptr, 0, -1);
  }
}

[[noreturn]] void RunProcessOne(const Plan& plan) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  ResetSignals();
  if (plan.user_namespace && (!WriteText("/proc/self/setgroups", "deny") ||
                              !WriteText("/proc/self/uid_map", plan.uid_map) ||
                              !WriteText("/proc/self/gid_map", plan.gid_map))) {
    Fail(plan, Stage::kUserNamespace);
  }
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) Fail(plan, Stage::kMounts);
  // Without a /proc of its own (a container may forbid it) ps shows the ids of outside; no more.
  mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  const auto command = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (command < 0) Fail(plan, Stage::kCommand);
  if (command == 0) RunCommand(plan);
  // Held open here, the streams would never end for those who read them.
  syscall(SYS_close_range, 0U, ~0U, 0U);
  ReapForever(command, plan.page);
  _exit(70);
}

const char* What(Stage stage) {
  switch (stage) {
    case Stage::kUserNamespace: return "mapping the user into a namespace";
    case Stage::kMounts: return "making the mounts private";
    case Stage::kCommand: return "starting a process";
    case Stage::kStreams: return "passing standard streams";
    case Stage::kFolder: return "entering the working folder";
    case Stage::kExec: return "executing the program";
  }
  return "starting";
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::string PathOf(const std::vector<std::string>& environment) {
  for (const std::string& each : environment) {
    if (each.rfind("PATH=", 0) == 0) return each.substr(5);
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

Result<std::string> FindProgram(const std::string& name,
                                const std::vector<std::string>& environment) {
  const Error missing = {ErrorCode::kNotFound, fmt::format("no program '{}' on the PATH", name),
                         ""};
  if (name.find('/') != std::string::npos) return name;
  const std::string path = PathOf(environment);
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const std::string file = fmt::format("{}/{}", path.substr(at, end - at), name);
    if (access(file.c_str(), X_OK) == 0) return file;
    at = end + 1;
  }
  return missing;
}

Status AwaitStart(int errors, const Command& command) {
  Failure failure = {};
  ssize_t size = 0;
  do {
    size = read(errors, &failure, sizeof failure);
  } while (size < 0 && errno == EINTR);
  if (size == 0) return {};
  const bool missing = failure.stage == Stage::kExec && failure.error == ENOENT;
  return Error{missing ? ErrorCode::kNotFound : ErrorCode::kIo,
               fmt::format("cannot run '{}': {}: {}", command.argv.front(), What(failure.stage),
                           strerror(failure.error)),
               ""};
}

}  // namespace

Result<pid_t> StartInNamespace(const Command& command, const std::vector<std::string>& environment,
                               Page* page) {
  TRY_ASSIGN(const std::string path, FindProgram(command.argv.front(), environment));
  const std::vector<char*> argv = Pointers(command.argv);
  const std::vector<char*> env = Pointers(environment);
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) return Error{ErrorCode::kIo, "no pipe", ""};
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  Plan plan = {
      path.c_str(),
      argv.data(),
      env.data(),
      command.cwd.empty() ? nullptr : command.cwd.c_str(),
      {command.stdin_fd < 0 ? null : command.stdin_fd, command.stdout_fd, command.stderr_fd},
      pipe_ends[1],
      geteuid() != 0,
      {},
      {},
      page};
  *fmt::format_to_n(plan.uid_map, sizeof plan.uid_map - 1, "0 {} 1", geteuid()).out = '\0';
  *fmt::format_to_n(plan.gid_map, sizeof plan.gid_map - 1, "0 {} 1", getegid()).out = '\0';

  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const unsigned long flags = CLONE_NEWPID | CLONE_NEWNS | SIGCHLD |
                              (plan.user_namespace ? static_cast<unsigned long>(CLONE_NEWUSER) : 0);
  const auto one = static_cast<pid_t>(syscall(SYS_clone, flags, 0, 0, 0, 0));
  if (one == 0) RunProcessOne(plan);
  const int clone_error = errno;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  close(pipe_ends[1]);
  close(null);
  Status started =
      one < 0 ? Status(Error{
                    ErrorCode::kIo,
                    fmt::format("this machine gives no PID namespace: {}{}", strerror(clone_error),
                                plan.user_namespace ? " (user namespaces may be off)" : ""),
                    ""})
              : AwaitStart(pipe_ends[0], command);
  close(pipe_ends[0]);
  if (started.has_value()) return one;
  if (one > 0) {
    kill(one, SIGKILL);
    waitpid(one, nullptr, 0);
  }
  return std::move(started).error();
}

}  // namespace tidegate::lab
