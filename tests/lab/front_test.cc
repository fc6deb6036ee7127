// The sockets in front of the nodes, by a client that sends bytes: what is a request comes out
// whole, what is none is refused as Go's net/http does, and a bad peer costs its own connection.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

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
  // Waits until what has come begins so; false: it ends or begins otherwise.
  bool Hears(const std::string& beginning) const {
    std::string heard(beginning.size(), '\0');
    const ssize_t got = recv(fd_, heard.data(), heard.size(), MSG_WAITALL);
    return got == static_cast<ssize_t>(heard.size()) && heard == beginning;
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

// Each costs the connection that it has, and nobody else anything.
BOOST_AUTO_TEST_CASE(bad_peers_cost_only_their_own_connections) {
  constexpr std::size_t kEach = 40;
  FrontLimits limits;
  limits.header_bytes_max = 4096;
  Fixture f(limits);
  const Peer good(f.port);
  const auto serve = [&](Time now) {
    good.Say(kGet);
    const std::vector<HttpArrival> come = f.Come(now);
    BOOST_REQUIRE_EQUAL(come.size(), 1U);
    f.front.Reply(come[0].connection, {200, "", "{}"});
    f.Come(now);
    BOOST_TEST(good.Heard().ends_with("\r\n\r\n{}"));
  };
  std::vector<std::unique_ptr<Peer>> slow;
  for (std::size_t i = 0; i < kEach; ++i) {
    slow.push_back(std::make_unique<Peer>(f.port));
    slow.back()->Say("GET /status HTTP/1.1\r\n");
    const Peer garbage(f.port);
    garbage.Say("\x16\x03\x01\x02 garbage\r\n\r\n");
    const Peer huge(f.port);
    huge.Say("GET / HTTP/1.1\r\nCookie: " + std::string(100'000, 'x'));
    BOOST_TEST(f.Come().empty());
    serve(0);
    BOOST_TEST(garbage.Heard().starts_with("HTTP/1.1 400 "));
    BOOST_TEST(huge.Heard().starts_with("HTTP/1.1 431 "));
  }
  f.Come();
  BOOST_TEST(f.front.connection_count() == kEach + 1);
  for (int second = 1; second < 60; ++second) {  // a byte now and then does not help them
    for (const auto& peer : slow) peer->Say("X");
    serve(second * kSecond);
  }
  serve(61 * kSecond);
  BOOST_TEST(f.front.connection_count() == 1U);
}

// Peers in a process of their own: one process may hold too few descriptors for both ends.
class PeerProcess {
 public:
  // Connects so often, says a request by each tenth connection, hears the answers, and leaves.
  PeerProcess(std::int64_t port, std::size_t count) {
    BOOST_REQUIRE(pipe2(said_.data(), O_CLOEXEC) == 0);
    pid_ = fork();
    if (pid_ == 0) _exit(Run(port, count));
    close(said_[1]);
  }
  void AwaitConnected() const {
    char byte = 0;
    BOOST_REQUIRE(read(said_[0], &byte, 1) == 1);
  }
  /// 0: it heard all that it awaited.
  int Wait() const {
    int status = 0;
    BOOST_REQUIRE(waitpid(pid_, &status, 0) == pid_);
    close(said_[0]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  int Run(std::int64_t port, std::size_t count) const {
    std::vector<std::unique_ptr<Peer>> peers;
    for (std::size_t i = 0; i < count; ++i) {
      peers.push_back(std::make_unique<Peer>(port));
      if (!peers.back()->connected()) return 1;
      if (i % 10 == 0) peers.back()->Say(kGet);
    }
    if (write(said_[1], "x", 1) != 1) return 3;
    for (std::size_t i = 0; i < count; i += 10) {
      if (!peers[i]->Hears("HTTP/1.1 200 ")) return 2;
    }
    return 0;
  }

  std::array<int, 2> said_{};
  pid_t pid_ = 0;
};

// Sets how many descriptors this process may have, and puts it back.
class FilesMax {
 public:
  FilesMax() { getrlimit(RLIMIT_NOFILE, &before_); }
  ~FilesMax() { setrlimit(RLIMIT_NOFILE, &before_); }
  FilesMax(const FilesMax&) = delete;
  FilesMax& operator=(const FilesMax&) = delete;
  bool Set(rlim_t count) const {
    rlimit limit = before_;
    limit.rlim_cur = count;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
  }

 private:
  rlimit before_{};
};

BOOST_AUTO_TEST_CASE(ten_thousand_connections_are_open_at_once) {
  constexpr std::size_t kCount = 10'000;
  const FilesMax files;
  if (!files.Set(kCount + 100)) {
    BOOST_TEST_MESSAGE("skipped, this machine allows too few descriptors");
    return;
  }
  Fixture f;
  PeerProcess peers(f.port, kCount);
  std::size_t served = 0;
  while (f.front.connection_count() < kCount || served < kCount / 10) {
    f.front.WaitFor(kSecond, 0);
    for (const HttpArrival& arrival : f.front.TakeArrivals()) {
      f.front.Reply(arrival.connection, {200, "", "{}"});
      ++served;
    }
  }
  BOOST_TEST(f.front.AllSent());
  while (f.front.connection_count() > 0) f.front.WaitFor(kSecond, 0);
  BOOST_TEST(peers.Wait() == 0);
}

// Where there are too few descriptors connections wait until one is free.
BOOST_AUTO_TEST_CASE(without_descriptors_connections_wait) {
  const FilesMax files;
  Fixture f;
  PeerProcess peers(f.port, 40);
  peers.AwaitConnected();
  const int next = dup(0);
  close(next);
  BOOST_REQUIRE(files.Set(static_cast<rlim_t>(next) + 15));
  BOOST_TEST(f.Come(0).size() < 4U);
  const std::size_t before = f.front.connection_count();
  BOOST_TEST(before > 0U);
  BOOST_TEST(before <= 15U);
  // It does not try again and again at the same time.
  BOOST_TEST(f.Come(0).empty());
  BOOST_REQUIRE(files.Set(static_cast<rlim_t>(next) + 100));
  f.Come(kSecond);
  BOOST_TEST(f.front.connection_count() == 40U);
  f.front.Close(kHost, f.port);
  BOOST_TEST(peers.Wait() == 2);  // it heard no answers
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
