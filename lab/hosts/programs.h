// The names under which tidegate-lab-shell is on the PATH of the lab.
#pragma once

#include <array>
#include <string_view>

namespace tidegate::lab {

inline constexpr std::array<std::string_view, 25> kPrograms = {"ssh",       "scp",
                                                               "sftp",      "rsync",
                                                               "sudo",      "systemctl",
                                                               "supervise", "svc",
                                                               "svstat",    "svok",
                                                               "binlogctl", "mysql",
                                                               "pkill",     "killall",
                                                               "pgrep",     "kill",
                                                               "ps",        "id",
                                                               "ntpstat",   "tidegate-lab-enter",
                                                               "lab",       "tidegate-lab-keep",
                                                               "readlink",  "mariadb",
                                                               "journalctl"};

/// What tidb-ansible brings to a host that has no systemd (roles/supervise).
inline constexpr std::array<std::string_view, 3> kSupervisePrograms = {"supervise", "svc",
                                                                       "svstat"};

}  // namespace tidegate::lab
