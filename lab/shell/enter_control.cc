// The control machine stays what it is; files that the lab has for it lie over it. A folder that
// lacks one of them is rebuilt from its entries, each bound to where it was, and that one.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

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

Status Extend(const Place& place, const RootDir& tree, const std::string& folder) {
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
  }
  if (mount(stage.c_str(), folder.c_str(), nullptr, MS_MOVE, nullptr) != 0) {
    return MountError("put in place", folder);
  }
  return {};
}

Status Cover(const Place& place, const RootDir& tree, const std::string& folder) {
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
    TRY(Extend(place, tree, folder));
  }
  for (const std::string& name : shared) {
    const std::string path = Under(folder, name);
    if (IsFolder(path)) {
      TRY(Cover(place, tree, path));
    } else {
      TRY(BindAt(tree.path() + path, path, false));
    }
  }
  return {};
}

}  // namespace

Status EnterControl(const Place& place) {
  const RootDir tree(place.lab + "/hosts/localhost");
  if (tree.List("/").empty()) return {};
  TRY(UnshareMounts());
  TRY(Cover(place, tree, "/"));
  return BindPrograms(place, "");
}

}  // namespace tidegate::lab
