#include "lab/front/http_front.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "base/check.h"
#include "lab/front/http_connection.h"

namespace tidegate::lab {
namespace {

constexpr int kBacklog = 1024;
constexpr std::size_t kEventsAtOnce = 256;

// A listening socket; errno when it fails.
int ListenAt(const std::string& host, std::int64_t port) {
  addrinfo wanted{};
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* place = nullptr;
  if (getaddrinfo(host.c_str(), fmt::format_int(port).c_str(), &wanted, &place) != 0) {
    errno = EADDRNOTAVAIL;
    return -1;
  }
  const int fd = socket(place->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int yes = 1;
  const bool listens =
      fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
      bind(fd, place->ai_addr, place->ai_addrlen) == 0 && listen(fd, kBacklog) == 0;
  const int failure = errno;
  freeaddrinfo(place);
  if (listens) return fd;
  if (fd >= 0) close(fd);
  errno = failure;
  return -1;
}

std::uint16_t PortOf(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(peer).sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6&>(peer).sin6_port);
}

}  // namespace

struct HttpFront::Impl {
  struct Listener {
    int fd = -1;
    ConnectionId id = 0;  // of its events
    Talk talk = Talk::kHttp;
    bool starving = false;  // could not accept, and tries again when that may have changed
  };
  using Address = std::pair<std::string, std::int64_t>;

  Impl() : ready(epoll_create1(EPOLL_CLOEXEC)) { CHECK(ready >= 0); }
  ~Impl() {
    connections.clear();
    for (const auto& [address, listener] : listeners) close(listener.fd);
    close(ready);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Listen(const Listener& listener, int how, bool hears) const {
    epoll_event wanted{};
    wanted.events = hears ? EPOLLIN : 0U;
    wanted.data.u64 = listener.id;
    CHECK(epoll_ctl(ready, how, listener.fd, &wanted) == 0);
  }
  void Begin(Time at);
  void Expire();
  bool Serve(int count);
  void Serve(const epoll_event& event);
  void Accept(const Address& address, Listener* listener);
  void Admit(const Address& address, Talk talk, int fd, std::uint16_t peer_port);

  FrontShared shared;
  int ready;
  std::map<Address, Listener> listeners;
  boost::unordered_flat_map<ConnectionId, std::unique_ptr<HttpConnection>> connections;
  std::array<epoll_event, kEventsAtOnce> events;
  bool any_starving = false;
  Time starved_at = 0;
  std::size_t starved_count = 0;
  ConnectionId last_id = 0;
};

// Before what is done at a time.
void HttpFront::Impl::Begin(Time at) {
  shared.now = at;
  Expire();
  if (!any_starving || (at == starved_at && connections.size() >= starved_count)) return;
  any_starving = false;
  for (auto& [address, listener] : listeners) {
    if (std::exchange(listener.starving, false)) Listen(listener, EPOLL_CTL_MOD, true);
  }
}

void HttpFront::Impl::Expire() {
  const Time oldest = shared.now - shared.limits.request_max;
  if (shared.begun_least == kTimeMax || shared.begun_least >= oldest) return;
  shared.begun_least = kTimeMax;
  boost::unordered::erase_if(connections, [&](const auto& one) {
    const Time begun = one.second->begun();
    if (begun < 0) return false;
    if (begun < oldest) return true;
    shared.begun_least = std::min(shared.begun_least, begun);
    return false;
  });
}

bool HttpFront::Impl::Serve(int count) {
  for (int i = 0; i < count; ++i) Serve(events[static_cast<std::size_t>(i)]);
  return count > 0;
}

void HttpFront::Impl::Serve(const epoll_event& event) {
  const ConnectionId id = event.data.u64;  // epoll_event is packed: a reference would not do
  const auto found = connections.find(id);
  if (found != connections.end()) {
    HttpConnection& connection = *found->second;
    bool lives = true;
    if ((event.events & EPOLLOUT) != 0) lives = connection.OnWritable();
    if (lives && (event.events & ~EPOLLOUT) != 0) {
      lives = connection.OnReadable((event.events & ~(EPOLLOUT | EPOLLIN)) != 0);
    }
    if (!lives) connections.erase(found);
    return;
  }
  for (auto& [address, listener] : listeners) {
    if (listener.id == id) return Accept(address, &listener);
  }
}

void HttpFront::Impl::Accept(const Address& address, Listener* listener) {
  while (true) {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    const int fd = accept4(listener->fd, reinterpret_cast<sockaddr*>(&peer), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      Admit(address, listener->talk, fd, PortOf(peer));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
    // It would fail again at once, and for ever.
    listener->starving = any_starving = true;
    starved_at = shared.now;
    starved_count = connections.size();
    return Listen(*listener, EPOLL_CTL_MOD, false);
  }
}

void HttpFront::Impl::Admit(const Address& address, Talk talk, int fd, std::uint16_t peer_port) {
  const ConnectionId id = ++last_id;
  auto connection = std::make_unique<HttpConnection>(&shared, id, fd, address.first, address.second,
                                                     talk, peer_port);
  if (connections.size() >= shared.limits.connections_max) return;  // it closes
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  // By edges, each of which is told once: a connection costs this call and no other.
  epoll_event wanted{};
  wanted.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  wanted.data.u64 = id;
  if (epoll_ctl(ready, EPOLL_CTL_ADD, fd, &wanted) != 0) return;
  connections.emplace(id, std::move(connection));
}

HttpFront::HttpFront(FrontLimits limits, std::int64_t epoch_ms) : impl_(std::make_unique<Impl>()) {
  impl_->shared.limits = limits;
  impl_->shared.epoch_ms = epoch_ms;
}

HttpFront::~HttpFront() = default;

Status HttpFront::Open(const std::string& host, std::int64_t port, Talk talk) {
  CHECK(!IsOpen(host, port));
  const int fd = ListenAt(host, port);
  if (fd < 0) {
    return Error{ErrorCode::kIo,
                 fmt::format("can't listen on {}:{}: {}", host, port, std::strerror(errno)), ""};
  }
  const Impl::Listener listener{fd, ++impl_->last_id, talk, false};
  impl_->listeners.emplace(std::make_pair(host, port), listener);
  impl_->Listen(listener, EPOLL_CTL_ADD, true);
  return {};
}

void HttpFront::Close(const std::string& host, std::int64_t port) {
  const auto found = impl_->listeners.find({host, port});
  if (found == impl_->listeners.end()) return;
  close(found->second.fd);
  impl_->listeners.erase(found);
  boost::unordered::erase_if(impl_->connections,
                             [&](const auto& one) { return one.second->IsAt(host, port); });
}

bool HttpFront::IsOpen(const std::string& host, std::int64_t port) const {
  return impl_->listeners.count({host, port}) > 0;
}

bool HttpFront::Poll(Time now) {
  impl_->Begin(now);
  return impl_->Serve(epoll_wait(impl_->ready, impl_->events.data(), kEventsAtOnce, 0));
}

bool HttpFront::WaitFor(Duration real, Time now) {
  impl_->Begin(now);
  const timespec limit = {real / kSecond, real % kSecond};
  return impl_->Serve(
      epoll_pwait2(impl_->ready, impl_->events.data(), kEventsAtOnce, &limit, nullptr));
}

bool HttpFront::AllSent() const {
  std::erase_if(impl_->shared.sending, [this](ConnectionId id) {
    const auto found = impl_->connections.find(id);
    return found == impl_->connections.end() || found->second->TakeSent();
  });
  return impl_->shared.sending.empty();
}

std::vector<HttpArrival> HttpFront::TakeArrivals() {
  return std::exchange(impl_->shared.arrivals, {});
}

void HttpFront::Reply(ConnectionId connection, const HttpReply& reply) {
  const auto found = impl_->connections.find(connection);
  if (found == impl_->connections.end()) return;
  if (!found->second->Reply(reply)) impl_->connections.erase(found);
}

void HttpFront::Drop(ConnectionId connection) { impl_->connections.erase(connection); }

std::uint16_t HttpFront::PeerPortOf(ConnectionId connection) const {
  const auto found = impl_->connections.find(connection);
  return found == impl_->connections.end() ? std::uint16_t{0} : found->second->peer_port();
}

std::size_t HttpFront::connection_count() const { return impl_->connections.size(); }

}  // namespace tidegate::lab
