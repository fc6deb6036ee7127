// A connection to a database server on a socket of this machine. It blocks: while the server works
// the world stands still, and so nobody who waits for it is taken for asleep.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/downstream/mysql_protocol.h"

namespace tidegate::lab {

class ServerLink {
 public:
  using Row = std::vector<std::optional<std::string>>;

  /// Errors: kIo. REQUIRES: a folder stands in the path, and the file's name is short.
  static Result<ServerLink> Connect(const std::string& socket_path);
  ~ServerLink();
  ServerLink(ServerLink&& other) noexcept;
  ServerLink& operator=(ServerLink&& other) noexcept;

  /// Errors: kIo, when the server is gone. A server that says nothing for as long as no statement
  /// may take is gone too.
  Status Send(std::string_view bytes);
  /// The next packet with its head.
  Result<std::string> Receive();

  /// Logs in, as a user without a password.
  Status LogIn();
  /// Rows of one statement. Errors: kBadInput, "1205: Lock wait …", of the server's own; else kIo.
  Result<std::vector<Row>> Query(std::string_view statement);

 private:
  explicit ServerLink(int fd) : fd_(fd) {}
  Status Fill(std::size_t size);

  int fd_ = -1;
  std::string read_;
  std::size_t taken_ = 0;  // of what was read
};

}  // namespace tidegate::lab
