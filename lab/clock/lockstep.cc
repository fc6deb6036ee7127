#include "lab/clock/lockstep.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "lab/clock/namespace.h"
#include "lab/clock/page.h"
#include "lab/clock/sleepers.h"
#include "lab/clock/task_watch.h"

namespace tidegate::lab {
namespace {

Error Failed(const std::string& what) {
  return {ErrorCode::kIo, fmt::format("the lockstep clock: {}: {}", what, strerror(errno)), ""};
}

// Between looks that find somebody awake: an eighth of the time that this has lasted, so that the
// looks take little of the processor from those who are awake, and cost them little delay.
class Nap {
 public:
  void End() { awake_since_.reset(); }
  void Take() {
    constexpr std::chrono::nanoseconds kShort = std::chrono::microseconds(20);
    constexpr std::chrono::nanoseconds kLong = std::chrono::milliseconds(2);
    const auto now = std::chrono::steady_clock::now();
    if (!awake_since_.has_value()) awake_since_ = now;
    const std::chrono::nanoseconds awake = now - *awake_since_;
    const timespec length = {0, std::clamp(awake / 8, kShort, kLong).count()};
    ppoll(nullptr, 0, &length, nullptr);
  }

 private:
  std::optional<std::chrono::steady_clock::time_point> awake_since_;
};

class OwnedPage {
 public:
  OwnedPage() = default;
  OwnedPage(const OwnedPage&) = delete;
  OwnedPage& operator=(const OwnedPage&) = delete;
  ~OwnedPage() {
    if (page_ != nullptr) munmap(page_, sizeof(Page));
    if (!path_.empty()) unlink(path_.c_str());
  }

  Status Map(const std::string& path) {
    unlink(path.c_str());
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return Failed("cannot create " + path);
    path_ = path;
    // Processes that change their user go on reading it.
    const bool sized = fchmod(fd, 0666) == 0 && ftruncate(fd, sizeof(Page)) == 0;
    void* mapped =
        sized ? mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    close(fd);
    if (mapped == MAP_FAILED) return Failed("cannot map " + path);
    page_ = static_cast<Page*>(mapped);  // zeroes are a valid one
    return {};
  }
  Page* get() const { return page_; }
  const std::string& path() const { return path_; }

 private:
  Page* page_ = nullptr;
  std::string path_;
};

class LockstepClock final : public Lockstep {
 public:
  explicit LockstepClock(const Options& options) : options_(options) {}
  ~LockstepClock() override { KillAll(); }

  Status Begin() {
    if (syscall(SYS_futex_waitv, nullptr, 0, 0, nullptr, 0) < 0 && errno == ENOSYS) {
      return Failed("needs futex_waitv (Linux 5.16)");
    }
    if (access("/proc/self/syscall", R_OK) != 0) return Failed("needs /proc/PID/syscall");
    if (access(options_.preload.c_str(), R_OK) != 0) return Failed(options_.preload);
    TRY(page_.Map(options_.directory + "/clock.page"));
    Page* page = page_.get();
    page->epoch_ns = options_.epoch_ns;
    page->seed = options_.seed;
    page->chooses_pids.store(1);
    page->magic = kPageMagic;
    sleepers_ = std::make_unique<Sleepers>(
        page, [this](pid_t inner) { return watch_ == nullptr ? 0 : watch_->OuterOf(inner); });
    return {};
  }

  Status Spawn(const Command& command) override {
    CHECK(one_ <= 0);
    CHECK(!command.argv.empty());
    if (one_ < 0) ForgetTheDead();
    const std::uint64_t root = spawned_++ == 0 ? kRootLineage : Mix(kRootLineage, spawned_);
    AddProcess(page_.get(), 1, Mix(root, 1));
    AddProcess(page_.get(), kCommandPid, root);
    TRY_ASSIGN(one_, StartInNamespace(command, EnvironmentOf(command), page_.get()));
    watch_ = std::make_unique<TaskWatch>(one_);
    return {};
  }

  std::optional<int> ExitStatus() override {
    const std::int32_t ended = page_.get()->engine_ended.load();
    if (ended != 0) {
      const int status = ended - 1;
      return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    if (one_ > 0 && waitpid(one_, nullptr, WNOHANG) == one_) one_ = -1;
    if (one_ < 0) return 128 + SIGKILL;
    return std::nullopt;
  }

  void KillAll() override {
    if (one_ <= 0) return;
    // Process 1 is reaped after all others of its namespace have gone.
    kill(one_, SIGKILL);
    while (waitpid(one_, nullptr, 0) < 0 && errno == EINTR) {
    }
    one_ = -1;
  }

  void Set(Time now) override {
    CHECK(now >= this->now());
    page_.get()->now.store(now, std::memory_order_release);
  }
  Time now() const override { return page_.get()->now.load(); }

  std::optional<Time> NextDeadline() override { return sleepers_->NextDeadline(); }

  bool WakeOne() override {
    const bool woken = sleepers_->WakeOne(now());
    if (woken) seen_ = false;
    return woken;
  }

  bool Quiescent(bool world_had_work) override {
    if (world_had_work) seen_ = false;
    if (one_ <= 0) return true;
    const std::uint64_t activity = page_.get()->activity.load();
    const TaskWatch::Look look = watch_->Take();
    if (!look.asleep) {
      seen_ = false;
      nap_.Take();
      return false;
    }
    const std::uint64_t digest = Mix(look.digest, activity);
    const bool proven = seen_ && digest == digest_;
    if (proven) nap_.End();
    if (proven && digest != collected_) Collect(digest);
    seen_ = true;
    digest_ = digest;
    return proven;
  }

  std::vector<std::string> Awake() const override {
    if (watch_ == nullptr || watch_->awake().empty()) return {};
    return {watch_->awake()};
  }

  std::uint64_t LineageOf(pid_t pid) override {
    const ProcessEntry* entry = FindProcess(page_.get(), pid);
    return entry == nullptr ? 0 : entry->lineage;
  }

  std::uint64_t LineageOfPort(std::uint16_t port) override {
    return page_.get()->port_lineage[port].load();
  }

  pid_t InnerPid(pid_t pid) override { return watch_ == nullptr ? 0 : watch_->InnerPid(pid); }

 private:
  std::vector<std::string> EnvironmentOf(const Command& command) const {
    std::string preload = "LD_PRELOAD=" + options_.preload;
    std::vector<std::string> environment;
    for (const std::string& each : command.env) {
      if (each.rfind("LD_PRELOAD=", 0) == 0) {
        preload += fmt::format(":{}", each.substr(each.find('=') + 1));
      } else if (each.rfind("PYTHONHASHSEED=", 0) != 0) {
        environment.push_back(each);
      }
    }
    environment.push_back(preload);
    environment.push_back(fmt::format("{}={}", kPageVariable, page_.path()));
    environment.push_back(fmt::format("PYTHONHASHSEED={}", PythonHashSeed(options_.seed)));
    return environment;
  }

  // Whoever held a lock or a slot as it was killed never gives it back.
  void ForgetTheDead() {
    Page* page = page_.get();
    for (Slot& slot : page->slots) slot.state.store(SlotState::kFree);
    for (ProcessEntry& entry : page->processes) entry.pid.store(0);
    for (std::atomic<std::uint64_t>& lineage : page->port_lineage) lineage.store(0);
    page->fork_lock.store(0);
    page->engine_ended.store(0);
    page->activity.fetch_add(1);
    seen_ = false;
  }

  void Collect(std::uint64_t digest) {
    collected_ = digest;
    Sleepers::Living living;
    for (const TaskWatch::Task& task : watch_->tasks()) {
      if (task.dead) continue;
      living.pids.insert(task.inner_pid);
      living.tids.insert(task.inner_tid);
    }
    sleepers_->Collect(living);
    // The table of processes has room for many more than live: it is swept now and then.
    constexpr std::uint32_t kBirthsBetweenSweeps = 2048;
    const std::uint32_t births = page_.get()->births.load();
    if (births - swept_at_ < kBirthsBetweenSweeps) return;
    swept_at_ = births;
    for (ProcessEntry& entry : page_.get()->processes) {
      if (living.pids.count(entry.pid.load()) == 0) entry.pid.store(0);
    }
  }

  Options options_;
  OwnedPage page_;
  pid_t one_ = 0;  ///< process 1 of the namespace, as seen here; -1: gone
  std::unique_ptr<TaskWatch> watch_;
  std::unique_ptr<Sleepers> sleepers_;
  Nap nap_;
  bool seen_ = false;  ///< digest_ is of a look since which nothing is known to have happened
  std::uint64_t digest_ = 0;
  std::uint64_t collected_ = 0;
  std::uint32_t swept_at_ = 0;
  std::uint64_t spawned_ = 0;  ///< commands so far
};

}  // namespace

Result<std::unique_ptr<Lockstep>> Lockstep::Create(const Options& options) {
  auto clock = std::make_unique<LockstepClock>(options);
  TRY(clock->Begin());
  return std::unique_ptr<Lockstep>(std::move(clock));
}

}  // namespace tidegate::lab
