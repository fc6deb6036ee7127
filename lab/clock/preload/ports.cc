// Which thread a connection comes from: its local port, noted when it is made. Whoever serves it
// can order requests by their lineage.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

TIDEGATE_EXPORT int connect(int fd, const sockaddr* to, socklen_t length) {
  const int result = TIDEGATE_REAL(connect)(fd, to, length);
  if (ThePage() == nullptr || (result != 0 && errno != EINPROGRESS)) return result;
  const int before = errno;
  sockaddr_storage local = {};
  socklen_t size = sizeof local;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) == 0 &&
      (local.ss_family == AF_INET || local.ss_family == AF_INET6)) {
    // The port lies at the same place in both.
    const std::uint16_t port = ntohs(reinterpret_cast<sockaddr_in*>(&local)->sin_port);
    ThePage()->port_lineage[port].store(t_self.lineage);
    // Bytes that wait for a delayed acknowledgement would be on their way while all are asleep.
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  errno = before;
  return result;
}
