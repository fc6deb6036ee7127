// HTTP over TCP, one request a connection, with a time-out and a bound on the body. The only file
// of the engine that includes Beast is http_client.cc.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "engine/port/port.h"

namespace tidegate::engine {

struct HttpRequest {
  std::string host;
  std::int64_t port = 0;
  std::string path;
  std::string post_body;  ///< "" = GET
  Duration timeout = 5 * kSecond;
  std::size_t body_max = 64ULL << 20;
};

/// Performs the request; the answer's body is the response's, as it came. Codes:
/// kConnectionRefused; kConnectionReset (closed before a whole header came, an empty reply too);
/// kTimedOut (an unreachable host too: nobody refused); kTruncated (the body is shorter than
/// announced, or longer than body_max); kHttpStatus; kFailed for a name that can't be resolved.
port::Answer PerformHttp(const HttpRequest& request);

/// Does somebody accept connections there? kOk, kConnectionRefused, kTimedOut, kFailed.
port::Answer ConnectTcp(const std::string& host, std::int64_t port_number, Duration timeout);

}  // namespace tidegate::engine
