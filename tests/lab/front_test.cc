// The sockets in front of the nodes, by a client that sends bytes: what is a request comes out
// whole, what is none is refused as Go's net/http does, and a bad peer costs its own connection.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <string>

#include "lab/front/http_front.h"
#include "tests/contract/loopback_server.h"

namespace tidegate::test {
namespace {

using lab::FrontLimits;
using lab::HttpArrival;
using lab::HttpFront;

constexpr std::int64_t kEpochMs = 1'540'000'000'000;
const std::string kHost = "127.0.0.1";

// A peer that says what it likes.
class Peer {
 public:
  explicit Peer(std::int64_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, kHost.c_str(), &place.sin_addr);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&place), sizeof(place)) == 0;
  }
  ~Peer() { Leave(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool connected() const { return connected_; }
  void Say(const std::string& bytes) const {
    BOOST_REQUIRE(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0);
  }
  void Leave() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  // What has come, without waiting; `ended`: the other side has closed.
  std::string Heard(bool* ended = nullptr) const {
    std::string out;
    std::array<char, 4096> buffer{};
    while (true) {
      const ssize_t got = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (ended != nullptr) *ended = got == 0 || (got < 0 && errno == ECONNRESET);
      if (got <= 0) return out;
      out.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  int fd_;
  bool connected_ = false;
};

struct Fixture {
  explicit Fixture(FrontLimits limits = {}) : front(limits, kEpochMs), port(FreePort(kHost)) {
    BOOST_REQUIRE(front.Open(kHost, port, HttpFront::Talk::kHttp).has_value());
  }
  std::vector<HttpArrival> Come(Time now = 0) {
    while (front.Poll(now)) {
    }
    return front.TakeArrivals();
  }

  HttpFront front;
  std::int64_t port;
};

const std::string kGet = "GET /status HTTP/1.1\r\nHost: x\r\n\r\n";

BOOST_AUTO_TEST_SUITE(front)

BOOST_AUTO_TEST_CASE(a_connection_is_kept_for_the_next_request) {
  Fixture f;
  const Peer peer(f.port);
  for (int i = 0; i < 2; ++i) {
    peer.Say(kGet);
    const std::vector<HttpArrival> come = f.Come();
    BOOST_REQUIRE_EQUAL(come.size(), 1U);
    BOOST_TEST(come[0].method == "GET");
    BOOST_TEST(come[0].target == "/status");
    BOOST_TEST(come[0].port == f.port);
    BOOST_TEST(f.front.PeerPortOf(come[0].connection) != 0);
    f.front.Reply(come[0].connection, {200, "", "{}\n"});
    f.Come();
    BOOST_TEST(peer.Heard() ==
               "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
               "Date: Sat, 20 Oct 2018 01:46:40 GMT\r\nContent-Length: 3\r\n\r\n{}\n");
  }
  BOOST_TEST(f.front.connection_count() == 1U);
}

BOOST_AUTO_TEST_CASE(a_request_comes_in_pieces_and_its_body_with_it) {
  Fixture f;
  const Peer peer(f.port);
  peer.Say("PUT /state/pump1:8250/pause HTTP/1.1\r\nHost: x\r\nContent-");
  BOOST_TEST(f.Come().empty());
  peer.Say("Length: 4\r\nConnection: close\r\n\r\nab");
  BOOST_TEST(f.Come().empty());
  peer.Say("cd");
  const std::vector<HttpArrival> come = f.Come();
  BOOST_REQUIRE_EQUAL(come.size(), 1U);
  BOOST_TEST(come[0].method == "PUT");
  BOOST_TEST(come[0].body == "abcd");
  f.front.Reply(come[0].connection, {404, "application/json", "{}"});
  f.Come();
  bool ended = false;
  BOOST_TEST(peer.Heard(&ended).starts_with("HTTP/1.1 404 Not Found\r\n"));
  BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(requests_that_follow_at_once_are_answered_in_turn) {
  Fixture f;
  const Peer peer(f.port);
  peer.Say(kGet + "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  std::vector<HttpArrival> come = f.Come();
  BOOST_REQUIRE_EQUAL(come.size(), 1U);
  f.front.Reply(come[0].connection, {200, "", "one"});
  come = f.Come();
  BOOST_REQUIRE_EQUAL(come.size(), 1U);
  BOOST_TEST(come[0].target == "/metrics");
  f.front.Reply(come[0].connection, {200, "", "two"});
  f.Come();
  const std::string heard = peer.Heard();
  BOOST_TEST(heard.find("one") != std::string::npos);
  BOOST_TEST(heard.ends_with("Content-Length: 3\r\n\r\n"));  // of HEAD: no body
}

BOOST_AUTO_TEST_CASE(what_is_no_request_is_refused) {
  FrontLimits limits;
  limits.header_bytes_max = 1024;
  limits.body_bytes_max = 1024;
  Fixture f(limits);
  const std::string long_header = "GET / HTTP/1.1\r\nX: " + std::string(4000, 'a') + "\r\n\r\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"rubbish\r\n\r\n", "400 Bad Request"},
      {std::string("\0\1\2\3\r\n\r\n", 8), "400 Bad Request"},
      {long_header, "431 Request Header Fields Too Large"},
      {"POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n", "413 Payload Too Large"}};
  for (const auto& [bytes, answer] : cases) {
    const Peer peer(f.port);
    peer.Say(bytes);
    BOOST_TEST(f.Come().empty());
    bool ended = false;
    const std::string heard = peer.Heard(&ended);
    BOOST_TEST(heard.starts_with("HTTP/1.1 " + answer + "\r\n"), heard);
    BOOST_TEST(ended);
  }
  f.Come();
  BOOST_TEST(f.front.connection_count() == 0U);
}

BOOST_AUTO_TEST_CASE(a_slow_request_ends_with_its_time_and_an_idle_connection_does_not) {
  FrontLimits limits;
  limits.request_max = kMinute;
  Fixture f(limits);
  const Peer slow(f.port);
  const Peer idle(f.port);
  slow.Say("GET /status HT");
  f.Come(kSecond);
  slow.Say("TP/1.1\r\n");
  f.Come(30 * kSecond);
  BOOST_TEST(f.front.connection_count() == 2U);
  f.Come(62 * kSecond);
  BOOST_TEST(f.front.connection_count() == 1U);
  bool ended = false;
  BOOST_TEST(slow.Heard(&ended).empty());
  BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(connections_have_a_bound) {
  FrontLimits limits;
  limits.connections_max = 2;
  Fixture f(limits);
  const Peer first(f.port);
  const Peer second(f.port);
  f.Come();
  const Peer third(f.port);
  f.Come();
  bool ended = false;
  third.Heard(&ended);
  BOOST_TEST(ended);
  first.Say(kGet);
  BOOST_TEST(f.Come().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_peer_that_gives_up_takes_its_connection_along) {
  Fixture f;
  Peer peer(f.port);
  peer.Say(kGet);
  const std::vector<HttpArrival> come = f.Come();
  BOOST_REQUIRE_EQUAL(come.size(), 1U);
  peer.Leave();
  f.Come();
  BOOST_TEST(f.front.connection_count() == 0U);
  f.front.Reply(come[0].connection, {200, "", "late"});  // void
}

BOOST_AUTO_TEST_CASE(a_port_closes_with_its_process) {
  Fixture f;
  const Peer peer(f.port);
  peer.Say(kGet);
  BOOST_TEST(f.Come().size() == 1U);
  f.front.Close(kHost, f.port);
  bool ended = false;
  peer.Heard(&ended);
  BOOST_TEST(ended);
  BOOST_TEST(!Peer(f.port).connected());
  BOOST_REQUIRE(f.front.Open(kHost, f.port, HttpFront::Talk::kSilent).has_value());
  const Peer silent(f.port);
  BOOST_TEST(silent.connected());
  silent.Say("hello");
  BOOST_TEST(f.Come().empty());
  BOOST_TEST(silent.Heard(&ended).empty());
  BOOST_TEST(!ended);
}

BOOST_AUTO_TEST_CASE(a_port_that_is_taken_is_an_error_with_its_name) {
  Fixture f;
  HttpFront other({}, kEpochMs);
  const Status status = other.Open(kHost, f.port, HttpFront::Talk::kHttp);
  BOOST_REQUIRE(!status.has_value());
  BOOST_TEST(status.error().message ==
             fmt::format("can't listen on 127.0.0.1:{}: Address already in use", f.port));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
