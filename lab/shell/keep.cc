// tidegate-lab-keep: the first program of a lab that is kept for people. Whoever comes in at its
// socket brings the descriptors of three streams and says what to run; it runs as a child of this
// one, on the control machine and under the lab's clock. A terminal becomes the controlling one of
// a session of its own, so that Ctrl-C and job control work.
//
// The visit's wire is that of the lab's programs (wire.h): program "terminal" or "streams", `argv`
// the command of a shell or nothing for a shell to talk to, `path` the folder where it begins,
// `input` the value of TERM. The reply's exit status is the command's.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/files.h"
#include "lab/hosts/root_dir.h"
#include "lab/shell/client.h"

namespace tidegate::lab {
namespace {

constexpr int kNoProgram = 127;
constexpr std::size_t kLineMax = 1U << 20U;

struct Visit {
  Request request;
  std::array<int, 3> streams = {-1, -1, -1};
};

// The first bytes bring the descriptors; the line may go on after them.
Result<Visit> ReadVisit(int line) {
  Visit visit;
  std::string text;
  std::array<char, 65536> buffer{};
  while (text.find('\n') == std::string::npos && text.size() < kLineMax) {
    iovec bytes = {buffer.data(), buffer.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof visit.streams)> room{};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    const ssize_t got = recvmsg(line, &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Error{ErrorCode::kIo, "a visitor went away", ""};
    text.append(buffer.data(), static_cast<std::size_t>(got));
    const cmsghdr* brought = CMSG_FIRSTHDR(&message);
    if (brought == nullptr || brought->cmsg_type != SCM_RIGHTS ||
        brought->cmsg_len != CMSG_LEN(sizeof visit.streams)) {
      continue;
    }
    std::memcpy(visit.streams.data(), CMSG_DATA(brought), sizeof visit.streams);
  }
  TRY_ASSIGN(visit.request, ReadRequest(std::string_view(text).substr(0, text.find('\n'))));
  if (visit.streams[0] < 0) return Error{ErrorCode::kBadInput, "a visitor without streams", ""};
  return visit;
}

// The rc file of whoever it is, and then the lab's PATH in front again, which it may have changed.
Result<std::string> WriteRc(const Place& place) {
  std::string path = place.lab + "/shell.rc";
  TRY(WriteFileAtomically(path, fmt::format("[ -f ~/.bashrc ] && . ~/.bashrc\n"
                                            "PATH={}/bin:$PATH\n"
                                            "PS1='lab:\\w\\$ '\n",
                                            place.lab)));
  return path;
}

[[noreturn]] void BecomeShell(const Place& place, const Visit& visit) {
  setsid();
  if (visit.request.program == "terminal") ioctl(visit.streams[0], TIOCSCTTY, 0);
  for (int i = 0; i < 3; ++i) dup2(visit.streams[static_cast<std::size_t>(i)], i);
  std::signal(SIGCHLD, SIG_DFL);
  if (!visit.request.input.empty()) setenv("TERM", visit.request.input.c_str(), 1);
  // A folder that is not here is no reason to have no shell.
  if (chdir(visit.request.path.c_str()) == 0) setenv("PWD", visit.request.path.c_str(), 1);
  std::vector<std::string> words = {"/bin/sh"};
  const bool talks = visit.request.argv.empty();
  if (talks && access("/bin/bash", X_OK) == 0) {
    const Result<std::string> rc = WriteRc(place);
    if (rc.has_value()) words = {"/bin/bash", "--rcfile", *rc};
  }
  if (talks && visit.request.program == "terminal") words.emplace_back("-i");
  if (!talks) words.insert(words.end(), {"-c", visit.request.argv[0]});
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execv(pointers[0], pointers.data());
  _exit(kNoProgram);
}

// Until the shell ends, or the visitor goes away and takes it along.
int Attend(int line, pid_t shell) {
  const Fd ends(static_cast<int>(syscall(SYS_pidfd_open, shell, 0)));
  std::array<pollfd, 2> watched = {{{ends.get(), POLLIN, 0}, {line, POLLIN, 0}}};
  while (poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) {
  }
  if (watched[0].revents == 0) kill(-shell, SIGHUP);
  int status = 0;
  while (waitpid(shell, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

[[noreturn]] void Serve(const Place& place, int line) {
  std::signal(SIGCHLD, SIG_DFL);
  const Result<Visit> visit = ReadVisit(line);
  if (!visit.has_value()) _exit(1);
  const pid_t shell = fork();
  if (shell == 0) BecomeShell(place, *visit);
  for (const int stream : visit->streams) close(stream);
  Reply reply;
  reply.exit = shell < 0 ? kNoProgram : Attend(line, shell);
  WriteAll(line, WriteReply(reply) + "\n");
  _exit(0);
}

}  // namespace

int RunKeep(const Place& place) {
  std::signal(SIGCHLD, SIG_IGN);
  while (true) {
    const int line = accept4(STDIN_FILENO, nullptr, nullptr, SOCK_CLOEXEC);
    if (line < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (line < 0) {
      return Trouble(
          {ErrorCode::kIo, fmt::format("nobody can come in: {}", std::strerror(errno)), ""});
    }
    if (fork() == 0) Serve(place, line);
    close(line);
  }
}

}  // namespace tidegate::lab
