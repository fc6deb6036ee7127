#include "lab/hosts/root_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace tidegate::lab {
namespace {

int OpenIn(int root, std::string_view path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  if ((flags & O_CREAT) != 0) how.mode = mode;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const std::string name(path);
  return static_cast<int>(syscall(SYS_openat2, root, name.c_str(), &how, sizeof how));
}

Error Failed(std::string_view what, const RootDir& root, std::string_view path) {
  return {ErrorCode::kIo,
          fmt::format("cannot {} '{}{}': {}", what, root.path(), path, std::strerror(errno)), ""};
}

// A name beside `name` that nobody else uses: writers of one lab are one process each.
std::string FreshName(std::string_view name) {
  return fmt::format(".{}.tidegate-{}", name, getpid());
}

bool CopyBytes(int from, int to) {
  for (;;) {
    const ssize_t moved = copy_file_range(from, nullptr, to, nullptr, 1U << 30, 0);
    if (moved == 0) return true;
    if (moved > 0 || errno == EINTR) continue;
    break;  // another file system: by hand
  }
  const std::optional<std::string> rest = ReadAll(from);
  return rest.has_value() && WriteAll(to, *rest);
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = other.Release();
  }
  return *this;
}

int Fd::Release() { return std::exchange(fd_, -1); }

void Fd::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

std::string_view FolderOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : path.substr(0, slash);
}

std::string_view NameOf(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::optional<std::string> ReadAll(int fd) {
  std::string out;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got == 0) return out;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

Fd RootDir::Open(std::string_view path, int flags, mode_t mode) const {
  const Fd root(open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return Fd();
  return Fd(OpenIn(root.get(), path, flags, mode));
}

std::optional<struct stat> RootDir::Stat(std::string_view path) const {
  const Fd file = Open(path, O_PATH);
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0) return std::nullopt;
  return status;
}

std::optional<std::string> RootDir::Read(std::string_view path) const {
  const Fd file = Open(path, O_RDONLY | O_NONBLOCK);
  if (!file) return std::nullopt;
  return ReadAll(file.get());
}

std::vector<std::string> RootDir::List(std::string_view path) const {
  std::vector<std::string> names;
  Fd folder = Open(path, O_RDONLY | O_DIRECTORY);
  DIR* entries = folder ? fdopendir(folder.get()) : nullptr;
  if (entries == nullptr) return names;
  folder.Release();
  while (const dirent* entry = readdir(entries)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  closedir(entries);
  std::sort(names.begin(), names.end());
  return names;
}

Status RootDir::MakeFolder(std::string_view path) const {
  for (std::size_t at = 0; at < path.size();) {
    at = std::min(path.find('/', at + 1), path.size());
    const std::string_view part = path.substr(0, at);
    if (Open(part, O_PATH | O_DIRECTORY)) continue;
    const Fd folder = Open(FolderOf(part), O_RDONLY | O_DIRECTORY);
    const std::string name(NameOf(part));
    if (name.empty()) continue;
    if (!folder || (mkdirat(folder.get(), name.c_str(), 0755) != 0 && errno != EEXIST)) {
      return Failed("make the folder", *this, part);
    }
  }
  return {};
}

// Beside the old one, then renamed over it: what runs or is read goes on with the old one.
template <typename Fill>
Status RootDir::Replace(std::string_view path, mode_t mode, const Fill& fill) const {
  TRY(MakeFolder(FolderOf(path)));
  const Fd folder = Open(FolderOf(path), O_RDONLY | O_DIRECTORY);
  if (!folder) return Failed("open the folder of", *this, path);
  const std::string name(NameOf(path));
  const std::string fresh = FreshName(name);
  const Fd file(
      openat(folder.get(), fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!file || !fill(file.get()) || fchmod(file.get(), mode) != 0 ||
      renameat(folder.get(), fresh.c_str(), folder.get(), name.c_str()) != 0) {
    const Error error = Failed("write", *this, path);
    unlinkat(folder.get(), fresh.c_str(), 0);
    return error;
  }
  return {};
}

Status RootDir::Write(std::string_view path, std::string_view content, mode_t mode) const {
  return Replace(path, mode, [&](int file) { return WriteAll(file, content); });
}

Status RootDir::WriteFrom(int source, std::string_view path, mode_t mode) const {
  return Replace(path, mode, [&](int file) { return CopyBytes(source, file); });
}

Status RootDir::Link(std::string_view target, std::string_view path) const {
  TRY(MakeFolder(FolderOf(path)));
  const Fd folder = Open(FolderOf(path), O_RDONLY | O_DIRECTORY);
  const std::string name(NameOf(path));
  if (folder) unlinkat(folder.get(), name.c_str(), 0);
  if (!folder || symlinkat(std::string(target).c_str(), folder.get(), name.c_str()) != 0) {
    return Failed("link", *this, path);
  }
  return {};
}

Status RootDir::Remove(std::string_view path) const {
  const Fd folder = Open(FolderOf(path), O_RDONLY | O_DIRECTORY);
  if (!folder) return {};
  if (unlinkat(folder.get(), std::string(NameOf(path)).c_str(), 0) != 0 && errno != ENOENT) {
    return Failed("remove", *this, path);
  }
  return {};
}

}  // namespace tidegate::lab
