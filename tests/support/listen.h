// A listening socket on the loopback, at a port that is free.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/test/unit_test.hpp>
#include <cstdint>

namespace tidegate::test {

struct Listening {
  int fd = -1;  ///< the caller closes it
  std::int64_t port = 0;
};

inline Listening ListenOnLoopback(int backlog) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  BOOST_REQUIRE(bind(fd, generic, length) == 0);
  BOOST_REQUIRE(listen(fd, backlog) == 0);
  BOOST_REQUIRE(getsockname(fd, generic, &length) == 0);
  return {fd, ntohs(address.sin_port)};
}

}  // namespace tidegate::test
