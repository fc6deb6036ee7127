#include "lab/clock/multiplied/multiplied.h"

#include <stdlib.h>
#include <string.h>

namespace tidegate::lab {
namespace {

constexpr std::int64_t kSecondsMax = INT64_MAX / kNsPerSecond / 4;

std::int64_t ToNs(const timespec& time) {
  if (time.tv_sec > kSecondsMax) return kSecondsMax * kNsPerSecond;
  if (time.tv_sec < -kSecondsMax) return -kSecondsMax * kNsPerSecond;
  return time.tv_sec * kNsPerSecond + time.tv_nsec;
}

timespec ToTimespec(std::int64_t ns) { return {ns / kNsPerSecond, ns % kNsPerSecond}; }

std::int64_t ReadFactor() {
  const char* setting = getenv("FAKETIME");
  const char* times = setting == nullptr ? nullptr : strrchr(setting, 'x');
  const long factor = times == nullptr ? 1 : strtol(times + 1, nullptr, 10);
  return factor < 1 ? 1 : factor;
}

std::int64_t LeftNs(clockid_t clock, const timespec& at) {
  timespec now = {};
  clock_gettime(clock, &now);  // libfaketime's
  const std::int64_t left = ToNs(at) - ToNs(now);
  return left <= 0 ? 0 : (left + Factor() - 1) / Factor();
}

}  // namespace

// Since 2.34 all of it is in one library.
void* FindInLibc(const char* name) {
  void* libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
  void* found = libc == nullptr ? nullptr : dlsym(libc, name);
  return found != nullptr ? found : dlsym(RTLD_NEXT, name);
}

// A process keeps the setting that it began with, as libfaketime does.
std::int64_t Factor() {
  static std::atomic<std::int64_t> known;
  std::int64_t factor = known.load(std::memory_order_relaxed);
  if (factor == 0) {
    factor = ReadFactor();
    known.store(factor, std::memory_order_relaxed);
  }
  return factor;
}

bool IsFaked(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC ||
         clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_BOOTTIME;
}

timespec Shorter(const timespec& length) {
  if (length.tv_sec < 0 || length.tv_nsec < 0 || length.tv_nsec >= kNsPerSecond) return length;
  return ToTimespec((ToNs(length) + Factor() - 1) / Factor());
}

timespec Longer(const timespec& length) {
  const std::int64_t most = kSecondsMax * kNsPerSecond / Factor();
  const std::int64_t ns = ToNs(length);
  return ToTimespec((ns < most ? ns : most) * Factor());
}

timespec Until(clockid_t clock, const timespec& at) { return ToTimespec(LeftNs(clock, at)); }

timespec Moment(clockid_t clock, const timespec& at, clockid_t of_machine) {
  timespec now = {};
  TIDEGATE_LIBC(clock_gettime)(of_machine, &now);
  return ToTimespec(ToNs(now) + LeftNs(clock, at));
}

}  // namespace tidegate::lab
