// A server on the loopback that gives one answer to whoever asks.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <string>
#include <thread>
#include <utility>

#include "tests/support/listen.h"

namespace tidegate::engine {

// A server on the loopback for one connection: reads the request's header, writes `reply`, closes.
class OneShotServer {
 public:
  enum class Way { kReply, kReset, kHang };
  explicit OneShotServer(std::string reply, Way way = Way::kReply, int connections = 1) {
    const auto [fd, port] = test::ListenOnLoopback(4);
    listener_ = fd;
    port_ = port;
    thread_ = std::jthread([this, reply = std::move(reply), way, connections] {
      for (int i = 0; i < connections; ++i) Serve(reply, way);
    });
  }
  ~OneShotServer() {
    stop_ = true;
    thread_.join();
    close(listener_);
  }
  std::int64_t port() const { return port_; }
  const std::string& request() const { return request_; }

 private:
  bool Readable(int fd) const {
    while (!stop_) {
      pollfd polled{fd, POLLIN, 0};
      if (poll(&polled, 1, 20) > 0) return true;
    }
    return false;
  }
  void Serve(const std::string& reply, Way way) {
    if (!Readable(listener_)) return;
    const int client = accept(listener_, nullptr, nullptr);
    std::string request;
    while (request.find("\r\n\r\n") == std::string::npos && Readable(client)) {
      std::array<char, 4096> buffer{};
      const ssize_t got = read(client, buffer.data(), buffer.size());
      if (got <= 0) break;
      request.append(buffer.data(), static_cast<std::size_t>(got));
    }
    request_ += request;
    if (way == Way::kHang) {
      while (!stop_) poll(nullptr, 0, 10);
    }
    if (way == Way::kReset) {
      const linger now{1, 0};
      setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    } else {
      std::size_t done = 0;
      while (done < reply.size()) {
        const ssize_t put = send(client, reply.data() + done, reply.size() - done, MSG_NOSIGNAL);
        if (put <= 0) break;
        done += static_cast<std::size_t>(put);
      }
    }
    close(client);
  }

  int listener_ = -1;
  std::int64_t port_ = 0;
  std::atomic<bool> stop_ = false;
  std::string request_;
  std::jthread thread_;
};

}  // namespace tidegate::engine
