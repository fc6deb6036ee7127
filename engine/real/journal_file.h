// The journal as a file: appended line by line, each durable before the call returns, locked while
// somebody has it open. What the lines mean is the engine's business (engine/journal.h).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tidegate::engine {

/// An exclusive lock on a file, held while the object lives; the file itself stays.
class FileLock {
 public:
  /// Errors: kRefused when another process holds it, kIo.
  static Result<FileLock> Take(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

class JournalFile {
 public:
  /// Opens or creates `path` (mode 0600), locks it and makes the file's name durable. Errors:
  /// kRefused when another engine has it open, kIo.
  static Result<JournalFile> Open(const std::string& path);
  JournalFile(JournalFile&& other) noexcept;
  JournalFile& operator=(JournalFile&& other) noexcept;
  ~JournalFile();

  /// What was in it when it was opened.
  const std::string& contents() const { return contents_; }
  const std::string& path() const { return path_; }

  /// Cuts a torn last line off, durably. REQUIRES: bytes <= contents().size(), nothing appended
  /// yet.
  Status Truncate(std::size_t bytes);
  /// Appends `line` (with its line end) and returns once it is durable. After an error the file may
  /// end with a part of it; nothing may be appended any more.
  Status Append(std::string_view line);

 private:
  JournalFile(int fd, std::string path, std::string contents)
      : fd_(fd), path_(std::move(path)), contents_(std::move(contents)) {}
  Error Failure(std::string_view what) const;

  int fd_ = -1;
  std::string path_;
  std::string contents_;
  bool broken_ = false;
};

}  // namespace tidegate::engine
