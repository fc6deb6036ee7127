// A program of its own, run under the clock: one wait of each kind. `waits NAME` waits 500 s in
// that way and prints what both clocks say about it and how it ended; `waits` prints all names.
#include "tests/lab/clock/waits.h"

#include <cstdio>
#include <cstring>
#include <ctime>

namespace tidegate::test {

std::int64_t NowOn(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

timespec In(clockid_t clock, int seconds) {
  timespec at = {};
  clock_gettime(clock, &at);
  at.tv_sec += seconds;
  return at;
}

namespace {

int Run(const Wait& wait) {
  const std::int64_t real = NowOn(CLOCK_REALTIME);
  const std::int64_t monotonic = NowOn(CLOCK_MONOTONIC);
  const char* end = wait.run();
  const long long real_ns = NowOn(CLOCK_REALTIME) - real;
  const long long monotonic_ns = NowOn(CLOCK_MONOTONIC) - monotonic;
  std::printf("%s %lld.%09lld %lld.%09lld %s\n", wait.name, real_ns / 1'000'000'000,
              real_ns % 1'000'000'000, monotonic_ns / 1'000'000'000, monotonic_ns % 1'000'000'000,
              end);
  return 0;
}

}  // namespace
}  // namespace tidegate::test

int main(int argc, char** argv) {
  using namespace tidegate::test;  // NOLINT: a program of one file's length
  for (const std::vector<Wait>& waits :
       {SleepWaits(), FdWaits(), SyncWaits(), TimerWaits(), C11AndIpcWaits()}) {
    for (const Wait& wait : waits) {
      if (argc < 2) std::printf("%s\n", wait.name);
      if (argc >= 2 && std::strcmp(argv[1], wait.name) == 0) return Run(wait);
    }
  }
  return argc < 2 ? 0 : 2;
}
