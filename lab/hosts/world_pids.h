// Ids of processes that run in the world only: above every real one (PID_MAX_LIMIT is 2^22).
#pragma once

#include <cstdint>

#include "base/role.h"

namespace tidegate::lab {

inline constexpr std::int64_t kFirstPid = 4'200'000;
/// How all of them begin: the first's digits without the last three.
inline constexpr const char* kPidPrefix = "4200";

/// Of the process of a node.
inline std::int64_t PidOf(NodeId node) { return kFirstPid + node; }

/// Of the supervise that was there before the program began; one that is started later is real.
inline constexpr std::int64_t kFirstSupervisePid = kFirstPid + 500;
inline std::int64_t SupervisePidOf(NodeId node) { return kFirstSupervisePid + node; }

}  // namespace tidegate::lab
