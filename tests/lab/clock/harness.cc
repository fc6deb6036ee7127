#include "tests/lab/clock/harness.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>

#include "lab/clock/lockstep.h"
#include "tests/support/temp_dir.h"

namespace tidegate::test {
namespace {

using Clock = std::chrono::steady_clock;

double MsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// Drives the clock until the command ends.
class Driver {
 public:
  Driver(const LockstepRun& run, lab::Lockstep* clock, int output)
      : run_(run), clock_(clock), output_(output) {}

  LockstepEnd Drive() {
    while (end_.problem.empty() && Settle() && !Ended()) Step();
    if (!end_.problem.empty()) clock_->KillAll();
    end_.ended = clock_->now();
    end_.real_ms = MsSince(begin_);
    return end_;
  }

 private:
  bool Settle() {
    while (true) {
      const bool read_some = Read();
      if (Ended()) return true;
      ++end_.looks;
      if (clock_->Quiescent(read_some)) return true;
      if (MsSince(begin_) < run_.real_seconds_max * 1000.0) continue;
      end_.problem = fmt::format("awake: {}", fmt::join(clock_->Awake(), ", "));
      return false;
    }
  }

  // A task that polls in its sleep makes some of these looks fail.
  void WatchSleep() {
    bool compared = true;  // with an earlier look
    for (int i = 0; i < 10 && end_.problem.empty(); ++i) {
      const timespec length = {0, 500'000};
      ppoll(nullptr, 0, &length, nullptr);
      const bool quiescent = clock_->Quiescent(false);
      const std::string awake = fmt::format("{}", fmt::join(clock_->Awake(), ", "));
      // The kernel's network thread works for the whole machine.
      const bool network = awake.find("ksoftirqd") != std::string::npos;
      if (!quiescent && !network && compared) {
        end_.problem = "somebody stirs in his sleep: " + awake;
      }
      compared = !network;
    }
  }

  void Step() {
    if (run_.watch_sleep) WatchSleep();
    if (!end_.problem.empty()) return;
    if (clock_->WakeOne()) {
      ++end_.wakes;
      return;
    }
    const std::optional<Time> next = clock_->NextDeadline();
    if (!next.has_value()) {
      end_.problem = "all sleep for ever";
    } else if (*next > run_.until) {
      end_.problem = "it runs too long";
    } else {
      clock_->Set(*next);
    }
  }

  bool Ended() {
    const std::optional<int> status = clock_->ExitStatus();
    if (!status.has_value()) return false;
    end_.status = *status;
    clock_->KillAll();
    while (Read()) {
    }
    return true;
  }

  bool Read() {
    char buffer[4096];
    const ssize_t size = read(output_, buffer, sizeof buffer);
    if (size > 0) end_.output.append(buffer, static_cast<std::size_t>(size));
    return size > 0;
  }

  const LockstepRun& run_;
  lab::Lockstep* clock_;
  int output_;
  Clock::time_point begin_ = Clock::now();
  LockstepEnd end_;
};

}  // namespace

LockstepEnd RunUnderLockstep(const LockstepRun& run) {
  const TempDir folder;
  LockstepEnd failed;
  auto clock =
      lab::Lockstep::Create({.directory = folder.path(),
                             .preload = run.preload.empty() ? TIDEGATE_CLOCK_PRELOAD : run.preload,
                             .epoch_ns = 1'893'456'000 * kSecond,
                             .seed = run.seed});
  if (!clock.has_value()) {
    failed.problem = clock.error().ToString();
    return failed;
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return failed;
  fcntl(ends[1], F_SETFL, 0);
  std::vector<std::string> env = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"};
  env.insert(env.end(), run.env.begin(), run.env.end());
  const Status started = (*clock)->Spawn({.argv = run.argv,
                                          .env = std::move(env),
                                          .cwd = "",
                                          .stdin_fd = -1,
                                          .stdout_fd = ends[1],
                                          .stderr_fd = ends[1]});
  close(ends[1]);
  if (!started.has_value()) {
    failed.problem = started.error().ToString();
    close(ends[0]);
    return failed;
  }
  LockstepEnd end = Driver(run, clock->get(), ends[0]).Drive();
  close(ends[0]);
  return end;
}

LockstepEnd RunBash(const std::string& script) {
  return RunUnderLockstep({.argv = {"bash", "-c", script}});
}

}  // namespace tidegate::test
