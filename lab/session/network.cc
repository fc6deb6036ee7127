#include "lab/session/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/files.h"

namespace tidegate::lab {
namespace {

Error Failed(const std::string& what) {
  return {ErrorCode::kIo, fmt::format("{}: {}", what, std::strerror(errno)), ""};
}

Status WriteProc(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return Failed(fmt::format("can't open {}", path));
  const bool whole = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  if (!whole) return Failed(fmt::format("can't write {}", path));
  return {};
}

// Root inside, who we are outside.
Status BecomeRoot() {
  const unsigned uid = getuid();
  const unsigned gid = getgid();
  if (unshare(CLONE_NEWUSER) != 0) {
    return Failed("the lab needs a user namespace, or root's rights, and may not make one");
  }
  TRY(WriteProc("/proc/self/setgroups", "deny"));
  TRY(WriteProc("/proc/self/uid_map", fmt::format("0 {} 1", uid)));
  return WriteProc("/proc/self/gid_map", fmt::format("0 {} 1", gid));
}

// Aliases of lo ("lo:7"), each with one address.
Status AddAddress(int control, std::size_t number, const std::string& address) {
  ifreq request{};
  const std::string name = number == 0 ? "lo" : fmt::format("lo:{}", number);
  std::memcpy(request.ifr_name, name.c_str(), name.size() + 1);
  auto* place = reinterpret_cast<sockaddr_in*>(&request.ifr_addr);
  place->sin_family = AF_INET;
  if (inet_pton(AF_INET, address.c_str(), &place->sin_addr) != 1) {
    return Error{ErrorCode::kBadInput,
                 fmt::format("'{}' is no IPv4 address, and the lab can't listen there", address),
                 ""};
  }
  if (ioctl(control, SIOCSIFADDR, &request) != 0) return Failed("can't add " + address + " to lo");
  inet_pton(AF_INET, number == 0 ? "255.0.0.0" : "255.255.255.255", &place->sin_addr);
  if (ioctl(control, SIOCSIFNETMASK, &request) != 0) return Failed("can't set lo's mask");
  return {};
}

// A route to `address` by which each segment is acknowledged at once. Else the receiver of a short
// answer takes up to 40 ms over it, and so long it is not known to have arrived
// (tcp(7): TCP_QUICKACK; ip-route(8): quickack).
struct QuickRoute {
  nlmsghdr head{};
  rtmsg route{};
  rtattr to_head{};
  in_addr to{};
  rtattr out_head{};
  std::uint32_t out = 0;
  rtattr metrics_head{};
  rtattr quick_head{};
  std::uint32_t quick = 1;
};

Status AddQuickRoute(int netlink, const std::string& address) {
  QuickRoute request;
  request.head.nlmsg_len = sizeof(request);
  request.head.nlmsg_type = RTM_NEWROUTE;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
  request.route.rtm_family = AF_INET;
  request.route.rtm_dst_len = 32;
  request.route.rtm_table = RT_TABLE_LOCAL;
  request.route.rtm_protocol = RTPROT_KERNEL;
  request.route.rtm_scope = RT_SCOPE_HOST;
  request.route.rtm_type = RTN_LOCAL;
  request.to_head = {sizeof(rtattr) + sizeof(in_addr), RTA_DST};
  inet_pton(AF_INET, address.c_str(), &request.to);
  request.out_head = {sizeof(rtattr) + sizeof(std::uint32_t), RTA_OIF};
  request.out = if_nametoindex("lo");
  request.metrics_head = {2 * sizeof(rtattr) + sizeof(std::uint32_t), RTA_METRICS};
  request.quick_head = {sizeof(rtattr) + sizeof(std::uint32_t), RTAX_QUICKACK};
  if (send(netlink, &request, sizeof(request), 0) != static_cast<ssize_t>(sizeof(request))) {
    return Failed("can't ask for a route to " + address);
  }
  struct {
    nlmsghdr head;
    nlmsgerr error;
    char request[sizeof(QuickRoute)];
  } answer{};
  if (recv(netlink, &answer, sizeof(answer), 0) < 0) return Failed("no answer about a route");
  if (answer.head.nlmsg_type != NLMSG_ERROR || answer.error.error == 0) return {};
  errno = -answer.error.error;
  return Failed("can't set the route to " + address);
}

Status QuickenLoopback(const std::vector<std::string>& addresses) {
  const int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (netlink < 0) return Failed("no netlink socket");
  Status status;
  for (const std::string& address : addresses) {
    if (status.has_value()) status = AddQuickRoute(netlink, address);
  }
  close(netlink);
  return status;
}

Status RaiseLoopback(const std::vector<std::string>& addresses) {
  const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) return Failed("no socket");
  const auto raise = [&]() -> Status {
    TRY(AddAddress(control, 0, "127.0.0.1"));
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
    if (ioctl(control, SIOCSIFFLAGS, &request) != 0) return Failed("can't raise lo");
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      TRY(AddAddress(control, i + 1, addresses[i]));
    }
    return {};
  };
  const Status status = raise();
  close(control);
  return status;
}

}  // namespace

Result<Network> Network::Enter(const std::vector<std::string>& addresses) {
  const bool root = geteuid() == 0;
  Network network(root ? open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC) : -1);
  if (!root) TRY(BecomeRoot());
  if (unshare(CLONE_NEWNET) != 0) {
    return Failed("the lab needs a network namespace of its own, and may not make one");
  }
  TRY(RaiseLoopback(addresses));
  TRY(QuickenLoopback(addresses));
  return {std::move(network)};
}

Network::Network(Network&& other) noexcept : outside_(std::exchange(other.outside_, -1)) {}

Network::~Network() {
  if (outside_ < 0) return;
  // Fails only when the namespace is gone, and then there is nowhere to go.
  (void)setns(outside_, CLONE_NEWNET);
  close(outside_);
}

}  // namespace tidegate::lab
