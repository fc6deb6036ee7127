#include "lab/clock/preload/state.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tidegate::lab {

__thread ThreadState t_self __attribute__((tls_model("initial-exec")));

namespace {

Page* g_page = nullptr;
bool g_looked = false;
char g_page_path[512];
char g_preload_path[512];

// A sleeper that a dead process left is collected by the owner; one of a thread that exec ended is
// not, since its process lives.
void MapPage() {
  g_looked = true;
  const char* path = getenv(kPageVariable);
  if (path == nullptr || strlen(path) >= sizeof g_page_path) return;
  const long fd = RawSyscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) return;
  void* mapped =
      mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, static_cast<int>(fd), 0);
  RawSyscall(SYS_close, fd);
  if (mapped == MAP_FAILED) return;
  Page* page = static_cast<Page*>(mapped);
  if (page->magic != kPageMagic) {
    munmap(mapped, sizeof(Page));
    return;
  }
  strcpy(g_page_path, path);
  Dl_info self = {};
  if (dladdr(reinterpret_cast<void*>(&MapPage), &self) != 0 && self.dli_fname != nullptr &&
      strlen(self.dli_fname) < sizeof g_preload_path) {
    strcpy(g_preload_path, self.dli_fname);
  }
  g_page = page;
  BeginLineage();
  DropSlotsOfOldImage();
}

__attribute__((constructor(101))) void Begin() { ThePage(); }

// A sleep far longer than any run. With a limit, the kernel ends the call with EINTR when a handler
// ran, as sleeps do; without one it would go on under SA_RESTART.
constexpr timespec kAges = {10L * 365 * 86'400, 0};

// Somebody who asks "is it there yet?" every millisecond for two hours would need seven million
// wake-ups. After a streak of equal short sleeps without anything else between them, each may
// oversleep by a 64th of the time already waited: 800 wake-ups.
constexpr Time kShortSleepMax = 10'000'000;
constexpr std::uint32_t kStreakMin = 64;

Time Stretched(Time now, Time deadline) {
  ThreadState& self = t_self;
  const Time length = deadline - now;
  // Absolute deadlines are computed from an earlier look at the clock: same virtual time.
  if (length > kShortSleepMax || length != self.short_sleep || now != self.streak_ended) {
    self.short_sleep = length;
    self.streak_began = now;
    self.streak = 0;
  }
  ++self.streak;
  if (self.streak > kStreakMin) {
    const Time share = (now - self.streak_began) / kPollShare;
    if (share > length) deadline = now + share;
  }
  return deadline;
}

int SleepInSlot(Time deadline) {
  Slot* slot = ClaimSlot(SlotKind::kFutex);
  ArmSlot(slot, deadline);
  int result = 0;
  while (slot->wake.load(std::memory_order_acquire) == 0) {
    const long waited = RawSyscall(SYS_futex, &slot->wake, FUTEX_WAIT, 0, &kAges, 0, 0);
    if (waited < 0 && errno == EINTR && slot->wake.load() == 0) {
      result = EINTR;
      break;
    }
  }
  FreeSlot(slot);
  return result;
}

}  // namespace

Page* ThePage() {
  if (__builtin_expect(!g_looked, 0)) MapPage();
  return g_page;
}

const char* PreloadPath() { return g_preload_path; }
const char* PagePath() { return g_page_path; }

void Fatal(const char* message) {
  const char* const parts[] = {"tidegate clock: ", message, "\n"};
  for (const char* part : parts) {
    if (RawSyscall(SYS_write, 2, part, strlen(part)) < 0) break;
  }
  _exit(70);
}

bool IsRealtime(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI ||
         clock == CLOCK_REALTIME_ALARM;
}

bool IsVirtual(clockid_t clock) {
  return IsRealtime(clock) || clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE ||
         clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_BOOTTIME || clock == CLOCK_BOOTTIME_ALARM;
}

timespec ToTimespec(Time length) { return {length / kNsPerSecond, length % kNsPerSecond}; }

timespec OnClock(clockid_t clock, Time at) {
  return ToTimespec(at + (IsRealtime(clock) ? ThePage()->epoch_ns : kMonotonicAtZero));
}

Time Length(const timespec& length) {
  if (length.tv_sec < 0 || length.tv_nsec < 0 || length.tv_nsec >= kNsPerSecond) return -1;
  if (length.tv_sec > kNever / kNsPerSecond / 4) return kNever;
  return length.tv_sec * kNsPerSecond + length.tv_nsec;
}

Time FromClock(clockid_t clock, const timespec& at) {
  if (at.tv_sec < 0) return 0;
  const Time length = Length(at);
  if (length == kNever) return kNever;
  return length - (IsRealtime(clock) ? ThePage()->epoch_ns : kMonotonicAtZero);
}

Time After(Time length) { return length == kNever ? kNever : Now() + length; }

Slot* ClaimSlot(SlotKind kind) {
  Page* page = ThePage();
  for (std::uint32_t i = 0; i < kSlotCount; ++i) {
    Slot& slot = page->slots[i];
    SlotState free = SlotState::kFree;
    if (slot.state.load(std::memory_order_relaxed) != SlotState::kFree ||
        !slot.state.compare_exchange_strong(free, SlotState::kClaimed)) {
      continue;
    }
    slot.tid = static_cast<std::int32_t>(RawSyscall(SYS_gettid));
    slot.pid = getpid();
    slot.kind = kind;
    slot.wake.store(0);
    slot.deadline = kNever;
    slot.interval = 0;
    slot.lineage = t_self.lineage;
    slot.number = ++t_self.slot_number;
    slot.fd = -1;
    slot.signal = 0;
    slot.target = 0;
    slot.value = 0;
    slot.timer = 0;
    std::uint32_t top = page->slots_top.load();
    while (top <= i && !page->slots_top.compare_exchange_weak(top, i + 1)) {
    }
    return &slot;
  }
  Fatal("more sleepers and timers than the clock has room for");
}

void ArmSlot(Slot* slot, Time deadline) {
  slot->deadline = deadline;
  slot->state.store(SlotState::kArmed, std::memory_order_release);
  ThePage()->activity.fetch_add(1);
}

void FreeSlot(Slot* slot) {
  SlotState state = slot->state.load();
  for (;;) {
    if (state == SlotState::kFiring) {
      RawSyscall(SYS_sched_yield);
      state = slot->state.load();
    } else if (slot->state.compare_exchange_weak(state, SlotState::kClaimed)) {
      break;
    }
  }
  slot->tid = 0;
  slot->pid = 0;
  slot->state.store(SlotState::kFree, std::memory_order_release);
  ThePage()->activity.fetch_add(1);
}

int SleepUntil(Time deadline) {
  const Time now = Now();
  if (deadline <= now) return 0;
  if (deadline != kNever) deadline = Stretched(now, deadline);
  const int result = SleepExactlyUntil(deadline);
  t_self.streak_ended = Now();
  return result;
}

int SleepExactlyUntil(Time deadline) {
  if (deadline <= Now()) return 0;
  return SleepInSlot(deadline);
}

void LetOthersRest() {
  const int error = errno;
  SleepInSlot(Now());
  errno = error;
}

// Python's multiprocessing.connection.wait(…, 0) goes on until now is past the deadline, not at it.
void LookedInVain() {
  constexpr std::uint32_t kLooksMax = 64;
  const Time now = Now();
  t_self.looks = now == t_self.looked_at ? t_self.looks + 1 : 1;
  t_self.looked_at = now;
  if (t_self.looks < kLooksMax) return;
  t_self.looks = 0;
  const int error = errno;
  SleepExactlyUntil(now + 1000);
  errno = error;
}

int WaitOnWord(const std::uint32_t* word, std::uint32_t value, bool shared, Time deadline) {
  if (deadline == kNever) {
    const int operation = FUTEX_WAIT | (shared ? 0 : FUTEX_PRIVATE_FLAG);
    const long waited = RawSyscall(SYS_futex, word, operation, value, nullptr, 0, 0);
    return waited < 0 && errno == EINTR ? EINTR : 0;
  }
  if (deadline <= Now()) return ETIMEDOUT;
  Slot* slot = ClaimSlot(SlotKind::kFutex);
  ArmSlot(slot, deadline);
  futex_waitv both[2] = {};
  both[0].val = value;
  both[0].uaddr = reinterpret_cast<std::uintptr_t>(word);
  both[0].flags = FUTEX_32 | (shared ? 0U : static_cast<std::uint32_t>(FUTEX_PRIVATE_FLAG));
  both[1].val = 0;
  both[1].uaddr = reinterpret_cast<std::uintptr_t>(&slot->wake);
  both[1].flags = FUTEX_32;
  const long waited = RawSyscall(SYS_futex_waitv, both, 2, 0, 0, 0);
  const int error = errno;
  const bool timed_out = slot->wake.load(std::memory_order_acquire) != 0;
  FreeSlot(slot);
  if (waited == 0) return 0;
  if (timed_out) return ETIMEDOUT;
  return waited < 0 && error == EINTR ? EINTR : 0;
}

void WakeWord(const std::uint32_t* word, int count, bool shared) {
  const int operation = FUTEX_WAKE | (shared ? 0 : FUTEX_PRIVATE_FLAG);
  RawSyscall(SYS_futex, word, operation, count, nullptr, 0, 0);
}

}  // namespace tidegate::lab
