// One HTTP connection of the front: reads a request, hands it over, waits for its reply, writes it,
// reads the next. Private to lab/front; Beast stays in http_connection.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lab/front/http_front.h"

namespace tidegate::lab {

/// What the connections of a front share.
struct FrontShared {
  FrontLimits limits;
  std::int64_t epoch_ms = 0;
  Time now = 0;
  std::vector<HttpArrival> arrivals;
  /// May have bytes on their way to their peers.
  std::vector<ConnectionId> sending;
  /// No request that is being read began before this.
  Time begun_least = kTimeMax;

  /// Of a reply that is sent now. Good for a second.
  const std::string& Date();

 private:
  std::int64_t date_second_ = -1;
  std::string date_;
};

/// Every call that says false has come to the connection's end: it is to be destroyed.
class HttpConnection {
 public:
  /// Owns `fd`, which does not block and whose readiness is told by its edges.
  HttpConnection(FrontShared* shared, ConnectionId id, int fd, std::string host, std::int64_t port,
                 HttpFront::Talk talk, std::uint16_t peer_port);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  bool IsAt(std::string_view host, std::int64_t port) const {
    return port_ == port && host_ == host;
  }
  std::uint16_t peer_port() const { return peer_port_; }

  /// There is something to read; `ending`: the peer's end is among it.
  bool OnReadable(bool ending);
  /// There is room to write.
  bool OnWritable();
  /// Void when no request waits for a reply.
  bool Reply(const HttpReply& reply);

  /// When the request that is being read began; -1: none is.
  Time begun() const { return begun_; }
  /// Has its peer's kernel everything? Then it counts as sending no more.
  bool TakeSent();

 private:
  struct Parser;
  enum class State : std::uint8_t {
    kReads,    ///< a request
    kReplies,  ///< a whole request is out, its reply is not
    kWrites,   ///< the reply, of which the peer has not taken all
    kDrains,   ///< nothing more is said: a peer that is still sending must not have it reset away
  };

  bool Fill(bool* more);
  bool Read();
  bool Parse(bool* whole);
  void HandOver();
  bool Refuse(std::string_view status);
  bool Write();
  bool Written();
  bool Drain();
  void Begin();

  FrontShared& shared_;
  ConnectionId id_;
  int fd_;
  std::string host_;
  std::int64_t port_;
  std::uint16_t peer_port_;
  State state_ = State::kReads;
  bool drained_ = false;  ///< what has come is read; the next edge is still to come
  bool ending_ = false;   ///< the peer's end has come, behind what is not read yet
  bool keep_alive_ = false;
  bool head_ = false;
  bool sends_ = false;  ///< is among the shared `sending`
  int http_minor_ = 1;
  std::unique_ptr<Parser> parser_;
  std::string output_;    ///< the last reply
  std::size_t sent_ = 0;  ///< of it
  Time begun_ = -1;
  std::size_t drained_bytes_ = 0;
};

}  // namespace tidegate::lab
