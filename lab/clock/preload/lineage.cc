// Who descends from whom, by numbers that do not depend on how the processor was shared: the n-th
// child of a thread is the same in every run, its process id is not. So ids are chosen too where
// the kernel lets us (ns_last_pid), from the lineage: $$, $! and bash's $RANDOM then repeat, even
// when several processes fork at the same time.
#include "lab/clock/preload/lineage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace {

// Between the choice of an id and the fork nobody else may take one. A holder that was killed is
// noticed: its thread is gone.
void LockForks() {
  Page* page = ThePage();
  const auto own = static_cast<std::int32_t>(RawSyscall(SYS_gettid));
  std::int32_t holder = 0;
  while (!page->fork_lock.compare_exchange_strong(holder, own)) {
    if (holder == own) return;  // a signal handler that forks
    if (kill(holder, 0) != 0 && errno == ESRCH) {
      page->fork_lock.compare_exchange_strong(holder, 0);
    } else {
      const timespec patience = {0, 20'000'000};
      RawSyscall(SYS_futex, &page->fork_lock, FUTEX_WAIT, holder, &patience, 0, 0);
    }
    holder = 0;
  }
}

void UnlockForks() {
  Page* page = ThePage();
  page->fork_lock.store(0);
  RawSyscall(SYS_futex, &page->fork_lock, FUTEX_WAKE, 1, 0, 0, 0);
}

void ChoosePid(std::uint64_t lineage) {
  Page* page = ThePage();
  if (page->chooses_pids.load() == 0) return;
  const auto draw = static_cast<std::int32_t>(Mix(page->seed, lineage) % kChosenPidCount);
  char digits[12];
  int length = 0;
  int divisor = 10'000;
  for (const int last = kFirstChosenPid + draw - 1; divisor > 0; divisor /= 10) {
    digits[length++] = static_cast<char>('0' + last / divisor % 10);
  }
  const long fd =
      RawSyscall(SYS_openat, AT_FDCWD, "/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC, 0);
  const bool chosen = fd >= 0 && RawSyscall(SYS_write, fd, digits, length) == length;
  if (fd >= 0) RawSyscall(SYS_close, fd);
  if (!chosen) page->chooses_pids.store(0);
}

void BeforeFork() {
  const int before = errno;
  t_self.forks_from = getpid();
  t_self.pending_lineage = NextChild();
  BeginBirth(t_self.pending_lineage);
  errno = before;
}

void AfterForkInParent() {
  const int before = errno;
  EndBirth();
  errno = before;
}

void AfterForkInChild() {
  const int before = errno;
  const std::uint64_t lineage = t_self.pending_lineage;
  const pid_t parent = t_self.forks_from;
  t_self = {};
  t_self.lineage = Mix(lineage, 0);
  if (AddProcess(ThePage(), getpid(), lineage) == nullptr) Fatal("more processes than fit");
  BeginSlotsOfChild(parent);
  errno = before;
}

// Takes the variable out of the environment in its place: main's third argument is the same array.
std::uint64_t TakeGivenLineage() {
  const std::size_t length = strlen(kLineageVariable);
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    if (strncmp(*each, kLineageVariable, length) != 0 || (*each)[length] != '=') continue;
    const std::uint64_t lineage = strtoull(*each + length + 1, nullptr, 16);
    for (char** rest = each; *rest != nullptr; ++rest) *rest = rest[1];
    return lineage;
  }
  return 0;
}

struct ThreadStart {
  void* (*routine)(void*);
  void* argument;
  std::uint64_t lineage;
};

void* RunThread(void* argument) {
  const ThreadStart start = *static_cast<ThreadStart*>(argument);
  free(argument);
  t_self.lineage = start.lineage;
  return start.routine(start.argument);
}

}  // namespace

namespace tidegate::lab {

std::uint64_t NextChild() { return Mix(t_self.lineage, ++t_self.children); }

void BeginBirth(std::uint64_t lineage) {
  LockForks();
  ChoosePid(lineage);
}

void EndBirth() { UnlockForks(); }

void BeginLineage() {
  Page* page = ThePage();
  const pid_t pid = getpid();
  const std::uint64_t given = TakeGivenLineage();
  ProcessEntry* entry = given != 0 ? AddProcess(page, pid, given) : FindProcess(page, pid);
  if (entry == nullptr) {
    // Born by libc's own system() or popen(), or by a program that is not under the clock.
    constexpr std::uint64_t kAdopted = 0xADU;
    ProcessEntry* parent = FindProcess(page, getppid());
    const std::uint64_t base = parent != nullptr ? parent->lineage : kRootLineage;
    const std::uint32_t number = parent != nullptr ? parent->adopted.fetch_add(1) : 0;
    entry = AddProcess(page, pid, Mix(Mix(base, kAdopted), number));
  }
  if (entry == nullptr) Fatal("more processes than the clock has room for");
  t_self.lineage = Mix(entry->lineage, ++entry->execs);
  pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild);
}

}  // namespace tidegate::lab

TIDEGATE_EXPORT int pthread_create(pthread_t* __restrict thread,
                                   const pthread_attr_t* __restrict attributes,
                                   void* (*routine)(void*), void* __restrict argument) noexcept {
  if (ThePage() == nullptr) {
    return TIDEGATE_REAL(pthread_create)(thread, attributes, routine, argument);
  }
  auto* start = static_cast<ThreadStart*>(malloc(sizeof(ThreadStart)));
  if (start == nullptr) return EAGAIN;
  *start = {routine, argument, NextChild()};
  // Threads take process ids as well: not between somebody's choice and fork.
  LockForks();
  const int result = TIDEGATE_REAL(pthread_create)(thread, attributes, RunThread, start);
  UnlockForks();
  if (result != 0) free(start);
  return result;
}

// A child that shares the parent's memory could not be told apart from it; fork is allowed in its
// place.
TIDEGATE_EXPORT pid_t vfork() noexcept { return fork(); }
