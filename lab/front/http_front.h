// Real sockets in front of the simulated nodes: one HTTP server for all of them, a listener for
// each open port. It knows no node: whole requests come out (TakeArrivals), replies go in (Reply).
// What is no proper request is refused here, as Go's net/http does, and never reaches a node.
//
// One thread, no clock of its own: everything happens inside Poll and WaitFor, and what it knows of
// time it is told.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tidegate::lab {

using ConnectionId = std::uint64_t;

struct FrontLimits {
  std::size_t header_bytes_max = 1U << 20U;  ///< net/http: DefaultMaxHeaderBytes
  std::size_t body_bytes_max = 1U << 20U;
  std::size_t connections_max = 12'000;  ///< more are closed as they come
  Duration request_max = kMinute;        ///< from a request's first byte to its last
};

/// A whole request.
struct HttpArrival {
  ConnectionId connection = 0;
  std::string host;  ///< of the listener
  std::int64_t port = 0;
  std::string method;
  std::string target;
  std::string body;
};

/// Is copied before Reply returns.
struct HttpReply {
  std::int64_t status = 200;
  std::string_view content_type;  ///< "": text/plain; charset=utf-8
  std::string_view body;
};

class HttpFront {
 public:
  /// `epoch_ms`: the calendar time of Time 0, for the Date header.
  HttpFront(FrontLimits limits, std::int64_t epoch_ms);
  ~HttpFront();
  HttpFront(const HttpFront&) = delete;
  HttpFront& operator=(const HttpFront&) = delete;

  enum class Talk : std::uint8_t {
    kHttp,
    kSilent,  ///< connections are accepted and nothing is ever said (a TiDB's or Kafka's port)
  };
  /// Begins to listen. Errors: kIo, naming the address. REQUIRES: not open.
  Status Open(const std::string& host, std::int64_t port, Talk talk);
  /// The process behind the port is gone: new connections are refused, open ones are closed.
  void Close(const std::string& host, std::int64_t port);
  bool IsOpen(const std::string& host, std::int64_t port) const;

  /// Does all that can be done now, without waiting; true when there was something.
  bool Poll(Time now);
  /// Waits up to `real` of the machine's own time for something to do, and does a piece of it.
  bool WaitFor(Duration real, Time now);
  /// Everything that was written has been taken by the peers' kernels.
  bool AllSent() const;

  std::vector<HttpArrival> TakeArrivals();
  /// Void when the connection is gone.
  void Reply(ConnectionId connection, const HttpReply& reply);
  /// Closes without a reply, as a process does that dies.
  void Drop(ConnectionId connection);
  /// Of the other end; 0 when the connection is gone.
  std::uint16_t PeerPortOf(ConnectionId connection) const;

  std::size_t connection_count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidegate::lab
