// Which programs a preloaded library gets into: told from the file, before it runs. The clocks
// `lockstep` and `faketime` both live in such a library.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidegate::lab {

enum class Reach {
  kReached,    ///< a dynamic program of this machine's libc; a script counts as its interpreter
  kScript,     ///< not a binary: it begins with "#!", or is text
  kStatic,     ///< no dynamic loader, so nothing is preloaded
  kGo,         ///< its run-time makes system calls and reads clocks without libc
  kSetUserId,  ///< the kernel has the loader ignore LD_PRELOAD (AT_SECURE)
  kForeign,    ///< of another machine, word size or C library
};

inline constexpr std::array<std::string_view, 6> kReachWords = {
    "reached",
    "a script",
    "statically linked, so nothing can be preloaded",
    "written in Go, whose run-time goes past libc",
    "set-user-id (or set-group-id), so nothing is preloaded",
    "for another machine or C library than this one's"};
inline std::string_view ReachText(Reach reach) {
  return kReachWords[static_cast<std::size_t>(reach)];
}

/// Of an executable file. Errors: kNotFound, kIo when it can't be read.
Result<Reach> ReachOf(const std::string& path);

}  // namespace tidegate::lab
