// Can this machine run the lab: namespaces, system calls, /proc, our own files. Each is tried, in a
// process of its own that ends.
#pragma once

#include <string>
#include <vector>

namespace tidegate::lab {

enum class Need {
  kLab,       ///< nothing runs without it
  kLockstep,  ///< that clock needs it
  kFaketime,  ///< that clock needs it
  kNobody,    ///< run-books may
};

struct MachineLine {
  bool ok = false;
  Need need = Need::kLab;
  std::string what;    ///< "network namespace"
  std::string says;    ///< what was found
  std::string advice;  ///< what to do; "": it is ok
};

/// In a fixed order. REQUIRES: one thread.
std::vector<MachineLine> LookAtMachine();

}  // namespace tidegate::lab
