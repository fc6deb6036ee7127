#include "lab/session/control_socket.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tidegate::lab {

Result<std::unique_ptr<ControlSocket>> ControlSocket::Listen(const std::string& path) {
  const auto failed = [&](const char* what) {
    return Error{ErrorCode::kIo, fmt::format("can't {} {}: {}", what, path, std::strerror(errno)),
                 ""};
  };
  sockaddr_un place{};
  place.sun_family = AF_UNIX;
  if (path.size() >= sizeof(place.sun_path)) {
    errno = ENAMETOOLONG;
    return failed("listen at");
  }
  std::memcpy(place.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed("make a socket for");
  auto made = std::unique_ptr<ControlSocket>(new ControlSocket(fd));
  if (bind(fd, reinterpret_cast<const sockaddr*>(&place), sizeof(place)) != 0) {
    return failed("bind");
  }
  if (listen(fd, 1024) != 0) return failed("listen at");
  made->ready_ = epoll_create1(EPOLL_CLOEXEC);
  if (made->ready_ < 0 || !made->Await(fd, kListener)) return failed("wait at");
  return {std::move(made)};
}

ControlSocket::~ControlSocket() {
  for (const auto& [id, connection] : connections_) close(connection.fd);
  close(listener_);
  if (ready_ >= 0) close(ready_);
}

bool ControlSocket::Await(int fd, CallId id) {
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.u64 = id;
  return epoll_ctl(ready_, EPOLL_CTL_ADD, fd, &wanted) == 0;
}

void ControlSocket::Accept(bool* worked) {
  while (connections_.size() < kConnectionsMax) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    *worked = true;
    ucred peer{};
    socklen_t length = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) peer.pid = 0;
    connections_[++last_id_] = {fd, peer.pid, "", "", false};
    if (Await(fd, last_id_)) {
      ServeOne(last_id_, worked);
    } else {
      close(fd);
      connections_.erase(last_id_);
    }
  }
}

bool ControlSocket::Serve(CallId id, Connection* connection, bool* worked) {
  while (!connection->out.empty()) {
    const ssize_t put =
        send(connection->fd, connection->out.data(), connection->out.size(), MSG_NOSIGNAL);
    if (put < 0) return errno == EAGAIN || errno == EINTR;
    *worked = true;
    connection->out.erase(0, static_cast<std::size_t>(put));
    if (connection->out.empty()) return false;  // one call a connection
  }
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t got = recv(connection->fd, buffer.data(), buffer.size(), 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    *worked = true;
    if (got == 0) {
      if (connection->called) dead_.push_back(id);
      return false;
    }
    if (connection->called) continue;
    connection->in.append(buffer.data(), static_cast<std::size_t>(got));
    if (connection->in.size() > kLineMax) return false;
    const std::size_t end = connection->in.find('\n');
    if (end == std::string::npos) continue;
    connection->called = true;
    calls_.push_back({id, connection->pid, connection->in.substr(0, end)});
  }
}

void ControlSocket::ServeOne(CallId id, bool* worked) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || Serve(id, &found->second, worked)) return;
  close(found->second.fd);
  connections_.erase(found);
}

bool ControlSocket::Poll() {
  bool worked = false;
  for (const CallId id : std::exchange(replied_, {})) {
    ServeOne(id, &worked);
    const auto found = connections_.find(id);
    if (found != connections_.end() && !found->second.out.empty()) replied_.push_back(id);
  }
  std::array<epoll_event, 64> ready;
  int count = 0;
  do {
    count = epoll_wait(ready_, ready.data(), static_cast<int>(ready.size()), 0);
    for (int i = 0; i < count; ++i) {
      const CallId id = ready[static_cast<std::size_t>(i)].data.u64;
      if (id == kListener) {
        Accept(&worked);
      } else {
        ServeOne(id, &worked);
      }
    }
  } while (count == static_cast<int>(ready.size()));
  return worked;
}

std::vector<ControlCall> ControlSocket::TakeCalls() { return std::exchange(calls_, {}); }
std::vector<CallId> ControlSocket::TakeDead() { return std::exchange(dead_, {}); }

void ControlSocket::Reply(CallId call, std::string_view line) {
  const auto found = connections_.find(call);
  if (found == connections_.end()) return;
  found->second.out = std::string(line) + "\n";
  replied_.push_back(call);
}

}  // namespace tidegate::lab
