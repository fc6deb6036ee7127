// A network of the lab's own: the process moves into a private network namespace whose only
// interface is loopback, and gives it the addresses of the inventory as they are. So a run-book's
// addresses need no change, two labs on one machine do not meet, and nothing can leave.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace tidegate::lab {

class Network {
 public:
  /// Enters with `addresses` (IPv4, each once), for this process and all that it starts from now
  /// on. Without root's rights it takes them in a user namespace of its own; then there is no way
  /// back. Errors: kIo when the kernel does not allow it. REQUIRES: one thread.
  static Result<Network> Enter(const std::vector<std::string>& addresses);
  /// Back to where the process was, where that is possible.
  ~Network();
  Network(Network&& other) noexcept;
  Network& operator=(Network&&) = delete;

 private:
  explicit Network(int outside) : outside_(outside) {}
  int outside_ = -1;  ///< the namespace that was left; -1: none to go back to
};

}  // namespace tidegate::lab
