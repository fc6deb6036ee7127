// HTTP over TCP or TLS, one request a connection, with a time-out and a bound on the body. The only
// file of the engine that includes Beast and OpenSSL is http_client.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "engine/port/port.h"
#include "engine/tls.h"

namespace tidegate::engine {

/// Certificates, loaded once. Connections with it are TLS 1.2 or later; the server's certificate
/// must come from the CA and be for the host that was asked for, by name or address.
class Tls {
 public:
  /// Errors: kBadInput for files that can't be read, are no PEM, or don't belong together.
  static Result<std::shared_ptr<const Tls>> Load(const TlsFiles& files);

  /// Is that server one that speaks plain HTTP?
  bool IsPlain(const std::string& host, std::int64_t port_number) const;

 private:
  friend class Session;
  struct Context;
  Tls(TlsFiles files, std::shared_ptr<Context> context);

  TlsFiles files_;
  std::shared_ptr<Context> context_;
};

struct HttpRequest {
  std::string host;
  std::int64_t port = 0;
  std::string path;
  std::string post_body;  ///< "" = GET
  Duration timeout = 5 * kSecond;
  std::size_t body_max = 64ULL << 20;
  const Tls* tls = nullptr;  ///< null: plain HTTP
};

/// Performs the request; the answer's body is the response's, as it came. Codes:
/// kConnectionRefused; kConnectionReset (closed before a whole header came, an empty reply too);
/// kTimedOut (an unreachable host too: nobody refused); kTruncated (the body is shorter than
/// announced, or longer than body_max); kHttpStatus; kFailed for a name that can't be resolved,
/// and, with a body that begins with "TLS: ", for a server that is not to be trusted or speaks no
/// TLS.
port::Answer PerformHttp(const HttpRequest& request);

/// Does somebody accept connections there? kOk, kConnectionRefused, kTimedOut, kFailed.
port::Answer ConnectTcp(const std::string& host, std::int64_t port_number, Duration timeout);

}  // namespace tidegate::engine
