#include "lab/session/home.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "lab/session/leftovers.h"

namespace tidegate::lab {

namespace fs = std::filesystem;

Result<Home> Home::Make(const std::string& says) {
  std::vector<std::string> swept = SweepLeftovers();
  std::string path = fmt::format("{}/{}XXXXXX", LabsFolder(), kHomePrefix);
  if (mkdtemp(path.data()) == nullptr) {
    return Error{ErrorCode::kIo, fmt::format("can't make a folder like {}", path), ""};
  }
  Home home(std::move(path));
  TRY(Own(home.path_, fmt::format("process {}, {}", getpid(), says)));
  home.swept_ = std::move(swept);
  return {std::move(home)};
}

Home::Home(Home&& other) noexcept
    : path_(std::exchange(other.path_, "")), swept_(std::move(other.swept_)) {}

Home::~Home() {
  if (path_.empty()) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  Disown(path_);
}

std::string Home::log_path() const { return fmt::format("{}/engine.log", path_); }
std::string Home::control_path() const { return fmt::format("{}/control", path_); }
std::string Home::enter_path() const { return fmt::format("{}/enter", path_); }
std::string Home::bin_path() const { return fmt::format("{}/bin", path_); }

// Our programs lie one folder below the build folder, its tests two.
Result<std::string> FindProgram(const std::string& place) {
  std::error_code failed;
  fs::path folder = fs::read_symlink("/proc/self/exe", failed).parent_path();
  for (int up = 0; up < 3 && !failed; ++up) {
    const fs::path file = folder / place;
    if (fs::exists(file, failed)) return {file.string()};
    folder = folder.parent_path();
  }
  return Error{ErrorCode::kIo,
               fmt::format("the lab's {} is not where it was built; build all of tidegate", place),
               ""};
}

std::vector<std::string> Home::Environment() const {
  constexpr std::string_view kPath = "PATH=";
  std::vector<std::string> out;
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable = *entry;
    if (variable.starts_with(kPath)) {
      path = variable.substr(kPath.size());
    } else if (!variable.starts_with("TIDEGATE_") && !variable.starts_with("XDG_STATE_HOME=")) {
      out.emplace_back(variable);
    }
  }
  out.push_back(fmt::format("PATH={}:{}", bin_path(), path));
  out.push_back("TIDEGATE_LAB=" + path_);
  // Locks and journals of another lab, or of a real upgrade, are none of this one's.
  out.push_back(fmt::format("XDG_STATE_HOME={}/state", path_));
  out.push_back(fmt::format("TIDEGATE_RESOURCES={}/resources", path_));
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  // Our own programs stop every thread to look for leaks as they end, which looks like work.
  out.emplace_back("ASAN_OPTIONS=detect_leaks=0");
#endif
#endif
  std::error_code failed;
  out.push_back("TIDEGATE_LAB_VISIBLE=" + fs::current_path(failed).string());
  return out;
}

}  // namespace tidegate::lab
