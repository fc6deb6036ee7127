#include "lab/shell/enter.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>

#include "lab/hosts/root_dir.h"
#include "lab/shell/mounts.h"

namespace tidegate::lab {
namespace {

namespace fs = std::filesystem;

// What a host shares with this machine. Links among them (/bin -> usr/bin) stay links.
constexpr std::array<std::string_view, 11> kSystem = {"/usr",   "/bin",   "/sbin",   "/lib",
                                                      "/lib32", "/lib64", "/libx32", "/etc",
                                                      "/dev",   "/proc",  "/sys"};

Status MakeReadOnly(const std::string& path) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (syscall(SYS_mount_setattr, AT_FDCWD, path.c_str(), AT_RECURSIVE, &attributes,
              sizeof attributes) != 0) {
    return MountError("protect", path);
  }
  return {};
}

Status BindSystem(const RootDir& tree, const std::string& root) {
  for (const std::string_view name : kSystem) {
    const std::string path(name);
    std::error_code error;
    if (fs::is_symlink(path, error)) {
      const std::string target = fs::read_symlink(path, error).string();
      if (!tree.Stat(path)) TRY(tree.Link(target, path));
      continue;
    }
    if (!IsFolder(path)) continue;
    TRY(tree.MakeFolder(path));
    TRY(BindAt(path, root + path, true));
    if (path == "/usr" || path == "/etc" || path.starts_with("/lib") || path == "/bin" ||
        path == "/sbin") {
      TRY(MakeReadOnly(root + path));
    }
  }
  return {};
}

// Files of /etc that are the lab's own on every machine: names, the login shell's PATH, users.
Status BindShared(const Place& place, const std::string& root) {
  for (const std::string_view name : {"/etc/hosts", "/etc/profile", "/etc/passwd", "/etc/group"}) {
    const std::string from = fmt::format("{}/hosts/localhost{}", place.lab, name);
    const std::string to = root + std::string(name);
    if (access(from.c_str(), F_OK) == 0 && access(to.c_str(), F_OK) == 0) {
      TRY(BindAt(from, to, false));
    }
  }
  return {};
}

// Folders that must be seen where they are: the lab itself, our programs, what is preloaded.
Status BindVisible(const Place& place, const RootDir& tree, const std::string& root) {
  std::set<std::string> folders(place.visible.begin(), place.visible.end());
  // Not of /proc/self/exe: by its whole path a program of ours has the name of the machine's own.
  std::array<char, PATH_MAX> program{};
  const std::string link = place.lab + "/bin/ssh";
  if (readlink(link.c_str(), program.data(), program.size() - 1) > 0) {
    folders.insert(std::string(FolderOf(program.data())));
  }
  const char* preload = std::getenv("LD_PRELOAD");
  std::string libraries = preload == nullptr ? "" : preload;
  while (!libraries.empty()) {
    const std::size_t end = std::min(libraries.find_first_of(": "), libraries.size());
    const std::string library = libraries.substr(0, end);
    if (library.starts_with("/")) folders.insert(std::string(FolderOf(library)));
    libraries.erase(0, end + 1);
  }
  folders.insert(place.lab);
  for (const std::string& folder : folders) {
    const bool seen = folder.starts_with("/usr/") || folder.starts_with("/dev/") ||
                      folder.starts_with("/lib") ||
                      (folder != place.lab && folder.starts_with(place.lab + "/"));
    if (seen || !IsFolder(folder)) continue;
    TRY(tree.MakeFolder(folder));
    TRY(BindAt(folder, root + folder, false));
  }
  return {};
}

Status BindMemory(const Place& place, const std::string& root) {
  const std::string from = place.lab + "/meminfo";
  const std::string to = root + "/proc/meminfo";
  if (access(from.c_str(), F_OK) != 0 || access(to.c_str(), F_OK) != 0) return {};
  return BindAt(from, to, false);
}

// What the machine calls itself: the inventory's name for it, as `set_hostname` makes it, else one
// made of its address (tidb-ansible: bootstrap.yml). No two are the same.
Status SetHostName(const Place& place, const std::string& host) {
  const std::string names = fmt::format("\n{}", RootDir(place.lab).Read("/names").value_or(""));
  const std::string wanted = fmt::format("\n{} ", host);
  const std::size_t at = names.find(wanted);
  std::string name;
  if (at != std::string::npos) {
    const std::size_t from = at + wanted.size();
    name = names.substr(from, names.find_first_of(" \n", from) - from);
  } else if (host.find_first_not_of("0123456789.") != std::string::npos) {
    name = host;  // inventories may have names in the place of addresses
  } else {
    name = fmt::format("ip-{}", host);
    std::replace(name.begin(), name.end(), '.', '-');
  }
  if (unshare(CLONE_NEWUTS) != 0 || sethostname(name.data(), name.size()) != 0) {
    return MountError("name", host);
  }
  return {};
}

Status Pivot(const std::string& root) {
  if (chdir(root.c_str()) != 0) return MountError("enter", root);
  if (syscall(SYS_pivot_root, ".", ".") != 0) return MountError("turn to", root);
  if (umount2(".", MNT_DETACH) != 0) return MountError("leave the root of", root);
  if (chdir("/") != 0) return MountError("enter", "/");
  return {};
}

}  // namespace

Status EnterHost(const Place& place, const std::string& host) {
  const RootDir tree(fmt::format("{}/hosts/{}", place.lab, host));
  const std::string units = "/etc/systemd/system";
  if (!IsFolder(tree.path())) {
    errno = ENOENT;
    return MountError("enter", tree.path());
  }
  TRY(UnshareMounts());
  // Mounted elsewhere than where it lies: its folders below the system's stay within reach.
  const std::string root = place.lab + "/mnt";
  if (mkdir(root.c_str(), 0755) != 0 && errno != EEXIST) return MountError("make", root);
  TRY(BindAt(tree.path(), root, false));
  TRY(BindSystem(tree, root));
  if (!IsFolder(root + units)) {
    return Error{ErrorCode::kIo, fmt::format("this machine has no {}", units), ""};
  }
  TRY(BindAt(tree.path() + units, root + units, false));
  TRY(BindPrograms(place, root));
  TRY(BindShared(place, root));
  TRY(BindMemory(place, root));
  TRY(BindVisible(place, tree, root));
  TRY(SetHostName(place, host));
  return Pivot(root);
}

}  // namespace tidegate::lab
