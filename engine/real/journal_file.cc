#include "engine/real/journal_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/files.h"

namespace tidegate::engine {
namespace {

constexpr std::size_t kJournalBytesMax = 256ULL << 20;

Error IoError(std::string_view what, const std::string& path) {
  return Error{ErrorCode::kIo, fmt::format("can't {}: {}", what, std::strerror(errno)), path};
}

Result<int> OpenLocked(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return IoError("open", path);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const bool held = errno == EWOULDBLOCK;
    const Error error =
        held ? Error{ErrorCode::kRefused, "another binlog-upgrade is at work here", path}
             : IoError("lock", path);
    close(fd);
    return error;
  }
  return fd;
}

// A new file's name is durable only once its folder is.
Status SyncFolder(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return IoError("open the folder of", path);
  const int failed = fsync(fd);
  const Error error = IoError("sync the folder of", path);
  close(fd);
  if (failed != 0) return error;
  return {};
}

}  // namespace

Result<FileLock> FileLock::Take(const std::string& path) {
  TRY_ASSIGN(const int fd, OpenLocked(path, O_RDWR));
  return FileLock(fd);
}
FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
FileLock::~FileLock() {
  if (fd_ >= 0) close(fd_);
}

Result<JournalFile> JournalFile::Open(const std::string& path) {
  TRY_ASSIGN(const int fd, OpenLocked(path, O_RDWR | O_APPEND));
  JournalFile file(fd, path, "");
  TRY(SyncFolder(path));
  TRY_ASSIGN(file.contents_, ReadFile(path, kJournalBytesMax));
  return file;
}
JournalFile::JournalFile(JournalFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      contents_(std::move(other.contents_)),
      broken_(other.broken_) {}
JournalFile& JournalFile::operator=(JournalFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  std::swap(contents_, other.contents_);
  std::swap(broken_, other.broken_);
  return *this;
}
JournalFile::~JournalFile() {
  if (fd_ >= 0) close(fd_);
}

Error JournalFile::Failure(std::string_view what) const { return IoError(what, path_); }

Status JournalFile::Truncate(std::size_t bytes) {
  CHECK(bytes <= contents_.size());
  if (bytes == contents_.size()) return {};
  if (ftruncate(fd_, static_cast<off_t>(bytes)) != 0) return Failure("cut the torn end off");
  if (fsync(fd_) != 0) return Failure("sync");
  contents_.resize(bytes);
  return {};
}

Status JournalFile::Append(std::string_view line) {
  if (broken_) return Error{ErrorCode::kIo, "an earlier write failed", path_};
  broken_ = true;
  while (!line.empty()) {
    const ssize_t put = write(fd_, line.data(), line.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return Failure("write");
    line.remove_prefix(static_cast<std::size_t>(put));
  }
  if (fdatasync(fd_) != 0) return Failure("sync");
  broken_ = false;
  return {};
}

}  // namespace tidegate::engine
