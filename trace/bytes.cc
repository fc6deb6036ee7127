#include "trace/bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace tidegate::trace {
namespace {

constexpr std::size_t kReadBytes = 1U << 18U;  // stays in the cache of a core

Error IoError(std::string_view what, const std::string& path) {
  const int number = errno;
  return Error{number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
               fmt::format("cannot {} {}: {}", what, path, std::strerror(number)), ""};
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

class FileSource : public ByteSource {
 public:
  FileSource(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Result<std::size_t> Read(char* to, std::size_t bytes_max) override {
    while (true) {
      const ssize_t count = ::read(file_.get(), to, bytes_max);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) return IoError("read", path_);
    }
  }
  const std::string& name() const override { return path_; }

 private:
  Descriptor file_;
  std::string path_;
};

class StringSource : public ByteSource {
 public:
  StringSource(std::string bytes, std::string name)
      : bytes_(std::move(bytes)), name_(std::move(name)) {}

  Result<std::size_t> Read(char* to, std::size_t bytes_max) override {
    const std::size_t count = std::min(bytes_max, bytes_.size() - at_);
    std::memcpy(to, bytes_.data() + at_, count);
    at_ += count;
    return count;
  }
  const std::string& name() const override { return name_; }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
  std::string name_;
};

Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return IoError("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status WriteTemporary(const std::string& path,
                      const std::function<Status(const ByteSink&)>& write) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0) return IoError("create", path);
  TRY(write([&](std::string_view bytes) { return WriteAll(file.get(), bytes, path); }));
  if (::fsync(file.get()) != 0) return IoError("sync", path);
  return {};
}

}  // namespace

Result<std::unique_ptr<ByteSource>> OpenFile(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return IoError("open", path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return IoError("stat", path);
  if (S_ISDIR(info.st_mode)) {
    return Error{ErrorCode::kBadInput, fmt::format("{} is a folder, not a file", path), ""};
  }
  return std::unique_ptr<ByteSource>(std::make_unique<FileSource>(std::move(file), path));
}

std::unique_ptr<ByteSource> FromString(std::string bytes, std::string name) {
  return std::make_unique<StringSource>(std::move(bytes), std::move(name));
}

Status WriteAtomically(const std::string& path,
                       const std::function<Status(const ByteSink&)>& write) {
  const std::string temporary = fmt::format("{}.tmp.{}", path, ::getpid());
  if (Status written = WriteTemporary(temporary, write); !written.has_value()) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    Error error = IoError("replace", path);
    ::unlink(temporary.c_str());
    return error;
  }
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const Descriptor folder(
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0 && ::fsync(folder.get()) != 0) return IoError("sync", parent);
  return {};
}

Result<bool> ByteWindow::ReadMore() {
  if (at_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + at_, end_ - at_);
    end_ -= at_;
    at_ = 0;
  }
  if (buffer_.size() - end_ < kReadBytes) buffer_.resize(std::max(2 * end_, end_ + kReadBytes));
  TRY_ASSIGN(const std::size_t count, source_->Read(buffer_.data() + end_, kReadBytes));
  end_ += count;
  return count > 0;
}

Result<bool> ByteWindow::Fill(std::size_t bytes) {
  while (end_ - at_ < bytes) {
    TRY_ASSIGN(const bool more, ReadMore());
    if (!more) return false;
  }
  return true;
}

Result<bool> ByteWindow::TakeLine(std::size_t bytes_max, std::string_view* line, bool* cut) {
  std::size_t searched = 0;
  while (true) {
    const std::string_view bytes = ahead();
    const void* found = bytes.size() == searched
                            ? nullptr
                            : std::memchr(bytes.data() + searched, '\n', bytes.size() - searched);
    if (found != nullptr) {
      const auto length = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
      *line = bytes.substr(0, length);
      *cut = false;
      Take(length + 1);
      return true;
    }
    searched = bytes.size();
    if (searched > bytes_max) {
      return Error{ErrorCode::kLimit, fmt::format("a line is longer than {} bytes", bytes_max),
                   name()};
    }
    TRY_ASSIGN(const bool more, ReadMore());
    if (!more) {
      *line = ahead();
      *cut = true;
      const bool any = !line->empty();
      Take(line->size());
      return any;
    }
  }
}

void ByteWindow::Take(std::size_t bytes) {
  CHECK(bytes <= end_ - at_);
  at_ += bytes;
  offset_ += bytes;
}

}  // namespace tidegate::trace
