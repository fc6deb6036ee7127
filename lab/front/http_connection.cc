#include "lab/front/http_connection.h"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <ctime>
#include <optional>
#include <utility>

namespace tidegate::lab {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
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

const std::string& FrontShared::Date() {
  const std::int64_t ms = epoch_ms + now / kMillisecond;
  if (ms / 1000 != date_second_) {
    date_second_ = ms / 1000;
    date_ = HttpDate(ms);
  }
  return date_;
}

struct HttpConnection::Parser {
  using Request = http::request_parser<http::string_body>;

  Request& Fresh(const FrontLimits& limits) {
    Request& fresh = request.emplace();
    fresh.eager(true);
    fresh.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    fresh.body_limit(limits.body_bytes_max);
    return fresh;
  }

  beast::flat_buffer buffer;  // what has come and was not parsed
  std::optional<Request> request;
};

HttpConnection::HttpConnection(FrontShared* shared, ConnectionId id, int fd, std::string host,
                               std::int64_t port, HttpFront::Talk talk, std::uint16_t peer_port)
    : shared_(*shared),
      id_(id),
      fd_(fd),
      host_(std::move(host)),
      port_(port),
      peer_port_(peer_port),
      state_(talk == HttpFront::Talk::kHttp ? State::kReads : State::kDrains) {
  if (talk != HttpFront::Talk::kHttp) return;
  parser_ = std::make_unique<Parser>();
  parser_->Fresh(shared_.limits);
}

HttpConnection::~HttpConnection() { close(fd_); }

void HttpConnection::Begin() {
  begun_ = shared_.now;
  shared_.begun_least = std::min(shared_.begun_least, begun_);
}

bool HttpConnection::OnReadable(bool ending) {
  drained_ = false;
  ending_ |= ending;
  switch (state_) {
    case State::kReads: return Read();
    case State::kDrains: return Drain();
    default: break;
  }
  // While a request waits for its reply one more piece is taken, to learn of a peer that gives up:
  // that takes its connection along.
  bool more = false;
  return parser_->buffer.size() > 0 || Fill(&more);
}

// Takes what has come into the buffer, one piece; `more`: there was something.
bool HttpConnection::Fill(bool* more) {
  ssize_t got = 0;
  do {
    got = recv(fd_, parser_->buffer.prepare(kReadAtOnce).data(), kReadAtOnce, 0);
  } while (got < 0 && errno == EINTR);
  *more = got > 0;
  if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
  // Less than was asked for is all there is (epoll(7)), unless the end is behind it.
  drained_ = got < 0 || (static_cast<std::size_t>(got) < kReadAtOnce && !ending_);
  if (got > 0) parser_->buffer.commit(static_cast<std::size_t>(got));
  return true;
}

bool HttpConnection::Read() {
  while (state_ == State::kReads) {
    if (parser_->buffer.size() > 0) {
      bool whole = false;
      if (!Parse(&whole)) return false;
      if (whole) break;
    }
    if (drained_) break;
    bool more = false;
    if (!Fill(&more)) return false;
  }
  bool more = false;
  return !ending_ || state_ != State::kReplies || parser_->buffer.size() > 0 || Fill(&more);
}

// `whole`: nothing more is to be read for now.
bool HttpConnection::Parse(bool* whole) {
  if (begun_ < 0) Begin();
  error_code failure;
  parser_->buffer.consume(parser_->request->put(parser_->buffer.data(), failure));
  *whole = true;
  if (parser_->request->is_done()) {
    HandOver();
    return true;
  }
  if (failure == http::error::header_limit) return Refuse("431 Request Header Fields Too Large");
  if (failure == http::error::body_limit) return Refuse("413 Payload Too Large");
  if (failure && failure != http::error::need_more) return Refuse("400 Bad Request");
  *whole = false;
  return true;
}

void HttpConnection::HandOver() {
  const auto& message = parser_->request->get();
  shared_.arrivals.push_back({id_, host_, port_, std::string(message.method_string()),
                              std::string(message.target()), message.body()});
  keep_alive_ = message.keep_alive();
  http_minor_ = message.version() == 10 ? 0 : 1;
  head_ = message.method() == http::verb::head;
  state_ = State::kReplies;
  begun_ = -1;
}

// net/http: server.go conn.serve, "400 Bad Request" and its kin.
bool HttpConnection::Refuse(std::string_view status) {
  begun_ = -1;
  keep_alive_ = false;
  output_ = fmt::format("HTTP/1.1 {}\r\nContent-Type: {}\r\nConnection: close\r\n\r\n{}", status,
                        kPlainText, status);
  sent_ = 0;
  return Write();
}

bool HttpConnection::Reply(const HttpReply& reply) {
  if (state_ != State::kReplies) return true;
  output_ = http_minor_ == 0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  output_ += fmt::format_int(reply.status).c_str();
  output_ += ' ';
  output_ += Reason(reply.status);
  output_ += "\r\nContent-Type: ";
  output_ += reply.content_type.empty() ? kPlainText : reply.content_type;
  output_ += "\r\nDate: ";
  output_ += shared_.Date();
  output_ += "\r\nContent-Length: ";
  output_ += fmt::format_int(reply.body.size()).c_str();
  output_ += keep_alive_ ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  if (!head_) output_ += reply.body;
  sent_ = 0;
  return Write();
}

bool HttpConnection::OnWritable() { return state_ != State::kWrites || Write(); }

bool HttpConnection::Write() {
  state_ = State::kWrites;
  if (!std::exchange(sends_, true)) shared_.sending.push_back(id_);
  while (sent_ < output_.size()) {
    const ssize_t put = send(fd_, output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno == EAGAIN;
    sent_ += static_cast<std::size_t>(put);
  }
  return Written();
}

// What has come already, with the request before, is the next one.
bool HttpConnection::Written() {
  if (keep_alive_) {
    state_ = State::kReads;
    parser_->Fresh(shared_.limits);
    return Read();
  }
  shutdown(fd_, SHUT_WR);
  state_ = State::kDrains;
  Begin();
  return Drain();
}

bool HttpConnection::Drain() {
  std::array<char, kReadAtOnce> sink;
  while (drained_bytes_ <= shared_.limits.header_bytes_max) {
    const ssize_t got = recv(fd_, sink.data(), sink.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    drained_bytes_ += static_cast<std::size_t>(got);
  }
  return false;
}

bool HttpConnection::TakeSent() {
  int left = 0;
  sends_ = ioctl(fd_, SIOCOUTQ, &left) == 0 && left > 0;
  return !sends_;
}

}  // namespace tidegate::lab
