// Into a host: a mount namespace of one's own whose root is the host's tree, with the machine's
// system folders bound into it read-only. Three hosts can so all have /home/tidb/deploy and
// /etc/systemd/system; what is written lands in the host's tree or is refused by the kernel.
#pragma once

#include <string>

#include "base/result.h"
#include "lab/shell/client.h"

namespace tidegate::lab {

/// For this process and what it starts. Without root's rights in a user namespace of its own.
/// Errors: kIo. REQUIRES: one thread.
Status EnterHost(const Place& place, const std::string& host);

/// The control machine: everything as it is, with the lab's control tree over it, and read-only but
/// for the lab, the current folder, HOME, /tmp and /var/tmp.
Status EnterControl(const Place& place);

}  // namespace tidegate::lab
