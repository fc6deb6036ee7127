// The control machine stays what it is, and is read-only but for the folders where people work;
// files that the lab has for it lie over it. A folder that lacks one of them is rebuilt from its
// entries, each bound to where it was, and that one.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "lab/hosts/root_dir.h"
#include "lab/shell/enter.h"
#include "lab/shell/mounts.h"

namespace tidegate::lab {
namespace {

namespace fs = std::filesystem;

bool IsThere(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

std::string Under(const std::string& folder, const std::string& name) {
  return folder == "/" ? "/" + name : folder + "/" + name;
}

// A place to bind `from` on.
Status MakePlaceFor(const std::string& from, const std::string& at) {
  if (IsFolder(from)) {
    if (mkdir(at.c_str(), 0755) != 0 && errno != EEXIST) return MountError("make", at);
    return {};
  }
  const Fd file(open(at.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  return file ? Status() : MountError("make", at);
}

Status Extend(const Place& place, const RootDir& tree, const std::string& folder,
              std::set<std::string>* ours) {
  const std::string stage = place.lab + "/mnt";
  if (mkdir(stage.c_str(), 0755) != 0 && errno != EEXIST) return MountError("make", stage);
  if (mount("tidegate", stage.c_str(), "tmpfs", 0, "mode=755") != 0) {
    return MountError("mount", stage);
  }
  std::vector<std::string> names = RootDir("/").List(folder);
  for (const std::string& name : names) {
    const std::string from = Under(folder, name);
    const std::string at = Under(stage, name);
    std::error_code error;
    if (fs::is_symlink(from, error)) {
      fs::copy_symlink(from, at, error);
      continue;
    }
    TRY(MakePlaceFor(from, at));
    // What can't be bound (another user's mount) is left empty.
    const Status bound = BindAt(from, at, true);
    if (!bound && errno != EACCES && errno != EINVAL) return bound;
  }
  for (const std::string& name : tree.List(folder)) {
    if (std::binary_search(names.begin(), names.end(), name)) continue;
    TRY(MakePlaceFor(tree.path() + Under(folder, name), Under(stage, name)));
    TRY(BindAt(tree.path() + Under(folder, name), Under(stage, name), false));
    ours->insert(Under(folder, name));
  }
  if (mount(stage.c_str(), folder.c_str(), nullptr, MS_MOVE, nullptr) != 0) {
    return MountError("put in place", folder);
  }
  return {};
}

// Folders that are the lab's own as they are, whatever this machine has there; or has not.
bool IsWhole(const Place& place, const std::string& folder) {
  const std::string listed =
      fmt::format("\n{}", RootDir(place.lab).Read("/whole").value_or(std::string()));
  return listed.find(fmt::format("\n{}\n", folder)) != std::string::npos;
}

// `ours` gets the paths at which the lab's own lies then.
Status Cover(const Place& place, const RootDir& tree, const std::string& folder,
             std::set<std::string>* ours) {
  const std::vector<std::string> names = tree.List(folder);
  std::vector<std::string> shared;
  for (const std::string& name : names) {
    if (IsThere(Under(folder, name))) shared.push_back(name);
  }
  if (shared.size() < names.size()) {
    if (folder == "/") {
      errno = ENOENT;
      return MountError("find", "/" + names.front());
    }
    TRY(Extend(place, tree, folder, ours));
  }
  for (const std::string& name : shared) {
    const std::string path = Under(folder, name);
    if (IsFolder(path) && IsWhole(place, path)) {
      TRY(BindAt(tree.path() + path, path, false));
      ours->insert(path);
    } else if (IsFolder(path)) {
      TRY(Cover(place, tree, path, ours));
    } else {
      TRY(BindAt(tree.path() + path, path, false));
      ours->insert(path);
    }
  }
  return {};
}

// As /proc/self/mountinfo writes it: blanks and the like are \\ooo.
std::string Unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool octal = text[i] == '\\' && i + 3 < text.size();
    out += octal ? static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                     (text[i + 3] - '0'))
                 : text[i];
    if (octal) i += 3;
  }
  return out;
}

bool IsBelow(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// Every mount but those below the folders that stay writable.
Status ProtectRest(const std::set<std::string>& writable) {
  const Result<std::string> mounts = ReadFile("/proc/self/mountinfo");
  if (!mounts) return mounts.error();
  for (std::size_t at = 0; at < mounts->size();) {
    const std::size_t end = std::min(mounts->find('\n', at), mounts->size());
    std::size_t field = at;
    for (int i = 0; i < 4; ++i) field = mounts->find(' ', field) + 1;
    const std::string path =
        Unescaped(std::string_view(*mounts).substr(field, mounts->find(' ', field) - field));
    at = end + 1;
    if (std::any_of(writable.begin(), writable.end(),
                    [&](const std::string& folder) { return IsBelow(path, folder); })) {
      continue;
    }
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    const long done =
        syscall(SYS_mount_setattr, AT_FDCWD, path.c_str(), 0, &attributes, sizeof attributes);
    // One that another lies over has no path of its own any more.
    if (done != 0 && errno != ENOENT && errno != EINVAL && errno != EACCES) {
      return MountError("protect", path);
    }
  }
  return {};
}

Status Protect(const Place& place, std::set<std::string> writable) {
  std::error_code error;
  const std::string here = fs::current_path(error).string();
  const char* home = std::getenv("HOME");
  writable.insert({"/proc", "/dev", "/sys"});
  for (const std::string& folder : {place.lab, here, std::string(home == nullptr ? "" : home),
                                    std::string("/tmp"), std::string("/var/tmp")}) {
    if (folder.size() < 2 || folder[0] != '/' || !IsFolder(folder)) continue;
    // A mount of its own, which stays as it is.
    TRY(BindAt(folder, folder, true));
    writable.insert(folder);
  }
  TRY(ProtectRest(writable));
  if (chdir(here.c_str()) != 0) return MountError("go back to", here);
  return {};
}

}  // namespace

Status EnterControl(const Place& place) {
  const RootDir tree(place.lab + "/hosts/localhost");
  TRY(UnshareMounts());
  std::set<std::string> ours;
  TRY(Cover(place, tree, "/", &ours));
  TRY(BindPrograms(place, ""));
  return Protect(place, std::move(ours));
}

}  // namespace tidegate::lab
