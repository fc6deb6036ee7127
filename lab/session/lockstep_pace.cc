// The clock `lockstep`: all processes of the engine live in the world's own time, which goes on
// only when all of them are proven asleep (lab/clock/lockstep.h).
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "lab/clock/lockstep.h"
#include "lab/session/pace.h"

namespace tidegate::lab {
namespace {

// A program that never sleeps would stop the world for good. So much of the machine's own time may
// pass between two moments of rest.
constexpr std::chrono::seconds kBusyMax{60};

class LockstepPace final : public Pace {
 public:
  explicit LockstepPace(std::unique_ptr<Lockstep> clock) : clock_(std::move(clock)) {}

  Status Spawn(const Program& program) override {
    Command command;
    command.argv = program.argv;
    command.env = program.environment;
    command.cwd = program.folder;
    const int log = open(program.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) return Error{ErrorCode::kIo, "can't write " + program.log_path, ""};
    command.stdin_fd = program.input_fd;
    command.stdout_fd = log;
    command.stderr_fd = log;
    Status status = clock_->Spawn(command);
    close(log);
    return status;
  }

  std::optional<int> ExitStatus() override { return clock_->ExitStatus(); }
  void KillAll() override { clock_->KillAll(); }
  void Set(Time now) override { clock_->Set(now); }

  bool Settled(bool worked, bool, HttpFront*) override {
    if (clock_->Quiescent(worked)) {
      busy_since_.reset();
      return true;
    }
    const auto machine = std::chrono::steady_clock::now();
    if (!busy_since_.has_value()) busy_since_ = machine;
    if (machine - *busy_since_ > kBusyMax) {
      trouble_ =
          fmt::format("for {} s of real time the engine's processes have not come to rest: {}",
                      kBusyMax.count(), fmt::join(clock_->Awake(), ", "));
    }
    return false;
  }

  std::optional<Time> NextWake() override { return clock_->NextDeadline(); }
  bool WakeOne() override { return clock_->WakeOne(); }
  std::uint64_t LineageOfProcess(int pid) override {
    return clock_->LineageOf(clock_->InnerPid(pid));
  }
  std::uint64_t LineageOfPort(std::uint16_t port) override { return clock_->LineageOfPort(port); }
  const std::string& trouble() const override { return trouble_; }

 private:
  std::unique_ptr<Lockstep> clock_;
  std::optional<std::chrono::steady_clock::time_point> busy_since_;
  std::string trouble_;
};

}  // namespace

Result<std::unique_ptr<Pace>> MakeLockstepPace(const LockstepSettings& settings) {
  Lockstep::Options options;
  options.directory = settings.folder;
  options.preload = settings.preload;
  options.epoch_ns = settings.epoch_ms * kMillisecond;
  options.seed = settings.seed;
  TRY_ASSIGN(std::unique_ptr<Lockstep> clock, Lockstep::Create(options));
  return {std::make_unique<LockstepPace>(std::move(clock))};
}

}  // namespace tidegate::lab
