// CHECK: an invariant of our own code. On in every build. A failed one prints the condition, the
// place and what the program was doing (seed, virtual time, event), and leaves with exit code 70.
// Bad input and a failing world are never CHECKed: those are Results. A wrong system under test is
// a finding.
#pragma once

#include <cstdint>
#include <string>

namespace tidegate {

/// What the current thread is doing, printed by a failed CHECK. Set by whoever drives a run.
struct CheckContext {
  std::uint64_t seed = 0;
  std::int64_t now_ns = 0;
  std::uint64_t event = 0;
  bool active = false;
  bool aborts = false;  ///< of a fuzzer, whose library keeps the input of an aborted run
};
CheckContext& ThreadCheckContext();

/// Prints and ends the process with 70, or aborts where the context says so.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line,
                              const std::string& message);

}  // namespace tidegate

#define CHECK_MSG(condition, message)                                     \
  do {                                                                    \
    if (!(condition)) [[unlikely]] {                                      \
      ::tidegate::CheckFailed(#condition, __FILE__, __LINE__, (message)); \
    }                                                                     \
  } while (false)
#define CHECK(condition) CHECK_MSG(condition, std::string())
