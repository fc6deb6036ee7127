#include "lab/front/http_front.h"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <ctime>
#include <map>
#include <optional>
#include <utility>

#include "base/check.h"

namespace tidegate::lab {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;
// Of the context's own type, so that each operation is spared a dispatch.
using Executor = net::io_context::executor_type;
using Socket = net::basic_stream_socket<tcp, Executor>;
using Acceptor = net::basic_socket_acceptor<tcp, Executor>;
using boost::system::error_code;

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
constexpr int kBacklog = 1024;
constexpr std::size_t kReadAtOnce = 4096;

// "Wed, 25 Nov 2026 10:00:00 GMT" (RFC 7231, section 7.1.1.1).
std::string HttpDate(std::int64_t unix_ms) {
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                     kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                     kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string_view Reason(std::int64_t status) {
  return http::obsolete_reason(static_cast<http::status>(status));
}

}  // namespace

struct HttpFront::Impl {
  struct Connection;
  struct Listener {
    explicit Listener(net::io_context& context) : acceptor(context) {}
    Acceptor acceptor;
    std::string host;
    std::int64_t port = 0;
    Talk talk = Talk::kHttp;
  };
  using ConnectionPtr = std::shared_ptr<Connection>;

  Impl(FrontLimits given, std::int64_t epoch) : limits(given), epoch_ms(epoch) {}
  // Handlers hold what they work on: they go first, and the connections before the context.
  ~Impl() {
    starving.clear();
    listeners.clear();
    connections.clear();
  }

  void Accept(const std::shared_ptr<Listener>& listener);
  void Admit(Listener& listener, Socket socket);
  /// Before what is done at a time.
  void Begin(Time at);
  void Expire();
  void Forget(ConnectionId id) { connections.erase(id); }
  const std::string& Date();

  FrontLimits limits;
  std::int64_t epoch_ms;
  Time now = 0;
  net::io_context context{1};
  std::map<std::pair<std::string, std::int64_t>, std::shared_ptr<Listener>> listeners;
  std::map<ConnectionId, ConnectionPtr> connections;
  std::vector<HttpArrival> arrivals;
  // Could not accept, and try again when time has passed or a connection has ended.
  std::vector<std::shared_ptr<Listener>> starving;
  Time starved_at = 0;
  std::size_t starved_count = 0;
  ConnectionId last_id = 0;
  // With ten thousand connections a look at each of them at every step is too much: no request
  // that is being read began before this,
  Time begun_least = kTimeMax;
  // these may have bytes on their way,
  std::vector<ConnectionId> sending;
  // and a date is good for a second.
  std::int64_t date_second = -1;
  std::string date;
};

// One connection: reads a request, hands it over, waits for its reply, writes it, reads the next.
struct HttpFront::Impl::Connection : std::enable_shared_from_this<Connection> {
  Connection(Impl& owner_, ConnectionId id_, Socket socket_, const Listener& listener)
      : owner(owner_),
        id(id_),
        socket(std::move(socket_)),
        host(listener.host),
        port(listener.port),
        talk(listener.talk) {}

  void Read() {
    parser.emplace();
    parser->eager(true);
    parser->header_limit(static_cast<std::uint32_t>(owner.limits.header_bytes_max));
    parser->body_limit(owner.limits.body_bytes_max);
    replying = false;
    begun = -1;
    // What has come already, with the request before it.
    if (buffer.size() > 0) return Parse();
    Await();
  }

  void Begin() {
    begun = owner.now;
    owner.begun_least = std::min(owner.begun_least, begun);
  }

  // One read at a time, of whatever comes next: a request, the rest of it, or the peer's end. While
  // a request waits for its reply no more than one such piece is taken.
  void Await() {
    if (awaits) return;
    awaits = true;
    socket.async_read_some(buffer.prepare(kReadAtOnce),
                           [self = shared_from_this()](error_code failure, std::size_t got) {
                             self->awaits = false;
                             if (self->gone || self->draining) return;
                             // A peer that gives up takes its connection with it.
                             if (failure) return self->Close();
                             self->buffer.commit(got);
                             if (!self->replying) self->Parse();
                           });
  }

  void Parse() {
    if (begun < 0) Begin();
    error_code failure;
    const std::size_t used = parser->put(buffer.data(), failure);
    buffer.consume(used);
    if (parser->is_done()) return OnRead({});
    if (failure && failure != http::error::need_more) return OnRead(failure);
    Await();
  }

  void OnRead(error_code failure) {
    if (gone) return;
    begun = -1;
    if (!failure) {
      const auto& message = parser->get();
      owner.arrivals.push_back({id, host, port, std::string(message.method_string()),
                                std::string(message.target()), message.body()});
      keep_alive = message.keep_alive();
      http_minor = message.version() == 10 ? 0 : 1;
      head = message.method() == http::verb::head;
      replying = true;
      return Await();
    }
    keep_alive = false;
    if (failure == http::error::header_limit) return Refuse(431);
    if (failure == http::error::body_limit) return Refuse(413);
    // What is no HTTP at all; a peer that only closed gets no answer.
    if (failure.category() == make_error_code(http::error::bad_method).category() &&
        failure != http::error::end_of_stream && failure != http::error::partial_message) {
      return Refuse(400);
    }
    Close();
  }

  // net/http: server.go conn.serve, "400 Bad Request" and its kin.
  void Refuse(std::int64_t status) {
    const std::string text = fmt::format("{} {}", status, Reason(status));
    output = fmt::format("HTTP/1.1 {}\r\nContent-Type: {}\r\nConnection: close\r\n\r\n{}", text,
                         kPlainText, text);
    Write();
  }

  void Reply(const HttpReply& reply) {
    if (!replying) return;
    replying = false;
    output = http_minor == 0 ? "HTTP/1.0 " : "HTTP/1.1 ";
    output += fmt::format_int(reply.status).c_str();
    output += ' ';
    output += Reason(reply.status);
    output += "\r\nContent-Type: ";
    output += reply.content_type.empty() ? kPlainText : reply.content_type;
    output += "\r\nDate: ";
    output += owner.Date();
    output += "\r\nContent-Length: ";
    output += fmt::format_int(reply.body.size()).c_str();
    output += keep_alive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
    if (!head) output += reply.body;
    Write();
  }

  // Sends `output`.
  void Write() {
    if (!std::exchange(sends, true)) owner.sending.push_back(id);
    error_code failure;
    const std::size_t sent = socket.write_some(net::buffer(output), failure);
    if (failure && failure != net::error::would_block) return Close();
    if (sent == output.size()) return keep_alive ? Read() : Finish();
    net::async_write(socket, net::buffer(output) + sent,
                     [self = shared_from_this()](error_code failure, std::size_t) {
                       if (self->gone) return;
                       if (failure || !self->keep_alive) return self->Finish();
                       self->Read();
                     });
  }

  // A peer that is still sending must not have its reply reset away.
  void Finish() {
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    Drain();
  }

  void Drain() {
    draining = true;
    if (drained_bytes > owner.limits.header_bytes_max) return Close();
    if (begun < 0) Begin();
    auto sink = std::make_shared<std::array<char, 4096>>();
    socket.async_read_some(net::buffer(*sink),
                           [self = shared_from_this(), sink](error_code failure, std::size_t got) {
                             if (failure || self->gone) return self->Close();
                             self->drained_bytes += got;
                             self->Drain();
                           });
  }

  void Close() {
    if (gone) return;
    gone = true;
    error_code ignored;
    socket.close(ignored);
    owner.Forget(id);
  }

  Impl& owner;
  ConnectionId id;
  Socket socket;
  std::string host;
  std::int64_t port;
  Talk talk;
  beast::flat_buffer buffer;
  std::optional<http::request_parser<http::string_body>> parser;
  std::string output;  // the last reply; not touched while it is being sent
  Time begun = -1;     // when the request that is being read began; -1: none is
  std::size_t drained_bytes = 0;
  int http_minor = 1;
  bool keep_alive = false;
  bool head = false;
  bool replying = false;  // a whole request is out, its reply is not
  bool awaits = false;    // a read is on
  bool draining = false;
  bool sends = false;  // is among the owner's `sending`
  bool gone = false;
};

void HttpFront::Impl::Accept(const std::shared_ptr<Listener>& listener) {
  listener->acceptor.async_accept([this, listener](error_code failure, Socket socket) {
    if (failure == net::error::operation_aborted || !listener->acceptor.is_open()) return;
    if (failure) {  // Out of descriptors it would fail again at once, and for ever.
      starving.push_back(listener);
      starved_at = now;
      starved_count = connections.size();
      return;
    }
    Admit(*listener, std::move(socket));
    Accept(listener);
  });
}

void HttpFront::Impl::Begin(Time at) {
  now = at;
  Expire();
  if (at != starved_at || connections.size() < starved_count) {
    for (const std::shared_ptr<Listener>& listener : std::exchange(starving, {})) {
      if (listener->acceptor.is_open()) Accept(listener);
    }
  }
  context.restart();
}

void HttpFront::Impl::Admit(Listener& listener, Socket socket) {
  if (connections.size() >= limits.connections_max) return;  // closed as it goes out of scope
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);
  const auto connection =
      std::make_shared<Connection>(*this, ++last_id, std::move(socket), listener);
  connections.emplace(connection->id, connection);
  if (listener.talk == Talk::kHttp) {
    connection->Read();
  } else {
    connection->Drain();
    connection->begun = -1;
  }
}

void HttpFront::Impl::Expire() {
  if (begun_least == kTimeMax || now - begun_least <= limits.request_max) return;
  begun_least = kTimeMax;
  std::vector<ConnectionPtr> late;
  for (const auto& [id, connection] : connections) {
    if (connection->talk != Talk::kHttp || connection->begun < 0) continue;
    if (now - connection->begun > limits.request_max) {
      late.push_back(connection);
    } else {
      begun_least = std::min(begun_least, connection->begun);
    }
  }
  for (const ConnectionPtr& connection : late) connection->Close();
}

const std::string& HttpFront::Impl::Date() {
  const std::int64_t ms = epoch_ms + now / kMillisecond;
  if (ms / 1000 != date_second) {
    date_second = ms / 1000;
    date = HttpDate(ms);
  }
  return date;
}

HttpFront::HttpFront(FrontLimits limits, std::int64_t epoch_ms)
    : impl_(std::make_unique<Impl>(limits, epoch_ms)) {}

HttpFront::~HttpFront() {
  for (const auto& [id, connection] : std::exchange(impl_->connections, {})) connection->Close();
}

Status HttpFront::Open(const std::string& host, std::int64_t port, Talk talk) {
  CHECK(!IsOpen(host, port));
  const auto failed = [&](const error_code& failure) {
    return Error{ErrorCode::kIo,
                 fmt::format("can't listen on {}:{}: {}", host, port, failure.message()), ""};
  };
  error_code failure;
  const net::ip::address address = net::ip::make_address(host, failure);
  if (failure) return failed(failure);
  auto listener = std::make_shared<Impl::Listener>(impl_->context);
  listener->host = host;
  listener->port = port;
  listener->talk = talk;
  const tcp::endpoint endpoint(address, static_cast<std::uint16_t>(port));
  listener->acceptor.open(endpoint.protocol(), failure);
  if (failure) return failed(failure);
  listener->acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
  listener->acceptor.bind(endpoint, failure);
  if (failure) return failed(failure);
  listener->acceptor.listen(kBacklog, failure);
  if (failure) return failed(failure);
  impl_->listeners.emplace(std::make_pair(host, port), listener);
  impl_->Accept(listener);
  return {};
}

void HttpFront::Close(const std::string& host, std::int64_t port) {
  const auto found = impl_->listeners.find({host, port});
  if (found == impl_->listeners.end()) return;
  error_code ignored;
  found->second->acceptor.close(ignored);
  impl_->listeners.erase(found);
  std::vector<Impl::ConnectionPtr> theirs;
  for (const auto& [id, connection] : impl_->connections) {
    if (connection->host == host && connection->port == port) theirs.push_back(connection);
  }
  for (const Impl::ConnectionPtr& connection : theirs) connection->Close();
}

bool HttpFront::IsOpen(const std::string& host, std::int64_t port) const {
  return impl_->listeners.count({host, port}) > 0;
}

bool HttpFront::Poll(Time now) {
  impl_->Begin(now);
  return impl_->context.poll() > 0;
}

bool HttpFront::WaitFor(Duration real, Time now) {
  impl_->Begin(now);
  // The rest of what has come is the next Poll's.
  return impl_->context.run_one_for(std::chrono::nanoseconds(real)) > 0;
}

bool HttpFront::AllSent() const {
  std::erase_if(impl_->sending, [this](ConnectionId id) {
    const auto found = impl_->connections.find(id);
    if (found == impl_->connections.end()) return true;
    int left = 0;
    const int asked = ioctl(found->second->socket.native_handle(), SIOCOUTQ, &left);
    found->second->sends = asked == 0 && left > 0;
    return !found->second->sends;
  });
  return impl_->sending.empty();
}

std::vector<HttpArrival> HttpFront::TakeArrivals() { return std::exchange(impl_->arrivals, {}); }

void HttpFront::Reply(ConnectionId connection, const HttpReply& reply) {
  const auto found = impl_->connections.find(connection);
  if (found == impl_->connections.end()) return;
  const Impl::ConnectionPtr alive = found->second;
  alive->Reply(reply);
}

void HttpFront::Drop(ConnectionId connection) {
  const auto found = impl_->connections.find(connection);
  if (found == impl_->connections.end()) return;
  const Impl::ConnectionPtr alive = found->second;
  alive->Close();
}

std::uint16_t HttpFront::PeerPortOf(ConnectionId connection) const {
  const auto found = impl_->connections.find(connection);
  if (found == impl_->connections.end()) return 0;
  error_code failure;
  const tcp::endpoint peer = found->second->socket.remote_endpoint(failure);
  return failure ? std::uint16_t{0} : peer.port();
}

std::size_t HttpFront::connection_count() const { return impl_->connections.size(); }

}  // namespace tidegate::lab
