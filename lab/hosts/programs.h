// The names under which tidegate-lab-shell is on the PATH of the lab.
#pragma once

#include <array>
#include <string_view>

namespace tidegate::lab {

inline constexpr std::array<std::string_view, 16> kPrograms = {
    "ssh",       "scp",   "rsync", "sudo",    "systemctl", "svc",  "svstat", "svok",
    "binlogctl", "mysql", "pkill", "killall", "pgrep",     "kill", "ps",     "tidegate-lab-enter"};

}  // namespace tidegate::lab
