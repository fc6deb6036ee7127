// What the preload knows of itself: the page, this thread's lineage, its slots, and the functions
// that it stands in front of.
#pragma once

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "lab/clock/page.h"

/// libc's function behind the one of ours that has the same name. Threads may look for it at once,
/// and find the same.
#define TIDEGATE_REAL(name)                                                    \
  ([]() {                                                                      \
    static std::atomic<decltype(&::name)> known_;                              \
    auto* function = known_.load(std::memory_order_relaxed);                   \
    if (function == nullptr) {                                                 \
      function = reinterpret_cast<decltype(&::name)>(dlsym(RTLD_NEXT, #name)); \
      known_.store(function, std::memory_order_relaxed);                       \
    }                                                                          \
    return function;                                                           \
  }())
/// In front of libc's function of that name.
#define TIDEGATE_EXPORT extern "C" __attribute__((visibility("default")))

namespace tidegate::lab {

using Time = std::int64_t;
inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;

struct ThreadState {
  std::uint64_t lineage;
  std::uint64_t pending_lineage;  ///< of the child that is being forked
  pid_t forks_from;               ///< its parent
  std::uint32_t children;         ///< threads and processes begun so far
  std::uint32_t draws;            ///< of entropy
  std::uint64_t slot_number;
  Time short_sleep;  ///< length of the present streak of equal short sleeps
  Time streak_began;
  Time streak_ended;  ///< when the last of them ended
  std::uint32_t streak;
  Time looked_at;  ///< of the present row of looks that found nothing, all at one time
  std::uint32_t looks;
};
extern __thread ThreadState t_self __attribute__((tls_model("initial-exec")));

/// The page; nullptr: this process lives in real time (no page was given).
Page* ThePage();
/// Path of the preload and the page, for environments that lost them.
const char* PreloadPath();
const char* PagePath();

inline Time Now() { return ThePage()->now.load(std::memory_order_acquire); }
/// True for the clocks that we answer; those of CPU time are the kernel's.
bool IsVirtual(clockid_t clock);
bool IsRealtime(clockid_t clock);
/// What a clock shows at a Time, and back; absurd times become kNever or the past.
timespec OnClock(clockid_t clock, Time at);
Time FromClock(clockid_t clock, const timespec& at);
/// A length; negative ones and those of bad nanoseconds are -1. Long ones are kNever.
Time Length(const timespec& length);
timespec ToTimespec(Time length);
/// `length` from now; kNever stays.
Time After(Time length);

/// A new slot in state kClaimed, of this thread.
Slot* ClaimSlot(SlotKind kind);
/// Publishes it: from here on it drives time.
void ArmSlot(Slot* slot, Time deadline);
void FreeSlot(Slot* slot);

/// Sleeps until then. EINTR: a handler ran. Never returns early otherwise. One of many equal short
/// sleeps may be longer than asked, by a share of the time that they have taken together.
int SleepUntil(Time deadline);
int SleepExactlyUntil(Time deadline);
inline constexpr Time kPollShare = 64;
/// Sleeps until everybody else does, at this time; shorter when a handler ran.
void LetOthersRest();
/// For what can't be waited for from outside: tries again, ever less often, while the attempt says
/// `busy`; `late` when it still does at the deadline.
template <typename Attempt>
int TryUntil(Time deadline, int busy, int late, Attempt attempt) {
  const Time began = Now();
  for (;;) {
    const int result = attempt();
    if (result != busy) return result;
    const Time now = Now();
    if (now >= deadline) return late;
    const Time share = (now - began) / kPollShare;
    const Time pause = share > 1'000'000 ? share : 1'000'000;
    SleepExactlyUntil(deadline - now > pause ? now + pause : deadline);
  }
}
/// A look at fds that may not wait has found nothing. One that is repeated over and over waits for
/// the clock to move, and after some rounds it does, by a microsecond.
void LookedInVain();
/// Sleeps while *word is `value`, as a futex does. 0: woken, or the value was another; else
/// ETIMEDOUT or EINTR. `deadline` kNever: no limit.
int WaitOnWord(const std::uint32_t* word, std::uint32_t value, bool shared, Time deadline);
void WakeWord(const std::uint32_t* word, int count, bool shared);

/// libc's syscall(), behind ours.
template <typename... Arguments>
long RawSyscall(long number, Arguments... arguments) {
  return TIDEGATE_REAL(syscall)(number, (long)(arguments)...);  // NOLINT: pointers and integers
}

/// Seeded bytes: by seed, lineage and the number of the draw.
void FillEntropy(void* to, std::size_t size);

/// Called once, when the page is mapped: this process's lineage and handlers of fork.
void BeginLineage();
/// After an exec: what timers and sleepers of the earlier image are void.
void DropSlotsOfOldImage();
/// In a forked child: what an earlier process of its id left is void; of the parent's timers it
/// knows those behind fds that it shares.
void BeginSlotsOfChild(pid_t parent);

[[noreturn]] void Fatal(const char* message);

}  // namespace tidegate::lab
