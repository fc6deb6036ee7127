#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "tests/lab/clock/waits.h"

namespace tidegate::test {
namespace {

std::atomic<int> g_signals{0};
std::atomic<int> g_value{0};

void Catch(int signal) {
  struct sigaction action = {};
  action.sa_sigaction = [](int, siginfo_t* info, void*) {
    g_value = info->si_value.sival_int;
    ++g_signals;
  };
  action.sa_flags = SA_SIGINFO;
  sigaction(signal, &action, nullptr);
}

const char* UntilSignals(int count) {
  while (g_signals < count) pause();
  return g_signals == count ? "as often as asked" : "too often";
}

const char* Alarm() {
  Catch(SIGALRM);
  alarm(7 * kSeconds);
  const unsigned left = alarm(kSeconds);
  return left == 7U * kSeconds ? UntilSignals(1) : "another rest";
}

const char* AlarmCancelled() {
  Catch(SIGALRM);
  alarm(10);
  alarm(0);
  sleep(kSeconds);
  return UntilSignals(0);
}

const char* Setitimer() {
  Catch(SIGALRM);
  const itimerval value = {{kSeconds / 5, 0}, {kSeconds / 5, 0}};
  setitimer(ITIMER_REAL, &value, nullptr);
  return UntilSignals(5);
}

template <clockid_t kClock>
const char* TimerCreate(bool absolute) {
  Catch(SIGUSR1);
  sigevent event = {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  event.sigev_value.sival_int = 4242;
  timer_t timer;
  if (timer_create(kClock, &event, &timer) != 0) return "failed";
  const timespec at = absolute ? In(kClock, kSeconds) : timespec{kSeconds, 0};
  const itimerspec value = {{0, 0}, at};
  timer_settime(timer, absolute ? TIMER_ABSTIME : 0, &value, nullptr);
  itimerspec left = {};
  timer_gettime(timer, &left);
  if (left.it_value.tv_sec != kSeconds) return "another rest";
  const char* said = UntilSignals(1);
  timer_delete(timer);
  return g_value == 4242 ? said : "another value";
}

const char* TimerThread() {
  sigevent event = {};
  event.sigev_notify = SIGEV_THREAD;
  event.sigev_notify_function = [](sigval) {
    ++g_signals;
    kill(getpid(), SIGUSR1);
  };
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, nullptr);
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  timer_t timer;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return "failed";
  const itimerspec value = {{kSeconds / 2, 0}, {kSeconds / 2, 0}};
  timer_settime(timer, 0, &value, nullptr);
  while (g_signals < 2) sigsuspend(&before);
  timer_delete(timer);
  return g_signals == 2 ? "as often as asked" : "too often";
}

template <clockid_t kClock>
const char* TimerFd(bool absolute) {
  const int fd = timerfd_create(kClock, TFD_CLOEXEC);
  const timespec at = absolute ? In(kClock, kSeconds) : timespec{kSeconds, 0};
  const itimerspec value = {{0, 0}, at};
  timerfd_settime(fd, absolute ? TFD_TIMER_ABSTIME : 0, &value, nullptr);
  std::uint64_t count = 0;
  const bool whole = read(fd, &count, sizeof count) == sizeof count;
  return whole && count == 1 ? "expired once" : "another count";
}

// Nobody reads for 500 s: five expirations are counted.
const char* TimerFdCounts() {
  const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  const itimerspec value = {{kSeconds / 5, 0}, {kSeconds / 5, 0}};
  timerfd_settime(fd, 0, &value, nullptr);
  sleep(kSeconds);
  std::uint64_t count = 0;
  if (read(fd, &count, sizeof count) != sizeof count) return "failed";
  // The fifth is due together with the sleep, which began after it was set.
  return count == 5 ? "five" : "another count";
}

// The number of a timer that was closed belongs to a socket: nothing must be written to it.
const char* NumberReused(void (*closes)(int)) {
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  const itimerspec value = {{0, 0}, {10, 0}};
  timerfd_settime(timer, 0, &value, nullptr);
  closes(timer);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || ends[0] != timer) return "another number";
  pollfd fds = {ends[1], POLLIN, 0};
  return poll(&fds, 1, kSeconds * 1000) == 0 ? "untouched" : "touched";
}

// fclose() closes inside libc, where nothing can stand in front of it.
void CloseUnseen(int fd) { fclose(fdopen(fd, "r")); }

// Neither is it another timer or eventfd, which looks the same from outside.
const char* NumberReusedByEventfd() {
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  const itimerspec value = {{0, 0}, {10, 0}};
  timerfd_settime(timer, 0, &value, nullptr);
  close(timer);
  pollfd fds = {eventfd(0, 0), POLLIN, 0};
  if (fds.fd != timer) return "another number";
  return poll(&fds, 1, kSeconds * 1000) == 0 ? "untouched" : "touched";
}

// An alarm is of the process that set it alone.
const char* AlarmNotInherited() {
  Catch(SIGALRM);
  alarm(100);
  const pid_t child = fork();
  if (child == 0) {
    sleep(kSeconds);
    _exit(g_signals);
  }
  int status = -1;
  while (waitpid(child, &status, 0) < 0) {
  }
  return g_signals == 1 && status == 0 ? "the parent's alone" : "the child's too";
}

const char* AlarmAcrossExec() {
  const pid_t child = fork();
  if (child == 0) {
    alarm(kSeconds);
    execlp("sleep", "sleep", "10000", nullptr);
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "ended by it" : "not ended by it";
}

// A POSIX timer does not survive exec: the program would be killed by it.
const char* TimerEndsAtExec() {
  const pid_t child = fork();
  if (child == 0) {
    timer_t timer;
    timer_create(CLOCK_MONOTONIC, nullptr, &timer);
    const itimerspec value = {{0, 0}, {10, 0}};
    timer_settime(timer, 0, &value, nullptr);
    execlp("sleep", "sleep", "500", nullptr);
    _exit(1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status == 0 ? "gone" : "it fired";
}

}  // namespace

std::vector<Wait> TimerWaits() {
  return {
      {"alarm", Alarm},
      {"alarm_cancelled", AlarmCancelled},
      {"setitimer", Setitimer},
      {"timer_mono", [] { return TimerCreate<CLOCK_MONOTONIC>(false); }},
      {"timer_mono_abs", [] { return TimerCreate<CLOCK_MONOTONIC>(true); }},
      {"timer_real_abs", [] { return TimerCreate<CLOCK_REALTIME>(true); }},
      {"timer_thread", TimerThread},
      {"timerfd_mono", [] { return TimerFd<CLOCK_MONOTONIC>(false); }},
      {"timerfd_mono_abs", [] { return TimerFd<CLOCK_MONOTONIC>(true); }},
      {"timerfd_real", [] { return TimerFd<CLOCK_REALTIME>(false); }},
      {"timerfd_real_abs", [] { return TimerFd<CLOCK_REALTIME>(true); }},
      {"timerfd_counts", TimerFdCounts},
      {"timerfd_number_reused", [] { return NumberReused([](int fd) { close(fd); }); }},
      {"timerfd_number_reused_unseen", [] { return NumberReused(CloseUnseen); }},
      {"timerfd_number_reused_by_eventfd", NumberReusedByEventfd},
      {"alarm_not_inherited", AlarmNotInherited},
      {"alarm_across_exec", AlarmAcrossExec},
      {"timer_ends_at_exec", TimerEndsAtExec},
  };
}

}  // namespace tidegate::test
