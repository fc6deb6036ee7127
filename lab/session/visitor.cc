#include "lab/session/visitor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/files.h"
#include "lab/hosts/root_dir.h"
#include "lab/session/leftovers.h"

namespace tidegate::lab {
namespace {

Error Gone(const std::string& path) {
  return {ErrorCode::kUnavailable,
          fmt::format("can't reach the lab at {}: {}", path, std::strerror(errno)), ""};
}

Result<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return Gone(path);
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

Result<Fd> Connect(const std::string& path) {
  TRY_ASSIGN(const sockaddr_un address, AddressOf(path));
  Fd line(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!line ||
      connect(line.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Gone(path);
  }
  return line;
}

Result<Reply> ReadLine(int line, std::string text) {
  std::array<char, 65536> buffer{};
  while (text.find('\n') == std::string::npos) {
    const ssize_t got = read(line, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Error{ErrorCode::kUnavailable, "the lab has ended", ""};
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return ReadReply(std::string_view(text).substr(0, text.find('\n')));
}

// The line, with the three descriptors beside its first bytes.
Status SendVisit(int line, const Request& request, std::array<int, 3> streams) {
  std::string text = WriteRequest(request) + "\n";
  iovec bytes = {text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof streams)> room{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  cmsghdr* brought = CMSG_FIRSTHDR(&message);
  brought->cmsg_level = SOL_SOCKET;
  brought->cmsg_type = SCM_RIGHTS;
  brought->cmsg_len = CMSG_LEN(sizeof streams);
  std::memcpy(CMSG_DATA(brought), streams.data(), sizeof streams);
  const ssize_t sent = sendmsg(line, &message, MSG_NOSIGNAL);
  if (sent <= 0) return Gone("its entrance");
  if (!WriteAll(line, std::string_view(text).substr(static_cast<std::size_t>(sent)))) {
    return Gone("its entrance");
  }
  return {};
}

volatile sig_atomic_t window_changed = 0;

// The user's terminal, handing on every key as it is; as it was when this goes.
class RawTerminal {
 public:
  RawTerminal() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios raw = before_;
    cfmakeraw(&raw);
    raw_ = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
  }
  ~RawTerminal() {
    if (raw_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios before_{};
  bool raw_ = false;
};

void CopyWindowSize(int to) {
  winsize size{};
  if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) ioctl(to, TIOCSWINSZ, &size);
}

// True when something was carried; false at its end.
bool Carry(int from, int to) {
  std::array<char, 65536> buffer{};
  const ssize_t got = read(from, buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  return got > 0 && WriteAll(to, {buffer.data(), static_cast<std::size_t>(got)});
}

// What was written before the end may come a little after it. A job that the shell left behind can
// keep its terminal open for ever.
void CarryLast(int terminal) {
  constexpr int kPatienceMs = 100;
  pollfd watched = {terminal, POLLIN, 0};
  while (poll(&watched, 1, kPatienceMs) > 0 && Carry(terminal, STDOUT_FILENO)) {
  }
}

// Between the user's terminal and the shell's until the lab says that the shell has ended.
Result<Reply> CarryAll(int line, int terminal) {
  const RawTerminal raw;
  struct sigaction changed {};
  changed.sa_handler = [](int) { window_changed = 1; };
  sigaction(SIGWINCH, &changed, nullptr);
  std::array<pollfd, 3> watched = {
      {{line, POLLIN, 0}, {terminal, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
  while (true) {
    if (window_changed != 0) {
      window_changed = 0;
      CopyWindowSize(terminal);
    }
    if (poll(watched.data(), watched.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return Gone("its terminal");
    }
    if (watched[1].revents != 0) {
      if (!Carry(terminal, STDOUT_FILENO)) watched[1].fd = -1;
    } else if (watched[0].revents != 0) {
      CarryLast(terminal);
      return ReadLine(line, "");
    } else if (watched[2].revents != 0 && !Carry(STDIN_FILENO, terminal)) {
      watched[2].fd = -1;
    }
  }
}

Result<Reply> VisitByTerminal(int line, Request request) {
  const Fd terminal(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  std::array<char, 128> name{};
  if (!terminal || grantpt(terminal.get()) != 0 || unlockpt(terminal.get()) != 0 ||
      ptsname_r(terminal.get(), name.data(), name.size()) != 0) {
    return Gone("a terminal for it");
  }
  CopyWindowSize(terminal.get());
  request.program = "terminal";
  {
    const Fd theirs(open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!theirs) return Gone(name.data());
    TRY(SendVisit(line, request, {theirs.get(), theirs.get(), theirs.get()}));
  }
  return CarryAll(line, terminal.get());
}

}  // namespace

Result<int> ListenForVisitors(const std::string& path) {
  TRY_ASSIGN(const sockaddr_un address, AddressOf(path));
  Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener ||
      bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener.get(), 64) != 0) {
    return Error{ErrorCode::kIo, fmt::format("can't listen at {}: {}", path, std::strerror(errno)),
                 ""};
  }
  return listener.Release();
}

Result<int> VisitLab(const Visit& visit) {
  TRY_ASSIGN(const Fd line, Connect(visit.enter_path));
  std::error_code failed;
  Request request{"streams", "", {}, std::filesystem::current_path(failed).string(), ""};
  if (!visit.command.empty()) request.argv = {visit.command};
  const char* term = getenv("TERM");
  if (term != nullptr) request.input = term;
  std::optional<Result<Reply>> reply;
  if (isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0) {
    reply = VisitByTerminal(line.get(), std::move(request));
  } else {
    TRY(SendVisit(line.get(), request, {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}));
    reply = ReadLine(line.get(), "");
  }
  if (!reply->has_value()) return reply->error();
  return (*reply)->exit;
}

std::vector<std::string> KeptLabs() {
  std::vector<std::string> out;
  for (std::string& lab : LivingLabs()) {
    const bool kept = access((lab + "/enter").c_str(), F_OK) == 0;
    // The last thing that is made: before, there is nobody to talk to.
    if (kept && access((lab + "/control").c_str(), F_OK) == 0) out.push_back(std::move(lab));
  }
  return out;
}

Result<std::string> FindLab(const std::string& named) {
  const std::vector<std::string> labs = KeptLabs();
  std::vector<std::string> found;
  for (const std::string& lab : labs) {
    if (named.empty() || lab == named || lab.ends_with("/" + named) || lab.ends_with("-" + named)) {
      found.push_back(lab);
    }
  }
  if (found.size() == 1) return found.front();
  if (labs.empty()) {
    return Error{ErrorCode::kBadInput, "no lab is running: start one with tidegate lab SCENARIO",
                 ""};
  }
  std::vector<std::string> described;
  for (const std::string& lab : labs) {
    const Result<std::string> owner = ReadFile(fmt::format("{}/{}", lab, kOwnerFile), 4096);
    const std::string says = owner.has_value() ? owner->substr(0, owner->find('\n')) : "";
    described.push_back(fmt::format("{} ({})", lab, says));
  }
  const std::string why = named.empty()
                              ? "several labs are running, --lab NAME says which one"
                              : fmt::format("'{}' is not one of the labs that are running", named);
  return Error{ErrorCode::kBadInput, fmt::format("{}: {}", why, fmt::join(described, ", ")), ""};
}

Result<Reply> CallLab(const std::string& folder, const std::vector<std::string>& words) {
  TRY_ASSIGN(const Fd line, Connect(folder + "/control"));
  if (!WriteAll(line.get(), WriteRequest({"lab", "localhost", words, "", ""}) + "\n")) {
    return Gone(folder);
  }
  return ReadLine(line.get(), "");
}

}  // namespace tidegate::lab
