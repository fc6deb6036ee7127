// The control socket of a lab without a world: requests go through the translation to FakeHands.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include "tests/lab/support/small_lab.h"

namespace tidegate::test {

/// What a piece of shell printed, both outputs together, and how it ended.
struct Ran {
  int exit = -1;
  std::string output;
};

class LoopSession : public SmallLab {
 public:
  explicit LoopSession(sim::RunPlan plan = SmallPlan())
      : SmallLab(std::move(plan)), translator_(this->plan(), trees(), hands()) {
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (path() + "/control").c_str(), sizeof address.sun_path - 1);
    BOOST_REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    BOOST_REQUIRE(listen(listener_, 16) == 0);
    thread_ = std::thread([this] { Serve(); });
  }
  ~LoopSession() {
    ends_ = true;
    thread_.join();
    close(listener_);
  }

  /// Runs `script` as a run-book on the control machine would be.
  Ran Shell(const std::string& script) {
    const std::string command = fmt::format(
        "export TIDEGATE_LAB={0} PATH={0}/bin:$PATH; unset TIDEGATE_HOST; {{ {1}\n}} "
        "2>&1 </dev/null",
        path(), script);
    Ran ran;
    FILE* pipe = popen(command.c_str(), "r");
    BOOST_REQUIRE(pipe != nullptr);
    std::array<char, 4096> buffer{};
    for (std::size_t got = 1; got > 0;) {
      got = fread(buffer.data(), 1, buffer.size(), pipe);
      ran.output.append(buffer.data(), got);
    }
    const int status = pclose(pipe);
    if (WIFEXITED(status)) ran.exit = WEXITSTATUS(status);
    return ran;
  }
  /// What reached the world so far.
  std::vector<std::string> TakeLog() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(hands().log, {});
  }

 private:
  struct Connection {
    int fd = -1;
    lab::Request request;
    bool asked = false;
  };

  void Serve() {
    while (!ends_) {
      std::vector<pollfd> polled = {{listener_, POLLIN, 0}};
      for (const auto& one : connections_) polled.push_back({one->fd, POLLIN, 0});
      poll(polled.data(), polled.size(), 5);
      const std::lock_guard<std::mutex> lock(mutex_);
      for (std::size_t i = 1; i < polled.size(); ++i) {
        if (polled[i].revents != 0) Read(polled[i].fd);
      }
      if (polled[0].revents == 0) continue;
      connections_.push_back(std::make_unique<Connection>());
      connections_.back()->fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    }
    for (const auto& one : connections_) close(one->fd);
  }

  void Read(int fd) {
    const auto found = std::find_if(connections_.begin(), connections_.end(),
                                    [&](const auto& one) { return one->fd == fd; });
    if (found == connections_.end()) return;
    std::string line(65536, '\0');
    const ssize_t got = read(fd, line.data(), line.size());
    if (got <= 0) {
      if ((*found)->asked) translator_.CallerDied((*found)->request);
      Drop(fd);
      return;
    }
    line.resize(static_cast<std::size_t>(got));
    Result<lab::Request> request = lab::ReadRequest(line);
    if (!request) return;
    (*found)->asked = true;
    (*found)->request = *request;
    for (const engine::port::Action& action : trees().Changed()) {
      hands().Perform(action, [](const engine::port::Answer&) {});
    }
    translator_.Translate(*request, [this, fd](const lab::Reply& reply) {
      const std::string text = lab::WriteReply(reply) + "\n";
      if (write(fd, text.data(), text.size()) > 0) Drop(fd);
    });
  }

  void Drop(int fd) {
    const auto ours = [&](const auto& one) { return one->fd == fd; };
    if (std::erase_if(connections_, ours) > 0) close(fd);
  }

  lab::Translator translator_;
  int listener_ = -1;
  std::mutex mutex_;
  std::atomic<bool> ends_ = false;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::thread thread_;
};

}  // namespace tidegate::test
