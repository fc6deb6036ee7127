#include "engine/real/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/check.h"

extern char** environ;

namespace tidegate::engine {
namespace {

using Clock = std::chrono::steady_clock;

// A file descriptor that closes itself.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  ~Fd() { Close(); }
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

bool MakePipe(Fd* read_end, Fd* write_end) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  *read_end = Fd(ends[0]);
  *write_end = Fd(ends[1]);
  return true;
}

std::vector<std::string> Environment(bool own_locale) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (own_locale || !text.starts_with("LC_ALL=")) out.push_back(text);
  }
  if (!own_locale) out.emplace_back("LC_ALL=C");
  return out;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> out;
  for (std::string& text : *texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

struct Child {
  pid_t pid = -1;
  Fd input;
  Fd output;
  Fd errors;
};

// Starts the program in a process group of its own, so that a time-out ends its children too.
int Spawn(const Command& command, Child* child) {
  Fd child_input;
  Fd child_output;
  Fd child_errors;
  if (!command.input_file.empty()) {
    child_input = Fd(open(command.input_file.c_str(), O_RDONLY | O_CLOEXEC));
    if (child_input.get() < 0) return errno;
  } else if (!MakePipe(&child_input, &child->input)) {
    return errno;
  }
  if (!MakePipe(&child->output, &child_output) || !MakePipe(&child->errors, &child_errors)) {
    return errno;
  }
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, child_input.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, child_output.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, child_errors.get(), STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> argv = command.argv;
  std::vector<std::string> environment = Environment(command.own_locale);
  const int failure = posix_spawnp(&child->pid, argv[0].c_str(), &actions, &attributes,
                                   Pointers(&argv).data(), Pointers(&environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failure;
}

// Reads what is there; closes at the end. False when `out` is full.
bool Drain(Fd* from, std::string* out, std::size_t bytes_max) {
  std::array<char, 16384> buffer{};
  const ssize_t got = read(from->get(), buffer.data(), buffer.size());
  if (got <= 0) {
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) from->Close();
    return true;
  }
  out->append(buffer.data(), static_cast<std::size_t>(got));
  return out->size() <= bytes_max;
}

void Feed(Fd* to, const std::string& input, std::size_t* fed) {
  const ssize_t put = write(to->get(), input.data() + *fed, input.size() - *fed);
  if (put > 0) *fed += static_cast<std::size_t>(put);
  if (*fed == input.size() || (put < 0 && errno != EAGAIN && errno != EINTR)) to->Close();
}

void NonBlocking(const Fd& fd) {
  if (fd.get() >= 0) fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

// Moves bytes until both outputs are closed, the time is over or an output is full.
CommandResult::End Pump(const Command& command, Clock::time_point deadline, Child* child,
                        CommandResult* result) {
  std::size_t fed = 0;
  if (command.input.empty()) child->input.Close();
  NonBlocking(child->input);
  while (child->output.get() >= 0 || child->errors.get() >= 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return CommandResult::End::kTimedOut;
    std::array<pollfd, 3> polled = {{{child->output.get(), POLLIN, 0},
                                     {child->errors.get(), POLLIN, 0},
                                     {child->input.get(), POLLOUT, 0}}};
    const int ready =
        poll(polled.data(), polled.size(), static_cast<int>(std::min<long>(left, 60'000)));
    if (ready < 0 && errno != EINTR) return CommandResult::End::kNotStarted;
    if (ready <= 0) continue;
    if (polled[0].revents != 0 && !Drain(&child->output, &result->output, command.output_max)) {
      return CommandResult::End::kOutputFull;
    }
    if (polled[1].revents != 0 && !Drain(&child->errors, &result->errors, command.output_max)) {
      return CommandResult::End::kOutputFull;
    }
    if (polled[2].revents != 0) Feed(&child->input, command.input, &fed);
  }
  return CommandResult::End::kExited;
}

// Waits for the end of the program itself; its outputs are closed already.
bool Reap(pid_t pid, Clock::time_point deadline, int* status) {
  for (;;) {
    const pid_t got = waitpid(pid, status, WNOHANG);
    if (got == pid) return true;
    if (got < 0 && errno != EINTR) return false;
    if (Clock::now() >= deadline) return false;
    poll(nullptr, 0, 2);
  }
}

}  // namespace

CommandResult RunCommand(const Command& command) {
  CHECK(!command.argv.empty());
  CommandResult result;
  Child child;
  std::signal(SIGPIPE, SIG_IGN);
  if (!command.input_file.empty() && access(command.input_file.c_str(), R_OK) != 0) {
    result.errors = command.input_file + ": " + std::strerror(errno);
    return result;
  }
  if (const int failure = Spawn(command, &child); failure != 0) {
    result.end =
        failure == ENOENT ? CommandResult::End::kNotFound : CommandResult::End::kNotStarted;
    result.errors = std::strerror(failure);
    return result;
  }
  const Clock::time_point deadline = Clock::now() + std::chrono::nanoseconds(command.timeout);
  result.end = Pump(command, deadline, &child, &result);
  int status = 0;
  if (result.end == CommandResult::End::kExited && !Reap(child.pid, deadline, &status)) {
    result.end = CommandResult::End::kTimedOut;
  }
  if (result.end != CommandResult::End::kExited) {
    kill(-child.pid, SIGKILL);
    waitpid(child.pid, &status, 0);
    return result;
  }
  if (WIFSIGNALED(status)) {
    result.end = CommandResult::End::kSignaled;
    result.status = WTERMSIG(status);
  } else {
    result.status = WEXITSTATUS(status);
  }
  return result;
}

}  // namespace tidegate::engine
