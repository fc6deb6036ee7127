// A program of its own, run under the clock and ThreadSanitizer: its threads do at one time what
// the preload stands in front of, over and over, and count under locks what the waits promise.
// `races canary` has a race of its own, which must be found.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace {

using std::chrono::milliseconds;

constexpr int kThreads = 8;
constexpr int kRounds = 150;

// A draw of each thread's own.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  int Below(int bound) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<int>((state_ >> 33) % static_cast<std::uint64_t>(bound));
  }

 private:
  std::uint64_t state_;
};

struct Shared {
  std::mutex mutex;
  std::condition_variable changed;
  int generation = 0;  // under mutex
  std::timed_mutex timed_mutex;
  int held = 0;  // under timed_mutex
  sem_t tokens;
  std::atomic<int> calls{0};  // of timers' functions
  std::atomic<int> alarms{0};
} g_shared;

timespec In(clockid_t clock, int ms) {
  timespec at = {};
  clock_gettime(clock, &at);
  at.tv_nsec += ms % 1000 * 1'000'000L;
  at.tv_sec += ms / 1000 + at.tv_nsec / 1'000'000'000;
  at.tv_nsec %= 1'000'000'000;
  return at;
}

void Sleeps(Dice* dice) {
  usleep(static_cast<useconds_t>(1 + dice->Below(5000)));
  const timespec at = In(CLOCK_MONOTONIC, dice->Below(20));
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
}

void Waits(Dice* dice) {
  std::unique_lock lock(g_shared.mutex);
  const int seen = g_shared.generation;
  g_shared.changed.wait_for(lock, milliseconds(1 + dice->Below(50)),
                            [&] { return g_shared.generation != seen; });
}

void Notifies(Dice* dice) {
  {
    const std::lock_guard lock(g_shared.mutex);
    ++g_shared.generation;
  }
  dice->Below(2) == 0 ? g_shared.changed.notify_one() : g_shared.changed.notify_all();
}

void Locks(Dice* dice) {
  if (!g_shared.timed_mutex.try_lock_for(milliseconds(1 + dice->Below(30)))) return;
  ++g_shared.held;
  if (dice->Below(3) == 0) usleep(2000);
  g_shared.timed_mutex.unlock();
}

void TakesTokens(Dice* dice) {
  sem_post(&g_shared.tokens);
  const timespec at = In(CLOCK_REALTIME, dice->Below(20));
  sem_timedwait(&g_shared.tokens, &at);
}

void Futures(Dice* dice) {
  std::promise<int> promise;
  const int length = dice->Below(10);
  std::thread other([&promise, length] {
    usleep(static_cast<useconds_t>(length * 1000));
    promise.set_value(length);
  });
  std::future<int> future = promise.get_future();
  future.wait_for(milliseconds(dice->Below(10)));
  if (future.get() != length) std::abort();
  other.join();
}

void TimerFds(Dice* dice) {
  const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  const itimerspec once = {{0, 0}, {0, 1'000'000L * (1 + dice->Below(20))}};
  timerfd_settime(fd, 0, &once, nullptr);
  pollfd ready = {fd, POLLIN, 0};
  if (dice->Below(2) == 0) poll(&ready, 1, 10);
  const int copy = dup2(fd, fcntl(fd, F_DUPFD_CLOEXEC, 100));
  close(fd);
  close(copy);
}

void TimersWithThreads(Dice* dice) {
  sigevent event = {};
  event.sigev_notify = SIGEV_THREAD;
  event.sigev_notify_function = [](sigval) { ++g_shared.calls; };
  timer_t timer;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) std::abort();
  const itimerspec often = {{0, 2'000'000}, {0, 1'000'000}};
  timer_settime(timer, 0, &often, nullptr);
  usleep(static_cast<useconds_t>(dice->Below(9000)));
  timer_delete(timer);
}

void Polls(Dice* dice) {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  std::thread writer([&ends, length = dice->Below(5)] {
    usleep(static_cast<useconds_t>(length * 1000));
    if (write(ends[1], "x", 1) != 1) std::abort();
  });
  pollfd ready = {ends[0], POLLIN, 0};
  poll(&ready, 1, 1 + dice->Below(5));
  fd_set set;
  FD_ZERO(&set);
  timeval limit = {0, 3000};
  if (ends[0] < FD_SETSIZE) {
    FD_SET(ends[0], &set);
    select(ends[0] + 1, &set, nullptr, nullptr, &limit);
  }
  writer.join();
  close(ends[0]);
  close(ends[1]);
}

void Forks(Dice* dice) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  usleep(static_cast<useconds_t>(dice->Below(2000)));
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) std::abort();
}

void Draws(Dice*) {
  std::array<unsigned char, 16> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) != 16) std::abort();
  const int file = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  if (read(file, bytes.data(), bytes.size()) != 16) std::abort();
  close(file);
}

void Alarms(Dice* dice) {
  const itimerval once = {{0, 0}, {0, 1000 * (1 + dice->Below(10))}};
  setitimer(ITIMER_REAL, &once, nullptr);
  usleep(3000);
}

using Act = void (*)(Dice*);
constexpr std::array<Act, 12> kActs = {Sleeps,      Waits,   Notifies, Locks,
                                       TakesTokens, Futures, TimerFds, TimersWithThreads,
                                       Polls,       Forks,   Draws,    Alarms};

int Canary() {
  int unguarded = 0;
  std::thread other([&] { ++unguarded; });
  ++unguarded;
  other.join();
  std::printf("canary %d\n", unguarded);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "canary") == 0) return Canary();
  sem_init(&g_shared.tokens, 0, 0);
  signal(SIGALRM, [](int) { ++g_shared.alarms; });
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([i] {
      Dice dice(static_cast<std::uint64_t>(i));
      for (int round = 0; round < kRounds; ++round) {
        kActs[static_cast<std::size_t>(dice.Below(kActs.size()))](&dice);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const bool all =
      g_shared.generation > 0 && g_shared.held > 0 && g_shared.calls > 0 && g_shared.alarms > 0;
  std::printf("done%s\n", all ? "" : ", but not all was tried");
  return all ? 0 : 1;
}
