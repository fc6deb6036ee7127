#include "lab/downstream/sql_front.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "lab/downstream/mysql_protocol.h"

namespace tidegate::lab {
namespace {

constexpr int kBacklog = 128;

}  // namespace

SqlFront::~SqlFront() {
  for (const auto& [id, connection] : connections_) close(connection.fd);
  for (const auto& [address, listener] : listeners_) close(listener);
}

Status SqlFront::Open(const std::string& host, std::int64_t port) {
  CHECK(!IsOpen(host, port));
  const auto failed = [&] {
    return Error{ErrorCode::kIo,
                 fmt::format("can't listen on {}:{}: {}", host, port, std::strerror(errno)), ""};
  };
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &place.sin_addr) != 1) {
    errno = EINVAL;
    return failed();
  }
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed();
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0 ||
      listen(fd, kBacklog) != 0) {
    const Error error = failed();
    close(fd);
    return error;
  }
  listeners_[{host, port}] = fd;
  return {};
}

void SqlFront::Close(const std::string& host, std::int64_t port) {
  const auto found = listeners_.find({host, port});
  if (found == listeners_.end()) return;
  close(found->second);
  listeners_.erase(found);
  std::erase_if(connections_, [&](const auto& one) {
    const Connection& connection = one.second;
    if (connection.host != host || connection.port != port) return false;
    close(connection.fd);
    gone_.push_back(one.first);
    return true;
  });
}

bool SqlFront::IsOpen(const std::string& host, std::int64_t port) const {
  return listeners_.count({host, port}) > 0;
}

bool SqlFront::Accept(const std::pair<std::string, std::int64_t>& address, int listener) {
  bool any = false;
  while (true) {
    sockaddr_in peer{};
    socklen_t length = sizeof peer;
    const int fd = accept4(listener, reinterpret_cast<sockaddr*>(&peer), &length,
                           SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return any;
    any = true;
    if (connections_.size() >= kConnectionsMax) {
      close(fd);
      continue;
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connection& connection = connections_[++last_id_];
    connection.fd = fd;
    connection.host = address.first;
    connection.port = address.second;
    connection.peer_port = ntohs(peer.sin_port);
    arrivals_.push_back(
        {last_id_, connection.host, connection.port, connection.peer_port, true, 0, ""});
  }
}

// False: the client sends more than a command may have.
bool SqlFront::Frame(ConnectionId id, Connection* connection) {
  std::string payload;
  for (std::size_t at = 0; !connection->waits && connection->in.size() - at >= kPacketHead;) {
    const std::string_view rest = std::string_view(connection->in).substr(at);
    const std::size_t size = PayloadSize(rest);
    if (rest.size() < kPacketHead + size) break;
    payload += rest.substr(kPacketHead, size);
    const auto sequence = static_cast<std::uint8_t>(rest[3]);
    at += kPacketHead + size;
    if (size == kPayloadMax) continue;
    connection->in.erase(0, at);
    connection->waits = true;
    arrivals_.push_back({id, connection->host, connection->port, connection->peer_port, false,
                         sequence, std::move(payload)});
    return true;
  }
  return connection->waits || connection->in.size() <= kCommandMax;
}

// False: the connection is over.
bool SqlFront::Serve(ConnectionId id, Connection* connection, bool* worked) {
  while (!connection->out.empty()) {
    const ssize_t put = send(connection->fd, connection->out.data(), connection->out.size(),
                             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (put < 0) break;
    *worked = true;
    connection->out.erase(0, static_cast<std::size_t>(put));
  }
  if (connection->ends) return !connection->out.empty();
  std::array<char, 65536> buffer;
  while (connection->in.size() <= kCommandMax) {
    const ssize_t got = recv(connection->fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
    *worked = true;
    if (got <= 0) return false;
    connection->in.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return Frame(id, connection);
}

bool SqlFront::Poll() {
  bool worked = false;
  for (const auto& [address, listener] : listeners_) worked |= Accept(address, listener);
  for (auto it = connections_.begin(); it != connections_.end();) {
    if (Serve(it->first, &it->second, &worked)) {
      ++it;
      continue;
    }
    worked = true;
    close(it->second.fd);
    gone_.push_back(it->first);
    it = connections_.erase(it);
  }
  return worked;
}

bool SqlFront::AllSent() const {
  for (const auto& [id, connection] : connections_) {
    int left = 0;
    if (!connection.out.empty()) return false;
    if (ioctl(connection.fd, SIOCOUTQ, &left) == 0 && left > 0) return false;
  }
  return true;
}

std::vector<SqlArrival> SqlFront::TakeArrivals() { return std::exchange(arrivals_, {}); }
std::vector<ConnectionId> SqlFront::TakeGone() { return std::exchange(gone_, {}); }

void SqlFront::Reply(ConnectionId connection, std::string_view bytes) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  found->second.out += bytes;
  found->second.waits = false;
}

void SqlFront::Drop(ConnectionId connection) {
  const auto found = connections_.find(connection);
  if (found != connections_.end()) found->second.ends = true;
}

}  // namespace tidegate::lab
