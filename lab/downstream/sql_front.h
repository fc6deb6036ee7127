// Real sockets in front of the lab's databases: whole commands of clients come out (TakeArrivals),
// answers go in (Reply). It speaks no SQL and knows no server. One thread; everything happens
// inside Poll.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lab/front/http_front.h"

namespace tidegate::lab {

/// What a client sent: one packet, or what several make up.
struct SqlArrival {
  ConnectionId connection = 0;
  std::string host;  ///< of the listener
  std::int64_t port = 0;
  std::uint16_t peer_port = 0;
  bool connects = false;      ///< it has just come, and said nothing yet
  std::uint8_t sequence = 0;  ///< of its last packet
  std::string payload;
};

class SqlFront {
 public:
  static constexpr std::size_t kConnectionsMax = 400;
  static constexpr std::size_t kCommandMax = 16U << 20U;

  SqlFront() = default;
  ~SqlFront();
  SqlFront(const SqlFront&) = delete;
  SqlFront& operator=(const SqlFront&) = delete;

  /// Begins to listen. Errors: kIo, naming the address. REQUIRES: not open.
  Status Open(const std::string& host, std::int64_t port);
  /// New connections are refused, open ones are closed.
  void Close(const std::string& host, std::int64_t port);
  bool IsOpen(const std::string& host, std::int64_t port) const;

  /// Accepts, reads and writes all that can be now; true when there was something.
  bool Poll();
  /// Everything that was written has been taken by the peers' kernels.
  bool AllSent() const;
  /// In the order in which they came; a connection has one at a time.
  std::vector<SqlArrival> TakeArrivals();
  /// Connections that their clients have ended.
  std::vector<ConnectionId> TakeGone();
  /// `bytes` are whole packets, perhaps none; then the connection's next command may come.
  void Reply(ConnectionId connection, std::string_view bytes);
  bool Lives(ConnectionId connection) const { return connections_.contains(connection); }
  /// Closes it once what was written is sent.
  void Drop(ConnectionId connection);

 private:
  struct Connection {
    int fd = -1;
    std::string host;
    std::int64_t port = 0;
    std::uint16_t peer_port = 0;
    std::string in;
    std::string out;
    bool waits = true;  ///< for an answer
    bool ends = false;
  };
  bool Accept(const std::pair<std::string, std::int64_t>& address, int listener);
  bool Serve(ConnectionId id, Connection* connection, bool* worked);
  bool Frame(ConnectionId id, Connection* connection);

  std::map<std::pair<std::string, std::int64_t>, int> listeners_;
  std::map<ConnectionId, Connection> connections_;
  std::vector<SqlArrival> arrivals_;
  std::vector<ConnectionId> gone_;
  ConnectionId last_id_ = 0;
};

}  // namespace tidegate::lab
