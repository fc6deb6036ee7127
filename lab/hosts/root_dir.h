// A folder that is the root of a host's file system. Paths are the host's own; symbolic links, also
// absolute ones and "..", are resolved inside it (openat2, RESOLVE_IN_ROOT), so that nothing that a
// run-book leaves there leads out of the lab.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidegate::lab {

/// A file descriptor that closes itself.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { Close(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int Release();
  void Close();

 private:
  int fd_ = -1;
};

class RootDir {
 public:
  RootDir() = default;
  /// REQUIRES: `path` is absolute.
  explicit RootDir(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  /// As open(2) inside the root; an empty Fd and errno when that fails.
  Fd Open(std::string_view path, int flags, mode_t mode = 0) const;
  std::optional<struct stat> Stat(std::string_view path) const;
  /// The whole file; nothing when it isn't there or can't be read.
  std::optional<std::string> Read(std::string_view path) const;
  /// Names in the folder `path`, sorted; empty when there is none.
  std::vector<std::string> List(std::string_view path) const;

  /// Makes the folder and those above it. Errors: kIo.
  Status MakeFolder(std::string_view path) const;
  /// Replaces the file atomically, and makes the folders above it. Errors: kIo.
  Status Write(std::string_view path, std::string_view content, mode_t mode) const;
  /// The same with what can be read from `source`, from where it stands.
  Status WriteFrom(int source, std::string_view path, mode_t mode) const;
  /// Replaces whatever is there. Errors: kIo.
  Status Link(std::string_view target, std::string_view path) const;
  Status Remove(std::string_view path) const;

 private:
  template <typename Fill>
  Status Replace(std::string_view path, mode_t mode, const Fill& fill) const;

  std::string path_;
};

/// "/a/b" of "/a/b/c"; "/" of "/a".
std::string_view FolderOf(std::string_view path);
/// "c" of "/a/b/c".
std::string_view NameOf(std::string_view path);

/// Everything that can be read from `fd`, from where it stands. Nothing on an error.
std::optional<std::string> ReadAll(int fd);
/// False, and errno, when not all was written.
bool WriteAll(int fd, std::string_view bytes);

}  // namespace tidegate::lab
