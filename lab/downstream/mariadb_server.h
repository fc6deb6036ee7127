// A MariaDB server of the lab's own: on a socket in the lab's folder, without a network, without
// users, and with nothing of it that outlives the lab. It needs no installed system tables, so it
// starts in a third of a second.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace tidegate::lab {

/// Paths of the server and of its client. Errors: kNotFound, saying what to install.
struct MariadbPrograms {
  std::string server;
  std::string client;
};
Result<MariadbPrograms> FindMariadb();

class MariadbServer {
 public:
  /// Starts one in `folder`, which must not exist, for the lab in the folder `lab`, and waits until
  /// it answers. Errors: kNotFound as above; kIo, with its own last words.
  static Result<std::unique_ptr<MariadbServer>> Start(const std::string& folder,
                                                      const std::string& lab);
  ~MariadbServer();
  MariadbServer(const MariadbServer&) = delete;
  MariadbServer& operator=(const MariadbServer&) = delete;

  const std::string& socket_path() const { return socket_path_; }
  /// What it said last, for a message.
  std::string LastWords() const;

 private:
  explicit MariadbServer(const std::string& folder)
      : folder_(folder), socket_path_(folder + "/socket") {}
  bool Ended();

  std::string folder_;
  std::string socket_path_;
  pid_t pid_ = 0;  // 0: it has ended
};

}  // namespace tidegate::lab
