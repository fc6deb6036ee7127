#include "engine/real/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <limits>
#include <optional>

namespace tidegate::engine {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;
using boost::system::error_code;
using port::Answer;
using port::AnswerCode;

// One connection, from name to answer. Everything happens in one run of its io_context, which ends
// when nothing is left to do or the deadline passes.
class Session {
 public:
  explicit Session(const HttpRequest& request)
      : request_(request), resolver_(context_), stream_(context_) {}

  Answer Perform(bool only_connect) {
    only_connect_ = only_connect;
    const auto timeout = std::chrono::nanoseconds(request_.timeout);
    error_code failure;
    const net::ip::address address = net::ip::make_address(request_.host, failure);
    if (!failure) {
      Connect({tcp::endpoint(address, static_cast<std::uint16_t>(request_.port))});
    } else {
      resolver_.async_resolve(request_.host, std::to_string(request_.port),
                              [this](error_code failed, const tcp::resolver::results_type& found) {
                                OnResolved(failed, found);
                              });
    }
    context_.run_for(timeout);
    if (!answer_.has_value()) {
      // Closing cancels what is outstanding; its handlers are destroyed with the context, uncalled.
      resolver_.cancel();
      stream_.socket().close(failure);
      return {AnswerCode::kTimedOut, 0, ""};
    }
    return *std::move(answer_);
  }

 private:
  void OnResolved(error_code failure, const tcp::resolver::results_type& found) {
    if (failure) return Done({AnswerCode::kFailed, 0, "no address: " + failure.message()});
    std::vector<tcp::endpoint> endpoints;
    for (const auto& entry : found) endpoints.push_back(entry.endpoint());
    Connect(std::move(endpoints));
  }

  void Connect(std::vector<tcp::endpoint> endpoints) {
    endpoints_ = std::move(endpoints);
    net::async_connect(stream_.socket(), endpoints_,
                       [this](error_code failure, const tcp::endpoint&) { OnConnected(failure); });
  }

  void OnConnected(error_code failure) {
    if (failure == net::error::connection_refused)
      return Done({AnswerCode::kConnectionRefused, 0, ""});
    // No route, host down, the kernel's own time-out: nobody refused, so nothing is known.
    if (failure) return Done({AnswerCode::kTimedOut, 0, failure.message()});
    if (only_connect_) return Done({AnswerCode::kOk, 0, ""});
    const bool post = !request_.post_body.empty();
    message_.version(11);
    message_.method(post ? http::verb::post : http::verb::get);
    message_.target(request_.path);
    message_.set(http::field::host, request_.host + ":" + std::to_string(request_.port));
    message_.set(http::field::user_agent, "binlog-upgrade");
    message_.set(http::field::connection, "close");
    if (post) message_.set(http::field::content_type, "application/json");
    message_.body() = request_.post_body;
    message_.prepare_payload();
    parser_.body_limit(request_.body_max);
    http::async_write(stream_, message_, [this](error_code failed, std::size_t) {
      if (failed) return Done({AnswerCode::kConnectionReset, 0, ""});
      http::async_read(stream_, buffer_, parser_,
                       [this](error_code read_failed, std::size_t) { OnRead(read_failed); });
    });
  }

  void OnRead(error_code failure) {
    const bool header = parser_.is_header_done();
    Answer answer;
    if (header) {
      answer.status = parser_.get().result_int();
      answer.body = std::move(parser_.get().body());
    }
    if (failure == http::error::body_limit || (failure && header)) {
      answer.code = AnswerCode::kTruncated;
    } else if (failure) {
      answer.code = AnswerCode::kConnectionReset;
    } else if (answer.status != 200) {
      answer.code = AnswerCode::kHttpStatus;
    }
    Done(std::move(answer));
  }

  void Done(Answer answer) {
    if (!answer_.has_value()) answer_ = std::move(answer);
    context_.stop();
  }

  const HttpRequest& request_;
  bool only_connect_ = false;
  std::optional<Answer> answer_;
  std::vector<tcp::endpoint> endpoints_;
  net::io_context context_;
  tcp::resolver resolver_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> message_;
  http::response_parser<http::string_body> parser_;
};

}  // namespace

Answer PerformHttp(const HttpRequest& request) { return Session(request).Perform(false); }

Answer ConnectTcp(const std::string& host, std::int64_t port_number, Duration timeout) {
  HttpRequest request;
  request.host = host;
  request.port = port_number;
  request.timeout = timeout;
  return Session(request).Perform(true);
}

}  // namespace tidegate::engine
