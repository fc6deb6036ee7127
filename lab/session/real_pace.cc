// The clock `real`: the world runs ahead by one tick and waits there for the machine's clock.
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "lab/session/pace.h"

namespace tidegate::lab {
namespace {

constexpr Duration kTick = 10 * kMillisecond;
constexpr Duration kLook = kMillisecond;
constexpr int kNoProgram = 127;

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

// Runs in a child, which shares nothing with us; it only makes system calls.
[[noreturn]] void BecomeProgram(const Program& program, char* const* argv, char* const* envp) {
  setsid();
  const int nothing = open("/dev/null", O_RDONLY);
  const int log = open(program.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(nothing, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  if (chdir(program.folder.c_str()) == 0) execvpe(argv[0], argv, envp);
  _exit(kNoProgram);
}

// The first process of the namespace gets no signal that it does not ask for, so the program is its
// child. With it everything ends.
[[noreturn]] void BecomeFirst(const Program& program, char* const* argv, char* const* envp) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // A port that we close would stay open here: ours is a copy of every socket of the session.
  syscall(SYS_close_range, STDERR_FILENO + 1U, ~0U, 0U);
  mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  const long child = syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) BecomeProgram(program, argv, envp);
  int status = 0;
  pid_t ended = 0;
  while (child > 0 && ended != child) {
    ended = waitpid(-1, &status, 0);
    if (ended < 0 && errno != EINTR) _exit(kNoProgram);
  }
  _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

class RealPace final : public Pace {
 public:
  ~RealPace() override { RealPace::KillAll(); }

  Status Spawn(const Program& program) override {
    const std::vector<char*> argv = Pointers(program.argv);
    const std::vector<char*> envp = Pointers(program.environment);
    const long child = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, nullptr, nullptr,
                               nullptr, nullptr);
    if (child < 0) {
      return Error{ErrorCode::kIo,
                   fmt::format("can't start a process in a PID namespace of its own: {}",
                               std::strerror(errno)),
                   ""};
    }
    if (child == 0) BecomeFirst(program, argv.data(), envp.data());
    pid_ = static_cast<pid_t>(child);
    status_.reset();
    return {};
  }

  std::optional<int> ExitStatus() override {
    if (pid_ <= 0 || status_.has_value()) return status_;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return status_;
  }

  // The namespace dies with its first process.
  void KillAll() override {
    if (pid_ <= 0 || status_.has_value()) return;
    kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    status_ = 128 + SIGKILL;
  }

  void Set(Time now) override {
    if (!began_) {
      began_ = true;
      ahead_ = now - Machine();
    }
    now_ = now;
  }

  bool Settled(bool, bool waiting, HttpFront* front) override {
    if (waiting) return true;
    const Duration left = now_ - (Machine() + ahead_);
    if (left <= 0) return true;
    front->WaitFor(std::min(left, kLook), now_);
    return false;
  }

  std::optional<Time> NextWake() override { return now_ + kTick; }
  bool WakeOne() override { return false; }
  std::uint64_t LineageOfProcess(int pid) override { return static_cast<std::uint64_t>(pid); }
  std::uint64_t LineageOfPort(std::uint16_t port) override { return port; }
  const std::string& trouble() const override { return trouble_; }

 private:
  static Time Machine() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }

  const std::string trouble_;
  pid_t pid_ = 0;
  std::optional<int> status_;
  bool began_ = false;
  Time now_ = 0;
  Duration ahead_ = 0;  // of the world's time over the machine's
};

}  // namespace

std::unique_ptr<Pace> MakeRealPace() { return std::make_unique<RealPace>(); }

}  // namespace tidegate::lab
