// Beside libfaketime with a multiplied clock: the waits that it leaves in the machine's time, or
// lets wait for a moment that never comes. A deadline on its clock becomes one on the machine's,
// nearer by the factor; a length becomes shorter by it.
#pragma once

#include <dlfcn.h>
#include <time.h>

#include <atomic>
#include <cstdint>

/// libc's function of that name, past libfaketime's. Threads may look for it at once.
#define TIDEGATE_LIBC(name)                                                             \
  ([]() {                                                                               \
    static std::atomic<decltype(&::name)> known_;                                       \
    auto* function = known_.load(std::memory_order_relaxed);                            \
    if (function == nullptr) {                                                          \
      function = reinterpret_cast<decltype(&::name)>(tidegate::lab::FindInLibc(#name)); \
      known_.store(function, std::memory_order_relaxed);                                \
    }                                                                                   \
    return function;                                                                    \
  }())
/// In front of libfaketime's and libc's function of that name.
#define TIDEGATE_EXPORT extern "C" __attribute__((visibility("default")))

namespace tidegate::lab {

inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;

void* FindInLibc(const char* name);

/// How many times as fast time passes, as FAKETIME says ("+12.5 x100"); 1: it does not.
std::int64_t Factor();
/// The clocks that libfaketime answers; those of CPU time are the kernel's.
bool IsFaked(clockid_t clock);

/// Lengths on the machine's clocks; never 0 for what is not.
timespec Shorter(const timespec& length);
timespec Longer(const timespec& length);
/// What is left until a moment on a faked clock, in the machine's time; 0: it has passed.
timespec Until(clockid_t clock, const timespec& at);
/// That moment on a clock of the machine.
timespec Moment(clockid_t clock, const timespec& at, clockid_t of_machine);

/// Waits for a moment on a faked clock: `wait` gets it on the machine's CLOCK_MONOTONIC and gives
/// `late` when that has come. The clocks are no exact multiples, so that it may have to wait again.
template <typename Wait>
int WaitUntil(clockid_t clock, const timespec& at, int late, Wait wait) {
  for (;;) {
    const timespec machine = Moment(clock, at, CLOCK_MONOTONIC);
    const int result = wait(&machine);
    if (result != late) return result;
    const timespec left = Until(clock, at);
    if (left.tv_sec == 0 && left.tv_nsec == 0) return late;
  }
}

}  // namespace tidegate::lab
