#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "tests/lab/clock/waits.h"

namespace tidegate::test {
namespace {

struct Pair {
  Pair() {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) std::abort();
  }
  ~Pair() {
    close(ends[0]);
    close(ends[1]);
  }
  int ends[2];
};

const char* Said(int result) {
  return result == 0 ? "timed out" : (result == 1 ? "ready" : "failed");
}

// Another thread makes the fd readable after 200 s.
template <typename Waits>
const char* WokenEarly(Waits waits) {
  Pair pair;
  std::thread writer([&] {
    sleep(kEarly);
    if (write(pair.ends[1], "x", 1) != 1) std::abort();
  });
  const char* said = Said(waits(pair.ends[0]));
  writer.join();
  return said;
}

template <typename Waits>
const char* TimesOut(Waits waits) {
  Pair pair;
  return Said(waits(pair.ends[0]));
}

int Poll(int fd) {
  pollfd fds = {fd, POLLIN, 0};
  return poll(&fds, 1, kSeconds * 1000);
}

int Ppoll(int fd) {
  pollfd fds = {fd, POLLIN, 0};
  const timespec limit = {kSeconds, 0};
  sigset_t none;
  sigemptyset(&none);
  return ppoll(&fds, 1, &limit, &none);
}

// Linux leaves what remained of the time.
int Select(int fd) {
  fd_set reads;
  FD_ZERO(&reads);
  FD_SET(fd, &reads);
  timeval limit = {kSeconds, 0};
  const int result = select(fd + 1, &reads, nullptr, nullptr, &limit);
  const bool told = (result == 1) == (FD_ISSET(fd, &reads) != 0);
  const bool left = limit.tv_sec == (result == 1 ? kSeconds - kEarly : 0);
  return told && left ? result : -2;
}

int Pselect(int fd) {
  fd_set reads;
  FD_ZERO(&reads);
  FD_SET(fd, &reads);
  const timespec limit = {kSeconds, 0};
  sigset_t none;
  sigemptyset(&none);
  return pselect(fd + 1, &reads, nullptr, nullptr, &limit, &none);
}

template <typename Waits>
int WithEpoll(int fd, Waits waits) {
  const int set = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event = {};
  event.events = EPOLLIN;
  epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
  const int result = waits(set, &event);
  close(set);
  return result;
}

int EpollWait(int fd) {
  return WithEpoll(
      fd, [](int set, epoll_event* event) { return epoll_wait(set, event, 1, kSeconds * 1000); });
}
int EpollPwait(int fd) {
  sigset_t none;
  sigemptyset(&none);
  return WithEpoll(fd, [&](int set, epoll_event* event) {
    return epoll_pwait(set, event, 1, kSeconds * 1000, &none);
  });
}
int EpollPwait2(int fd) {
  const timespec limit = {kSeconds, 0};
  return WithEpoll(fd, [&](int set, epoll_event* event) {
    return epoll_pwait2(set, event, 1, &limit, nullptr);
  });
}

// A peer that hung up makes poll ready, but not select for writing or exceptions.
const char* SelectBesideHangUp() {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  close(ends[1]);
  fd_set others;
  FD_ZERO(&others);
  FD_SET(ends[0], &others);
  timeval limit = {kSeconds, 0};
  return Said(select(ends[0] + 1, nullptr, nullptr, &others, &limit));
}

const char* SelectSleep() {
  timeval limit = {kSeconds, 0};
  return Said(select(0, nullptr, nullptr, nullptr, &limit));
}

// Ready at once costs no time; no limit is no sleeper.
const char* PollReady() {
  Pair pair;
  if (write(pair.ends[1], "x", 1) != 1) return "failed";
  pollfd fds = {pair.ends[0], POLLIN, 0};
  return Said(poll(&fds, 1, kSeconds * 1000));
}

const char* PollInterrupted() {
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  alarm(kEarly);
  Pair pair;
  return Poll(pair.ends[0]) < 0 ? "interrupted" : "not interrupted";
}

const char* Sigtimedwait() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  const timespec limit = {kSeconds, 0};
  return sigtimedwait(&set, nullptr, &limit) < 0 ? "timed out" : "a signal";
}

const char* SigtimedwaitWoken() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::thread sender([] {
    sleep(kEarly);
    kill(getpid(), SIGUSR1);
  });
  const timespec limit = {kSeconds, 0};
  const char* said = sigtimedwait(&set, nullptr, &limit) == SIGUSR1 ? "a signal" : "timed out";
  sender.join();
  return said;
}

}  // namespace

std::vector<Wait> FdWaits() {
  return {
      {"poll", [] { return TimesOut(Poll); }},
      {"poll_woken", [] { return WokenEarly(Poll); }},
      {"poll_without_fds", [] { return Said(poll(nullptr, 0, kSeconds * 1000)); }},
      {"poll_ready", PollReady},
      {"poll_interrupted", PollInterrupted},
      {"ppoll", [] { return TimesOut(Ppoll); }},
      {"ppoll_woken", [] { return WokenEarly(Ppoll); }},
      {"select", [] { return TimesOut(Select); }},
      {"select_woken", [] { return WokenEarly(Select); }},
      {"select_without_fds", SelectSleep},
      {"select_beside_hang_up", SelectBesideHangUp},
      {"pselect", [] { return TimesOut(Pselect); }},
      {"pselect_woken", [] { return WokenEarly(Pselect); }},
      {"epoll_wait", [] { return TimesOut(EpollWait); }},
      {"epoll_wait_woken", [] { return WokenEarly(EpollWait); }},
      {"epoll_pwait", [] { return TimesOut(EpollPwait); }},
      {"epoll_pwait_woken", [] { return WokenEarly(EpollPwait); }},
      {"epoll_pwait2", [] { return TimesOut(EpollPwait2); }},
      {"sigtimedwait", Sigtimedwait},
      {"sigtimedwait_woken", SigtimedwaitWoken},
  };
}

}  // namespace tidegate::test
