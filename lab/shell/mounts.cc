#include "lab/shell/mounts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lab/hosts/programs.h"
#include "lab/hosts/root_dir.h"

namespace tidegate::lab {
namespace {

Status WriteText(const char* path, const std::string& text) {
  const Fd file(open(path, O_WRONLY | O_CLOEXEC));
  if (!file || !WriteAll(file.get(), text)) return MountError("write", path);
  return {};
}

}  // namespace

Error MountError(std::string_view what, std::string_view path) {
  return {ErrorCode::kIo, fmt::format("cannot {} '{}': {}", what, path, std::strerror(errno)), ""};
}

Status UnshareMounts() {
  const uid_t user = getuid();
  const gid_t group = getgid();
  if (unshare(CLONE_NEWNS) != 0) {
    if (errno != EPERM) return MountError("make", "a mount namespace");
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return MountError("make", "a user namespace");
    TRY(WriteText("/proc/self/setgroups", "deny"));
    TRY(WriteText("/proc/self/uid_map", fmt::format("{0} {0} 1", user)));
    TRY(WriteText("/proc/self/gid_map", fmt::format("{0} {0} 1", group)));
  }
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return MountError("keep to itself", "/");
  }
  return {};
}

Status BindAt(const std::string& from, const std::string& to, bool whole) {
  unsigned long flags = MS_BIND;
  if (whole) flags |= MS_REC;
  if (mount(from.c_str(), to.c_str(), nullptr, flags, nullptr) != 0) return MountError("bind", to);
  return {};
}

bool IsFolder(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Status BindPrograms(const Place& place, const std::string& root) {
  for (const std::string_view name : kPrograms) {
    const std::string path = fmt::format("/usr/bin/{}", name);
    // Ours run the real ones.
    if (name == "ps" || name == "id" || name == "readlink" || access(path.c_str(), F_OK) != 0)
      continue;
    TRY(BindAt(fmt::format("{}/bin/{}", place.lab, name), root + path, false));
  }
  return {};
}

}  // namespace tidegate::lab
