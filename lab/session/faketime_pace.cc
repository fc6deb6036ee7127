// The clock `faketime`: libfaketime, preloaded into every process, multiplies the time since its
// first process began; the world follows the same formula. In front of it a library of ours has the
// waits that it does not know (lab/clock/multiplied/).
#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "base/files.h"
#include "lab/session/real_pace.h"

namespace tidegate::lab {
namespace {

// Beyond a hundred times, the work of a program between two waits counts for minutes.
constexpr std::int64_t kFactorMax = 100;
constexpr std::int64_t kFactorMin = 2;
// What the start of a small program may cost in the world's time.
constexpr Duration kStartMax = 100 * kMillisecond;
constexpr int kStarts = 8;
constexpr Duration kPatience = 30 * kSecond;  // of the machine's time

constexpr std::string_view kPreload = "LD_PRELOAD=";
// The namespace's second process, whose id names the memory (libfaketime.c ft_shm_init).
constexpr const char* kMemory = "/proc/{}/{}/dev/shm/faketime_shm_2";

// When libfaketime's clock began, on the machine's.
struct Beginning {
  std::int64_t realtime = 0;
  std::int64_t monotonic = 0;
};

Time Realtime() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// libfaketime 0.9.10 src/faketime_common.h, struct ft_shared_s: two counters, then the time at
// which the first process began, by CLOCK_REALTIME and CLOCK_MONOTONIC (tv_nsec -1 until then). The
// file is shorter than what is mapped; the page behind it is shared all the same.
std::optional<Beginning> ReadMemory(const std::string& path) {
  constexpr std::size_t kPage = 4096;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  off_t size = lseek(fd, 0, SEEK_END);
  void* mapped = size <= 0 ? MAP_FAILED : mmap(nullptr, kPage, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED) return std::nullopt;
  std::array<volatile std::int64_t*, 4> words{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = static_cast<volatile std::int64_t*>(mapped) + 2 + i;
  }
  std::optional<Beginning> beginning;
  if (*words[1] >= 0 && *words[3] >= 0 && *words[0] > 0 && *words[2] > 0) {
    beginning = {*words[0] * kSecond + *words[1], *words[2] * kSecond + *words[3]};
  }
  munmap(mapped, kPage);
  return beginning;
}

class FaketimePace final : public RealPace {
 public:
  FaketimePace(const FaketimeSettings& settings, std::int64_t factor)
      : RealPace(factor),
        library_(settings.library),
        preload_(fmt::format("{}{}:{}", kPreload, settings.waits, settings.library)),
        epoch_(settings.epoch_ms * kMillisecond) {}

  // Shared memory of its own: what a killed run left in the machine's, under a process id that
  // comes again, would make every program end with an error.
  Status Spawn(const Program& program) override {
    const Time realtime = Realtime();
    const Time monotonic = Machine();
    const Duration offset = epoch_ + now() - realtime;
    TRY(Start(WithFaketime(program, offset), true));
    for (;;) {
      const std::optional<Beginning> began = ReadMemory(fmt::format(kMemory, pid(), "root"));
      const Time at = Machine();
      if (began.has_value() && began->monotonic >= monotonic && began->monotonic <= at) {
        Anchor(began->realtime + offset - epoch_, began->monotonic);
        return {};
      }
      if (at - monotonic > kPatience || ExitStatus().has_value()) {
        KillAll();
        return Error{ErrorCode::kIo,
                     fmt::format("{} did not begin its clock as version 0.9.10 does", library_),
                     ""};
      }
      poll(nullptr, 0, 1);
    }
  }

 private:
  Program WithFaketime(Program program, Duration offset) const {
    std::string preload = preload_;
    std::erase_if(program.environment, [&](const std::string& variable) {
      const bool is_preload = variable.starts_with(kPreload);
      if (is_preload) preload += fmt::format(":{}", variable.substr(kPreload.size()));
      return is_preload || variable.starts_with("FAKETIME");
    });
    program.environment.push_back(preload);
    program.environment.push_back(fmt::format("FAKETIME={}{}.{:09} x{}", offset < 0 ? '-' : '+',
                                              std::abs(offset / kSecond),
                                              std::abs(offset % kSecond), factor()));
    return program;
  }

  const std::string library_;
  const std::string preload_;
  const Time epoch_;
};

// The three times that the probe printed, of its own clock.
Result<std::array<Time, 3>> ProbeTimes(const FaketimeSettings& settings) {
  std::string script = "date +%s%N; sleep 5; date +%s%N; ";
  for (int i = 0; i < kStarts; ++i) script += "date > /dev/null; ";
  const Program program = {.argv = {"/bin/sh", "-c", script + "date +%s%N"},
                           .environment = {"PATH=/usr/bin:/bin"},
                           .folder = settings.folder,
                           .log_path = settings.folder + "/faketime-probe"};
  FaketimePace pace(settings, kFactorMax);
  pace.Set(0);
  TRY(pace.Spawn(program));
  for (Duration waited = 0; waited < kPatience; waited += kMillisecond) {
    if (pace.ExitStatus().has_value()) break;
    poll(nullptr, 0, 1);
  }
  pace.KillAll();
  TRY_ASSIGN(const std::string text, ReadFile(program.log_path));
  unlink(program.log_path.c_str());
  std::array<Time, 3> times{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (Time& time : times) {
    const auto [next, failed] = std::from_chars(at, end, time);
    if (failed != std::errc()) {
      return Error{ErrorCode::kIo, fmt::format("a probe of {} printed: {}", settings.library, text),
                   ""};
    }
    at = std::min(next + 1, end);
  }
  return times;
}

Result<std::int64_t> ChooseFactor(const FaketimeSettings& settings) {
  const auto began = std::chrono::steady_clock::now();
  TRY_ASSIGN(const auto times, ProbeTimes(settings));
  const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - began;
  if (times[0] < settings.epoch_ms * kMillisecond || times[1] - times[0] < 5 * kSecond ||
      times[2] - times[0] < took.count()) {
    return Error{ErrorCode::kIo,
                 fmt::format("{} does not make time pass faster here", settings.library), ""};
  }
  const Duration start = std::max((times[2] - times[1]) / (kStarts * kFactorMax), kMicrosecond);
  return std::clamp(kStartMax / start, kFactorMin, kFactorMax);
}

}  // namespace

Result<std::string> FindFaketime() {
  constexpr std::array<const char*, 4> kPlaces = {
      "/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1",
      "/usr/lib64/faketime/libfaketimeMT.so.1", "/usr/local/lib/faketime/libfaketimeMT.so.1"};
  for (const char* const place : kPlaces) {
    glob_t found{};
    const bool there = glob(place, 0, nullptr, &found) == 0 && found.gl_pathc > 0;
    const std::string path = there ? found.gl_pathv[0] : "";
    globfree(&found);
    if (there) return path;
  }
  return Error{ErrorCode::kNotFound, "libfaketime is not installed (apt-get install faketime)", ""};
}

Result<std::unique_ptr<Pace>> MakeFaketimePace(const FaketimeSettings& settings) {
  TRY_ASSIGN(const std::int64_t factor, ChooseFactor(settings));
  return {std::make_unique<FaketimePace>(settings, factor)};
}

}  // namespace tidegate::lab
