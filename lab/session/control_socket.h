// The socket through which the programs of the lab's hosts (ssh, systemctl, the stubs) reach the
// world: a line of JSON each way over one connection. Who is at the other end is the kernel's word.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidegate::lab {

using CallId = std::uint64_t;

struct ControlCall {
  CallId id = 0;
  int pid = 0;  ///< of the caller, as this process sees it
  std::string line;
};

class ControlSocket {
 public:
  static constexpr std::size_t kLineMax = 16U << 20U;
  static constexpr std::size_t kConnectionsMax = 4096;

  /// Listens at `path`. Errors: kIo.
  static Result<std::unique_ptr<ControlSocket>> Listen(const std::string& path);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  /// Accepts, reads and writes all that can be now; true when there was something.
  bool Poll();
  std::vector<ControlCall> TakeCalls();
  /// Callers that went away before their reply.
  std::vector<CallId> TakeDead();
  /// Sends `line` (its end of line is added) and closes. Void when the caller is gone.
  void Reply(CallId call, std::string_view line);

 private:
  struct Connection {
    int fd = -1;
    int pid = 0;
    std::string in;
    std::string out;
    bool called = false;  ///< its line is out
  };

  explicit ControlSocket(int listener) : listener_(listener) {}
  static constexpr CallId kListener = 0;  ///< no call's id

  void Accept(bool* worked);
  /// Poll will be told when there is something to read at `fd`.
  bool Await(int fd, CallId id);
  /// False: the connection is over.
  bool Serve(CallId id, Connection* connection, bool* worked);
  void ServeOne(CallId id, bool* worked);

  int listener_;
  int ready_ = -1;  ///< epoll
  CallId last_id_ = 0;
  std::map<CallId, Connection> connections_;
  std::vector<ControlCall> calls_;
  std::vector<CallId> dead_;
  std::vector<CallId> replied_;  ///< to whom something is to be written
};

}  // namespace tidegate::lab
