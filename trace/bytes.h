// Where the bytes of a trace come from and go to: files in pieces, so that a trace of any length
// needs little memory, or strings in tests.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidegate::trace {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `bytes_max` bytes into `to`; 0 at the end. Errors: kIo.
  virtual Result<std::size_t> Read(char* to, std::size_t bytes_max) = 0;
  /// For messages.
  virtual const std::string& name() const = 0;
};

/// Errors: kNotFound, kIo, kBadInput for a folder.
Result<std::unique_ptr<ByteSource>> OpenFile(const std::string& path);
std::unique_ptr<ByteSource> FromString(std::string bytes, std::string name);

/// Takes the next bytes of a file that is being written.
using ByteSink = std::function<Status(std::string_view)>;

/// Calls `write` with a sink and puts what it wrote at `path` atomically: into a temporary file
/// beside it, synced, renamed. On an error the old content is still there and nothing else is.
Status WriteAtomically(const std::string& path,
                       const std::function<Status(const ByteSink&)>& write);

/// A window that moves over a source and grows only as bytes arrive: a length field that lies
/// allocates nothing.
class ByteWindow {
 public:
  explicit ByteWindow(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  /// What is there and not yet taken. Views of it end with the next call of Fill or FillLine.
  std::string_view ahead() const { return std::string_view(buffer_).substr(at_, end_ - at_); }
  /// Reads until `bytes` are ahead or the source ends; says whether they are.
  Result<bool> Fill(std::size_t bytes);
  /// The next line without its newline, taken; `cut` says that the source ended before the newline.
  /// False: nothing is left. Errors: kIo, kLimit above `bytes_max`.
  Result<bool> TakeLine(std::size_t bytes_max, std::string_view* line, bool* cut);
  /// REQUIRES: bytes <= ahead().size().
  void Take(std::size_t bytes);
  /// Offset in the source of the first byte that is ahead.
  std::uint64_t offset() const { return offset_; }
  const std::string& name() const { return source_->name(); }

 private:
  /// One read; false at the end of the source.
  Result<bool> ReadMore();

  std::unique_ptr<ByteSource> source_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace tidegate::trace
