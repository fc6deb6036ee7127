#include "lab/session/real_pace.h"

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

namespace tidegate::lab {
namespace {

constexpr Duration kTick = 10 * kMillisecond;
constexpr Duration kBusyTick = kMillisecond;
constexpr Duration kBusyFor = 100 * kMillisecond;  // after the last request
constexpr Duration kLook = kMillisecond;
constexpr Duration kAheadMax = 10 * kMillisecond;
constexpr Duration kLookEach = 300 * kMicrosecond;
constexpr int kNoProgram = 127;
constexpr int kInput = 3;  // where the program's standard input waits for it

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

// Runs in a child, which shares nothing with us; it only makes system calls.
[[noreturn]] void BecomeProgram(const Program& program, char* const* argv, char* const* envp) {
  setsid();
  const int input = program.input_fd >= 0 ? kInput : open("/dev/null", O_RDONLY);
  const int log = open(program.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(input, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  syscall(SYS_close_range, kInput, ~0U, 0U);
  if (chdir(program.folder.c_str()) == 0) execvpe(argv[0], argv, envp);
  _exit(kNoProgram);
}

// The first process of the namespace gets no signal that it does not ask for, so the program is its
// child. With it everything ends.
[[noreturn]] void BecomeFirst(const Program& program, char* const* argv, char* const* envp,
                              bool own_memory) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // A listening socket of ours that stayed open here would never refuse a connection.
  if (program.input_fd >= 0) dup2(program.input_fd, kInput);
  syscall(SYS_close_range, program.input_fd >= 0 ? kInput + 1 : kInput, ~0U, 0U);
  mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  if (own_memory) mount("tidegate", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
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

// Processes live in the machine's time, and the world waits for nothing.
class StoppedPace final : public RealPace {
 public:
  StoppedPace() : RealPace(1) {}
  void Set(Time) override {}
  bool Hurries() const override { return false; }
  bool Settled(bool, bool, HttpFront*) override { return true; }
  std::optional<Time> NextWake() override { return std::nullopt; }
};

}  // namespace

RealPace::RealPace(std::int64_t factor) : factor_(factor), tick_(std::max(kTick, factor * kLook)) {}

RealPace::~RealPace() { RealPace::KillAll(); }

Status RealPace::Spawn(const Program& program) { return Start(program, false); }

Status RealPace::Start(const Program& program, bool own_memory) {
  const std::vector<char*> argv = Pointers(program.argv);
  const std::vector<char*> envp = Pointers(program.environment);
  const long child =
      syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child < 0) {
    return Error{ErrorCode::kIo,
                 fmt::format("can't start a process in a PID namespace of its own: {}",
                             std::strerror(errno)),
                 ""};
  }
  if (child == 0) BecomeFirst(program, argv.data(), envp.data(), own_memory);
  pid_ = static_cast<pid_t>(child);
  status_.reset();
  return {};
}

std::optional<int> RealPace::ExitStatus() {
  if (pid_ <= 0 || status_.has_value()) return status_;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return status_;
}

// The namespace dies with its first process.
void RealPace::KillAll() {
  if (pid_ <= 0 || status_.has_value()) return;
  kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  status_ = 128 + SIGKILL;
}

void RealPace::Set(Time now) {
  if (!began_) Anchor(now, Machine());
  now_ = now;
}

void RealPace::Anchor(Time now, Time machine) {
  began_ = true;
  began_at_ = now;
  began_machine_ = machine;
}

bool RealPace::Hurries() const {
  const Time machine = Machine();
  return machine - looked_at_ < kLookEach && AheadOf(machine) <= kAheadMax * factor_;
}

bool RealPace::Settled(bool, bool waiting, HttpFront* front) {
  looked_at_ = Machine();
  if (waiting) busy_until_ = looked_at_ + kBusyFor;
  const Duration left = AheadOf(looked_at_);
  if (waiting || left <= (owes_ ? kAheadMax * factor_ : 0)) return true;
  front->WaitFor(std::clamp(left / factor_, kMicrosecond, kLook), now_);
  return false;
}

std::optional<Time> RealPace::NextWake() {
  return now_ + (looked_at_ < busy_until_ ? std::min(tick_, kBusyTick * factor_) : tick_);
}

Time RealPace::Machine() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::unique_ptr<Pace> MakeRealPace() { return std::make_unique<RealPace>(1); }
std::unique_ptr<Pace> MakeStoppedPace() { return std::make_unique<StoppedPace>(); }

}  // namespace tidegate::lab
