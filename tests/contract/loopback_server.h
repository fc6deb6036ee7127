// A small HTTP server of a test: one thread, one connection at a time, on an address of the
// loopback net. What it answers is a function's business; it can also close without a word, or
// leave the client waiting.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tidegate::test {

struct Reply {
  enum class Way { kAnswer, kClose, kHang };
  Way way = Way::kAnswer;
  int status = 200;
  std::string body = {};
};

class LoopbackServer {
 public:
  /// Called in the server's thread with the request's target and body.
  using Handler = std::function<Reply(const std::string& target, const std::string& body)>;

  /// Listens on `address`:`port`, or on a port that is free where `port` is 0.
  LoopbackServer(const std::string& address, std::int64_t port, Handler handler);
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer();

  std::int64_t port() const { return port_; }
  /// "GET /status" of each request so far.
  std::vector<std::string> requests() const;

 private:
  void Serve();
  bool Readable(int fd) const;
  void Answer(int client);

  std::int64_t port_ = 0;  // set while the next one is made
  int listener_ = -1;
  Handler handler_;
  std::vector<int> hanging_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;  // guarded by mutex_
  std::atomic<bool> stop_ = false;
  std::jthread thread_;
};

/// A port of `address` on which nobody listens, now.
std::int64_t FreePort(const std::string& address);

}  // namespace tidegate::test
