// The page that the clock's owner and every process under it share: the time, who sleeps until
// when, which process descends from which. Plain data at fixed places: the preload has only libc.
//
// Who writes what: the owner writes `now`, and a slot only between its states kArmed and kFired; a
// process writes its own slots and its own entry. `now` moves only while all are asleep.
#pragma once

#include <atomic>
#include <cstdint>

namespace tidegate::lab {

inline constexpr std::uint64_t kPageMagic = 0x7469646567617401ULL;  // "tidegat", version 1
inline constexpr const char* kPageVariable = "TIDEGATE_CLOCK_PAGE";
inline constexpr const char* kLineageVariable = "TIDEGATE_CLOCK_LINEAGE";
inline constexpr std::uint32_t kSlotCount = 4096;
inline constexpr std::uint32_t kProcessCount = 8192;
inline constexpr std::uint32_t kPortCount = 65536;
inline constexpr std::int64_t kNever = INT64_MAX;
/// CLOCK_MONOTONIC at Time 0: a machine that has been up for a while, so that "now minus a day"
/// isn't negative for those who reckon so.
inline constexpr std::int64_t kMonotonicAtZero = 10LL * 86'400 * 1'000'000'000;
/// Process ids are chosen in this range: five digits each, so that columns line up alike.
inline constexpr std::int32_t kFirstChosenPid = 10'000;
inline constexpr std::int32_t kChosenPidCount = 22'767;

enum class SlotState : std::uint32_t {
  kFree = 0,
  kClaimed,  ///< being filled in
  kIdle,     ///< a timer that is not running
  kArmed,    ///< drives time
  kFiring,   ///< the owner is about to wake it
  kFired,    ///< woken; the sleeper has yet to notice
};

enum class SlotKind : std::uint32_t {
  kFutex = 0,    ///< a thread asleep on `wake`
  kEvent,        ///< a thread asleep in ppoll, with eventfd `fd` among its fds
  kAlarm,        ///< SIGALRM to process `pid` (alarm, setitimer); survives exec
  kTimer,        ///< a POSIX timer: `signal` with `value` to `pid`, or to its thread `target`
  kTimerThread,  ///< a POSIX timer of SIGEV_THREAD: a helper asleep on `wake`
  kTimerFd,      ///< an eventfd `fd` of process `pid` that plays a timerfd
};

/// What other threads may look at while it changes: they see the old value or the new one.
template <typename T>
class SlotField {
 public:
  SlotField& operator=(T value) {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }
  SlotField& operator=(const SlotField& other) { return *this = static_cast<T>(other); }
  operator T() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<T> value_;
};

/// One sleeper or timer. Everything but the atomics is written in kClaimed (or by the thread that
/// owns a timer) and published by the store of `state`. Whoever looks for its own slot passes those
/// of other threads, which come and go meanwhile.
struct alignas(128) Slot {
  std::atomic<SlotState> state;
  std::atomic<std::uint32_t> wake;   ///< futex word
  SlotField<std::int64_t> deadline;  ///< Time
  SlotField<std::int64_t> interval;  ///< 0: once
  SlotField<std::uint64_t> lineage;  ///< of the thread that sleeps or made the timer
  SlotField<std::uint64_t> number;   ///< in the order of that thread's slots
  SlotField<std::uint64_t> value;    ///< kTimer: sigval; kTimerFd: eventfd-id of /proc/PID/fdinfo
  SlotField<std::uint64_t> timer;    ///< kTimer…: timer_t
  SlotField<std::int32_t> pid;       ///< as the processes see it
  SlotField<std::int32_t> tid;
  SlotField<std::int32_t> fd;
  SlotField<std::int32_t> signal;
  SlotField<std::int32_t> target;
  SlotField<std::int32_t> clock;  ///< clockid_t of a timer
  SlotField<SlotKind> kind;
};

/// What outlives exec: who a process descends from.
struct ProcessEntry {
  std::atomic<std::int32_t> pid;       ///< as the processes see it; 0: free
  std::atomic<std::uint32_t> adopted;  ///< children that came without a lineage (system, popen)
  std::uint64_t lineage;
  std::uint32_t execs;
  std::uint32_t reserved;
};

struct Page {
  std::uint64_t magic;
  std::int64_t epoch_ns;  ///< CLOCK_REALTIME at Time 0
  std::uint64_t seed;
  std::atomic<std::int64_t> now;
  std::atomic<std::uint64_t> activity;      ///< counts changes of slots and entries
  std::atomic<std::uint32_t> slots_top;     ///< no slot at or above this was ever used
  std::atomic<std::int32_t> fork_lock;      ///< tid of who forks now
  std::atomic<std::uint32_t> chooses_pids;  ///< 0: the kernel doesn't let us
  std::atomic<std::uint32_t> births;        ///< entries made so far
  std::atomic<std::int32_t> engine_ended;   ///< 1 + wait status of the command; 0: it runs
  Slot slots[kSlotCount];
  ProcessEntry processes[kProcessCount];
  std::atomic<std::uint64_t> port_lineage[kPortCount];
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<SlotState>::is_always_lock_free);

/// A well-mixed function of both (splitmix64's finaliser): lineages, entropy, process ids.
constexpr std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a + 0x9E3779B97F4A7C15ULL * (b + 1);
  for (int round = 0; round < 2; ++round) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    x = (x ^ (x >> 31)) + 0x9E3779B97F4A7C15ULL;
  }
  return x;
}

/// PYTHONHASHSEED: the order of sets of strings.
constexpr std::uint32_t PythonHashSeed(std::uint64_t seed) {
  return static_cast<std::uint32_t>(Mix(seed, 7) % UINT32_MAX) + 1;
}

inline constexpr std::uint64_t kRootLineage = Mix(kPageMagic, 0);

/// The entry of a process; nullptr: it has none.
inline ProcessEntry* FindProcess(Page* page, std::int32_t pid) {
  for (std::uint32_t i = 0; i < kProcessCount; ++i) {
    ProcessEntry& entry = page->processes[(static_cast<std::uint32_t>(pid) + i) % kProcessCount];
    if (entry.pid.load(std::memory_order_acquire) == pid) return &entry;
    // Most processes lie at their own place: the search is long only for those that have none.
    if (i > 64) break;
  }
  return nullptr;
}

/// The entry of a new process, in place of what an earlier one of that pid left. nullptr: full.
inline ProcessEntry* AddProcess(Page* page, std::int32_t pid, std::uint64_t lineage) {
  ProcessEntry* entry = FindProcess(page, pid);
  for (std::uint32_t i = 0; i <= 64 && entry == nullptr; ++i) {
    ProcessEntry& candidate =
        page->processes[(static_cast<std::uint32_t>(pid) + i) % kProcessCount];
    std::int32_t free = 0;
    if (candidate.pid.compare_exchange_strong(free, pid)) entry = &candidate;
  }
  if (entry == nullptr) return nullptr;
  entry->lineage = lineage;
  entry->execs = 0;
  entry->adopted.store(0);
  page->births.fetch_add(1);
  page->activity.fetch_add(1);
  return entry;
}

}  // namespace tidegate::lab
