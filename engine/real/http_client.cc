#include "engine/real/http_client.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <limits>
#include <optional>

namespace tidegate::engine {

namespace net = boost::asio;
namespace ssl = net::ssl;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;
using boost::system::error_code;
using port::Answer;
using port::AnswerCode;

struct Tls::Context {
  ssl::context context{ssl::context::tls_client};
};

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
    if (request_.tls == nullptr || request_.tls->IsPlain(request_.host, request_.port)) {
      return Exchange(&stream_);
    }
    tls_.emplace(stream_, request_.tls->context_->context);
    error_code is_name;
    net::ip::make_address(request_.host, is_name);
    // A name goes into the hello (SNI, RFC 6066), an address may not.
    if (is_name) SSL_set_tlsext_host_name(tls_->native_handle(), request_.host.c_str());
    tls_->set_verify_mode(ssl::verify_peer);
    tls_->set_verify_callback(ssl::host_name_verification(request_.host));
    tls_->async_handshake(ssl::stream_base::client, [this](error_code failed) {
      if (failed) return Done({AnswerCode::kFailed, 0, WhyNoTls(failed)});
      Exchange(&*tls_);
    });
  }

  template <typename Stream>
  void Exchange(Stream* stream) {
    http::async_write(*stream, message_, [this, stream](error_code failed, std::size_t) {
      if (failed) return Done({AnswerCode::kConnectionReset, 0, ""});
      http::async_read(*stream, buffer_, parser_,
                       [this](error_code read_failed, std::size_t) { OnRead(read_failed); });
    });
  }

  // What went wrong with the handshake, for somebody who can put it right.
  std::string WhyNoTls(error_code failure) {
    const std::string place = fmt::format("{}:{}", request_.host, request_.port);
    const long verified = SSL_get_verify_result(tls_->native_handle());
    const int reason = failure.category() == net::error::get_ssl_category()
                           ? ERR_GET_REASON(static_cast<unsigned long>(failure.value()))
                           : 0;
    if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST) {
      return fmt::format("TLS: {} speaks no TLS: is it plain HTTP? (tls.plain of the site file)",
                         place);
    }
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
      // The callback that compares names leaves the chain's own verdict as it was.
      const std::string why = verified == X509_V_OK ? "it is for another host"
                                                    : X509_verify_cert_error_string(verified);
      return fmt::format("TLS: the certificate of {} is not to be trusted: {}", place, why);
    }
    return fmt::format("TLS: no handshake with {}: {}", place, failure.message());
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
  std::optional<ssl::stream<beast::tcp_stream&>> tls_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> message_;
  http::response_parser<http::string_body> parser_;
};

Tls::Tls(TlsFiles files, std::shared_ptr<Context> context)
    : files_(std::move(files)), context_(std::move(context)) {}

Result<std::shared_ptr<const Tls>> Tls::Load(const TlsFiles& files) {
  auto loaded = std::make_shared<Context>();
  ssl::context& context = loaded->context;
  error_code failure;
  const auto failed = [&](const char* what, const std::string& path) {
    return Error{ErrorCode::kBadInput, fmt::format("the {} of tls: {}", what, failure.message()),
                 path};
  };
  // Those of Go's crypto/tls when the products were built.
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  if (context.load_verify_file(files.ca, failure); failure) return failed("ca", files.ca);
  if (context.use_certificate_chain_file(files.cert, failure); failure) {
    return failed("cert", files.cert);
  }
  if (context.use_private_key_file(files.key, ssl::context::pem, failure); failure) {
    return failed("key", files.key);
  }
  return std::shared_ptr<const Tls>(new Tls(files, std::move(loaded)));
}

bool Tls::IsPlain(const std::string& host, std::int64_t port_number) const {
  const std::string place = fmt::format("{}:{}", host, port_number);
  return std::find(files_.plain.begin(), files_.plain.end(), place) != files_.plain.end();
}

Answer PerformHttp(const HttpRequest& request) { return Session(request).Perform(false); }

Answer ConnectTcp(const std::string& host, std::int64_t port_number, Duration timeout) {
  HttpRequest request;
  request.host = host;
  request.port = port_number;
  request.timeout = timeout;
  return Session(request).Perform(true);
}

}  // namespace tidegate::engine
