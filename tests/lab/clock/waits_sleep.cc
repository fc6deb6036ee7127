#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <thread>

#include "tests/lab/clock/waits.h"

namespace tidegate::test {
namespace {

using std::chrono::seconds;

const char* Said(int result) { return result == 0 ? "slept" : "cut short"; }

template <clockid_t kClock>
const char* Relative() {
  const timespec length = {kSeconds, 0};
  return Said(clock_nanosleep(kClock, 0, &length, nullptr));
}

template <clockid_t kClock>
const char* Absolute() {
  const timespec at = In(kClock, kSeconds);
  return Said(clock_nanosleep(kClock, TIMER_ABSTIME, &at, nullptr));
}

const char* Nanosleep() {
  const timespec length = {kSeconds, 0};
  return Said(nanosleep(&length, nullptr));
}

const char* ThreadSleep() {
  const timespec length = {kSeconds, 0};
  return Said(thrd_sleep(&length, nullptr));
}

// A handler ends a sleep even where it asks for system calls to go on.
const char* Interrupted() {
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  alarm(kEarly);
  return sleep(kSeconds) == kSeconds - kEarly ? "300 s were left" : "another rest";
}

const char* Late() {
  const timespec past = In(CLOCK_MONOTONIC, -5);
  return Said(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, nullptr));
}

// Inside wait a process calls itself asleep while it looks through its children. This one never
// sleeps.
const char* BusyInWait() {
  pid_t children[20];
  for (pid_t& child : children) {
    child = fork();
    if (child == 0) {
      for (;;) pause();
    }
  }
  if (fork() == 0) _exit(0);
  siginfo_t info = {};
  for (int i = 0; i < 200'000; ++i) waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
  for (const pid_t child : children) kill(child, SIGKILL);
  return "came through";
}

}  // namespace

std::vector<Wait> SleepWaits() {
  return {
      {"sleep", [] { return Said(static_cast<int>(sleep(kSeconds))); }},
      {"usleep", [] { return Said(usleep(kSeconds * 1'000'000U)); }},
      {"nanosleep", Nanosleep},
      {"clock_nanosleep_real", Relative<CLOCK_REALTIME>},
      {"clock_nanosleep_mono", Relative<CLOCK_MONOTONIC>},
      {"clock_nanosleep_real_abs", Absolute<CLOCK_REALTIME>},
      {"clock_nanosleep_mono_abs", Absolute<CLOCK_MONOTONIC>},
      {"thrd_sleep", ThreadSleep},
      {"this_thread_sleep_for",
       [] {
         std::this_thread::sleep_for(seconds(kSeconds));
         return "slept";
       }},
      {"this_thread_sleep_until",
       [] {
         std::this_thread::sleep_until(std::chrono::system_clock::now() + seconds(kSeconds));
         return "slept";
       }},
      {"sleep_interrupted", Interrupted},
      {"sleep_until_the_past", Late},
      {"busy_in_wait", BusyInWait},
  };
}

}  // namespace tidegate::test
