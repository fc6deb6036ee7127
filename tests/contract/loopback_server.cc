#include "tests/contract/loopback_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "base/check.h"

namespace tidegate::test {
namespace {

constexpr int kPollMs = 5;

int Listen(const std::string& address, std::int64_t port, std::int64_t* bound) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, address.c_str(), &place.sin_addr);
  socklen_t length = sizeof(place);
  auto* generic = reinterpret_cast<sockaddr*>(&place);
  CHECK_MSG(bind(fd, generic, length) == 0, fmt::format("can't bind {}:{}", address, port));
  CHECK(listen(fd, 64) == 0);
  CHECK(getsockname(fd, generic, &length) == 0);
  *bound = ntohs(place.sin_port);
  return fd;
}

void SendAll(int fd, const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (put <= 0) return;
    done += static_cast<std::size_t>(put);
  }
}

std::size_t AnnouncedLength(const std::string& header) {
  const std::size_t at = header.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::strtoull(header.c_str() + at + 16, nullptr, 10);
}

}  // namespace

LoopbackServer::LoopbackServer(const std::string& address, std::int64_t port, Handler handler)
    : listener_(Listen(address, port, &port_)), handler_(std::move(handler)) {
  thread_ = std::jthread([this] { Serve(); });
}

LoopbackServer::~LoopbackServer() {
  stop_ = true;
  thread_.join();
  for (const int fd : hanging_) close(fd);
  close(listener_);
}

std::vector<std::string> LoopbackServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

bool LoopbackServer::Readable(int fd) const {
  while (!stop_) {
    pollfd polled{fd, POLLIN, 0};
    if (poll(&polled, 1, kPollMs) > 0) return true;
  }
  return false;
}

void LoopbackServer::Serve() {
  while (Readable(listener_)) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) Answer(client);
  }
}

void LoopbackServer::Answer(int client) {
  std::string request;
  std::size_t header = std::string::npos;
  std::array<char, 4096> buffer{};
  const auto whole = [&] {
    header = request.find("\r\n\r\n");
    return header != std::string::npos &&
           request.size() >= header + 4 + AnnouncedLength(request.substr(0, header));
  };
  while (!whole()) {
    const ssize_t got = Readable(client) ? read(client, buffer.data(), buffer.size()) : 0;
    if (got <= 0) {  // a probe that only connects
      close(client);
      return;
    }
    request.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const std::size_t target = request.find(' ') + 1;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request.substr(0, request.find(' ', target)));
  }
  const Reply reply = handler_(request.substr(target, request.find(' ', target) - target),
                               request.substr(header + 4));
  if (reply.way == Reply::Way::kHang) {
    hanging_.push_back(client);
    return;
  }
  if (reply.way == Reply::Way::kAnswer) {
    SendAll(client, fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n", reply.status,
                                reply.body.size()) +
                        reply.body);
  }
  close(client);
}

std::int64_t FreePort(const std::string& address) {
  std::int64_t port = 0;
  close(Listen(address, 0, &port));
  return port;
}

}  // namespace tidegate::test
