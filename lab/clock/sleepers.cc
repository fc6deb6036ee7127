#include "lab/clock/sleepers.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <tuple>

namespace tidegate::lab {
namespace {

void WakeFutex(Slot* slot) {
  slot->wake.store(1, std::memory_order_release);
  syscall(SYS_futex, &slot->wake, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

std::tuple<Time, std::uint64_t, std::uint64_t, SlotKind> OrderOf(const Slot& slot) {
  return {slot.deadline, slot.lineage, slot.number, slot.kind};
}

void Free(Slot* slot) {
  slot->tid = 0;
  slot->pid = 0;
  slot->state.store(SlotState::kFree, std::memory_order_release);
}

bool IsTimer(SlotKind kind) {
  return kind == SlotKind::kAlarm || kind == SlotKind::kTimer || kind == SlotKind::kTimerFd;
}

}  // namespace

Slot* Sleepers::Next() const {
  Slot* next = nullptr;
  const std::uint32_t top = page_->slots_top.load();
  for (std::uint32_t i = 0; i < top; ++i) {
    Slot& slot = page_->slots[i];
    if (slot.state.load(std::memory_order_acquire) != SlotState::kArmed) continue;
    if (next == nullptr || OrderOf(slot) < OrderOf(*next)) next = &slot;
  }
  return next;
}

std::optional<Time> Sleepers::NextDeadline() const {
  const Slot* next = Next();
  if (next == nullptr || next->deadline == kNever) return std::nullopt;
  return next->deadline;
}

bool Sleepers::WakeOne(Time now) {
  for (;;) {
    Slot* slot = Next();
    if (slot == nullptr || slot->deadline > now) return false;
    SlotState armed = SlotState::kArmed;
    if (!slot->state.compare_exchange_strong(armed, SlotState::kFiring)) continue;
    if (Fire(slot)) return true;
    Free(slot);  // its process was killed meanwhile
  }
}

// What comes next for a timer that fires now: its slot must say so before its process can run.
void Sleepers::Rearm(Slot* slot) {
  if (slot->interval > 0) {
    slot->deadline = slot->deadline + slot->interval;
    slot->state.store(SlotState::kArmed, std::memory_order_release);
  } else if (slot->kind == SlotKind::kAlarm) {
    Free(slot);
  } else {
    slot->state.store(SlotState::kIdle, std::memory_order_release);
  }
}

// Copied, because a slot is its owner's again as soon as its state says so.
Sleepers::Target Sleepers::TargetOf(const Slot& slot) {
  return {slot.kind, slot.pid, slot.target, slot.fd, slot.signal, slot.value};
}

bool Sleepers::Fire(Slot* slot) {
  switch (slot->kind) {
    case SlotKind::kFutex:
      slot->state.store(SlotState::kFired, std::memory_order_release);
      WakeFutex(slot);
      return true;
    case SlotKind::kEvent: {
      const Target target = TargetOf(*slot);
      slot->state.store(SlotState::kFired, std::memory_order_release);
      return WriteEvent(target);
    }
    case SlotKind::kTimerThread:
      Rearm(slot);
      WakeFutex(slot);
      return true;
    case SlotKind::kAlarm:
    case SlotKind::kTimer:
    case SlotKind::kTimerFd: {
      const Target target = TargetOf(*slot);
      Rearm(slot);
      return target.kind == SlotKind::kTimerFd ? WriteEvent(target) : SendTimerSignal(target);
    }
  }
  return false;
}

// Makes the eventfd readable, whosever process it lies in.
bool Sleepers::WriteEvent(const Target& target) const {
  const auto process = static_cast<int>(syscall(SYS_pidfd_open, outer_(target.pid), 0));
  if (process < 0) return false;
  const auto event = static_cast<int>(syscall(SYS_pidfd_getfd, process, target.fd, 0));
  close(process);
  if (event < 0) return false;
  const std::uint64_t one = 1;
  const bool written = write(event, &one, sizeof one) == sizeof one;
  close(event);
  return written;
}

bool Sleepers::SendTimerSignal(const Target& target) const {
  const pid_t pid = outer_(target.pid);
  if (pid == 0) return false;
  if (target.kind == SlotKind::kAlarm) return kill(pid, target.signal) == 0;
  if (target.signal == 0) return true;  // SIGEV_NONE: only looked at
  siginfo_t info = {};
  info.si_signo = target.signal;
  info.si_code = SI_TIMER;
  info.si_value.sival_ptr = reinterpret_cast<void*>(target.value);
  if (target.thread == 0) return syscall(SYS_rt_sigqueueinfo, pid, target.signal, &info) == 0;
  const pid_t thread = outer_(target.thread);
  return syscall(SYS_rt_tgsigqueueinfo, pid, thread, target.signal, &info) == 0;
}

void Sleepers::Collect(const Living& living) {
  const std::uint32_t top = page_->slots_top.load();
  for (std::uint32_t i = 0; i < top; ++i) {
    Slot& slot = page_->slots[i];
    if (slot.state.load(std::memory_order_acquire) == SlotState::kFree) continue;
    const bool alive =
        IsTimer(slot.kind) ? living.pids.count(slot.pid) != 0 : living.tids.count(slot.tid) != 0;
    if (!alive || (slot.kind == SlotKind::kTimerFd && !StillThere(slot))) Free(&slot);
  }
}

bool Sleepers::StillThere(const Slot& slot) const {
  const std::string path = fmt::format("/proc/{}/fdinfo/{}", outer_(slot.pid), int{slot.fd});
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::array<char, 512> text;
  const ssize_t size = read(file, text.data(), text.size() - 1);
  close(file);
  text[static_cast<std::size_t>(size < 0 ? 0 : size)] = '\0';
  constexpr const char* kId = "eventfd-id:";
  const char* id = strstr(text.data(), kId);
  return id != nullptr && strtoull(id + strlen(kId), nullptr, 10) + 1 == slot.value;
}

}  // namespace tidegate::lab
