#include "lab/hosts/tree_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>

namespace tidegate::lab {
namespace {

constexpr std::uint32_t kChanges = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE |
                                   IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

std::string MagicLink(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

// Where the descriptor's file is; "" when that can't be said.
std::string PlaceOf(int fd) {
  std::array<char, PATH_MAX> place;
  const ssize_t size = readlink(MagicLink(fd).c_str(), place.data(), place.size());
  return size <= 0 ? "" : std::string(place.data(), static_cast<std::size_t>(size));
}

}  // namespace

TreeWatch::TreeWatch() : notices_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

bool TreeWatch::Stirred() {
  bool any = unsure_;
  std::array<char, 16384> notices;
  while (notices_ && read(notices_.get(), notices.data(), notices.size()) > 0) any = true;
  return any;
}

void TreeWatch::Begin() {
  folders_.clear();
  unsure_ = !notices_;
}

void TreeWatch::Watch(const RootDir& root, std::string_view path) {
  for (std::size_t end = 0; end != std::string_view::npos; end = path.find('/', end + 1)) {
    const std::string_view folder = end == 0 ? "/" : path.substr(0, end);
    if (!folders_.insert(root.path() + std::string(folder)).second) continue;
    // A folder that is not there is made in the one above it.
    if (!Add(root, folder, O_PATH | O_DIRECTORY)) return;
  }
  Add(root, path, O_PATH);
}

bool TreeWatch::Add(const RootDir& root, std::string_view path, int flags) {
  const Fd file = root.Open(path, flags);
  if (!file) {
    // A link to nothing, or one too many: what it leads to is not watched.
    const Fd link = root.Open(path, O_PATH | O_NOFOLLOW);
    if (link) unsure_ = true;
    return false;
  }
  const Fd top = root.Open("/", O_PATH | O_DIRECTORY);
  const std::string wanted =
      path == "/" ? PlaceOf(top.get()) : PlaceOf(top.get()) + std::string(path);
  if (PlaceOf(file.get()) != wanted ||
      inotify_add_watch(notices_.get(), MagicLink(file.get()).c_str(), kChanges) < 0) {
    unsure_ = true;
  }
  return true;
}

}  // namespace tidegate::lab
